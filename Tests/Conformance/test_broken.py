"""Runs with something wrong: suspect trains, files that cannot be opened, sources without data."""

import json
import os
import shutil

import numpy as np
import pytest

import oracle
import product
from cases_index import CAM, TRAINS, XGM, one
from compare import assert_npy, read_csv
from handmade import ramp


def start_run(tmp_path, **options):
    directory = tmp_path / "run"
    directory.mkdir()
    return directory, one(directory, **options)


SUSPECT = {
    "1.0 flag": ({"version": "1.0", "flags": [1, 0, 1, 1, 0]}, TRAINS, [10001, 10004]),
    "1.2 flag": ({"version": "1.2", "flags": [1, 1, 0, 5, 1]}, TRAINS, [10002]),
    "1.1 inverted": ({"version": "1.1", "flags": [0, 1, 0, 0, 3]}, TRAINS, [10001, 10004]),
    "0.5 guessed, later ones": ({"version": "0.5"}, [10000, 10001, 10002, 9000, 10003], [9000]),
    "0.5 guessed, earlier one": ({"version": "0.5"}, [10000, 99999, 10001, 10002, 10003], [99999]),
    "0.5 all good": ({"version": "0.5"}, TRAINS, []),
}


@pytest.mark.parametrize("name", SUSPECT)
def test_suspect_trains(tmp_path, made, name):
    """trains.csv marks the trains that inc_suspect_trains=False drops, and they are in the tree all the same."""
    options, train_ids, suspect = SUSPECT[name]
    directory, file = start_run(tmp_path, train_ids=train_ids, **options)
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    assert oracle.valid_trains(directory) == set(train_ids) - set(suspect), "the test itself is wrong"
    rows = read_csv(made(directory).mount / "trains.csv")[1:]
    assert [int(row[1]) for row in rows] == sorted(train_ids)
    assert {int(row[1]) for row in rows if row[3] == "true"} == set(suspect)
    assert {row[3] for row in rows} <= {"true", "false"}


def test_train_valid_in_one_of_two_files(tmp_path, made):
    """A train that is suspect in one file and good in another is good."""
    directory, file = start_run(tmp_path, flags=[0, 1, 1, 1, 1])
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    other = one(directory, name="RAW-R0001-DA02-S00000.h5", flags=[1, 0, 1, 1, 1])
    other.instrument(CAM, "data", {"x": ramp(5)})
    other.close()
    assert oracle.valid_trains(directory) == set(TRAINS)
    assert {row[3] for row in read_csv(made(directory).mount / "trains.csv")[1:]} == {"false"}


def test_unknown_time_stamps(tmp_path, made):
    """A time stamp of 0 is unknown: an empty field and an empty attribute."""
    stamp = 1_700_000_000_123_456_789
    directory, file = start_run(tmp_path, timestamps=[stamp, 0, stamp + 1, 0, 0])
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    mount = made(directory).mount
    got = [row[2] for row in read_csv(mount / "trains.csv")[1:]]
    assert got == ["2023-11-14T22:13:20.123456789Z", "", "2023-11-14T22:13:20.123456790Z", "", ""]
    assert os.getxattr(mount / "trains" / "10000", "user.timestamp") == b"2023-11-14T22:13:20.123456789Z"
    assert os.getxattr(mount / "trains" / "10001", "user.timestamp") == b""


def test_source_with_run_values_only(tmp_path, made):
    """A control source with nothing in CONTROL: no keys, no data, but run.csv."""
    directory, file = start_run(tmp_path)
    file.control(XGM, {"energy": ramp(5)})
    file.control("A/RUN/ONLY", {})
    file.h5.create_group("CONTROL/A/RUN/ONLY")
    file.h5["RUN/A/RUN/ONLY/gain/value"] = np.array([2.5], "f4")
    file.h5["RUN/A/RUN/ONLY/gain/timestamp"] = np.array([1], "u8")
    file.close()
    mount = made(directory).mount
    source = mount / "sources" / "A/RUN/ONLY"
    assert os.listdir(source / "keys") == []
    assert read_csv(source / "run.csv") == [["key", "value"], ["gain", "2.5"]]
    row = next(row for row in read_csv(mount / "sources.csv") if row[0] == "A/RUN/ONLY")
    assert row[1:4] == ["control", "0", "0"]


