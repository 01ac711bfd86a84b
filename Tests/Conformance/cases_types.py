"""Runs with every datatype and shape that npy can say, several entries and two files each."""

import h5py
import numpy as np

from cases_index import CAM, TRAINS, XGM, one
from handmade import ramp

ROWS = 8
FIRST, COUNT = [0, 2, 2, 5, 6], [2, 0, 3, 1, 2]


def two_files(directory, make):
    """`make(rows, start)` gives the data of a file; the second file continues the first, with other values."""
    files = []
    for sequence in range(2):
        file = one(directory, [t + 5 * sequence for t in TRAINS], f"RAW-R0001-DA01-S0000{sequence}.h5")
        make(file, ROWS, 1 + 50 * sequence, sequence)
        files.append(file)
    return files


def integers_and_floats(directory):
    """Every size of integer and float in both byte orders, float16 too."""
    def make(file, rows, start, _):
        data = {}
        for dtype in ("i1", "u1", *(f"{order}{kind}{size}" for order in "<>" for kind in "iu" for size in (2, 4, 8)),
                      *(f"{order}f{size}" for order in "<>" for size in (2, 4, 8))):
            name = np.dtype(dtype).name + ("be" if dtype[0] == ">" else "")
            data[name] = ramp(rows, (), dtype, start)
            data[name + "_image"] = ramp(rows, (2, 3), dtype, start)
        file.instrument(CAM, "data", data, FIRST, COUNT)
        file.control(XGM, {name: values[:5] for name, values in data.items()})
    return two_files(directory, make)


def extreme_values(directory):
    """NaN, infinities, negative zero, subnormal and largest values go through unchanged."""
    def make(file, rows, start, sequence):
        special = [np.nan, np.inf, -np.inf, -0.0, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3]
        single = [np.nan, -np.inf, -0.0, 1e-45, 3.4028235e38, 0.1, 1 / 3, 16777216]
        whole = [0, 1, 2 ** 63, 2 ** 64 - 1, 2 ** 53 + 1, 10 ** 18, 255, 9]
        file.instrument(CAM, "data", {
            "f8": np.array(special[::-1 if sequence else 1], "<f8"), "f4": np.array(single, "<f4"),
            "u8": np.array(whole, "<u8"), "i8": (np.array(whole, "u8") ^ np.uint64(1 << 63)).view("<i8")},
            FIRST, COUNT)
    return two_files(directory, make)


def booleans_and_enums(directory):
    """h5py's boolean enum is `|b1`; any other enum is its integer."""
    enum = h5py.enum_dtype({"ON": 1, "OFF": 0, "ERROR": 200}, basetype="u1")
    wide = h5py.enum_dtype({"A": -5, "B": 70000}, basetype=">i4")

    def make(file, rows, start, sequence):
        file.instrument(CAM, "data", {
            "flag": np.arange(rows) % (2 + sequence) == 0,
            "flags": (np.arange(rows * 4) % 3 == 0).reshape(rows, 4),
            "state": np.array([1, 0, 200, 0, 1, 1, 200, 0], enum),
            "wide": np.array([-5, 70000] * 4, wide)}, FIRST, COUNT)
        file.control(XGM, {"interlock": np.arange(5) % 2 == sequence})
    return two_files(directory, make)


def complex_numbers(directory):
    """Complex numbers, which h5py stores as a compound of r and i."""
    def make(file, rows, start, _):
        file.instrument(CAM, "data", {
            "c8": (ramp(rows, (), "f4", start) + 1j * ramp(rows)).astype("<c8"),
            "c16": (ramp(rows, (2,), "f8", start) - 1j).astype("<c16")}, FIRST, COUNT)
    return two_files(directory, make)


def fill_fields(dtype, rows, start) -> np.ndarray:
    values = np.zeros(rows, dtype)
    for number, name in enumerate(values.dtype.names):
        field = values.dtype[name]
        if field.names:
            values[name] = fill_fields(field, rows, start + number)
        elif field.kind == "S":
            values[name] = [f"s{start + i}".encode() for i in range(rows)]
        else:
            values[name] = ramp(rows, field.shape, field.base, start + 10 * number)
    return values


PACKED = np.dtype([("x", "<f8"), ("m", "<i4"), ("n", ">u2"), ("name", "S6"), ("box", "<f4", (2, 2))])
ALIGNED = np.dtype([("a", "u1"), ("b", "<f8"), ("c", "<u2")], align=True)
NESTED = np.dtype([("pos", [("x", "<f4"), ("y", "<f4")]), ("id", "<u8")])


