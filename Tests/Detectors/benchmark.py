"""How long one train of 16 modules takes: np.load through the mount, and EXtra-data reading and stacking it. Not a test.

    python Tests/Detectors/benchmark.py [--rounds 7] [--frames 64]

The two take turns, each in a process of its own and from a fresh mount, with the run in the page cache; medians are printed.
Then the whole stacked array is read, and how far the daemon's own memory grew is printed.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

for folder in ("Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import h5py
import numpy as np
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.detectors import AGIPDModule

import product

TRAIN = 10001

MOUNTED = """
import sys, time, numpy as np
begin = time.perf_counter()
array = np.load(sys.argv[1])
print(time.perf_counter() - begin, array.shape, int(array[::7, :, :, ::31, ::17].sum(dtype=np.uint64)))
"""

EXTRA_DATA = """
import sys, time, warnings, numpy as np
warnings.simplefilter("ignore")
from extra_data import RunDirectory, by_id
from extra_data.components import AGIPD1M
run = RunDirectory(sys.argv[1], _use_voview=False)
det = AGIPD1M(run)
begin = time.perf_counter()
array = np.moveaxis(det["image.data"].select_trains(by_id[[%d]]).ndarray(module_gaps=True), 0, -3)
print(time.perf_counter() - begin, array.shape, int(array[::7, :, :, ::31, ::17].sum(dtype=np.uint64)))
""" % TRAIN

# As it stands above, the array is a view with the modules outermost in memory; this is the order of the file in the tree.
IN_ORDER = EXTRA_DATA.replace("array = np.moveaxis", "array = np.ascontiguousarray(np.moveaxis").replace("0, -3)", "0, -3))")

STACKED = """
import sys, time, warnings, numpy as np
warnings.simplefilter("ignore")
from extra_data import RunDirectory, stack_detector_data
run = RunDirectory(sys.argv[1], _use_voview=False).select("*/DET/*", "image.data")
begin = time.perf_counter()
_, train = run.train_from_id(%d)
array = stack_detector_data(train, "image.data")
print(time.perf_counter() - begin, array.shape, int(array[::7, :, :, ::31, ::17].sum(dtype=np.uint64)))
""" % TRAIN


def write_run(directory: Path, frames: int, trains: int = 2):
    rng = np.random.default_rng(4)
    for number in range(16):
        path = directory / f"RAW-R0001-AGIPD{number:02}-S00000.h5"
        write_file(str(path), [AGIPDModule(f"SPB_DET_AGIPD1M-1/DET/{number}CH0", frames_per_train=frames)],
                   ntrains=trains, chunksize=4, format_version="1.3")
        with h5py.File(path, "r+") as file:
            data = file[f"INSTRUMENT/SPB_DET_AGIPD1M-1/DET/{number}CH0:xtdf/image/data"]
            for start in range(0, len(data), 16):
                rows = data[start:start + 16].shape
                data[start:start + 16] = rng.integers(0, 65536, size=rows, dtype=np.uint16)


def measure(code: str, argument) -> tuple[float, str]:
    words = subprocess.run([sys.executable, "-c", code, str(argument)], capture_output=True, text=True, check=True)
    seconds, _, rest = words.stdout.strip().partition(" ")
    return float(seconds), rest


def own_memory(point: Path) -> int:
    """RssAnon in KiB of the process that serves the mount: the one whose command line ends with it."""
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            command = (status.parent / "cmdline").read_bytes().split(b"\0")
            if len(command) > 2 and command[1] == b"mount" and str(point).encode() in command:
                return int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("RssAnon")))
        except (OSError, StopIteration):
            continue
    sys.exit(f"no daemon serves {point}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--frames", type=int, default=64)
    parser.add_argument("--directory", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as directory:
        run, point = Path(directory) / "run", Path(directory) / "mnt"
        run.mkdir()
        write_run(run, arguments.frames)
        train = f"detectors/SPB_DET_AGIPD1M-1/keys/image.data/trains/{TRAIN}.npy"
        times = {"np.load from the mount": [], "EXtra-data, det[key].ndarray()": [], "EXtra-data, the same in order": [],
                 "EXtra-data, stack_detector_data": []}
        for number in range(arguments.rounds + 1):
            with product.mounted(run, point):
                results = [measure(MOUNTED, point / train), measure(EXTRA_DATA, run), measure(IN_ORDER, run),
                           measure(STACKED, run)]
            assert len({rest for _, rest in results}) == 1, results
            if number:      # the first one fills the page cache
                for name, (seconds, _) in zip(times, results):
                    times[name].append(seconds)
        for name, values in times.items():
            print(f"{name:34} median {statistics.median(values):.3f} s   {min(values):.3f} to {max(values):.3f}")
        with product.mounted(run, point, "--cache-size", "64M"):
            with open(point / "detectors/SPB_DET_AGIPD1M-1/keys/image.data/array.npy", "rb", buffering=0) as file:
                file.read(1 << 20)
                before, most, total = own_memory(point), 0, 1 << 20
                while block := file.read(8 << 20):
                    total += len(block)
                    most = max(most, own_memory(point))
            print(f"daemon's own memory: {before / 1024:.1f} MiB, at most {most / 1024:.1f} MiB while {total >> 20} MiB were read")


if __name__ == "__main__":
    main()
