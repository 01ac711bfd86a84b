"""Files of one run that disagree over a key: every value of the tree is exactly one that a file has, at its train (TREE.md, "A source").

What is expected is worked out from what was written. EXtra-data takes the first file's word for all (SELECTION.md, 2.6).
"""

import itertools
from pathlib import Path

import extra_data
import numpy as np
import pytest

import product
from compare import assert_same, parse_npy, read_csv
from handmade import VLEN_BYTES, HandFile

CAM = "SPB_IRU_CAM/CAM/SIDEMIC:daqOutput"
NUMBERS = [*(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), "f2", "f4", "f8", ">u2", ">f4", "?"]


def write_files(directory: Path, parts: list[dict]) -> list[list[int]]:
    """A file for each part: key -> entries, one a train. Returns the trains of each."""
    directory.mkdir()
    trains, first = [], 10000
    for number, data in enumerate(parts):
        rows = max(len(values) for values in data.values())
        trains.append(list(range(first, first + rows)))
        file = HandFile(directory / f"RAW-R0001-DA01-S{number:05}.h5", trains[-1])

        def write(h5, path, value):
            h5.create_dataset(path, data=value, dtype=VLEN_BYTES if np.asarray(value).dtype == object else None)

        file.instrument(CAM, "data", data, write=write)
        file.close()
        first += rows
    return trains


def copied(directory: Path, target: Path) -> Path:
    """The keys of the source, as `cp` takes them out of the tree."""
    result = product.xfelfs("cp", directory, f"sources/{CAM}", target)
    assert result.returncode == 0, result.stderr
    return target / "keys"


def read(path: Path) -> np.ndarray:
    return parse_npy(path.read_bytes(), path)


def extremes(dtype, rows, rng) -> np.ndarray:
    """The values of a type that another may not hold, and others at random."""
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, rows).astype(bool)
    if dtype.kind == "f":
        info = np.finfo(dtype)
        fixed = [info.max, -info.max, np.nan, np.inf, info.smallest_subnormal, 1 / 3, -0.0, info.tiny]
        return rng.permuted(np.array((fixed * rows)[:rows], dtype))
    info = np.iinfo(dtype)
    fixed = [info.max, info.min, 1, info.max - 1]
    return np.concatenate([np.array(fixed, dtype), rng.integers(info.min, info.max, rows, dtype.newbyteorder("="))])[:rows].astype(dtype)


def common(first, second) -> np.dtype | None:
    """numpy's result_type where it holds every value of both."""
    first, second = np.dtype(first), np.dtype(second)
    if first == second:
        return first
    if (first.kind == "b") != (second.kind == "b"):
        return None
    result = np.result_type(first, second)
    for dtype in (first, second):
        if dtype.kind in "iu" and result.kind == "f" and dtype.itemsize >= result.itemsize:
            return None
    return result


def test_numbers_of_every_pair_of_types(tmp_path):
    """One key for each pair of types: promoted where that is exact, else in the array what most trains have."""
    rng = np.random.default_rng(7)
    pairs = list(itertools.product(NUMBERS, NUMBERS))
    names = [f"data.k{number}" for number in range(len(pairs))]
    parts = [{name.removeprefix("data."): extremes(pair[0], 8, rng) for name, pair in zip(names, pairs)},
             {name.removeprefix("data."): extremes(pair[1], 5, rng) for name, pair in zip(names, pairs)}]
    trains = write_files(tmp_path / "run", parts)
    keys = copied(tmp_path / "run", tmp_path / "tree")
    for name, pair in zip(names, pairs):
        first, second = (part[name.removeprefix("data.")] for part in parts)
        dtype = common(*pair)
        expected = first if dtype is None else np.concatenate([first.astype(dtype), second.astype(dtype)]).astype(dtype)
        got = read(keys / name / "array.npy")
        assert got.dtype == expected.dtype, f"{pair}: {got.dtype}"
        np.testing.assert_array_equal(got, expected, err_msg=f"{pair}")
        count = len(trains[0]) + (0 if dtype is None else len(trains[1]))
        assert_same(read(keys / name / "train_ids.npy"), np.array(sum(trains, [])[:count], "u8"), name)
        # Each train by itself: what its file has, in its file's type where there is no other.
        for file, train, row in ((0, trains[0][1], 1), (1, trains[1][2], 2)):
            own = parts[file][name.removeprefix("data.")][row]
            got = read(keys / name / "trains" / f"{train}.npy")
            assert got.dtype == (dtype or np.dtype(pair[file])), f"{pair}: {got.dtype}"
            np.testing.assert_array_equal(got, own, err_msg=f"{pair} train {train}")
        info = (keys / name / "info.txt").read_text()
        assert ("files differ" in info) == (np.dtype(pair[0]) != np.dtype(pair[1])), info
        header = (keys / name / "counts.csv").read_text().partition("\n")[0]
        assert header == ("train_id,count,shape" if dtype is None else "train_id,count")


