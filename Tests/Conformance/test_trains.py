"""One train: keys/<key>/trains/<id>.npy and trains/<id>/<source>/<key>.npy."""

import os

import numpy as np
import pytest

import oracle
import product
from compare import assert_npy, read_npy

TOO_LARGE = 48 << 20        # bytes of one train that are not worth reading through EXtra-data in every run


def some_trains(trains: list[int]) -> list[int]:
    """First, middle and last: what randomise has written in every file."""
    return sorted({trains[0], trains[len(trains) // 2], trains[-1]}) if trains else []


def longest(data) -> int | None:
    """Longest string of the whole key, which sets the dtype of each of its trains."""
    return oracle.ndarray(data).dtype.itemsize if data.dtype.hasobject else None


def train_bytes(data) -> int:
    return oracle.nominal_bytes(data) // max(1, data.shape[0]) * int(data.data_counts(labelled=False).max(initial=0))


def test_one_train(mounted):
    """trains/<id>.npy is train_from_id(id): no entry axis where the train has one entry."""
    for source, key, data, directory in mounted.sampled_keys(4):
        width = longest(data)
        trains = oracle.trains_with_data(data.data_counts(labelled=False), mounted.run)
        for train in some_trains(trains)[:None if train_bytes(data) < TOO_LARGE else 1]:
            assert_npy(directory / "trains" / f"{train}.npy", oracle.train_value(data, train, width))


def test_train_first(mounted):
    """trains/<id>/<source>/ lists the keys with data in that train; the files are the same, byte for byte."""
    for train in some_trains(mounted.train_ids):
        for source in mounted.sources[::3] + mounted.sources[-1:]:
            data = mounted.run[source]
            position = mounted.train_ids.index(train)
            groups = {g for g in data.index_groups
                      if data.data_counts(labelled=False, index_group=g)[position]}
            keys = sorted(k for k, item in mounted.keys_of(source).items() if item.index_group in groups)
            directory = mounted.mount / "trains" / str(train) / source
            listed = {n for n in os.listdir(directory) if n.endswith(".npy")} if directory.exists() else set()
            assert listed == {f"{key}.npy" for key in keys}, directory
            for key in keys[::7]:
                other = mounted.source_dir(source) / "keys" / key / "trains" / f"{train}.npy"
                assert os.stat(other).st_size == os.stat(directory / f"{key}.npy").st_size
                if os.stat(other).st_size < 4 << 20:
                    assert (directory / f"{key}.npy").read_bytes() == other.read_bytes(), other


def test_trains_without_data_do_not_exist(mounted):
    """A train without data, a train outside the run and a name that is no train cannot be opened."""
    for source, key, data, directory in mounted.sampled_keys(15):
        counts = data.data_counts(labelled=False)
        empty = [int(t) for t, n in zip(mounted.train_ids, counts) if not n][:2]
        for name in [*map(str, empty), "1", "notatrain", f"0{mounted.train_ids[0]}"]:
            with pytest.raises(FileNotFoundError):
                open(directory / "trains" / f"{name}.npy", "rb")


def test_time_stamps(mounted):
    """mtime is that of a file of the run; when a train was is in an attribute of its directory."""
    stamps = mounted.run.train_timestamps()
    files = {os.stat(path).st_mtime_ns for path in oracle.run_files(mounted.path)}
    checked = 0
    for source, key, data, directory in mounted.sampled_keys(15):
        assert os.stat(directory / "array.npy").st_mtime_ns in files, directory
        trains = oracle.trains_with_data(data.data_counts(labelled=False), mounted.run)
        for train in some_trains(trains):
            assert os.stat(directory / "trains" / f"{train}.npy").st_mtime_ns in files, (directory, train)
            stamp = stamps[mounted.train_ids.index(train)]
            got = os.getxattr(mounted.mount / "trains" / str(train), "user.timestamp").decode()
            assert got == "" if np.isnat(stamp) else np.datetime64(got.removesuffix("Z"), "ns") == stamp, train
            checked += 1
    assert checked


def test_range_of_trains(mounted):
    """trains/A:B.npy is by_id[A:B]: the entries of the trains A <= id < B, with their entry axis."""
    for source, key, data, directory in mounted.sampled_keys(15):
        if oracle.nominal_bytes(data) > 16 << 20:
            continue
        ids, array = data.train_id_coordinates(), oracle.ndarray(data)
        first, last = mounted.train_ids[0], mounted.train_ids[-1]
        middle = mounted.train_ids[len(mounted.train_ids) // 2]
        for start, stop in ((first, middle), (middle, middle + 1), (first - 5, last + 5)):
            expected = array[(ids >= start) & (ids < stop)]
            assert_npy(directory / "trains" / f"{start}:{stop}.npy", expected)


def test_cat_of_arrays(mounted):
    """`xfelfs cat` gives the bytes of the mount for arrays and single trains."""
    done = 0
    for source, key, data, directory in mounted.sampled_keys(40):
        if oracle.nominal_bytes(data) > 4 << 20 or done == 2:
            continue
        done += 1
        for name in ["array.npy", *(f"trains/{n}" for n in sorted(os.listdir(directory / "trains"))[:1])]:
            path = directory / name
            result = product.xfelfs("cat", mounted.path, path.relative_to(mounted.mount), text=False)
            assert result.returncode == 0, result.stderr
            assert result.stdout == path.read_bytes(), path
            read_npy(path)
    assert done
