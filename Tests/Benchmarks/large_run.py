"""What runs of many files cost: the mount, the first look, the tables that are made from all files, and memory.

    .build/test-venv/bin/python Tests/Benchmarks/large_run.py [--files 64,512] [--rounds 5] [--keep DIRECTORY]

Each round mounts afresh, with the run in the page cache, and does one thing after the other; medians are printed, with
and without EXtra-data's map of the files. `RunDirectory` is EXtra-data's in a running Python, which opens the same run.
The program is $XFELFS, else the release build.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

import daq_files
from daemon import Foreground

FILES_OF_A_SEQUENCE = 16
MAP = "karabo_data_map.json"
# The second time in a process, so that imports do not count; and with nothing kept of the first.
OPEN_RUN = """
import sys, time
from extra_data import RunDirectory
from extra_data.file_access import file_access_registry
RunDirectory(sys.argv[1])
for access in list(file_access_registry.values()):
    access.close()
file_access_registry.clear()
start = time.perf_counter()
RunDirectory(sys.argv[1])
print(time.perf_counter() - start)
"""


def make_run(directory: Path, files: int) -> Path:
    run = directory / f"files-{files}"
    if not run.exists():
        run.mkdir(parents=True)
        daq_files.write_many(run, files // FILES_OF_A_SEQUENCE)
    for path in run.glob("*.h5"):
        path.read_bytes()       # into the page cache
    return run


def seconds_of(*command) -> float:
    start = time.perf_counter()
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def one_round(run: Path, work: Path) -> dict[str, float]:
    """Seconds of each step, and MiB behind some of them."""
    taken = {}
    mounted = Foreground(run, work / "mnt")
    try:
        taken["mount"] = mounted.seconds_to_mount
        for name in ("", "sources", "trains", "export"):
            taken[f"ls -l {name or '.'}"] = seconds_of("ls", "-l", mounted.point / name)
        for name in ("trains.csv", "sources.csv", "keys.csv", "export/virtual.h5"):
            taken[f"cat {name}"] = seconds_of("cat", mounted.point / name)
            taken[f"MiB after {name}"] = mounted.pss() / 1024
        taken["processes"] = len(mounted.processes())
    finally:
        mounted.clean_up()
    return taken


def sources_first(run: Path, work: Path) -> dict[str, float]:
    """`cat sources.csv` as the first thing of all after the mount."""
    mounted = Foreground(run, work / "mnt")
    try:
        return {"cat sources.csv, at once": seconds_of("cat", mounted.point / "sources.csv")}
    finally:
        mounted.clean_up()


def extra_data(run: Path) -> dict[str, float]:
    """How long it takes with the map, which it writes where there is none."""
    done = subprocess.run([sys.executable, "-c", OPEN_RUN, run], check=True, capture_output=True, text=True)
    return {"EXtra-data's RunDirectory": float(done.stdout)}


def measure(run: Path, work: Path, rounds: int) -> dict[str, float]:
    results = [sources_first(run, work) | one_round(run, work) for _ in range(rounds)]
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def shown(name: str, value: float) -> str:
    if name.startswith("MiB"):
        return f"{value:.0f} MiB"
    return f"{value:.0f}" if name == "processes" else f"{value * 1000:.0f} ms"


def main():
    parser = argparse.ArgumentParser(description="What runs of many files cost.")
    parser.add_argument("--files", default="64,512", help="how many files the runs have, in sixteens")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="keep the runs here, or use what an earlier call kept")
    options = parser.parse_args()
    columns = {}
    work = Path(tempfile.mkdtemp(prefix="xfelfs-large-run-"))
    try:
        for files in map(int, options.files.split(",")):
            run = make_run(options.keep or work, files)
            (run / MAP).unlink(missing_ok=True)
            columns[f"{files} files"] = measure(run, work, options.rounds)
            opened = extra_data(run)
            columns[f"{files} files, map"] = measure(run, work, options.rounds) | opened
    finally:
        shutil.rmtree(work, ignore_errors=True)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    print(f"{'medians of ' + str(options.rounds) + ' rounds':28}" + "".join(f"{column:>18}" for column in columns))
    for name in names:
        cells = (shown(name, column[name]) if name in column else "" for column in columns.values())
        print(f"{name:28}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
