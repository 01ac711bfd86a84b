"""The files at the top of the tree: overview, trains, sources, keys."""

import json
import os

import numpy as np
import pytest

import oracle
import product
from compare import assert_npy, parse_dtype, read_csv

TOP = {"README.txt", "info.txt", "info.json", "trains.csv", "sources.csv", "keys.csv", "train_ids.npy",
       "files", "sources", "trains"}


def test_top_level_names(mounted):
    """The tree has the names TREE.md lists at its top."""
    assert TOP <= set(os.listdir(mounted.mount))


def test_info_txt(mounted):
    """info.txt is run.info(group_sources=False) without trailing blanks; of several frame counts EXtra-data
    picks an arbitrary one, so that line is left out where they vary."""
    got = (mounted.mount / "info.txt").read_text()
    expected = oracle.info_text(mounted.run)
    assert got == oracle.without_trailing_blanks(got), "info.txt has trailing blanks"
    if oracle.frames_vary(mounted.run):
        got, expected = map(oracle.without_frame_count, (got, expected))
    assert got == expected


def test_info_command(mounted):
    """`xfelfs info RUN` prints info.txt without a mount."""
    result = product.xfelfs("info", mounted.path)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (mounted.mount / "info.txt").read_text()


def leaves(value):
    """All scalars anywhere inside a JSON value."""
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list) else [value]


def test_info_json(mounted):
    """info.json is JSON with the facts of info.txt and, from version 1.0 on, the run's METADATA."""
    facts = leaves(json.loads((mounted.mount / "info.json").read_text()))
    ids = mounted.train_ids
    for wanted in (len(ids), ids[0], ids[-1]):
        assert wanted in facts, f"{wanted} is not in info.json"
    metadata = mounted.run.run_metadata()
    if metadata["dataFormatVersion"] != "0.5":
        for name in ("proposalNumber", "runNumber", "karaboFramework", "runType"):
            assert metadata[name] in facts, f"{name} {metadata[name]!r} is not in info.json"


def test_train_ids(mounted):
    """train_ids.npy is run.train_ids as uint64."""
    assert_npy(mounted.mount / "train_ids.npy", np.array(mounted.run.train_ids, dtype="<u8"))


def test_trains_csv(mounted):
    """trains.csv: index, id, time stamp to the nanosecond, and whether inc_suspect_trains=False drops it."""
    valid = oracle.valid_trains(mounted.path)
    expected = [["index", "train_id", "timestamp", "suspect"]]
    for index, (train, stamp) in enumerate(zip(mounted.train_ids, oracle.timestamps(mounted.run))):
        expected.append([str(index), str(train), stamp, "false" if train in valid else "true"])
    assert read_csv(mounted.mount / "trains.csv") == expected


def test_trains_directory(mounted):
    """trains/ has one directory per train of the run, named by its id."""
    assert sorted(os.listdir(mounted.mount / "trains")) == sorted(map(str, mounted.train_ids))


def test_sources_csv(mounted):
    """sources.csv: every source by its canonical name, with kind, number of keys, trains with data, aggregator."""
    expected = []
    for source in mounted.sources:
        data = mounted.run[source]
        counts = data.data_counts(labelled=False)
        expected.append([source, "control" if data.is_control else "instrument", str(len(data.keys())),
                         str(np.count_nonzero(counts)), data.aggregator or "", data.data_category or "",
                         data.device_class or ""])
    header, *rows = read_csv(mounted.mount / "sources.csv")
    assert header == ["source", "kind", "keys", "trains_with_data", "aggregator", "category", "device_class"]
    assert sorted(rows) == sorted(expected)


def test_keys_csv(mounted):
    """keys.csv: every key of every source, with dtype, entry shape, number of entries, units."""
    header, *rows = read_csv(mounted.mount / "keys.csv")
    assert header == ["source", "key", "dtype", "entry_shape", "entries", "units"]
    got = {(row[0], row[1]): row[2:] for row in rows}
    assert len(got) == len(rows), "a key has two rows"
    expected = {}
    for source, key, data, _ in mounted.keys():
        shape = "x".join(map(str, data.entry_shape))
        expected[source, key] = [oracle.dtype_of(data), shape, str(data.shape[0]), data.units or ""]
    assert sorted(got) == sorted(expected)
    for name, row in expected.items():
        assert [parse_dtype(got[name][0]), *got[name][1:]] == row, name


def test_files(mounted):
    """files/ has one symlink per HDF5 file of the run, to the file itself."""
    directory = mounted.mount / "files"
    expected = {path.name: str(path.resolve()) for path in oracle.run_files(mounted.path)}
    assert {name: os.path.realpath(directory / name) for name in os.listdir(directory)} == expected
    assert all((directory / name).is_symlink() for name in expected)


def test_readme(mounted):
    """README.txt has lines to paste for the tools TREE.md names."""
    text = (mounted.mount / "README.txt").read_text()
    for word in ("cat", "grep", "np.load", "Julia", "R", "C++"):
        assert word in text


@pytest.mark.parametrize("name", ["info.txt", "trains.csv", "sources.csv", "keys.csv", "train_ids.npy"])
def test_cat_gives_the_same_bytes(mounted, name):
    """`xfelfs cat RUN PATH` gives, without a mount, the bytes of the mount."""
    result = product.xfelfs("cat", mounted.path, name, text=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (mounted.mount / name).read_bytes()
