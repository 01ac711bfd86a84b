"""Random data for the datasets of a run, bounded: nominal sizes reach 580 GB.

Small datasets are filled to the last (padded) row. Of large ones only `sample_rows` are written, and of
large rows only a few patches, so that a wrong row, train or file shows without much on disk.
"""

from pathlib import Path

import h5py
import numpy as np

SMALL_DATASET = 1 << 20     # bytes up to which a dataset is filled entirely
SMALL_ROW = 1 << 18         # bytes up to which one row is filled entirely
STRUCTURAL = {"trainId"}    # values that tell which data belongs to which train
WORDS = ["ON", "OFF", "ERROR", "", "MOVING", "INIT", "a, b", 'say "x"', "UNKNOWN STATE"]


def sample_rows(count: int) -> list[int]:
    """Rows of a large dataset that get data: both ends, the middle, and places in between."""
    if count == 0:
        return []
    return sorted({0, 1 % count, count // 3, count // 2, max(count - 2, 0), count - 1})


def random_array(rng, dtype: np.dtype, shape) -> np.ndarray:
    """Random values of any dtype that occurs in these files."""
    dtype = np.dtype(dtype)
    if dtype.names:
        out = np.zeros(shape, dtype)
        for name in dtype.names:
            base, sub = dtype[name].base, dtype[name].shape
            out[name] = random_array(rng, base, tuple(shape) + sub)
        return out
    if dtype.kind == "f":
        return (rng.standard_normal(shape) * 1000).astype(dtype)
    if dtype.kind == "c":
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return rng.integers(info.min, info.max, size=shape, dtype=dtype.newbyteorder("="),
                            endpoint=True).astype(dtype)
    if dtype.kind == "b":
        return rng.integers(0, 2, size=shape).astype(bool)
    if dtype.kind in "SO":
        flat = [WORDS[i] for i in rng.integers(0, len(WORDS), size=int(np.prod(shape)))]
        return np.array([word.encode() for word in flat], dtype="S16" if dtype.kind == "S" else object
                        ).reshape(shape).astype(dtype)
    raise NotImplementedError(dtype)


def fill_dataset(dataset: h5py.Dataset, rng) -> None:
    name = dataset.name.rpartition("/")[2]
    if name in STRUCTURAL or dataset.shape is None or dataset.ndim == 0 or 0 in dataset.shape:
        return
    if name == "pulseId":   # distinct from row to row, the same in all modules
        dataset[...] = (np.arange(len(dataset)) % 2700).reshape((-1,) + (1,) * (dataset.ndim - 1))
        return
    if name == "cellId":
        return
    entry = dataset.shape[1:]
    row_bytes = int(np.prod(entry, dtype=np.int64)) * dataset.dtype.itemsize
    if row_bytes * len(dataset) <= SMALL_DATASET:
        dataset[...] = random_array(rng, dataset.dtype, dataset.shape)
        return
    for row in sample_rows(len(dataset)):
        if row_bytes <= SMALL_ROW:
            dataset[row] = random_array(rng, dataset.dtype, entry)
        else:
            fill_patches(dataset, row, rng)


def fill_patches(dataset: h5py.Dataset, row: int, rng) -> None:
    """A run of values at the start, at the end and at some random places of one large row."""
    entry = dataset.shape[1:]
    width = min(entry[-1], 100)
    ends = [tuple(0 for _ in entry), tuple(n - 1 for n in entry[:-1]) + (entry[-1] - width,)]
    random = [tuple(rng.integers(0, n) for n in entry[:-1]) + (rng.integers(0, entry[-1] - width + 1),)
              for _ in range(3)]
    for place in ends + random:
        where = (row, *map(int, place[:-1]), slice(int(place[-1]), int(place[-1]) + width))
        dataset[where] = random_array(rng, dataset.dtype, (width,))


UNITS = [("A", "ampere", "m", "milli"), ("eV", "electronvolt", "k", "kilo"), ("J", "joule", "u", "micro"),
         ("Pa", "pascal", "", ""), ("m", "metre", None, None)]


def give_units(target, rng) -> None:
    """Attributes as the DAQ writes them since format 1.3, on some of the keys."""
    if "unitSymbol" in target.attrs or rng.random() < 0.5:
        return
    symbol, name, prefix, prefix_name = UNITS[rng.integers(len(UNITS))]
    target.attrs["unitSymbol"] = symbol.encode()
    target.attrs["unitName"] = name.encode()
    if prefix is not None:
        target.attrs["metricPrefixSymbol"] = prefix.encode()
        target.attrs["metricPrefixName"] = prefix_name.encode()


def format_version(file: h5py.File) -> str:
    dataset = file.get("METADATA/dataFormatVersion")
    return "0.5" if dataset is None else dataset[0].decode()


def randomise_file(path: Path, rng) -> None:
    with h5py.File(path, "r+") as file:
        version = format_version(file)
        for section in ("CONTROL", "INSTRUMENT", "RUN"):
            datasets = []
            if section in file:
                file[section].visititems(
                    lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
            for dataset in datasets:
                fill_dataset(dataset, rng)
                if version == "1.3" and section == "INSTRUMENT":
                    give_units(dataset, rng)
                elif version == "1.3" and section == "CONTROL" and dataset.name.endswith("/value"):
                    give_units(dataset.parent, rng)


def randomise(run: Path, seed: int) -> None:
    """Fill every HDF5 file of the run directory; the same seed gives the same run."""
    for number, path in enumerate(sorted(run.glob("*.h5"))):
        randomise_file(path, np.random.default_rng([seed, number]))
