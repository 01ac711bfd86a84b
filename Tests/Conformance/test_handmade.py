"""Runs written by hand against what was written into them, and against EXtra-data where it reads the same."""

import os
from pathlib import Path

import numpy as np
import pytest

import cases_index
import cases_types
import oracle
from compare import assert_npy, assert_same, read_csv, read_npy
from handmade import Expected

CASES = [*cases_index.AS_EXTRA_DATA, *cases_index.DIFFERENT, *cases_types.CASES]
AS_EXTRA_DATA = {*cases_index.AS_EXTRA_DATA, *cases_types.AS_EXTRA_DATA}


@pytest.fixture
def case(request, tmp_path):
    """A run directory made by one of the makers, and what the tree has to show of it."""
    directory = tmp_path / "run"
    directory.mkdir()
    files = request.param(directory)
    for file in files:
        file.close()
    return directory, Expected(files)


def shown(values: np.ndarray, longest: int | None = None) -> np.ndarray:
    """An array as the tree has it: strings of variable length as `S` at the longest."""
    return oracle.encoded(values, longest) if values.dtype == object else values


def longest(expected, source, key) -> int | None:
    values = expected.array(source, key)
    return shown(values).dtype.itemsize if values.dtype == object else None


def name_of(function) -> str:
    return function.__name__


@pytest.mark.parametrize("case", [c for c in CASES if c in AS_EXTRA_DATA], indirect=True, ids=name_of)
def test_expectations_agree_with_extra_data(case):
    """The expectation worked out by hand is what EXtra-data reads (a check of the tests, not of the program)."""
    directory, expected = case
    run = oracle.open_run(directory)
    assert [int(t) for t in run.train_ids] == expected.train_ids
    assert {(s, k) for s in run.all_sources for k in run[s].keys()} == set(expected.keys())
    for source, key in expected.keys():
        data = run[source, key]
        assert_same(oracle.ndarray(data), shown(expected.array(source, key)), (source, key))
        assert data.data_counts(labelled=False).tolist() == expected.counts(source, key), (source, key)


@pytest.mark.parametrize("case", CASES, indirect=True, ids=name_of)
def test_tree(case, made):
    """Every array, train id, count and single train of the run, by key and by train."""
    directory, expected = case
    mount = made(directory).mount
    assert_npy(mount / "train_ids.npy", np.array(expected.train_ids, "<u8"))
    assert sorted(os.listdir(mount / "trains")) == sorted(map(str, expected.train_ids))
    for source, key in expected.keys():
        here = mount / "sources" / source / "keys" / key
        values = shown(expected.array(source, key))
        counts = expected.counts(source, key)
        assert_npy(here / "array.npy", values)
        assert_npy(here / "train_ids.npy", expected.coordinates(source, key))
        assert read_csv(here / "counts.csv")[1:] == [[str(t), str(n)] for t, n in zip(expected.train_ids, counts)], here
        assert sorted(os.listdir(here / "trains")) == sorted(
            f"{t}.npy" for t, n in zip(expected.train_ids, counts) if n), here
        for train, count in zip(expected.train_ids, counts):
            path = mount / "trains" / str(train) / source / f"{key}.npy"
            if count == 0:
                assert not path.exists() and not (here / "trains" / f"{train}.npy").exists(), path
                continue
            entries = shown(expected.train(source, key, train), longest(expected, source, key))
            for place in (path, here / "trains" / f"{train}.npy"):
                assert_same(read_npy(place), entries if count > 1 else entries[0, ...], place)


@pytest.mark.parametrize("case", [cases_index.several_scalars_per_train], indirect=True, ids=name_of)
def test_tables_of_several_entries(case, made):
    """table.csv leaves out keys with several entries in a train; values.csv has a row for each of them."""
    mount = made(case[0]).mount
    source = mount / "sources" / cases_index.CAM
    assert read_csv(source / "table.csv") == [
        ["train_id", "slow.level"], ["10000", "0"], ["10002", "1"], ["10004", "2"]]
    rows = read_csv(source / "keys" / "data.hit" / "values.csv")
    assert rows[:4] == [["train_id", "value"], ["10000", "0.0"], ["10000", "1.0"], ["10000", "2.0"]]
    assert [float(row[1]) for row in rows[1:]] == list(range(9))
    assert [row[0] for row in rows[1:]] == ["10000"] * 4 + ["10002"] + ["10003"] * 2 + ["10004"] * 2
    assert read_csv(source / "counts.csv")[:3] == [
        ["train_id", "data", "slow"], ["10000", "4", "1"], ["10001", "0", "0"]]


@pytest.mark.parametrize("maker", [cases_index.duplicate_train_in_two_files, cases_index.zero_in_the_middle,
                                   cases_index.index_past_the_data], ids=name_of)
def test_the_rest_of_a_faulty_run_is_the_same(maker, tmp_path, made):
    """The run-level files of a faulty run are there and list all trains."""
    directory = Path(tmp_path / "run")
    directory.mkdir()
    files = maker(directory)
    for file in files:
        file.close()
    mount = made(directory).mount
    trains = read_csv(mount / "trains.csv")[1:]
    assert [row[1] for row in trains] == [str(t) for t in Expected(files).train_ids]
    assert len(read_csv(mount / "sources.csv")) == 1 + len({g.source for f in files for g in f.groups})
