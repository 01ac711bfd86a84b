"""A read-only fsx: random reads and mappings from several threads against bytes known beforehand."""

import concurrent.futures
import io
import mmap
import os
import random

import numpy as np
import pytest

from cases_index import CAM
from product import QUICK

THREADS = 4
READS = 300 if QUICK else 1500


def npy_bytes(path, array) -> bytes:
    """The file that has to be there: its own header, and the array's bytes."""
    data = path.read_bytes()[:io.DEFAULT_BUFFER_SIZE]
    offset = int.from_bytes(data[8:10], "little") + 10
    return data[:offset] + array.tobytes()


def check_reads(path, expected: bytes, seed: int) -> int:
    """Random preads, some across the end and behind it, some at block boundaries."""
    rng = random.Random(seed)
    done = 0
    with open(path, "rb", buffering=0) as file:
        for _ in range(READS):
            kind = rng.random()
            length = rng.choice([1, 7, 512, 4096, 65536, 131072, 400_000])
            if kind < 0.1:
                start = len(expected) - rng.randrange(0, 5000)
            elif kind < 0.15:
                start = len(expected) + rng.randrange(0, 100_000)
            elif kind < 0.5:
                start = rng.randrange(0, len(expected) // 4096) * 4096
            else:
                start = rng.randrange(0, len(expected))
            got = os.pread(file.fileno(), length, start)
            wanted = expected[start:start + length]
            assert got == wanted, f"seed {seed}: pread({length}, {start}) gives {len(got)} bytes, not those of the array"
            done += 1
    return done


def check_mapping(path, expected: bytes, seed: int) -> int:
    """Random slices of a mapping."""
    rng = random.Random(seed)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        assert len(view) == len(expected)
        for _ in range(READS):
            start = rng.randrange(0, len(expected))
            length = rng.choice([1, 100, 4096, 20_000])
            assert view[start:start + length] == expected[start:start + length], f"seed {seed}: map at {start}"
    return READS


@pytest.mark.parametrize("seed", range(1 if QUICK else 3))
def test_random_reads_from_threads(pixels, small, seed):
    """preads and mapped reads of one array from several threads at once give the array's bytes."""
    expected = npy_bytes(pixels, small[1])
    assert os.stat(pixels).st_size == len(expected)
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit((check_reads, check_mapping)[n % 2], pixels, expected, 100 * seed + n)
                for n in range(THREADS)]
        assert sum(job.result(timeout=300) for job in jobs) == READS * THREADS


def test_reads_of_different_files_at_once(small_mnt, small):
    """Whole arrays, single trains and slices read at the same time do not disturb each other."""
    here = small_mnt / "sources" / CAM / "keys" / "data.pixels"
    array = small[1]
    work = [(here / "array.npy", array)]
    work += [(here / "trains" / f"{10000 + n}.npy", array[2 * n:2 * n + 2]) for n in range(10)]
    work += [(here / f"array@{n},...,5.npy", array[n, ..., 5]) for n in range(20)]
    random.Random(5).shuffle(work)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda item: np.array_equal(np.load(item[0]), item[1]), work * 4))
    assert results == [True] * len(results)


def test_every_size_of_read(small_mnt, small):
    """A file read in pieces of any size is the same file."""
    path = small_mnt / "sources" / CAM / "keys" / "data.pixels" / "trains" / "10003.npy"
    expected = npy_bytes(path, small[1][6:8])
    for size in (999, 4096, 131072, 1 << 20):
        with open(path, "rb", buffering=0) as file:
            assert b"".join(iter(lambda: file.read(size), b"")) == expected, size


def test_reading_backwards(pixels, small):
    """A file read from its end to its start, as tac does it."""
    expected = npy_bytes(pixels, small[1])
    pieces = []
    with open(pixels, "rb", buffering=0) as file:
        for start in reversed(range(0, len(expected), 50_001)):
            pieces.append(os.pread(file.fileno(), 50_001, start))
    assert b"".join(reversed(pieces)) == expected