def test_shapes_strings_and_keys_that_come_and_go(tmp_path):
    """A region that changes in mid-run, a placeholder, strings of both kinds, numbers that become text, keys of one file only."""
    rng = np.random.default_rng(3)
    image = [rng.integers(0, 1000, (2, 4, 4)).astype("u2"), rng.integers(0, 1000, (3, 4, 6)).astype("u4"),
             rng.integers(0, 1000, (4, 4, 4)).astype("u2")]
    parts = [
        {"image": image[0], "late": np.zeros((0, 1), "u1"), "text": np.array([b"a", b"longer999"], object),
         "mixed": np.array([1.5, 2.5]), "early": np.array([1, 2], "i4"), "empty": np.zeros((0,), "u1")},
        {"image": image[1], "late": np.ones((3, 5), "f4"), "text": np.array([b"fixed", b"b", b""], "S7"),
         "mixed": np.array([b"x", b"yy", b"z"], "S2"), "empty": np.array([70000, -5, 2], "i4")},
        {"image": image[2], "late": np.full((4, 5), 2, "f8"), "text": np.array([b"c"] * 4, "S3"),
         "mixed": np.array([3.5] * 4, "f4"), "new": np.arange(4, dtype="u1"), "empty": np.array([1, 2, 3, 4], "i2")},
    ]
    trains = write_files(tmp_path / "run", parts)
    keys = copied(tmp_path / "run", tmp_path / "tree")
    assert sorted(path.name for path in keys.iterdir()) == [
        "data.early", "data.empty", "data.image", "data.late", "data.mixed", "data.new", "data.text"]
    assert_same(read(keys / "data.image/array.npy"), np.concatenate([image[0], image[2]]), "image")
    assert_same(read(keys / "data.image/train_ids.npy"), np.array(trains[0] + trains[2], "u8"), "train ids")
    assert_same(read(keys / f"data.image/trains/{trains[1][0]}.npy"), image[1][0], "another shape")
    rows = read_csv(keys / "data.image/counts.csv")
    assert rows[0] == ["train_id", "count", "shape"]
    assert [row[2] for row in rows[1:]] == ["4x4"] * 2 + ["4x6"] * 3 + ["4x4"] * 4
    assert_same(read(keys / "data.late/array.npy"), np.concatenate([np.ones((3, 5)), np.full((4, 5), 2.0)]), "late")
    assert_same(read(keys / "data.text/array.npy"),
                np.array([b"a", b"longer999", b"fixed", b"b", b"", b"c", b"c", b"c", b"c"], "S9"), "text")
    assert_same(read(keys / "data.mixed/array.npy"), np.array([1.5, 2.5, 3.5, 3.5, 3.5, 3.5]), "mixed")
    assert_same(read(keys / f"data.mixed/trains/{trains[1][1]}.npy"), np.array(b"yy", "S2"), "text among numbers")
    assert_same(read(keys / "data.early/array.npy"), np.array([1, 2], "i4"), "early")
    assert_same(read(keys / "data.new/train_ids.npy"), np.array(trains[2], "u8"), "new")
    assert_same(read(keys / "data.empty/array.npy"), np.array([70000, -5, 2, 1, 2, 3, 4], "i4"), "placeholder")


@pytest.mark.parametrize("seed", range(4))
def test_random_collections(tmp_path, seed):
    """Random files that disagree in types, shapes and keys: each train is what its file has, the array is the trains of one kind."""
    rng = np.random.default_rng(seed)
    makers = [lambda rows: extremes(rng.choice(NUMBERS), rows, rng),
              lambda rows: rng.integers(-100, 100, (rows, 2)).astype(rng.choice(["i2", "i4", "f4"])),
              lambda rows: np.array([b"x" * int(n) for n in rng.integers(1, 9, rows)], object),
              lambda rows: np.array([b"y" * int(n) for n in rng.integers(1, 9, rows)], f"S{rng.integers(8, 12)}")]
    parts = []
    for _ in range(5):
        rows = int(rng.integers(1, 5))
        data = {f"k{number}": makers[rng.integers(0, 4)](rows) for number in range(12) if rng.random() < 0.85}
        parts.append(data or {"k0": np.arange(rows)})
    trains = write_files(tmp_path / "run", parts)
    keys = copied(tmp_path / "run", tmp_path / "tree")
    assert {path.name for path in keys.iterdir()} == {f"data.{key}" for part in parts for key in part}
    for path in keys.iterdir():
        key = path.name.removeprefix("data.")
        listed = {int(name.stem) for name in (path / "trains").iterdir()}
        assert listed == {t for part, own in zip(parts, trains) if key in part for t in own}
        array, ids = read(path / "array.npy"), read(path / "train_ids.npy")
        assert len(array) == len(ids)
        in_array = dict(zip(ids.tolist(), array))
        for part, own in zip(parts, trains):
            for row, train in enumerate(own if key in part else []):
                value = np.asarray(part[key][row])
                got = read(path / "trains" / f"{train}.npy")
                assert got.shape == value.shape
                np.testing.assert_array_equal(got, value)
                if train in in_array:
                    np.testing.assert_array_equal(in_array[train], value)
                    assert got.dtype == array.dtype
        left_out = listed - set(ids.tolist())
        if left_out:
            assert "files differ" in (path / "info.txt").read_text()


