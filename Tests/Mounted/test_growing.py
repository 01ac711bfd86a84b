"""A run that is being taken: what its writer adds shows in the mount, and no value is ever wrong."""

import os
import threading
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import product
from cases_index import CAM, XGM, one
from handmade import ramp
from product import wait_until

ENERGY = f"sources/{XGM}/keys/energy.value"
PIXELS = f"sources/{CAM}/keys/data.pixels"
TRAINS_A_FILE = 5


def add(run: Path, number: int):
    """One more file, as the DAQ adds them: written beside, and named when it is complete."""
    trains = range(10000 + TRAINS_A_FILE * number, 10000 + TRAINS_A_FILE * (number + 1))
    name = f"RAW-R0001-DA01-S{number:05}.h5"
    file = one(run.parent, trains, f"unfinished-{name}")
    file.control(XGM, {"energy": ramp(TRAINS_A_FILE, start=TRAINS_A_FILE * number)})
    file.instrument(CAM, "data", {"pixels": ramp(TRAINS_A_FILE, (30, 20), "<u4", start=TRAINS_A_FILE * 600 * number)},
                    first=range(TRAINS_A_FILE), count=[1] * TRAINS_A_FILE)
    file.close()
    os.rename(run.parent / f"unfinished-{name}", run / name)


def train_values(number):
    return np.arange(number, dtype="f4"), np.arange(number * 600, dtype="<u4").reshape(number, 30, 20)


@pytest.fixture
def run(tmp_path) -> Path:
    run = tmp_path / "run"
    run.mkdir()
    add(run, 0)
    return run


def test_new_files_show(run, tmp_path):
    with product.mounted(run, tmp_path / "mnt", "--refresh", "0.5") as mnt:
        assert np.load(mnt / ENERGY / "array.npy").tolist() == ramp(5).tolist()
        held = open(mnt / PIXELS / "array.npy", "rb")
        inode = os.stat(mnt / ENERGY / "array.npy").st_ino
        add(run, 1)
        wait_until(lambda: len(os.listdir(mnt / "files")) == 2, 20, "the new file")
        energy, pixels = train_values(10)
        assert np.array_equal(np.load(mnt / ENERGY / "array.npy"), energy)
        assert np.array_equal(np.load(mnt / PIXELS / "array.npy"), pixels)
        assert os.listdir(mnt / "trains")[-1] == "10009" and len(os.listdir(mnt / ENERGY / "trains")) == 10
        assert (mnt / "info.txt").read_text().startswith("# of trains:    10\n")
        assert len((mnt / "trains.csv").read_text().splitlines()) == 11
        assert os.stat(mnt / ENERGY / "array.npy").st_ino == inode
        # What was open is as it was when it was opened.
        data = held.read()
        held.close()
        assert data[-2 * 2400:] == pixels[3:5].tobytes() and len(data) < 5 * 2400 + 200
        # A selection of the run as it is now.
        assert np.load(mnt / "select" / "*MAIN" / "train_ids.npy")[-1] == 10009
        # A source that begins later.
        file = one(run, range(10000, 10010), "RAW-R0001-DA02-S00000.h5")
        file.control("LATE/SRC", {"x": ramp(10)})
        file.close()
        wait_until(lambda: (mnt / "sources" / "LATE").exists(), 20, "the new source")
        assert np.load(mnt / "sources/LATE/SRC/keys/x.value/array.npy").tolist() == ramp(10).tolist()
        # One that is taken away.
        (run / "RAW-R0001-DA02-S00000.h5").unlink()
        wait_until(lambda: not (mnt / "sources" / "LATE").exists(), 20, "the source to go")


def test_refresh_0_never_looks(run, tmp_path):
    with product.mounted(run, tmp_path / "mnt", "--refresh", "0") as mnt:
        os.listdir(mnt / "files")
        add(run, 1)
        time.sleep(2)
        assert len(os.listdir(mnt / "files")) == 1
        assert np.load(mnt / ENERGY / "array.npy").tolist() == ramp(5).tolist()