BROKEN = {
    "RAW-R0001-DA07-S00000.h5": lambda path, good: path.write_bytes(good.read_bytes()[:2000]),
    "RAW-R0001-DA08-S00000.h5": lambda path, good: path.write_text("this is not HDF5\n" * 100),
    "RAW-R0001-DA09-S00000.h5": lambda path, good: path.write_bytes(b""),
    "RAW-R0001-DA10-S00000.h5": lambda path, good: path.symlink_to("gone.h5"),
    "RAW-R0001-DA11-S00000.h5": lambda path, good: path.symlink_to(path.name),
    "RAW-R0001-DA12-S00000.h5": lambda path, good: path.mkdir(),
    "RAW-R0001-DA13-S00000.h5": lambda path, good: shutil.copy(good.parent / "foreign.hdf", path),
    "overview.h5": lambda path, good: path.write_bytes(b"not to be opened"),
}


def make_broken_run(tmp_path):
    """A good file and every kind of bad one: truncated, no HDF5, empty, dangling, looping, a directory, foreign."""
    import h5py
    directory, file = start_run(tmp_path)
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"x": ramp(5, (3,))})
    file.close()
    with h5py.File(directory / "foreign.hdf", "w") as foreign:
        foreign["entry/data"] = np.arange(10)
    return directory, file.path


@pytest.mark.parametrize("bad", [[name] for name in BROKEN] + [list(BROKEN)], ids=lambda names: "+".join(
    name.removesuffix("-S00000.h5").removeprefix("RAW-R0001-") for name in names))
def test_bad_files_cost_only_themselves(tmp_path, made, bad):
    """The mount comes up with the good file; its data is as without the bad ones."""
    directory, good = make_broken_run(tmp_path)
    for name in bad:
        BROKEN[name](directory / name, good)
    mount = made(directory).mount
    assert_npy(mount / "sources" / XGM / "keys" / "energy.value" / "array.npy", ramp(5))
    assert_npy(mount / "sources" / CAM / "keys" / "data.x" / "array.npy", ramp(5, (3,)))
    assert [row[0] for row in read_csv(mount / "sources.csv")[1:]] in ([XGM, CAM], [CAM, XGM])
    assert [row[1] for row in read_csv(mount / "trains.csv")[1:]] == list(map(str, TRAINS))


def test_bad_files_are_reported(tmp_path):
    """A file that is left out is named on stderr with a reason, and at the end of info.txt."""
    directory, good = make_broken_run(tmp_path)
    name = "RAW-R0001-DA08-S00000.h5"
    BROKEN[name](directory / name, good)
    result = product.xfelfs("info", directory)
    assert result.returncode == 0, result.stderr
    assert name in result.stderr, f"stderr does not name the file left out: {result.stderr!r}"
    assert result.stdout.endswith(f"1 file left out:\n  - {name}: it is not an HDF5 file\n\n")


@pytest.mark.parametrize("state", ["valid", "stale", "garbled"])
def test_map_of_the_run(tmp_path, made, state):
    """A karabo_data_map.json is used only where it is true: the tree is the same with a valid, a stale
    (of another time) and a garbled one, and the file itself is never written."""
    from extra_data import RunDirectory
    directory, file = start_run(tmp_path)
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    with RunDirectory(str(directory), parallelize=False):
        pass                                        # writes the map
    path = directory / "karabo_data_map.json"
    if state == "stale":
        entries = json.loads(path.read_text())
        entries[0].update(mtime=entries[0]["mtime"] - 100, train_ids=[1, 2], control_sources=["NOT/THERE"])
        path.write_text(json.dumps(entries))
    elif state == "garbled":
        path.write_text('[{"filename": "RAW-R0001')
    before = path.read_bytes(), path.stat().st_mtime_ns
    mount = made(directory).mount
    assert [row[0] for row in read_csv(mount / "sources.csv")[1:]] == [XGM]
    assert_npy(mount / "train_ids.npy", np.array(TRAINS, "<u8"))
    assert_npy(mount / "sources" / XGM / "keys" / "energy.value" / "array.npy", ramp(5))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
