"""Names that are not listed but open: NumPy basic slices behind an `@`."""

import os

import numpy as np
import pytest

import oracle
from compare import assert_npy


def parse(text: str) -> tuple:
    """The index NumPy would see: what stands behind the `@`, evaluated by NumPy's own rules."""
    return eval(f"np.s_[{text},]", {"np": np})  # noqa: S307 - the texts below, nothing else


def small_keys(mounted, dimensions):
    """Up to three keys of the run with that many dimensions, entries, and not too many bytes."""
    found = [(data, directory) for _, _, data, directory in mounted.keys()
             if len(data.shape) == dimensions and 0 not in data.shape and not data.dtype.hasobject
             and oracle.nominal_bytes(data) < 16 << 20]
    return found[:: max(1, len(found) // 3)][:3]


GOOD = {
    1: ["0", "-1", ":", "2:", ":3", "1:4", "::2", "1:100000:3", "...", "...,0", "0,...", "3:1", "-3:", "-3:-1"],
    2: ["0", "0:2", ":,0", "...,0", "0,...", "1:,1:", "-1,-1", ":,::2", "0:1,...,0:1", "...", ":,:,..."],
    3: ["0", "0:2,...,0", ":,0,0", "...,1:3", "0:10,...,5", "-1,:,::2", ":,-1,...", "1,1,1", "::2,::2,::2"],
    4: ["0", "0:10,...,5", ":,0,0,0", "...,1:3,::3", "1,0,...", "0,0,0,0", "-1,...,:2", "0:2,:,5,7:9"],
}


@pytest.mark.parametrize("dimensions", sorted(GOOD))
def test_slices_are_as_numpy_slices(mounted, dimensions):
    """array@SLICE.npy is np.load(array.npy)[SLICE]; its size is right before it is read."""
    for data, directory in small_keys(mounted, dimensions):
        array = oracle.ndarray(data)
        for text in GOOD[dimensions]:
            try:
                expected = array[parse(text)]
            except IndexError:
                with pytest.raises(FileNotFoundError):
                    open(directory / f"array@{text}.npy", "rb")
                continue
            assert_npy(directory / f"array@{text}.npy", np.ascontiguousarray(expected).reshape(expected.shape))


BAD = ["", "x", "1.5", "0:5:-1", "::-1", "::0", "...,...", ",0", "1:2:3:4", "None", "[0]", "0;0", "0x1", " ",
       "99999999999999999999", "0,0,0,0,0,0,0,0", "-99999999", "99999999", "..", "....", "True", "1e1", "--1", "+ 1"]


def test_bad_slices_do_not_exist(mounted):
    """A slice that does not parse, steps backwards, or does not fit the shape: no such file."""
    keys = small_keys(mounted, 1)[:1] + small_keys(mounted, 2)[:1] + small_keys(mounted, 4)[:1]
    assert keys, "no key to slice"
    for _, directory in keys:
        for text in BAD:
            with pytest.raises(FileNotFoundError):
                open(directory / f"array@{text}.npy", "rb")


def test_slices_are_not_listed(mounted):
    """Opening a slice does not make it appear in the listing."""
    for _, directory in small_keys(mounted, 1)[:1]:
        before = os.listdir(directory)
        assert os.path.exists(directory / "array@0:1.npy")
        assert os.listdir(directory) == before


def test_slices_of_one_train(mounted):
    """trains/<id>@SLICE.npy slices the array of that train."""
    for dimensions in (1, 2, 4):
        for data, directory in small_keys(mounted, dimensions):
            counts = data.data_counts(labelled=False)
            train = oracle.trains_with_data(counts, mounted.run)[-1]
            value = oracle.train_value(data, train)
            for text in ("0", "...", ":2", "-1", "...,0"):
                path = directory / "trains" / f"{train}@{text}.npy"
                try:
                    expected = value[parse(text)]
                except IndexError:
                    assert not path.exists(), path
                    continue
                assert_npy(path, np.ascontiguousarray(expected).reshape(np.shape(expected)))
