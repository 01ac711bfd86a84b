"""What EXtra-data says about a run, in the form in which the tree has to say it."""

import contextlib
import io
import re
import warnings
from pathlib import Path

import h5py
import numpy as np
from extra_data.keydata import KeyData
from extra_data.reader import DataCollection, H5File
from extra_data.sourcedata import SourceData

from randomise import sample_rows


class DottedKeyData(KeyData):
    """A key with a dot in one of its HDF5 names, as the JUNGFRAU examples have it (`dataStorage.enable/value`).
    EXtra-data lists such keys and then looks for them at `dataStorage/enable/value`."""
    hdf5_data_path = None


def find_dataset(source: SourceData, key: str) -> h5py.Dataset | None:
    """The dataset whose path, with dots for slashes, is the key."""
    return source.files[0].file[f"{source.section}/{source.source}"].visititems(
        lambda path, item: item if isinstance(item, h5py.Dataset) and path.replace("/", ".") == key else None)


def patch_dotted_keys() -> None:
    """Make run[source][key] work for such keys; everything else stays EXtra-data's."""
    original = SourceData.__getitem__

    def getitem(self, key):
        try:
            return original(self, key)
        except KeyError:
            dataset = find_dataset(self, key)
            if dataset is None:
                raise
            data = DottedKeyData(
                self.source, key, train_ids=self.train_ids, files=self.files, section=self.section,
                dtype=dataset.dtype, eshape=dataset.shape[1:], is_single_run=self.is_single_run,
                inc_suspect_trains=self.inc_suspect_trains)
            data.hdf5_data_path = dataset.name
            return data
    SourceData.__getitem__ = getitem


patch_dotted_keys()


def run_files(path: Path) -> list[Path]:
    """The files EXtra-data opens for a run, in order of name."""
    if path.is_file():
        return [path]
    return sorted(p for p in path.iterdir() if p.suffix == ".h5" and p.name.lower() != "overview.h5")


def open_run(path: Path, inc_suspect_trains=True) -> DataCollection:
    """As RunDirectory or H5File, with the files in order of name and without writing a map into the run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # format 1.1 warns about its flags
        if path.is_file():
            return H5File(str(path), inc_suspect_trains=inc_suspect_trains)
        return DataCollection.from_paths([str(p) for p in run_files(path)], inc_suspect_trains=inc_suspect_trains,
                                         is_single_run=True, parallelize=False)


def valid_trains(path: Path) -> set[int]:
    """Trains that are left when suspect ones are excluded."""
    return {int(t) for t in open_run(path, inc_suspect_trains=False).train_ids}


def info_text(run: DataCollection) -> str:
    """run.info(group_sources=False), no trailing blanks on any line; the empty line at its end stays."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run.info(group_sources=False)
    return without_trailing_blanks(out.getvalue())


def without_trailing_blanks(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def frames_vary(run: DataCollection) -> bool:
    """Whether EXtra-data shows an arbitrary one of several frame counts in run.info()."""
    for source in run.detector_sources:
        counts = run[source].data_counts(labelled=False, index_group="image")
        if len(set(counts[counts > 0].tolist())) > 1:
            return True
    return False


def without_frame_count(text: str) -> str:
    return re.sub(r"^  \d+ frames per train, .*\n", "", text, flags=re.M)


def sources(run: DataCollection) -> list[str]:
    """All sources by their canonical names."""
    return sorted(set(run.all_sources) - set(run.legacy_sources))


def timestamps(run: DataCollection) -> list[str]:
    """INDEX/timestamp of each train as the tree writes it; empty where there is none."""
    stamps = run.train_timestamps()
    return ["" if np.isnat(t) else np.datetime_as_string(t, unit="ns") + "Z" for t in stamps]


def encoded(values: np.ndarray, longest: int | None = None) -> np.ndarray:
    """Strings as the tree has them: bytes, `S` at the longest length (npy has no S0, so at least 1)."""
    flat = [v if isinstance(v, bytes) else v.encode("utf8", "surrogateescape") for v in values.ravel()]
    width = max([1, longest or 0, *map(len, flat)])
    return np.array(flat, dtype=f"S{width}").reshape(values.shape)


def ndarray(key_data) -> np.ndarray:
    """key_data.ndarray() with strings encoded; small ones are kept with the key, several tests need them."""
    kept = key_data.__dict__.get("kept_array")
    if kept is not None:
        return kept
    values = key_data.ndarray()
    values = encoded(values) if values.dtype.hasobject else values
    if values.nbytes <= 1 << 16:
        values.flags.writeable = False
        key_data.kept_array = values
    return values


def nominal_bytes(key_data) -> int:
    return int(np.prod(key_data.shape, dtype=object)) * key_data.dtype.itemsize


def sampled_entries(key_data):
    """Pairs of entry number in the whole array and its value, for the rows that randomise wrote."""
    start = 0
    for chunk in key_data._data_chunks_nonempty:
        dataset = chunk.dataset
        rows = set(sample_rows(len(dataset))) | {len(dataset) // 5}
        for row in sorted(rows):
            if chunk.first <= row < chunk.first + chunk.total_count:
                yield start + int(row - chunk.first), dataset[row]
        start += chunk.total_count


def train_value(key_data, train_id, longest: int | None = None) -> np.ndarray:
    """run[source, key].train_from_id(id) as an array: no entry axis where there is one entry."""
    value = key_data.train_from_id(train_id)[1]
    value = np.asarray(value, dtype=object) if key_data.dtype.hasobject else np.asarray(value)
    return encoded(value, longest) if value.dtype.hasobject else value.astype(key_data.dtype, copy=False)


def dtype_of(key_data) -> np.dtype:
    """The dtype in the tree; strings of variable length need the data for it."""
    return ndarray(key_data).dtype if key_data.dtype.hasobject else np.dtype(key_data.dtype.str) \
        if key_data.dtype.names is None else key_data.dtype


def trains_with_data(counts: np.ndarray, run: DataCollection) -> list[int]:
    return [int(t) for t, n in zip(run.train_ids, counts) if n]


def frame_columns(keys: dict[str, KeyData]) -> list[str]:
    """Keys of table.csv: scalar per entry, at most one entry in any train; of a control source `.value`."""
    columns = []
    for key, data in sorted(keys.items()):
        if data.is_control and not key.endswith(".value"):
            continue
        if data.entry_shape == () and data.data_counts(labelled=False).max(initial=0) <= 1:
            columns.append(key)
    return columns
