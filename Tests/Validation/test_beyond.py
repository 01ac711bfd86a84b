"""What EXtra-data's validator dies of, or does not see."""

import os
import re
import resource
import shutil

import h5py
import numpy as np
import pytest
from conftest import Crashed, extra_data_validate, run, validate
from extra_data.tests import make_examples as make

DA = "RAW-R0450-DA01-S00001.h5"
XGM = "SA1_XTD2_XGM/DOOCS/MAIN"
OUTPUT = f"{XGM}:output"


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sound")
    make.make_fxe_da_file(str(directory / DA), format_version="1.2")
    return directory


@pytest.fixture
def damaged(sound_run, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(sound_run, directory)
    return directory


@pytest.fixture
def file(damaged):
    return damaged / DA


def replace(f, name, value):
    del f[name]
    f.create_dataset(name, data=value)


def no_control_index(f):
    del f[f"INDEX/{XGM}"]


def no_control_data(f):
    del f[f"CONTROL/{XGM}"]


def no_instrument_index(f):
    del f[f"INDEX/{OUTPUT}/data"]


def no_instrument_data(f):
    del f[f"INSTRUMENT/{OUTPUT}"]


def no_first(f):
    del f[f"INDEX/{OUTPUT}/data/first"]


def no_count(f):
    del f[f"INDEX/{OUTPUT}/data/count"]


def count_too_short(f):
    f[f"INDEX/{OUTPUT}/data/count"].resize((399,))


def index_is_a_single_value(f):
    replace(f, f"INDEX/{OUTPUT}/data/first", np.uint64(0))


def index_is_text(f):
    replace(f, f"INDEX/{OUTPUT}/data/first", np.array([b"zero"] * 400))


def index_is_a_group(f):
    del f[f"INDEX/{OUTPUT}/data/first"]
    f.create_group(f"INDEX/{OUTPUT}/data/first")


def data_is_a_single_value(f):
    del f[f"INSTRUMENT/{OUTPUT}/data/intensityTD"]
    f[f"INSTRUMENT/{OUTPUT}/data/intensityTD"] = 3.5


def data_is_empty_space(f):
    del f[f"INSTRUMENT/{OUTPUT}/data/intensityTD"]
    f[f"INSTRUMENT/{OUTPUT}/data/intensityTD"] = h5py.Empty("f4")


def timestamp_is_a_single_value(f):
    replace(f, f"CONTROL/{XGM}/pulseEnergy/photonFlux/timestamp", np.uint64(5))


def dataset_beside_the_groups(f):
    f[f"INSTRUMENT/{OUTPUT}/loose"] = np.zeros(400)


# The damage, and where and what the report has to say about it.
CRASHES = {
    no_control_index: (f"INDEX/{XGM}", "has no INDEX group"),
    no_control_data: (f"CONTROL/{XGM}", "has no data group"),
    no_instrument_index: (f"INDEX/{OUTPUT}/data", "has no INDEX group"),
    no_instrument_data: (f"INSTRUMENT/{OUTPUT}", "has no data group"),
    no_first: (f"INDEX/{OUTPUT}/data", "Index cannot be read"),
    no_count: (f"INDEX/{OUTPUT}/data", "Index cannot be read"),
    index_is_a_single_value: (f"INDEX/{OUTPUT}/data", "Index first / count are not 1D"),
    index_is_text: (f"INDEX/{OUTPUT}/data", "Index cannot be read"),
    index_is_a_group: (f"INDEX/{OUTPUT}/data", "Index cannot be read"),
    count_too_short: (f"INDEX/{OUTPUT}/data", "Index first & count have different number of entries"),
    data_is_a_single_value: (f"INSTRUMENT/{OUTPUT}/data/intensityTD", "Dataset has no rows"),
    data_is_empty_space: (f"INSTRUMENT/{OUTPUT}/data/intensityTD", "Dataset has no rows"),
    timestamp_is_a_single_value: (f"CONTROL/{XGM}/pulseEnergy/photonFlux/timestamp", "Dataset has no rows"),
    dataset_beside_the_groups: (f"INDEX/{OUTPUT}/loose", "has no INDEX group"),
}


@pytest.mark.parametrize("damage", CRASHES, ids=lambda damage: damage.__name__)
def test_crash(damage, file):
    with h5py.File(file, "r+") as f:
        damage(f)
    with pytest.raises(Crashed):
        extra_data_validate(file.parent)
    dataset, words = CRASHES[damage]
    report = validate(file.parent)
    assert len(report.problems) == 1, report.text
    assert words in report.problems[0] and f"\n  dataset: {dataset}\n" in report.problems[0]
    assert validate(file).problems == report.problems


def test_the_rest_is_still_checked(file):
    """Where EXtra-data says nothing at all any more."""
    with h5py.File(file, "r+") as f:
        no_control_index(f)
        f[f"INDEX/{OUTPUT}/data/first"][0] = 1
        f["INDEX/trainId"][12] = 0
    report = validate(file)
    for words in ["has no INDEX group", "Index doesn't start at 0", "Zeroes in trainId"]:
        assert sum(words in problem for problem in report.problems) == 1, words


def test_empty_directory(tmp_path):
    with pytest.raises(Crashed):
        extra_data_validate(tmp_path)
    assert validate(tmp_path).problems == [f"No usable files found\n  directory: {tmp_path}"]


def test_map_that_is_no_map(damaged):
    (damaged / "karabo_data_map.json").write_text('[{"no": "filename"}, 3]')
    with pytest.raises(Crashed):
        extra_data_validate(damaged)
    assert validate(damaged).problems == []


def test_pipe_in_place_of_a_file(damaged):
    """EXtra-data would wait for somebody to write to it."""
    os.mkfifo(damaged / "RAW-R0450-DA02-S00001.h5")
    report = validate(damaged)
    assert len(report.problems) == 1 and "not a regular file" in report.text


def test_same_trains_in_two_files(damaged):
    """EXtra-data's validator says nothing (EXtra-data#485), and EXtra-data then refuses to open the run."""
    make.make_fxe_da_file(str(damaged / "RAW-R0450-DA01-S00002.h5"), format_version="1.2", firsttrain=10390)
    assert extra_data_validate(damaged).problems == []
    report = validate(damaged)
    assert report.common == [] and report.ours == report.of("duplicate_trains")
    assert len(report.ours) == 1
    assert "Trains of the same source in two files (10), e.g. 10390" in report.text
    assert f"file: {damaged}/RAW-R0450-DA01-S00002.h5" in report.text
    assert f"other_file: {damaged}/RAW-R0450-DA01-S00001.h5" in report.text
    assert validate(damaged, "--skip", "duplicate_trains").problems == []


def test_same_trains_of_different_sources(damaged):
    """As every run has them."""
    make.make_agipd_file(str(damaged / "RAW-R0450-AGIPD00-S00001.h5"))
    assert validate(damaged).problems == []


def test_following_trains(damaged):
    make.make_fxe_da_file(str(damaged / "RAW-R0450-DA01-S00002.h5"), format_version="1.2", firsttrain=10400)
    assert validate(damaged).problems == []


def test_index_against_the_instruments_own_trains(file):
    with h5py.File(file, "r+") as f:
        f[f"INSTRUMENT/{OUTPUT}/data/trainId"][20:23] = [1, 2, 3]
        # Never written: says nothing.
        f[f"INSTRUMENT/{OUTPUT}/data/trainId"][30] = 0
    assert extra_data_validate(file).problems == []
    report = validate(file)
    assert report.ours == report.of("instrument_train_ids") == report.problems
    assert "(3), e.g. at 20 (1 instead of 10020)" in report.text


def test_source_of_two_kinds(file):
    with h5py.File(file, "r+") as f:
        f["METADATA/dataSources/dataSourceId"].resize((100,))
        f["METADATA/dataSources/dataSourceId"][99] = f"CONTROL/{OUTPUT}".encode()
    found = validate(file.parent).of("source_kinds")
    assert len(found) == 1 and f"\n  source: {OUTPUT}" in found[0]
    assert validate(file.parent, "--skip", "source_kinds").of("source_kinds") == []


def compressed(path, chunk_bytes):
    """One key of deflated chunks, one of which is overwritten with `chunk_bytes`."""
    with h5py.File(path, "r+") as f:
        del f[f"INSTRUMENT/{OUTPUT}/data/intensityTD"]
        data = np.random.default_rng(1).normal(size=(400, 1000)).astype("f4")
        ds = f.create_dataset(f"INSTRUMENT/{OUTPUT}/data/intensityTD", data=data, chunks=(50, 1000), compression="gzip")
        info = ds.id.get_chunk_info(3)
    if chunk_bytes:
        with open(path, "r+b") as raw:
            raw.seek(info.byte_offset + 100)
            raw.write(chunk_bytes)


def test_read_data(file):
    compressed(file, None)
    assert validate(file, "--read-data").problems == []
    compressed(file, b"\xff" * 1000)
    assert validate(file).problems == []
    report = validate(file, "--read-data")
    assert report.problems == report.of("read_data") and len(report.problems) == 1
    assert f"Data cannot be read\n  check: read_data\n  dataset: INSTRUMENT/{OUTPUT}/data/intensityTD" in report.text
    assert validate(file, "--read-data", "--skip", "read_data").problems == []


def test_read_data_of_a_run_of_580_gigabytes(tmp_path):
    """On paper: nothing of it was written, and nothing is read."""
    make.make_fxe_run(str(tmp_path), raw=False)
    assert validate(tmp_path, "--read-data").problems == []


def test_missing_trains(damaged):
    with h5py.File(damaged / DA, "r+") as f:
        f[f"INDEX/{OUTPUT}/data/count"][100:] = 0
        f[f"INDEX/{OUTPUT}/data/first"][100:] = 100
    assert validate(damaged).problems == []
    report = validate(damaged, "--missing", "50")
    assert report.problems == report.of("missing_trains")
    camera = "FXE_XAD_GEC/CAM/CAMERA_NODATA:daqOutput"
    assert [re.search("source: (.*)", problem)[1] for problem in report.problems] == [OUTPUT, camera]
    assert "Source has no data in 300 of 400 trains" in report.problems[0]
    assert "Source has no data in 400 of 400 trains" in report.problems[1]
    assert len(validate(damaged, "--missing", "75").problems) == 1
    assert len(validate(damaged, "--missing", "74.9").problems) == 2
    assert validate(damaged, "--missing", "100").problems == []


def test_absurd_extent(file):
    """2^40 trains in an INDEX of a few bytes."""
    with h5py.File(file, "r+") as f:
        del f["INDEX/trainId"]
        f.create_dataset("INDEX/trainId", (2**40,), "u8", chunks=(1000,))
    report = validate(file)
    assert len(report.problems) == 1 and "more than any run has trains" in report.text


def test_recursive_links(file):
    with h5py.File(file, "r+") as f:
        group = f[f"INSTRUMENT/{OUTPUT}/data"]
        group["again"] = group
        group["soft"] = h5py.SoftLink(f"/INSTRUMENT/{OUTPUT}/data/soft")
        f[f"CONTROL/{XGM}/outside"] = h5py.ExternalLink("nowhere.h5", "/")
        f[f"CONTROL/{XGM}/self"] = h5py.ExternalLink(file.name, f"/CONTROL/{XGM}")
    assert validate(file).problems == []


def test_reader_that_cannot_be_started(file):
    """A process limit, say: the report says so, and it ends."""

    def no_processes():
        # Root is not held to it, so this is only a limit for others; descriptors are for all.
        resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))

    done = run("validate", file, preexec_fn=no_processes)
    assert done.returncode == 1 and "Could not open HDF5 file" in done.stdout and "check: reader" in done.stdout
