"""The store that fails on demand, the hostile files, and the truth about the sound runs that stand beside them."""

import shutil
import sys
import threading
from pathlib import Path

for folder in ("Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import extra_data
import pytest

import faults
import hostile
import product
from daemon import Foreground
from walks import Truth

# Seconds after which a mount is taken away from under its test. A test that waits for it may not be killable otherwise.
PATIENCE = 150


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """The hostile files and the seeds, unpacked."""
    return hostile.Corpus(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="session")
def faultfs(tmp_path_factory):
    """The program that mounts a store that fails on demand."""
    return faults.compile_faultfs(tmp_path_factory.mktemp("faultfs"))


@pytest.fixture(scope="session")
def mixed_run(corpus, tmp_path_factory):
    """A sound run of three files: all kinds of values, strings and filters; a detector; a camera's neighbours."""
    directory = tmp_path_factory.mktemp("mixed") / "run"
    directory.mkdir()
    for name, seed in hostile.MIXED_RUN.items():
        (directory / name).write_bytes(corpus.seed(seed))
    return directory


@pytest.fixture(scope="session")
def mapped_run(mixed_run, tmp_path_factory):
    """The mixed run with EXtra-data's map of its files: it is mounted without opening any of them."""
    directory = tmp_path_factory.mktemp("mapped") / "run"
    shutil.copytree(mixed_run, directory)
    extra_data.RunDirectory(str(directory), parallelize=False)
    assert (directory / "karabo_data_map.json").exists(), "EXtra-data has not written its map of the files"
    return directory


@pytest.fixture(scope="session")
def store_place(tmp_path_factory):
    """Where every store is mounted, one after the other: exports and links have the paths of the files in them."""
    return tmp_path_factory.mktemp("store") / "store"


@pytest.fixture(scope="session")
def mixed_truth(faultfs, mixed_run, store_place, tmp_path_factory):
    """What the mixed run shows when nothing goes wrong; its arrays have been held against h5py."""
    with faults.FaultyStore(faultfs, mixed_run, store_place) as sound:
        truth = Truth.of(sound.point, tmp_path_factory.mktemp("truth"))
    for path, expected in hostile.sound_arrays(mixed_run / hostile.SOUND_FILE).items():
        hostile.assert_array(truth.tree[path][2], expected, path)
    return truth


@pytest.fixture
def store(faultfs, mixed_run, store_place):
    """The mixed run on a store that fails on demand."""
    with faults.FaultyStore(faultfs, mixed_run, store_place) as made:
        yield made


@pytest.fixture
def mapped_store(faultfs, mapped_run, store_place):
    """The mixed run with a map of its files, on a store that fails on demand."""
    with faults.FaultyStore(faultfs, mapped_run, store_place) as made:
        yield made


@pytest.fixture
def foreground(tmp_path):
    """A function that mounts in the foreground; what is left of it is removed after the test."""
    product.require_fuse()
    started, watchdogs = [], []

    def start(run, *options, name="mnt", **arguments) -> Foreground:
        started.append(Foreground(run, tmp_path / name, *options, **arguments))
        watchdogs.append(threading.Timer(PATIENCE, started[-1].kill))
        watchdogs[-1].daemon = True
        watchdogs[-1].start()
        return started[-1]

    yield start
    for watchdog in watchdogs:
        watchdog.cancel()
    for mounted in started:
        mounted.clean_up()