def test_virtual_file_leaves_out_what_is_odd(tmp_path):
    """export/virtual.h5 has every dataset that can stand in one file, right to the value; the others are named."""
    directory = tmp_path / "run"
    write_files(directory, [
        {"a": np.array([1, 2], "u1"), "image": np.ones((2, 3), "u2"), "s": np.array([b"ab"] * 2, "S2")},
        {"a": np.array([70000, 2, 3], "i4"), "image": np.ones((3, 4), "u2"), "s": np.array([b"abcd"] * 3, "S4"),
         "late": np.arange(3)}])
    # A source without RUN in the first file, one that begins later, and METADATA that lists what is not there.
    file = HandFile(directory / "RAW-R0001-DA02-S00000.h5", [10000, 10001])
    file.metadata += ["CONTROL/NOT/THERE/1", "INSTRUMENT/NOT/THERE/2:out/data"]
    file.control("S/M/1", {"p": np.array([1.0, 2.0])})
    del file.h5["RUN/S/M/1"]
    file.close()
    file = HandFile(directory / "RAW-R0001-DA02-S00001.h5", [10002, 10003, 10004])
    file.control("S/M/1", {"p": np.array([3.0, 4.0, 5.0])})
    file.control("S/LATE/1", {"p": np.array([6.0, 7.0, 8.0])})
    file.close()
    result = product.xfelfs("cat", directory, "export/virtual.h5", text=False)
    assert result.returncode == 0, result.stderr
    (tmp_path / "virtual.h5").write_bytes(result.stdout)
    messages = result.stderr.decode()
    for key in ("data.image", "data.late"):
        assert f"the virtual file leaves out {key} of {CAM}" in messages
    run = extra_data.H5File(tmp_path / "virtual.h5")
    assert run[CAM].keys() == {"data.a", "data.s"}
    assert_same(run[CAM, "data.a"].ndarray(), np.array([1, 2, 70000, 2, 3], "i4"), "a")
    assert_same(run[CAM, "data.s"].ndarray(), np.array([b"ab"] * 2 + [b"abcd"] * 3, "S4"), "s")
    assert_same(run["S/M/1", "p"].ndarray(), np.array([1.0, 2.0, 3.0, 4.0, 5.0]), "p")
    assert run["S/LATE/1", "p"].train_id_coordinates().tolist() == [10002, 10003, 10004]
    assert run.get_run_value("S/M/1", "p") == 3.0


def test_validation_names_what_differs(tmp_path):
    """Each key that differs, its file, what it has there and what the others have; a file without entries has no say."""
    write_files(tmp_path / "run", [
        {"a": np.array([1, 2], "u1"), "image": np.ones((2, 3), "u2"), "empty": np.zeros((0, 1)), "same": np.arange(2)},
        {"a": np.array([70000, 2, 3], "i4"), "image": np.ones((3, 4), "u2"), "late": np.arange(3),
         "empty": np.ones((3, 7), "f4"), "same": np.arange(3)}])
    result = product.xfelfs("validate", tmp_path / "run")
    assert result.returncode == 1
    text = result.stdout
    assert text.count("Key differs from file to file") == 2
    for path, found, others in (("data/a", "dtype |u1, shape ()", "dtype <i4, shape ()"),
                                ("data/image", "dtype <u2, shape (3)", "dtype <u2, shape (4)")):
        assert f"dataset: INSTRUMENT/{CAM}/{path}\n" in text
        assert f"found: {found}\n" in text and f"others: {others} in 1 files, e.g. " in text
    assert "Key is missing in a file" in text and f"dataset: INSTRUMENT/{CAM}/data/late\n" in text
    assert "data/same" not in text
    assert product.xfelfs("validate", "--skip", "key_forms", tmp_path / "run").stdout.count("Key ") == 0
