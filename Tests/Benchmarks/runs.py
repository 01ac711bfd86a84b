"""The data: runs in the EXDF format with known shapes, written with h5py.

Every run exists twice, as hard links: `<name>` is mounted, `<name>.extra` is opened with EXtra-data, which
writes its map of the files into the directory it reads.
"""

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

from daq_files import DETECTOR, FIRST_TRAIN, FRAME, FRAMES, DataFile, raw_source, trains, write_many

XGM = "SPB_XTD9_XGM/DOOCS/MAIN"
SHARED_TRAINS = 8    # trains in which all 16 modules have data; module 0 has more


def corrected_source(module: int) -> str:
    return f"{DETECTOR}/CORR/{module}CH0:output"


def write_xgm(path: Path, count: int, index_chunk: int = 1, first: int = FIRST_TRAIN):
    """Thirty scalars and one small array per train."""
    file, rng = DataFile(path, trains(count, first), index_chunk), np.random.default_rng(first)
    file.control(XGM, {f"value{i:02}": rng.random(count) for i in range(30)})
    group = file.instrument(f"{XGM}:output", "data", 1)
    group.create_dataset("intensityTD", data=rng.random((count, 200), dtype="f4"), chunks=(64, 200))
    file.close()


def write_raw(run: Path, frames: int):
    """Unfiltered detector data, one frame in a chunk; random, so that no byte is like another."""
    rng = np.random.default_rng(1)
    for module in range(16):
        count = frames // FRAMES if module == 0 else SHARED_TRAINS
        file = DataFile(run / f"RAW-R0001-AGIPD{module:02}-S00000.h5", trains(count))
        data = file.image(raw_source(module)).create_dataset(
            "data", (count * FRAMES, 2, *FRAME), "<u2", chunks=(1, 2, *FRAME), maxshape=(None, 2, *FRAME))
        for start in range(0, len(data), 64):
            data[start:start + 64] = np.frombuffer(rng.bytes(64 * 2 * 512 * 128 * 2), "<u2").reshape(-1, 2, *FRAME)
        file.close()
    write_xgm(run / "RAW-R0001-DA01-S00000.h5", frames // FRAMES)


def photons(rng, count: int) -> np.ndarray:
    """Corrected frames: integer ADU with noise and photon peaks, which gzip packs about 3.8 times."""
    shape = (count, *FRAME)
    return np.rint(rng.standard_normal(shape, dtype="f4") * 10) + (rng.poisson(0.05, shape) * 60).astype("f4")


def masks(rng, count: int) -> np.ndarray:
    """Dead rows and columns and a few bad pixels, which gzip packs about 100 times."""
    mask = np.zeros((count, *FRAME), "<u4")
    mask[:, ::64] = 1
    mask[:, :, rng.integers(0, 128, 3)] = 8
    for frame in mask:
        frame.reshape(-1)[rng.integers(0, frame.size, 40)] = 2
    return mask


def write_corrected(run: Path, frames: int):
    """gzip 1 after shuffle, one frame in a chunk. Modules 1 to 15 get shifted chunks of module 0."""
    rng, first = np.random.default_rng(2), None
    for module in range(16):
        count = frames // FRAMES if module == 0 else SHARED_TRAINS
        file = DataFile(run / f"CORR-R0001-AGIPD{module:02}-S00000.h5", trains(count))
        group = file.image(corrected_source(module))
        for key, dtype, values in (("data", "<f4", photons), ("mask", "<u4", masks)):
            made = group.create_dataset(key, (count * FRAMES, *FRAME), dtype, chunks=(1, *FRAME),
                                        compression="gzip", compression_opts=1, shuffle=True)
            for start in range(0, len(made), 64) if module == 0 else ():
                made[start:start + 64] = values(rng, 64)
            for frame in range(len(made)) if module else ():
                mask, chunk = first[key].id.read_direct_chunk((frame + 16 * module, 0, 0))
                made.id.write_direct_chunk((frame, 0, 0), chunk, mask)
        file.close()
        if first is None:
            opened = h5py.File(run / f"CORR-R0001-AGIPD{module:02}-S00000.h5", "r")
            first = opened[f"INSTRUMENT/{corrected_source(0)}/image"]
    first.file.close()
    write_xgm(run / "CORR-R0001-DA01-S00000.h5", frames // FRAMES)


def write_long(run: Path, count: int, files: int = 10):
    """A long run: `count` trains in sequence files, scalars only."""
    each = count // files
    for sequence in range(files):
        write_xgm(run / f"RAW-R0001-DA01-S{sequence:05}.h5", each, index_chunk=512, first=FIRST_TRAIN + sequence * each)


@dataclass
class Data:
    """Where the runs are, and how much is in them."""

    root: Path
    frames: int
    corrected_frames: int
    long_trains: int = 50_000

    def run(self, name: str) -> Path:
        return self.root / name

    def extra(self, name: str) -> Path:
        return self.root / f"{name}.extra"

    def hdf5(self, name: str) -> tuple[Path, str]:
        """The file of module 0 of `raw` or `corrected`, and the group of its images."""
        kind, source = {"raw": ("RAW", raw_source(0)), "corrected": ("CORR", corrected_source(0))}[name]
        return self.run(name) / f"{kind}-R0001-AGIPD00-S00000.h5", f"INSTRUMENT/{source}/image"

    def make(self, names):
        """Write the runs that are not there yet, each under another name until it is complete."""
        writers = {"raw": (write_raw, self.frames), "corrected": (write_corrected, self.corrected_frames),
                   "long": (write_long, self.long_trains), "many": (write_many,)}
        for name in names:
            if self.run(name).exists():
                continue
            unfinished = self.root / f"{name}.part"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            write, *arguments = writers[name]
            write(unfinished, *arguments)
            shutil.rmtree(self.extra(name), ignore_errors=True)
            shutil.copytree(unfinished, self.extra(name), copy_function=os.link)
            unfinished.rename(self.run(name))
        os.sync()
