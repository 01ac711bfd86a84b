"""Runs, and what `xfelfs write` makes of them."""

import sys
from pathlib import Path

# Runs and random data are those of the other suites.
for folder in ("Detectors", "Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import shutil
import warnings

import h5py
import numpy as np
import pytest

import oracle
import product
import runs
from detector_runs import CATALOGUE


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory):
    """Makes a run the first time it is asked for: of the detectors' catalogue, or of the conformance tests'."""
    made = {}

    def make(name: str) -> Path:
        if name not in made:
            directory = tmp_path_factory.mktemp(name)
            if name in CATALOGUE:
                CATALOGUE[name](directory)
                made[name] = directory
            else:
                made[name] = runs.CATALOGUE[name].make(directory)
            add_units(made[name])
        return made[name]
    yield make
    for path in made.values():
        shutil.rmtree(path, ignore_errors=True)


def add_units(run: Path) -> None:
    """Attributes as the DAQ writes them, of control values on the group above."""
    for path in [run] if run.is_file() else run.glob("*.h5"):
        with h5py.File(path, "r+") as file:
            def add(name, item):
                parent, _, leaf = name.rpartition("/")
                place = item
                if isinstance(item, h5py.Dataset) and leaf != "timestamp":
                    if leaf == "value":
                        place = item.parent
                    place.attrs["unitSymbol"] = "J"
                    place.attrs["metricPrefixSymbol"] = "u"
                    place.attrs["alias"] = np.array([len(name), 2], "i4")
            for section in ("CONTROL", "INSTRUMENT"):
                if section in file:
                    file[section].visititems(add)


def write(run, output, *options, status=0):
    result = product.xfelfs("write", run, "-o", output, *options)
    assert result.returncode == status, result.stderr
    return result


def assert_same_run(got, expected, *, is_selection=False):
    """Two runs of EXtra-data: trains, times, sources, keys, values, types, counts, units, attributes, RUN values."""
    np.testing.assert_array_equal(got.train_ids, expected.train_ids)
    if not is_selection:    # the files of the examples disagree over the time, and EXtra-data takes any
        np.testing.assert_array_equal(got.train_timestamps(), expected.train_timestamps())
    assert got.all_sources == expected.all_sources
    assert got.legacy_sources == expected.legacy_sources
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for source in sorted(expected.all_sources):
            assert_same_source(got[source], expected[source])


def assert_same_source(got, expected):
    extra = got.keys() - expected.keys()
    assert got.keys() >= expected.keys() and all(key.endswith(".timestamp") for key in extra), expected.source
    for key in sorted(expected.keys()):
        ours, theirs = got[key], expected[key]
        where = f"{expected.source} {key}"
        assert ours.dtype == theirs.dtype and ours.entry_shape == theirs.entry_shape, where
        np.testing.assert_array_equal(ours.data_counts(labelled=False), theirs.data_counts(labelled=False), where)
        np.testing.assert_array_equal(ours.ndarray(), theirs.ndarray(), where)
        np.testing.assert_array_equal(ours.train_id_coordinates(), theirs.train_id_coordinates(), where)
        assert ours.units == theirs.units, where
        attributes = theirs.attributes()
        assert ours.attributes().keys() == attributes.keys(), where
        for name, value in attributes.items():
            np.testing.assert_array_equal(ours.attributes()[name], value, where)
    if f"RUN/{expected.source}" in expected.files[0].file:
        values = expected.run_values()
        assert got.run_values().keys() == values.keys(), expected.source
        for key, value in values.items():
            np.testing.assert_array_equal(got.run_values()[key], value, f"{expected.source} {key}")
