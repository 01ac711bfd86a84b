"""How much faster than extra-data-validate: a run of 68 files, 265 sources and 55,000 keys, validated by both in turn.

    python Tests/Validation/speed.py DIRECTORY [ROUNDS]

writes the run to DIRECTORY unless it is there (a minute, 710 MB). Not a test: other work on the machine slows both, and not always
alike, so the ratio is of medians, of wall time and of processor time.
"""

import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
from conftest import XFELFS

TRAINS, FRAMES = 32, 4


def start_file(f, sequence, sources):
    trains = np.arange(10000 + sequence * TRAINS, 10000 + (sequence + 1) * TRAINS, dtype="u8")
    names = np.array([name.encode() for name in sources], dtype=object)
    f.create_dataset("METADATA/dataSources/dataSourceId", data=names, dtype=h5py.special_dtype(vlen=bytes))
    f["METADATA/dataFormatVersion"] = np.array([b"1.2"], dtype=object)
    for name, values in {
        "trainId": trains,
        "timestamp": trains * 10**8,
        "flag": np.ones(TRAINS, "i4"),
        "origin": np.zeros(TRAINS, "i4"),
    }.items():
        f.create_dataset(f"INDEX/{name}", data=values, maxshape=(None,))
    return trains


def write_module(path, module, sequence, random):
    source = f"SPB_DET_AGIPD1M-1/DET/{module}CH0:xtdf"
    with h5py.File(path, "w") as f:
        trains = start_file(f, sequence, [f"INSTRUMENT/{source}/{group}" for group in ("header", "image", "trailer")])
        for group, count in {"header": 1, "image": FRAMES, "trailer": 1}.items():
            first = np.arange(TRAINS, dtype="u8") * count
            f.create_dataset(f"INDEX/{source}/{group}/first", data=first, maxshape=(None,))
            f.create_dataset(f"INDEX/{source}/{group}/count", data=np.full(TRAINS, count, "u8"), maxshape=(None,))
            ids = np.repeat(trains, count)
            f.create_dataset(f"INSTRUMENT/{source}/{group}/trainId", data=ids, maxshape=(None,))
            for key in range(8):
                f.create_dataset(f"INSTRUMENT/{source}/{group}/k{key}", data=np.arange(len(ids)), maxshape=(None,))
        pixels = random.integers(0, 60000, (TRAINS * FRAMES, 2, 64, 16), dtype="u2")
        f.create_dataset(f"INSTRUMENT/{source}/image/data", data=pixels, chunks=(1, 2, 64, 16))


def write_slow_control(path, sequence):
    sources = [f"SA1_XTD{number % 9}_VAC/GAUGE/G{number:05}C" for number in range(249)]
    with h5py.File(path, "w") as f:
        trains = start_file(f, sequence, ["CONTROL/" + source for source in sources])
        for source in sources:
            f.create_dataset(f"INDEX/{source}/first", data=np.arange(TRAINS, dtype="u8"), maxshape=(None,))
            f.create_dataset(f"INDEX/{source}/count", data=np.ones(TRAINS, "u8"), maxshape=(None,))
            for key in range(111):
                name = f"CONTROL/{source}/group{key % 7}/property{key}"
                f.create_dataset(f"{name}/timestamp", data=trains * 10**8, maxshape=(None,))
                f.create_dataset(f"{name}/value", data=np.arange(TRAINS, dtype="f4"), maxshape=(None,))


def write_run(directory):
    directory.mkdir(parents=True)
    random = np.random.default_rng(1)
    for sequence in range(4):
        for module in range(16):
            write_module(directory / f"RAW-R0100-AGIPD{module:02}-S{sequence:05}.h5", module, sequence, random)
        write_slow_control(directory / f"RAW-R0100-DA01-S{sequence:05}.h5", sequence)


def measure(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "No problems found" in done.stdout, done.stdout
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(directory, rounds=5):
    directory = Path(directory)
    if not directory.exists():
        write_run(directory)
    theirs = [Path(sys.executable).with_name("extra-data-validate"), directory]
    ours = [XFELFS, "validate", directory]
    measure(ours)
    pairs = [(measure(theirs), measure(ours)) for _ in range(int(rounds))]
    for name, which in (("wall", 0), ("processor", 1)):
        python = statistics.median(pair[0][which] for pair in pairs)
        swift = statistics.median(pair[1][which] for pair in pairs)
        print(f"{name:10} extra-data-validate {python:6.2f} s   xfelfs {swift:6.2f} s   {python / swift:5.1f} times")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(*sys.argv[1:])
