"""What readers do, each in a process of its own: clients.py FUNCTION, with its arguments as JSON on stdin.

The time is taken inside, after the imports; the result goes to stdout as JSON. With `digest`, a digest
of the values is returned as well, computed after the clock was stopped.
"""

import hashlib
import json
import os
import random
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np


class Clock:
    """The seconds spent in a `with` block."""

    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, *_):
        self.seconds = time.perf_counter() - self.start


def result(clock: Clock, array=None, digest: bool = False) -> dict:
    found = {"seconds": clock.seconds}
    if digest:
        found["digest"] = hashlib.blake2b(np.ascontiguousarray(array).view("u1").data, digest_size=8).hexdigest()
    return found


def file_digest(path):
    """The digest of the data of an .npy file, read in blocks of 1 MiB."""
    with open(path, "rb", buffering=0) as file, Clock() as clock:
        version = np.lib.format.read_magic(file)
        {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version](file)
        digest = hashlib.blake2b(digest_size=8)
        while block := file.read(1 << 20):
            digest.update(block)
    return {"seconds": clock.seconds, "digest": digest.hexdigest()}


def h5py_whole(path, dataset, total=False, digest=False):
    """Open the file, read the dataset whole into a new array; with `total`, add up its 64-bit words too."""
    import h5py
    with Clock() as clock:
        with h5py.File(path, "r") as file:
            array = file[dataset][()]
        if total:
            array.reshape(-1).view("u8").sum()
    return result(clock, array, digest)


def numpy_load(path, mode=None, total=False, digest=False):
    """np.load, into memory or mapped."""
    with Clock() as clock:
        array = np.load(path, mmap_mode=mode)
        if total:
            array.reshape(-1).view("u8").sum()
    return result(clock, array, digest)


def detector(run, raw, modules=None):
    from extra_data import RunDirectory
    from extra_data.components import AGIPD1M
    return AGIPD1M(RunDirectory(run), modules=modules, raw=raw)


def extra_module(run, key, digest=False):
    """EXtra-data's detector class, module 0; opening the run is not counted."""
    data = detector(run, False, [0])[key]
    with Clock() as clock:
        array = data.ndarray()
    return result(clock, array, digest)


def frames_h5py(path, dataset, count, seed):
    import h5py
    with h5py.File(path, "r") as file, Clock() as clock:
        data = file[dataset]
        for index in frame_numbers(len(data), count, seed):
            data[index]
    return {"seconds": clock.seconds / count}


def frames_mapped(path, count, seed):
    with Clock() as clock:
        data = np.load(path, mmap_mode="r")
        for index in frame_numbers(len(data), count, seed):
            np.array(data[index])
    return {"seconds": clock.seconds / count}


def frame_numbers(length, count, seed):
    return random.Random(seed).choices(range(length), k=count)


def trains_extra(run, source, key, trains, digest=False):
    """`train_from_id` of a key, for each of these trains; seconds for one."""
    from extra_data import RunDirectory
    data = RunDirectory(run)[source, key]
    with Clock() as clock:
        arrays = [data.train_from_id(train)[1] for train in trains] if digest else None
        for train in () if digest else trains:
            data.train_from_id(train)
    return result(clock, arrays, digest) | {"seconds": clock.seconds / len(trains)}


def trains_load(directory, trains, digest=False):
    """np.load of the train files in a directory; seconds for one."""
    with Clock() as clock:
        arrays = [np.load(f"{directory}/{train}.npy") for train in trains] if digest else None
        for train in () if digest else trains:
            np.load(f"{directory}/{train}.npy")
    return result(clock, arrays, digest) | {"seconds": clock.seconds / len(trains)}


def trains_bytes(directory, trains):
    """open, read and close of the train files in a directory; seconds for one."""
    with Clock() as clock:
        for train in trains:
            file = os.open(f"{directory}/{train}.npy", os.O_RDONLY)
            os.read(file, 65536)
            os.close(file)
    return {"seconds": clock.seconds / len(trains)}


def stacked_extra(run, key, raw, train, digest=False):
    """One train of all modules, in the order of the stacked files; opening the run is not counted."""
    from extra_data import by_id
    data = detector(run, raw)[key]
    with Clock() as clock:
        array = data.select_trains(by_id[[train]]).ndarray()
    return result(clock, np.moveaxis(array, 0, -3) if digest else array, digest)


def first_byte(path, offset=0):
    with Clock() as clock:
        file = os.open(path, os.O_RDONLY)
        os.pread(file, 4096, offset)
        os.close(file)
    return {"seconds": clock.seconds}


def first_frame_h5py(path, dataset, index=0):
    import h5py
    with Clock() as clock, h5py.File(path, "r") as file:
        file[dataset][index]
    return {"seconds": clock.seconds}


def probe(files, directories, duration):
    """For some seconds: stat of a file never seen, 4 KiB of another, a directory's names. Latencies by kind."""
    ways = {"stat": os.stat, "read": read_4k, "readdir": os.listdir}
    rng = random.Random(1)
    rng.shuffle(files)
    rng.shuffle(directories)
    todo = {"stat": files[::2], "read": files[1::2], "readdir": directories}
    found, end = {kind: [] for kind in ways}, time.perf_counter() + duration
    step = 0
    while time.perf_counter() < end and any(step < len(paths) for paths in todo.values()):
        for kind, way in ways.items():
            if step < len(todo[kind]):
                with Clock() as clock:
                    way(todo[kind][step])
                found[kind].append(clock.seconds)
        step += 1
        time.sleep(0.01)
    return {kind: {"median": median(times), "worst": max(times), "count": len(times)}
            for kind, times in found.items() if times}


def read_4k(path):
    with open(path, "rb", buffering=0) as file:
        file.read(4096)


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]](**json.load(sys.stdin))))
