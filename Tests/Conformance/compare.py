"""Comparisons of files of the tree with what they have to hold. Each fails with a sentence that names the file."""

import ast
import csv
import io
import os
from pathlib import Path

import numpy as np


def npy_header(data: bytes, name) -> tuple[np.dtype, tuple, int]:
    """dtype, shape and offset of the data of an npy file, checked against the format's rules."""
    assert data[:6] == b"\x93NUMPY", f"{name} is not an npy file: it starts with {data[:16]!r}"
    version, size = data[6], int.from_bytes(data[8:10], "little")
    start = 10
    if version == 2:
        size, start = int.from_bytes(data[8:12], "little"), 12
    assert version in (1, 2) and data[7] == 0, f"{name}: npy version {data[6]}.{data[7]}"
    header = data[start:start + size].decode("latin1")
    fields = ast.literal_eval(header)
    assert set(fields) == {"descr", "fortran_order", "shape"}, f"{name}: header {header!r}"
    assert fields["fortran_order"] is False, f"{name} is not in C order"
    assert header.endswith("\n") and (start + size) % 64 == 0, f"{name}: data not aligned to 64 bytes"
    return np.lib.format.descr_to_dtype(fields["descr"]), fields["shape"], start + size


def parse_npy(data: bytes, name) -> np.ndarray:
    dtype, shape, offset = npy_header(data, name)
    count = int(np.prod(shape, dtype=object))
    assert len(data) == offset + count * dtype.itemsize, (
        f"{name}: {len(data)} bytes for {shape} of {dtype} behind a header of {offset}")
    return np.frombuffer(data, dtype, count, offset).reshape(shape)


def read_npy(path) -> np.ndarray:
    """An npy file of the tree; its size must have been exact before it was read."""
    size = os.stat(path).st_size
    data = Path(path).read_bytes()
    assert size == len(data), f"{path}: stat says {size} bytes, reading gives {len(data)}"
    return parse_npy(data, path)


def has_padding(dtype: np.dtype) -> bool:
    """Whether bytes of an element belong to no field: those have no defined value."""
    if dtype.subdtype:
        return has_padding(dtype.base)
    if not dtype.names:
        return False
    used = sum(dtype[name].itemsize for name in dtype.names)
    return used != dtype.itemsize or any(has_padding(dtype[name]) for name in dtype.names)


def assert_same(got: np.ndarray, expected: np.ndarray, name) -> None:
    """Equal dtype with its byte order, equal shape, equal bytes."""
    assert got.dtype == expected.dtype, f"{name}: dtype {got.dtype!r}, expected {expected.dtype!r}"
    assert got.shape == expected.shape, f"{name}: shape {got.shape}, expected {expected.shape}"
    if has_padding(expected.dtype):
        for field in expected.dtype.names:
            assert_same(got[field], expected[field], f"{name}[{field!r}]")
        return
    if got.tobytes() != expected.tobytes():
        if got.ndim == 0:
            raise AssertionError(f"{name}: {got!r}, expected {expected!r}")
        wrong = [i for i in range(len(expected)) if got[i].tobytes() != expected[i].tobytes()]
        raise AssertionError(f"{name}: {len(wrong)} of {len(expected)} entries differ, first at {wrong[0]}: "
                             f"{got[wrong[0]]!r}, expected {expected[wrong[0]]!r}")


def assert_npy(path, expected: np.ndarray) -> None:
    assert_same(read_npy(path), expected, path)


def read_csv(path) -> list[list[str]]:
    """Rows of a CSV file, header first. Lines end in a bare newline and nothing is quoted without need."""
    data = Path(path).read_bytes()
    text = data.decode("utf-8")
    assert text.endswith("\n"), f"{path} does not end with a newline"
    assert "\r\n" not in text, f"{path} has \\r\\n line ends"
    rows = list(csv.reader(io.StringIO(text, newline=""), lineterminator="\n"))
    again = io.StringIO()
    csv.writer(again, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerows(rows)
    assert again.getvalue() == text, f"{path} quotes fields that need no quotes"
    width = {len(row) for row in rows}
    assert len(width) == 1, f"{path} has rows of {sorted(width)} fields"
    return rows


def digits(text: str) -> int:
    """Significant digits of a decimal number."""
    mantissa = text.lower().lstrip("+-").split("e")[0].replace(".", "").lstrip("0")
    return len(mantissa.rstrip("0"))


def assert_texts(texts: list[str], values: np.ndarray, name) -> None:
    """Fields of a CSV column against an array: read back they are the values, and no longer than needed."""
    assert len(texts) == len(values), f"{name}: {len(texts)} rows, expected {len(values)}"
    kind = values.dtype.kind
    if kind == "b":
        expected = ["true" if v else "false" for v in values]
    elif kind in "iu":
        expected = [str(v) for v in values]
    elif kind == "S":
        expected = [v.decode("utf8", "surrogateescape") for v in values.tolist()]
    else:
        assert kind == "f", f"{name}: no rule for {values.dtype} in CSV"
        native = values.astype(values.dtype.newbyteorder("="))
        got = np.array([native.dtype.type(text) for text in texts], dtype=native.dtype)
        same = (got == native) & (np.signbit(got) == np.signbit(native)) | (np.isnan(got) & np.isnan(native))
        assert same.all(), f"{name}: row {np.argmin(same)} is {texts[np.argmin(same)]}, not {native[np.argmin(same)]!r}"
        for text, value in list(zip(texts, native))[:40]:
            if np.isfinite(value):
                shortest = np.format_float_scientific(value, unique=True)
                assert digits(text) <= digits(shortest), f"{name}: {text} is longer than needed ({shortest})"
        return
    for row, (text, wanted) in enumerate(zip(texts, expected)):
        assert text == wanted, f"{name}: row {row} is {text!r}, expected {wanted!r}"


def parse_dtype(text: str) -> np.dtype:
    """A dtype as keys.csv and user.dtype write it: `<u2`, or a list of fields."""
    return np.lib.format.descr_to_dtype(ast.literal_eval(text)) if text.startswith("[") else np.dtype(text)
