"""Runs damaged in every way that extra-data-validate can tell: the same words, and nothing beside."""

import json
import os
import shutil

import h5py
import numpy as np
import pytest
from conftest import assert_equal, extra_data_validate, run, validate
from extra_data import RunDirectory
from extra_data.tests import make_examples as make

DA = "RAW-R0450-DA01-S00001.h5"
AGIPD = "CORR-R9999-AGIPD07-S00000.h5"
XGM = "SA1_XTD2_XGM/DOOCS/MAIN"
OUTPUT = f"INDEX/{XGM}:output/data"
MODULE = "INDEX/SPB_DET_AGIPD1M-1/DET/7CH0:xtdf"
PHOTON_FLUX = f"CONTROL/{XGM}/pulseEnergy/photonFlux/timestamp"


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sound")
    make.make_fxe_da_file(str(directory / DA), format_version="1.2")
    # first, last and status in place of first and count.
    make.make_agipd_example_file(str(directory / AGIPD))
    # Its index is padded, as old files' were.
    with h5py.File(directory / AGIPD, "r+") as f:
        groups = [f"{MODULE}/{group}" for group in f[MODULE]]
    for group in groups:
        for name in ("first", "last", "status"):
            replace(AGIPD, f"{group}/{name}", lambda values: values[:250])(directory)
    return directory