def compounds(directory):
    """Structured dtypes: packed, padded to alignment, nested; with array and string fields."""
    def make(file, rows, start, _):
        file.instrument(CAM, "rec", {
            "packed": fill_fields(PACKED, rows, start), "aligned": fill_fields(ALIGNED, rows, start),
            "nested": fill_fields(NESTED, rows, start),
            "hits": fill_fields(PACKED, rows * 3, start).reshape(rows, 3)}, FIRST, COUNT)
    return two_files(directory, make)


def write_array_type(h5, path, values):
    """Datasets whose elements are arrays: the array's axes come behind those of the dataset."""
    if path.endswith("trainId"):
        h5[path] = values
        return
    kind = h5py.h5t.array_create(h5py.h5t.py_create(values.dtype, logical=True), values.shape[1:])
    space = h5py.h5s.create_simple(values.shape[:1])
    parent, _, name = path.rpartition("/")
    dataset = h5py.h5d.create(h5.require_group(parent).id, name.encode(), kind, space)
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values), mtype=kind)


def array_types(directory):
    """An array datatype is not known to npy at the top: its axes are axes of the array."""
    def make(file, rows, start, _):
        file.instrument(CAM, "data", {"vector": ramp(rows, (3,), "<i4", start),
                                      "matrix": ramp(rows, (2, 2), ">f8", start)}, FIRST, COUNT, write=write_array_type)
    return two_files(directory, make)


def fixed_string_type(length, padding):
    kind = h5py.h5t.TypeID.copy(h5py.h5t.C_S1)
    kind.set_size(length)
    kind.set_strpad(padding)
    return kind


def write_fixed_strings(h5, path, values):
    """Fixed strings padded with zeros, ended by a zero, or padded with spaces, by the name of the key."""
    padding = {"nulpad": h5py.h5t.STR_NULLPAD, "nullterm": h5py.h5t.STR_NULLTERM, "spacepad": h5py.h5t.STR_SPACEPAD}
    which = next((p for name, p in padding.items() if name in path), h5py.h5t.STR_NULLPAD)
    kind = fixed_string_type(values.dtype.itemsize, which)
    if "spacepad" in path:
        values = np.char.ljust(values, values.dtype.itemsize)
    parent, _, name = path.rpartition("/")
    dataset = h5py.h5d.create(h5.require_group(parent).id, name.encode(), kind, h5py.h5s.create_simple(values.shape))
    dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ascontiguousarray(values), mtype=kind)


def fixed_strings(directory):
    """Fixed strings are `S` of their length, padded with zeros whatever pads them in the file."""
    def make(file, rows, start, _):
        words = np.array([b"ON", b"OFF", b"", b"ABCDEFG", b"x y", b"\xc3\xa9t\xc3\xa9", b"q", b"last"], "S8")
        file.instrument(CAM, "data", {"nulpad": words, "nullterm": words[::-1].copy(),
                                      "spacepad": words[::2].repeat(2),
                                      "nulpad_pair": np.stack([words, words[::-1]], axis=1)},
                        FIRST, COUNT, write=write_fixed_strings)
    return two_files(directory, make)


def write_strings(h5, path, values):
    if values.dtype == object:
        h5.create_dataset(path, data=values, dtype=h5py.string_dtype())
    else:
        h5[path] = values


def words(texts) -> np.ndarray:
    return np.array([text.encode() for text in texts], dtype=object)


def variable_strings(directory):
    """Strings of variable length: `S` at the longest length in the key, which is in the second file only;
    a key with nothing but empty strings, and one with several strings in an entry."""
    def make(file, rows, start, sequence):
        more = ["a string that is the longest of them all: µ"] if sequence else ["short"]
        texts = ["ON", "", "OFF", "ERROR", "é", "a,b", 'say "no"'] + more
        pairs = np.array(words(texts + texts[::-1]), dtype=object).reshape(rows, 2)
        file.instrument(CAM, "data", {"word": words(texts), "empty": words([""] * rows), "pairs": pairs},
                        FIRST, COUNT, write=write_strings)
        file.control(XGM, {"state": words(texts[3:])}, write=write_strings)
    return two_files(directory, make)


def unusual_shapes(directory):
    """No values in an entry, axes of length 1, five axes, an axis of prime length."""
    def make(file, rows, start, _):
        file.instrument(CAM, "data", {
            "nothing": ramp(rows, (0,)), "nothing_wide": ramp(rows, (3, 0, 2), "u2"), "one": ramp(rows, (1,)),
            "ones": ramp(rows, (1, 1, 1), "i2", start), "five": ramp(rows, (2, 1, 3, 2, 2), "u1", start),
            "prime": ramp(rows, (101,), "f4", start)}, FIRST, COUNT)
    return two_files(directory, make)


AS_EXTRA_DATA = [integers_and_floats, extreme_values, booleans_and_enums, complex_numbers, compounds, fixed_strings,
                 variable_strings, unusual_shapes]
CASES = [*AS_EXTRA_DATA, array_types]
