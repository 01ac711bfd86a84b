"""keys/<key>/: arrays, train ids, counts, values and attributes of every key."""

import errno
import os

import numpy as np

import oracle
from compare import assert_npy, assert_same, assert_texts, npy_header, parse_dtype, read_csv, read_npy

WHOLE = 16 << 20        # arrays up to this size are compared entirely, larger ones where data was written


def is_large(data) -> bool:
    return oracle.nominal_bytes(data) > WHOLE


def test_arrays(mounted):
    """array.npy is ndarray(): dtype with its byte order, shape, and every byte."""
    for source, key, data, directory in mounted.keys():
        if not is_large(data):
            assert_npy(directory / "array.npy", oracle.ndarray(data))


def test_large_arrays(mounted):
    """Arrays too large to read have the exact nominal size, and np.load(mmap_mode='r') finds the rows written."""
    for source, key, data, directory in mounted.keys():
        if not is_large(data):
            continue
        path = directory / "array.npy"
        with open(path, "rb") as file:
            dtype, shape, offset = first_header(file, path)
        assert (dtype, shape) == (data.dtype, data.shape), path
        assert os.stat(path).st_size == offset + oracle.nominal_bytes(data), path
        array = np.load(path, mmap_mode="r")
        checked = 0
        for entry, value in oracle.sampled_entries(data):
            assert_same(np.array(array[entry]), np.asarray(value), f"{path}[{entry}]")
            checked += 1
        assert checked, f"no entry of {path} was compared"


def test_train_ids(mounted):
    """train_ids.npy is train_id_coordinates(): the train of each entry, uint64."""
    for source, key, data, directory in mounted.keys():
        assert_npy(directory / "train_ids.npy", data.train_id_coordinates().astype("<u8"))


def test_counts(mounted):
    """counts.csv of a key: every train of the run, 0 where there is no data."""
    for source, key, data, directory in mounted.sampled_keys(5):
        expected = [[str(t), str(n)] for t, n in zip(mounted.train_ids, data.data_counts(labelled=False))]
        assert read_csv(directory / "counts.csv") == [["train_id", "count"], *expected], (source, key)


def test_values(mounted):
    """values.csv, of scalar keys only: one row per entry with its train."""
    for source, key, data, directory in mounted.sampled_keys(5):
        if data.entry_shape != () or data.dtype.names:
            assert not (directory / "values.csv").exists(), f"{source} {key} is not scalar"
            continue
        header, *rows = read_csv(directory / "values.csv")
        assert header == ["train_id", "value"]
        assert [row[0] for row in rows] == [str(t) for t in data.train_id_coordinates()], (source, key)
        assert_texts([row[1] for row in rows], oracle.ndarray(data), f"{source} {key} values.csv")


def test_listing(mounted):
    """A key's directory lists the files TREE.md names, and trains/ exactly the trains with data."""
    for source, key, data, directory in mounted.sampled_keys(3):
        names = set(os.listdir(directory))
        scalar = data.entry_shape == () and not data.dtype.names
        expected = {"info.txt", "array.npy", "train_ids.npy", "counts.csv", "trains"}
        assert names == (expected | {"values.csv"} if scalar else expected), (source, key)
        with_data = oracle.trains_with_data(data.data_counts(labelled=False), mounted.run)
        assert sorted(os.listdir(directory / "trains")) == sorted(f"{t}.npy" for t in with_data), (source, key)


def test_key_info(mounted):
    """info.txt of a key tells dtype, number of entries and units."""
    for source, key, data, directory in mounted.sampled_keys(9):
        first, *lines = (directory / "info.txt").read_text().split("attributes:")[0].splitlines()
        facts = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert first == f"{source} {key}"
        assert facts["entries"] == str(data.shape[0]), (source, key)
        assert facts.get("units", "") == (data.units or ""), (source, key)
        assert parse_dtype(facts["dtype"]) == oracle.dtype_of(data), (source, key)
        assert facts["entry shape"] == str(tuple(map(int, data.entry_shape))), (source, key)


def xattr(path, name: str) -> str | None:
    try:
        return os.getxattr(path, f"user.{name}").decode()
    except OSError as error:
        assert error.errno == errno.ENODATA, f"{path}: {error}"
        return None


def test_extended_attributes(mounted):
    """user.dtype, shape, units, source, key on the array and on its directory, and the dataset's own attributes."""
    for source, key, data, directory in mounted.sampled_keys(9):
        array = read_npy(directory / "array.npy") if not is_large(data) else None
        for path in (directory / "array.npy", directory):
            assert parse_dtype(xattr(path, "dtype")) == oracle.dtype_of(data), path
            assert xattr(path, "shape") == str(tuple(map(int, data.shape))), path
            assert (xattr(path, "units") or "") == (data.units or ""), path
            assert xattr(path, "source") == source and xattr(path, "key") == key, path
            names = os.listxattr(path)
            assert {"user.dtype", "user.shape", "user.source", "user.key"} <= set(names), path
        assert array is None or str(array.shape) == xattr(directory / "array.npy", "shape")


def test_attributes_of_the_dataset(mounted):
    """HDF5 attributes are extended attributes: the words, for instance unitName, as they are in the file."""
    for source, key, data, directory in mounted.sampled_keys(9):
        for name, value in data.attributes().items():
            if isinstance(value, bytes | str):
                wanted = value.decode() if isinstance(value, bytes) else value
                assert xattr(directory / "array.npy", name) == wanted, (source, key, name)


def first_header(file, path):
    """The header of an npy file without reading the file."""
    start = file.read(12)
    size = int.from_bytes(start[8:10], "little") + 10 if start[6] == 1 else int.from_bytes(start[8:12], "little") + 12
    return npy_header(start + file.read(size - 12), path)