@pytest.fixture
def damaged(sound_run, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(sound_run, directory)
    return directory


def put(file, dataset, where, value):
    def damage(directory):
        with h5py.File(directory / file, "r+") as f:
            f[dataset][where] = value

    return damage


def resize(file, dataset, change):
    def damage(directory):
        with h5py.File(directory / file, "r+") as f:
            for name in [dataset] if isinstance(dataset, str) else dataset:
                f[name].resize((len(f[name]) + change,))

    return damage


def replace(file, dataset, make_value):
    def damage(directory):
        with h5py.File(directory / file, "r+") as f:
            value = make_value(f[dataset][:])
            del f[dataset]
            f.create_dataset(dataset, data=value)

    return damage


def delete(file, *names):
    def damage(directory):
        with h5py.File(directory / file, "r+") as f:
            for name in names:
                del f[name]

    return damage


def all_of(*damages):
    def damage(directory):
        for one in damages:
            one(directory)

    return damage


def truncate(file, size):
    return lambda directory: os.truncate(directory / file, size)


def garbage(directory):
    (directory / AGIPD).write_bytes(b"this is no HDF5 file" * 100)


def dangling(directory):
    (directory / AGIPD).unlink()
    (directory / AGIPD).symlink_to(directory / "nowhere.h5")


def is_a_directory(directory):
    (directory / "folder.h5").mkdir()


def other_category(directory):
    with h5py.File(directory / DA, "r+") as f:
        f["METADATA/dataSources/dataSourceId"][0] = b"BOGUS/A/B/C"


def timestamps(change):
    def damage(directory):
        with h5py.File(directory / DA, "r+") as f:
            times = np.arange(400, dtype="u8") + 1
            change(times)
            f[PHOTON_FLUX][:] = times

    return damage


def set_zeros(times):
    times[5:7] = 0


def set_back(times):
    times[10] = 5


def set_both(times):
    set_zeros(times)
    times[3] = 1


def wrong_map(directory):
    RunDirectory(str(directory))
    path = directory / "karabo_data_map.json"
    entries = json.loads(path.read_text())
    entries[0]["train_ids"][3] += 1
    path.write_text(json.dumps(entries))


def old_map(directory):
    wrong_map(directory)
    os.utime(directory / AGIPD, (1, 1))


def map_without_a_source(directory):
    RunDirectory(str(directory))
    path = directory / "karabo_data_map.json"
    entries = json.loads(path.read_text())
    for entry in entries:
        entry["control_sources"] = entry["control_sources"][1:]
    path.write_text(json.dumps(entries))


# What it is: the damage, and words that the report has to contain so that no damage goes wrong unnoticed; None for none.
KINDS = {
    "sound": (lambda directory: None, None),
    "zero between train ids": (put(DA, "INDEX/trainId", 12, 0), "Zeroes in trainId index"),
    "train ids not rising": (put(DA, "INDEX/trainId", 10, 11010), "not strictly increasing, e.g. at 10 (11010 >= 10011)"),
    "wild train id": (put(DA, "INDEX/trainId", 30, 2**64 - 1), "(18446744073709551615 >= 10031)"),
    "train twice in a file": (put(AGIPD, "INDEX/trainId", 10, 10009), "(10009 >= 10009)"),
    "first beyond the dataset": (put(DA, f"{OUTPUT}/first", 30, 999), "Index referring to data (1000) outside dataset (400)"),
    "last beyond the dataset": (put(AGIPD, f"{MODULE}/image/last", 249, 20000), "Index referring to data (20001)"),
    "absurd count": (put(DA, f"{OUTPUT}/count", 30, 2**63), "9223372036854775838"),
    "count that wraps": (put(DA, f"{OUTPUT}/count", 30, 2**64 - 20), "Gaps (1) in index, e.g. at 30 (30 + 18446744073709551596 < 31)"),
    "control index beyond its dataset": (put(DA, f"INDEX/{XGM}/first", 399, 500), "Index referring to data (501)"),
    "first and count of different length": (resize(DA, f"{OUTPUT}/first", 1), "different number of entries"),
    "index too short": (resize(DA, [f"{OUTPUT}/first", f"{OUTPUT}/count"], -1), "index_shape: (399,)"),
    "index padded": (resize(DA, [f"{OUTPUT}/first", f"{OUTPUT}/count"], 112), "index_shape: (512,)"),
    "control index padded": (resize(DA, [f"INDEX/{XGM}/first", f"INDEX/{XGM}/count"], 8), "index_shape: (408,)"),
    "index of two dimensions": (
        all_of(*[replace(DA, f"{OUTPUT}/{name}", lambda v: v.reshape(-1, 1)) for name in ("first", "count")]),
        "Index first / count are not 1D",
    ),
    "index not from 0": (put(DA, f"{OUTPUT}/first", 0, 1), "Index doesn't start at 0"),
    "gap": (put(DA, f"INDEX/{XGM}/count", 7, 0), "Gaps (1) in index, e.g. at 7 (7 + 0 < 8)"),
    "many gaps": (put(DA, f"{OUTPUT}/count", slice(10, 20), 0), "Gaps (10) in index"),
    "overlap": (put(DA, f"{OUTPUT}/count", 7, 3), "Overlaps (1) in index, e.g. at 7 (7 + 3 > 8)"),
    "gap and overlap": (put(DA, f"{OUTPUT}/first", 7, 9), "Gaps (1)"),
    "status 0": (put(AGIPD, f"{MODULE}/image/status", 5, 0), "Gaps (1) in index, e.g. at 5"),
    "index of 32 bits": (replace(DA, f"{OUTPUT}/first", lambda v: v.astype("u4")), None),
    "index with signs": (
        all_of(*[replace(DA, f"{OUTPUT}/{name}", lambda v: v.astype("i8")) for name in ("first", "count")]),
        None,
    ),
    "negative first": (
        all_of(
            *[replace(DA, f"{OUTPUT}/{name}", lambda v: v.astype("i8")) for name in ("first", "count")],
            put(DA, f"{OUTPUT}/first", 7, -3),
        ),
        "Overlaps (1) in index, e.g. at 6 (6 + 1 > -3)",
    ),
    "index of the other byte order": (replace(DA, f"{OUTPUT}/first", lambda v: v.astype(">u8")), None),
    "time stamps with zeros": (timestamps(set_zeros), "Zeroes in Timestamp before last train ID"),
    "time stamps going back": (timestamps(set_back), "Timestamp is decreasing, e.g. at 10 (5 < 10)"),
    "time stamps with both": (timestamps(set_both), "Timestamp is decreasing, e.g. at 3 (1 < 3)"),
    "no trains": (put(DA, "INDEX/trainId", slice(None), 0), "trainids_shape: (0,)"),
    "not HDF5": (garbage, "file signature not found"),
    "empty file": (truncate(AGIPD, 0), "Could not open HDF5 file"),
    "a few bytes": (truncate(AGIPD, 7), "Could not open HDF5 file"),
    "truncated": (truncate(AGIPD, 100_000), "truncated file: eof = 100000"),
    "dangling link": (dangling, "Could not access file"),
    "a directory": (is_a_directory, "[Errno 21] Is a directory"),
    "no trainId": (delete(DA, "INDEX/trainId"), "INDEX/trainId dataset not found"),
    "no INDEX": (delete(DA, "INDEX"), "INDEX/trainId dataset not found"),
    "no sources": (delete(DA, "METADATA/dataSources"), "METADATA/dataSources/dataSourceId not found"),
    "no sources, old format": (delete(AGIPD, "METADATA"), "METADATA/dataSourceId not found"),
    "no flag": (delete(DA, "INDEX/flag"), "object 'flag' doesn't exist"),
    "unknown category": (other_category, "Unknown data category 'BOGUS'"),
    "no file usable": (all_of(delete(DA, "INDEX"), garbage), "No usable files found"),
    "wrong map": (wrong_map, "Incorrect data map cache entry"),
    "map without a source": (map_without_a_source, "Incorrect data map cache entry"),
    "wrong map of an older file": (old_map, None),
    "several at once": (
        all_of(
            put(DA, "INDEX/trainId", 12, 0),
            put(DA, f"{OUTPUT}/first", 0, 1),
            put(AGIPD, f"{MODULE}/image/status", 5, 0),
            timestamps(set_back),
        ),
        "Timestamp",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kind(kind, damaged):
    damage, words = KINDS[kind]
    damage(damaged)
    # What moves trains also parts them from the train ids beside the data; that is for test_beyond.
    skip = ["--skip", "instrument_train_ids"]
    report = equal_but_for_chance(damaged, skip)
    assert (words in report.text) if words else (report.problems == [])


def equal_but_for_chance(directory, skip):
    expected = extra_data_validate(directory)
    # EXtra-data names whichever key of a control source comes out of a set first.
    chance = [p for p in expected.problems if "outside dataset" in p and "\n  dataset: CONTROL/" in p]
    if not chance:
        return assert_equal(directory, *skip)
    ours = validate(directory, *skip)

    def without_key(problem):
        return "\n".join("  dataset: CONTROL" if line.startswith("  dataset: CONTROL/") else line for line in problem.split("\n"))

    assert sorted(map(without_key, ours.problems)) == sorted(map(without_key, expected.problems))
    assert (ours.head, ours.count, ours.status) == (expected.head, expected.count, expected.status)
    return ours


@pytest.mark.parametrize("file", [DA, AGIPD])
@pytest.mark.parametrize("kind", KINDS)
def test_single_file(kind, file, damaged):
    KINDS[kind][0](damaged)
    equal_but_for_chance(damaged / file, ["--skip", "instrument_train_ids"])


@pytest.mark.parametrize(
    "check",
    ["train_ids_nonzero", "train_ids_order", "index_control", "index_instrument", "control_timestamps_order", "run_json_cache"],
)
def test_skip(check, damaged):
    KINDS["several at once"][0](damaged)
    put(DA, "INDEX/trainId", 20, 1)(damaged)
    put(DA, f"INDEX/{XGM}/count", 7, 0)(damaged)
    wrong_map(damaged)
    assert_equal(damaged, "--skip", check, "--skip", "instrument_train_ids")


def test_unknown_skip(damaged):
    expected = extra_data_validate(damaged, "--skip", "foo", "--skip", "bar")
    done = run("validate", "--skip", "foo", "--skip", "bar", damaged)
    assert (done.stdout, done.returncode) == (expected.text, 1)


def test_list():
    done = run("validate", "--list")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[:7] == [
        "Available checks:",
        "  train_ids_nonzero",
        "  train_ids_order",
        "  index_control",
        "  index_instrument",
        "  control_timestamps_order",
        "  run_json_cache",
    ]
    assert "  duplicate_trains" in lines[7:]


@pytest.mark.parametrize("path", ["nowhere", "nowhere/at all", "it's \"here\"", "a\\b"])
def test_no_such_path(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert_equal(path)


def test_relative_path(damaged, monkeypatch):
    """A file that cannot be opened is named as it was found, any other by its absolute path."""
    put(DA, f"{OUTPUT}/first", 0, 1)(damaged)
    garbage(damaged)
    monkeypatch.chdir(damaged.parent)
    assert_equal("run", "--skip", "instrument_train_ids")
    assert_equal("run/", "--skip", "instrument_train_ids")
    assert_equal("./run/../run", "--skip", "instrument_train_ids")


def test_two_validations_are_equal(damaged):
    KINDS["several at once"][0](damaged)
    texts = {validate(damaged).text for _ in range(5)}
    assert len(texts) == 1 and len(validate(damaged).problems) > 3


def test_json(damaged):
    KINDS["several at once"][0](damaged)
    done = run("validate", "--json", damaged)
    found = json.loads(done.stdout)
    text = validate(damaged)
    assert done.returncode == 1
    assert (found["files"], found["problem_count"]) == (2, text.count)
    texts = [
        "\n".join([p["message"], *(f"  {k}: {v}" for k, v in sorted(p["attributes"].items()))]) for p in found["problems"]
    ]
    assert texts == text.problems
