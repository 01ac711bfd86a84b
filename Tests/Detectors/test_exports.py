"""export/: CXI files and the virtual run, in the mount and written by commands, against those of EXtra-data."""

import warnings

import h5py
import numpy as np
import pytest

import oracle
import product
from conftest import detectors_of
from detector_runs import FIRST
from hdf5_compare import assert_equal


def test_exports_are_listed(mounted):
    assert sorted(p.name for p in (mounted.mount / "export").iterdir()) == sorted(
        ["virtual.h5", *(f"{name}.cxi" for name in mounted.detectors)])


def test_cxi(mounted, tmp_path):
    """Used in place: the same paths, shapes, types, attributes, values, fills and mappings as EXtra-data's."""
    for name, det in mounted.detectors.items():
        path = mounted.mount / "export" / f"{name}.cxi"
        if mounted.name == "disagreeing_ids":
            with h5py.File(path) as file:       # EXtra-data refuses
                np.testing.assert_array_equal(file["entry_1/pulseId"][()], det._read_inner_ids("pulseId").min(axis=1))
            continue
        det.write_virtual_cxi(tmp_path / f"{name}.cxi")
        with h5py.File(path) as got, h5py.File(tmp_path / f"{name}.cxi") as expected:
            assert_equal(got, expected)
            data = expected["entry_1/instrument_1/detector_1/data"]
            # What is compared is what the modules hold.
            assert np.nan_to_num(data[:1]).any()


def test_size_of_a_cxi_is_exact(mounted):
    for name in mounted.detectors:
        path = mounted.mount / "export" / f"{name}.cxi"
        data = path.read_bytes()
        assert path.stat().st_size == len(data)
        assert data == path.read_bytes()


def test_cxi_command(mounted, tmp_path):
    """The same bytes as in the mount."""
    for name in mounted.detectors:
        result = product.xfelfs("cxi", mounted.path, "-o", tmp_path / "out.cxi", "--force", "--detector", name)
        assert result.returncode == 0, result.stderr
        assert (tmp_path / "out.cxi").read_bytes() == (mounted.mount / "export" / f"{name}.cxi").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.cxi"]


def test_cxi_command_options(made_runs, tmp_path):
    run = made_runs("agipd_raw")
    result = product.xfelfs("cxi", run, "-o", tmp_path / "out.cxi", "--min-modules", "3", "--fill-value", "data=0xBEEF")
    assert result.returncode == 0, result.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from extra_data.components import AGIPD1M
        det = AGIPD1M(oracle.open_run(run), min_modules=3)
    det.write_virtual_cxi(tmp_path / "expected.cxi", fillvalues={"data": 0xBEEF})
    with h5py.File(tmp_path / "out.cxi") as got, h5py.File(tmp_path / "expected.cxi") as expected:
        assert_equal(got, expected)
        assert (got["entry_1/instrument_1/detector_1/data"][0, 1] == 0xBEEF).all()


@pytest.mark.parametrize("run, options, words", [
    ("raw_and_corrected", [], "--detector"),
    ("raw_and_corrected", ["--detector", "nobody"], "nobody"),
    ("agipd_raw", ["--fill-value", "data=nan"], "does not fit"),
    ("agipd_raw", ["--fill-value", "cellId=3"], "cellId"),
])
def test_cxi_command_refuses(made_runs, tmp_path, run, options, words):
    result = product.xfelfs("cxi", made_runs(run), "-o", tmp_path / "out.cxi", *options)
    assert result.returncode == 1
    assert words in result.stderr and len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_cxi_of_unequal_numbers(mount):
    """EXtra-data refuses; the frames are those of the tree."""
    run = mount("lpd_unequal")
    with h5py.File(run.mount / "export/FXE_DET_LPD1M-1.cxi") as file:
        array = np.load(run.directory("FXE_DET_LPD1M-1") / "keys/image.data/array.npy")
        np.testing.assert_array_equal(file["entry_1/data_1/data"][:, :, 0], array)
        assert file["entry_1/experiment_identifier"].asstr()[7] == f"{FIRST + 1}:31"


def test_virtual_run(mounted, tmp_path):
    """virtual.h5 is run.write_virtual(): all of it but the name of the program that wrote it."""
    run = oracle.open_run(mounted.path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.write_virtual(tmp_path / "expected.h5")
    path = mounted.mount / "export" / "virtual.h5"
    with h5py.File(path) as got, h5py.File(tmp_path / "expected.h5") as expected:
        assert_equal(got, expected, ignore=["writer"])
    # And EXtra-data reads it as a run.
    opened = oracle.open_run(path)
    again = detectors_of(opened)
    assert sorted(again) == sorted(mounted.detectors)
    for name, det in mounted.detectors.items():
        key = det._main_data_key
        np.testing.assert_array_equal(again[name][key].ndarray(), det[key].ndarray())
    for file in opened.files:
        file.close()


def test_write_virtual_command(made_runs, tmp_path):
    run = made_runs("raw_and_corrected")
    result = product.xfelfs("write-virtual", run, "-o", tmp_path / "out.h5")
    assert result.returncode == 0, result.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle.open_run(run).write_virtual(tmp_path / "expected.h5")
    with h5py.File(tmp_path / "out.h5") as got, h5py.File(tmp_path / "expected.h5") as expected:
        assert_equal(got, expected, ignore=["writer"])


def test_no_file_is_left_where_it_cannot_be_written(made_runs, tmp_path):
    for command in ("cxi", "write-virtual"):
        result = product.xfelfs(command, made_runs("agipd_raw"), "-o", tmp_path / "nowhere" / "out")
        assert result.returncode == 1 and "No such file" in result.stderr