def test_a_file_that_is_not_finished_is_left_out_until_it_is(run, foreground):
    daemon = foreground(run, "--refresh", "0.5")
    mnt = daemon.point
    assert len(np.load(mnt / ENERGY / "array.npy")) == 5
    whole = run.parent / "whole"
    whole.mkdir()
    add(whole, 1)
    data = (whole / "RAW-R0001-DA01-S00001.h5").read_bytes()
    place = run / "RAW-R0001-DA01-S00001.h5"
    with open(place, "wb") as file:
        for part in range(4):
            file.write(data[len(data) * part // 4:len(data) * (part + 1) // 4])
            file.flush()
            if part < 3:
                time.sleep(1)
                assert np.load(mnt / ENERGY / "array.npy").tolist() == ramp(5).tolist()
    wait_until(lambda: len(np.load(mnt / ENERGY / "array.npy")) == 10, 20, "the finished file")
    assert np.array_equal(np.load(mnt / PIXELS / "array.npy"), train_values(10)[1])
    assert daemon.log().count("left out") <= 4


def test_a_file_that_its_writer_has_open_is_named(run, tmp_path):
    """SWMR: the superblock says that the file is being written."""
    path = run / "RAW-R0001-DA02-S00000.h5"
    file = one(run, range(10000, 10005), path.name)
    file.control("OPEN/SRC", {"x": ramp(5)})
    file.close()
    with h5py.File(run.parent / "latest.h5", "w", libver="latest") as latest, h5py.File(path) as old:
        for name in old:
            old.copy(name, latest)
    os.rename(run.parent / "latest.h5", path)
    writer = h5py.File(path, "r+", libver="latest")
    writer.swmr_mode = True
    with product.mounted(run, tmp_path / "mnt", "--refresh", "0.5") as mnt:
        assert not (mnt / "sources" / "OPEN").exists()
        assert path.name in (mnt / "info.txt").read_text()
        writer.close()
        wait_until(lambda: (mnt / "sources" / "OPEN").exists(), 20, "the file that was closed")
        assert path.name not in (mnt / "info.txt").read_text()


def test_files_that_grow(run, tmp_path):
    """A file that takes the place of a shorter one."""
    path = run / "RAW-R0001-DA03-S00000.h5"
    with product.mounted(run, tmp_path / "mnt", "--refresh", "0.5") as mnt:
        for count in (3, 6, 9):
            if path.exists():
                path.unlink()
            file = one(run, range(10000, 10000 + count), path.name)
            file.control("GROWS/SRC", {"x": ramp(count)})
            file.close()

            def is_there():
                try:
                    return np.load(mnt / "sources/GROWS/SRC/keys/x.value/array.npy").tolist() == ramp(count).tolist()
                except OSError:
                    return False
            wait_until(is_there, 20, f"{count} trains")


def test_readers_of_a_run_that_is_taken(run, tmp_path):
    """New files all the time, 8 readers: no wrong value, no error, every train there at the end."""
    problems, rounds, done = [], [0] * 8, threading.Event()

    def read(number):
        while not done.is_set():
            try:
                if number % 2:
                    energy = np.load(mnt / ENERGY / "array.npy")
                    if len(energy) % TRAINS_A_FILE or not np.array_equal(energy, train_values(len(energy))[0]):
                        problems.append(f"energy {energy}")
                else:
                    trains = sorted(os.listdir(mnt / PIXELS / "trains"))
                    train = int(trains[number * 7919 % len(trains)].removesuffix(".npy"))
                    pixels = np.load(mnt / PIXELS / "trains" / f"{train}.npy")
                    start = (train - 10000) * 600
                    if not np.array_equal(pixels.ravel(), np.arange(start, start + 600, dtype="u4")):
                        problems.append(f"pixels of {train}")
            except Exception as error:        # every kind is a failure here
                problems.append(f"{type(error).__name__}: {error}")
            rounds[number] += 1

    with product.mounted(run, tmp_path / "mnt", "--refresh", "0.5") as mnt:
        readers = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        for reader in readers:
            reader.start()
        for number in range(1, 13):
            time.sleep(1)
            add(run, number)
        wait_until(lambda: len(os.listdir(mnt / "files")) == 13, 20, "the last file")
        done.set()
        for reader in readers:
            reader.join(30)
        assert problems == []
        assert min(rounds) > 10
        energy, pixels = train_values(13 * TRAINS_A_FILE)
        assert np.array_equal(np.load(mnt / ENERGY / "array.npy"), energy)
        assert np.array_equal(np.load(mnt / PIXELS / "array.npy"), pixels)


def test_runs_of_a_proposal_grow(tmp_path):
    run = tmp_path / "raw" / "r0001"
    run.mkdir(parents=True)
    add(run, 0)
    with product.mounted(tmp_path / "raw", tmp_path / "mnt", "--refresh", "0.5") as mnt:
        assert len(np.load(mnt / "r0001" / ENERGY / "array.npy")) == 5
        add(run, 1)
        wait_until(lambda: len(np.load(mnt / "r0001" / ENERGY / "array.npy")) == 10, 20, "the new file")
