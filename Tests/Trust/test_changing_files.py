"""Files that change under a mount: what is read is what was there when the run was mounted, or an error, never both.

The run is the same each time, and so is its truth. Reports on the files (validation, locality) say how the files are
now, and are left out.
"""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from handmade import VLEN_BYTES, HandFile, ramp
from walks import Truth

TRAINS = range(10000, 10020)
FILES = ["RAW-R0001-DA01-S00000.h5", "RAW-R0001-DA02-S00000.h5"]
FRAME = (64, 256)
FRAMES = 16             # of one train: 10 MiB of pixels in all, more than is read at a time


def write_file(path: Path, variant: int):
    """One file of the run; the variants differ in every value, in counts, texts, attributes, and a key's name."""
    shift = variant * 1_000_000
    file = HandFile(path, list(TRAINS))
    source = path.name[10:14]
    texts = np.array([f"text {variant} of {train}".encode() for train in TRAINS], dtype=object)
    file.control(f"{source}/DEV/XGM", {"energy": ramp(len(TRAINS), start=shift, dtype="f8")})
    file.control(f"{source}/DEV/STATE", {"state": texts},
                 write=lambda h5, place, value: h5.create_dataset(place, data=value, dtype=VLEN_BYTES))
    counts = np.full(len(TRAINS), FRAMES) if variant == 0 else np.tile([FRAMES - 3, FRAMES + 3], len(TRAINS) // 2)
    firsts = np.cumsum(counts) - counts
    pixels = ramp(len(TRAINS) * FRAMES, FRAME, "<u2", start=shift)
    file.instrument(f"{source}/DEV/CAM:output", "data", {"pixels": pixels}, first=firsts, count=counts)
    file.instrument(f"{source}/DEV/CAM:output", "packed", {"pixels": pixels}, first=firsts, count=counts,
                    write={"chunks": (4, *FRAME), "compression": "gzip", "compression_opts": 1})
    key = "first" if variant == 0 else "other"
    file.instrument(f"{source}/DEV/CAM:output", "odd", {key: ramp(len(TRAINS), start=shift)})
    unit = file.h5[f"CONTROL/{source}/DEV/XGM/energy/value"]
    unit.attrs["unitSymbol"] = "J" if variant == 0 else "m"
    unit.attrs["alarm"] = np.arange(4) + shift
    file.close()


@pytest.fixture(scope="session")
def variants(tmp_path_factory):
    """Two directories of the same run with nothing in common but sizes: file for file they are equally long."""
    directories = []
    for variant in (0, 1):
        directory = tmp_path_factory.mktemp(f"variant{variant}")
        for name in FILES:
            write_file(directory / name, variant)
        directories.append(directory)
    for name in FILES:
        paths = [directory / name for directory in directories]
        length = max(path.stat().st_size for path in paths)
        for path in paths:
            os.truncate(path, length)       # HDF5 does not mind what stands behind its end
    return directories


@pytest.fixture(scope="session")
def run_place(tmp_path_factory):
    """Where the run always is: exports and links have the paths of its files in them."""
    return tmp_path_factory.mktemp("changing") / "run"


@pytest.fixture(scope="session")
def truth(variants, run_place, tmp_path_factory):
    """What the run shows when it does not change."""
    shutil.copytree(variants[0], run_place)
    truth = Truth.of(run_place, tmp_path_factory.mktemp("truth"))
    with h5py.File(variants[0] / FILES[0]) as file:
        pixels = file["INSTRUMENT/DA01/DEV/CAM:output/data/pixels"][:]
    assert truth.tree["sources/DA01/DEV/CAM:output/keys/data.pixels/array.npy"][2].endswith(pixels.tobytes())
    return truth


@pytest.fixture
def run(truth, variants, run_place):
    """The run as it was when its truth was taken, modified earlier than any change that comes."""
    shutil.rmtree(run_place)
    shutil.copytree(variants[0], run_place)
    for path in run_place.iterdir():
        os.utime(path, (time.time() - 3600,) * 2)
    return run_place


def overwrite(path: Path, other: Path):
    """In place, as `rsync --inplace` and `cp` do: size as before, all else new."""
    with open(path, "r+b") as file:
        file.write(other.read_bytes())


def overwrite_half(path: Path, other: Path):
    """As a copy that has not come to its end, or a store that has written some blocks only."""
    data = other.read_bytes()
    with open(path, "r+b") as file:
        file.seek(len(data) // 2)
        file.write(data[len(data) // 2:])


def truncate(path: Path, _):
    os.truncate(path, 0)


def cut(path: Path, _):
    os.truncate(path, path.stat().st_size // 2)


def replace(path: Path, other: Path):
    """As `rsync` does and whoever writes carefully: what is open stays as it was."""
    fresh = path.with_suffix(".new")
    shutil.copyfile(other, fresh)
    fresh.rename(path)


def touch(path: Path, _):
    path.touch()


def append(path: Path, other: Path):
    with open(path, "ab") as file:
        file.write(other.read_bytes())


def remove(path: Path, _):
    path.unlink()


CHANGES = pytest.mark.parametrize("change", [overwrite, overwrite_half, truncate, cut, replace, touch, append, remove],
                                  ids=lambda change: change.__name__)


def change_files(change, run: Path, variants, names=FILES):
    for name in names:
        change(run / name, variants[1] / name)


@CHANGES
def test_before_the_first_look(change, run, variants, truth, foreground):
    """Changed after the mount, before anything but the train ids has been read: counts, lists, tables, texts and
    attributes are as they were, or an error."""
    point = foreground(run, "--refresh", "0").point
    change_files(change, run, variants)
    truth.compare(point).assert_right(f"after {change.__name__}, at the first look")
    truth.compare(point, order=1).assert_right(f"after {change.__name__}, at the second look")


@CHANGES
def test_after_a_look(change, run, variants, truth, foreground):
    """Changed when everything has been looked at once: what is read now must be as it was."""
    point = foreground(run, "--refresh", "0").point
    truth.compare(point, limit=4096).assert_right("before the change")
    change_files(change, run, variants)
    truth.compare(point, order=1).assert_right(f"after {change.__name__}")


@pytest.mark.parametrize("group", ["data", "packed"])
@CHANGES
def test_while_an_array_is_read(change, group, run, variants, truth, foreground):
    """The first megabyte has been read, then the file changes: the rest is as it was or an error, whether it is read or
    mapped."""
    point = foreground(run, "--refresh", "0").point
    path = f"sources/DA01/DEV/CAM:output/keys/{group}.pixels/array.npy"
    expected = truth.tree[path][2]
    with open(point / path, "rb", buffering=0) as file, open(point / path, "rb", buffering=0) as other:
        start = file.read(1 << 20)
        assert start == expected[:len(start)], "the beginning is wrong before any change"
        change_files(change, run, variants)
        position = len(start)
        try:
            while piece := file.read(1 << 20):
                assert piece == expected[position:position + len(piece)], (
                    f"bytes {position} to {position + len(piece)} differ after {change.__name__}, without an error")
                position += len(piece)
            assert position == len(expected), f"the array ends after {position} of {len(expected)} bytes, no error"
        except OSError as error:
            assert error.errno in (errno.EIO, errno.ESTALE), f"{change.__name__} makes {error}"
        assert_mapping(other, expected, change.__name__)


def assert_mapping(file, expected: bytes, what: str):
    """Every page of a mapping of an open file is as expected, or SIGBUS: in a process of its own, which may die."""
    script = ("import mmap, os, sys\n"
              "memory = mmap.mmap(0, 0, prot=mmap.PROT_READ)\n"
              "for at in range(0, len(memory), 1 << 16): os.write(1, memory[at:at + (1 << 16)])\n")
    file.seek(0)
    done = subprocess.run([sys.executable, "-c", script], stdin=file, capture_output=True, timeout=60)
    position = len(done.stdout)
    assert done.stdout == expected[:position], f"a mapping differs within its first {position} bytes after {what}"
    assert done.returncode == -7 or position == len(expected), (
        f"a mapping ended after {position} of {len(expected)} bytes with status {done.returncode} after {what}: "
        f"{done.stderr.decode()[-300:]}")


def test_over_and_over_while_it_is_read(run, variants, truth, foreground):
    """The file is changed back and forth while the array is read again and again: no read ever mixes the two."""
    point = foreground(run, "--refresh", "0").point
    path = "sources/DA01/DEV/CAM:output/keys/data.pixels/trains"
    trains = {f"{train}.npy": truth.tree[f"{path}/{train}.npy"][2] for train in TRAINS}
    errors = right = 0
    end = time.monotonic() + 4
    for turn in range(10 ** 6):
        if time.monotonic() > end:
            break
        overwrite(run / FILES[0], variants[turn % 2 == 0] / FILES[0])
        for name, expected in trains.items():
            try:
                data = (point / path / name).read_bytes()
            except OSError:
                errors += 1
                continue
            right += 1
            assert data == expected, f"{name} differs in turn {turn}, and there was no error"
    print(f"{turn} changes, {right} reads were right, {errors} errors")


def test_one_file_of_two(run, variants, truth, foreground):
    """A changed file costs what comes from it; the other's sources are read as before."""
    point = foreground(run, "--refresh", "0").point
    change_files(overwrite, run, variants, FILES[1:])
    found = truth.compare(point)
    found.assert_right("after the second file was overwritten")
    lost = [error for error in found.errors if error[1].startswith("sources/DA01/")]
    assert not lost, f"a source of the file that did not change has errors: {lost[:5]}"
    assert found.errors, "the second file was changed, and nothing of it was an error"
