"""How HDF5 stores a dataset does not matter to its bytes: layouts, filters, fill values, links, virtual datasets."""

import errno
import os
import subprocess

import h5py
import numpy as np
import pytest

from cases_index import CAM, XGM, one
from compare import assert_npy, npy_header
from handmade import ramp

ROWS, ENTRY = 23, (37, 19)          # odd against every chunk shape below
FIRST, COUNT = [0, 5, 5, 12, 18], [5, 0, 7, 6, 5]

LAYOUTS = {
    "contiguous": {},
    "chunk_of_one_entry": {"chunks": (1, 37, 19)},
    "odd_chunks": {"chunks": (5, 7, 11)},
    "one_chunk": {"chunks": (ROWS, 37, 19)},
    "chunk_of_one_value": {"chunks": (4, 1, 1)},
    "growing": {"chunks": (3, 37, 19), "maxshape": (None, 37, 19)},
    "gzip": {"chunks": (1, 37, 19), "compression": "gzip", "compression_opts": 1},
    "gzip9_odd": {"chunks": (4, 10, 8), "compression": "gzip", "compression_opts": 9},
    "shuffle_gzip": {"chunks": (2, 37, 19), "compression": "gzip", "shuffle": True},
    "shuffle_alone": {"chunks": (2, 37, 19), "shuffle": True},
    "fletcher32": {"chunks": (3, 37, 19), "fletcher32": True},
    "shuffle_gzip_fletcher32": {"chunks": (3, 20, 19), "shuffle": True, "compression": "gzip", "fletcher32": True},
    "scaleoffset": {"chunks": (3, 37, 19), "scaleoffset": 0},
}


def start_run(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    return directory, one(directory)


def key_dir(mount, name, source=CAM):
    return mount / "sources" / source / "keys" / (name if "." in name else f"data.{name}")


def check(mount, name, stored, source=CAM):
    """The whole array, each train and a slice, of data laid out by FIRST and COUNT."""
    here = key_dir(mount, name, source)
    assert_npy(here / "array.npy", stored[:sum(COUNT)])
    for train, first, count in zip(range(10000, 10005), FIRST, COUNT):
        if count:
            assert_npy(here / "trains" / f"{train}.npy", stored[first:first + count])
    assert_npy(here / "array@2:20:3,...,1.npy", np.ascontiguousarray(stored[:sum(COUNT)][2:20:3, ..., 1]))


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">i4", "<f8"])
def test_layouts_and_filters(tmp_path, made, dtype):
    """Contiguous, chunked in odd shapes, gzip, shuffle, fletcher32, scaleoffset, and these together."""
    directory, file = start_run(tmp_path)
    layouts = {n: o for n, o in LAYOUTS.items() if n != "scaleoffset" or np.dtype(dtype).kind in "iu"}
    rng = np.random.default_rng(len(dtype))
    stored = {name: rng.integers(0, 200, (ROWS, *ENTRY)).astype(dtype) for name in layouts}

    def write(h5, path, value):
        h5.create_dataset(path, data=value, **layouts[path.rpartition("/")[2]])
    file.instrument(CAM, "data", stored, FIRST, COUNT, write=write)
    file.close()
    mount = made(directory).mount
    for name, values in stored.items():
        check(mount, name, values)


def test_compact(tmp_path, made):
    """A dataset small enough to be stored in its object header."""
    directory, file = start_run(tmp_path)
    values = ramp(ROWS, (3, 4), "<i2")

    def write(h5, path, value):
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_layout(h5py.h5d.COMPACT)
        parent, _, name = path.rpartition("/")
        dataset = h5py.h5d.create(h5.require_group(parent).id, name.encode(), h5py.h5t.STD_I16LE,
                                  h5py.h5s.create_simple(value.shape), create)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, value)
    file.instrument(CAM, "data", {"compact": values}, FIRST, COUNT, write=write)
    file.close()
    check(made(directory).mount, "compact", values)


@pytest.mark.parametrize("options", [{"chunks": (2, 37, 19)}, {"chunks": (2, 10, 19), "compression": "gzip"}, {}],
                         ids=["chunked", "gzip", "contiguous"])
@pytest.mark.parametrize("fill", [None, 7, -3])
def test_unwritten_data_is_the_fill_value(tmp_path, made, options, fill):
    """Chunks and datasets that were never written read as the dataset's fill value."""
    directory, file = start_run(tmp_path)
    values = np.full((ROWS, *ENTRY), fill or 0, "<i4")
    values[6] = ramp(1, ENTRY, "<i4")[0]

    def write(h5, path, value):
        dataset = h5.create_dataset(path, shape=value.shape, dtype=value.dtype, fillvalue=fill, **options)
        if not path.endswith("never"):
            dataset[6] = value[6]
    never = np.full((ROWS, *ENTRY), fill or 0, "<i4")
    file.instrument(CAM, "data", {"some": values, "never": never}, FIRST, COUNT, write=write)
    file.close()
    mount = made(directory).mount
    check(mount, "some", values)
    check(mount, "never", never)


def test_skipped_filters(tmp_path, made):
    """A chunk's filter mask tells which filters were not applied to it."""
    directory, file = start_run(tmp_path)
    values = np.random.default_rng(3).integers(0, 2 ** 16, (ROWS, *ENTRY)).astype("<u2")

    def write(h5, path, value):
        dataset = h5.create_dataset(path, data=value, chunks=(1, *ENTRY), compression="gzip", shuffle=True)
        for row in range(0, ROWS, 4):                       # neither shuffled nor compressed
            dataset.id.write_direct_chunk((row, 0, 0), value[row].tobytes(), filter_mask=0b11)
    file.instrument(CAM, "data", {"masked": values}, FIRST, COUNT, write=write)
    file.close()
    check(made(directory).mount, "masked", values)


def test_virtual_dataset(tmp_path, made):
    """A virtual dataset over two files beside the run; the gap between them reads as its fill value."""
    directory, file = start_run(tmp_path)
    parts = directory / "parts"
    parts.mkdir()
    values = ramp(ROWS, ENTRY, "<f4", 1)
    values[10:12] = -1
    for name, rows in (("a", slice(0, 10)), ("b", slice(12, ROWS))):
        with h5py.File(parts / f"{name}.hdf", "w") as part:
            part["x"] = values[rows]

    def write(h5, path, value):
        layout = h5py.VirtualLayout(value.shape, value.dtype)
        layout[:10] = h5py.VirtualSource("parts/a.hdf", "x", shape=(10, *ENTRY))
        layout[12:] = h5py.VirtualSource("parts/b.hdf", "x", shape=(ROWS - 12, *ENTRY))
        h5.create_virtual_dataset(path, layout, fillvalue=-1)
    file.instrument(CAM, "data", {"virtual": values}, FIRST, COUNT, write=write)
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    check(made(directory).mount, "virtual", values)


def test_virtual_dataset_without_its_source_is_an_error(tmp_path, made):
    """libhdf5 reads a missing source file as fill values without a word; the tree says EIO."""
    directory, file = start_run(tmp_path)

    def write(h5, path, value):
        layout = h5py.VirtualLayout(value.shape, value.dtype)
        layout[:] = h5py.VirtualSource("nowhere.hdf", "x", shape=value.shape)
        h5.create_virtual_dataset(path, layout, fillvalue=0)
    file.instrument(CAM, "data", {"virtual": ramp(ROWS, ENTRY)}, FIRST, COUNT, write=write)
    file.control(XGM, {"energy": ramp(5)})
    file.close()
    mount = made(directory).mount
    assert_eio(key_dir(mount, "virtual") / "array.npy")
    assert_npy(mount / "sources" / XGM / "keys" / "energy.value" / "array.npy", ramp(5))


def test_external_links(tmp_path, made):
    """A source that is an external link to a group of another file."""
    directory, file = start_run(tmp_path)
    values = ramp(ROWS, ENTRY, "<u2", 5)
    file.instrument(CAM, "data", {"linked": values}, FIRST, COUNT)
    side = directory / "side.hdf"
    with h5py.File(side, "w") as other:
        file.h5.copy(f"INSTRUMENT/{CAM}", other, "somewhere")
    del file.h5[f"INSTRUMENT/{CAM}"]
    file.h5[f"INSTRUMENT/{CAM}"] = h5py.ExternalLink("side.hdf", "/somewhere")
    file.close()
    check(made(directory).mount, "linked", values)


def test_legacy_source(tmp_path, made):
    """A source that is a soft link is a symlink in the tree, without a row in the tables."""
    directory, file = start_run(tmp_path)
    new, old = "SPB_DET_AGIPD1M-1/CORR/3CH0:output", "SPB_DET_AGIPD1M-1/DET/3CH0:xtdf"
    file.instrument(new, "image", {"data": ramp(ROWS, ENTRY, "<f4")}, FIRST, COUNT)
    for section in ("INDEX", "INSTRUMENT"):
        file.h5[f"{section}/{old}"] = h5py.SoftLink(f"/{section}/{new}")
    file.metadata.append(f"INSTRUMENT/{old}/image")
    file.close()
    mount = made(directory).mount
    check(mount, "image.data", ramp(ROWS, ENTRY, "<f4"), new)
    check(mount, "image.data", ramp(ROWS, ENTRY, "<f4"), old)
    link = mount / "sources" / old
    assert link.is_symlink() and os.path.realpath(link) == os.path.realpath(mount / "sources" / new)
    for table in ("sources.csv", "keys.csv"):
        assert new in (mount / table).read_text() and old not in (mount / table).read_text()


def assert_eio(path):
    """Reading is EIO, not silent fill values."""
    with pytest.raises(OSError) as caught:
        with open(path, "rb") as file:
            while file.read(1 << 20):
                pass
    assert caught.value.errno == errno.EIO, f"{path}: {caught.value}"


def test_filter_that_is_not_available(tmp_path, made):
    """lzf is h5py's own filter, not in libhdf5: the array has its size, reading it is EIO, info.txt names the filter;
    the key beside it is served."""
    directory, file = start_run(tmp_path)
    values = ramp(ROWS, ENTRY, "<u2") // 100        # of incompressible chunks HDF5 would store the plain bytes

    def write(h5, path, value):
        h5.create_dataset(path, data=value, **({"compression": "lzf", "chunks": (1, *ENTRY)}
                                               if path.endswith("lzf") else {}))
    file.instrument(CAM, "data", {"lzf": values, "plain": values}, FIRST, COUNT, write=write)
    file.close()
    mount = made(directory).mount
    here = key_dir(mount, "lzf")
    assert os.stat(here / "array.npy").st_size >= values.nbytes
    assert_eio(here / "array.npy")
    assert "lzf" in (here / "info.txt").read_text().lower()
    check(mount, "plain", values)


def test_what_npy_cannot_say(tmp_path, made):
    """Arrays of variable length, references and compounds with strings of variable length are no .npy;
    info.txt of the key says why, and the keys beside them are served."""
    directory, file = start_run(tmp_path)
    ragged = np.empty(5, dtype=object)
    ragged[:] = [np.arange(n, dtype="i4") for n in range(5)]

    def write(h5, path, value):
        if path.endswith("ragged"):
            h5.create_dataset(path, (5,), dtype=h5py.vlen_dtype("i4"))[...] = ragged
        elif path.endswith("reference"):
            h5.create_dataset(path, (5,), dtype=h5py.ref_dtype)[...] = [h5["INDEX"].ref] * 5
        elif path.endswith("mixed"):
            h5.create_dataset(path, (5,), dtype=np.dtype([("a", "i4"), ("s", h5py.string_dtype())]))
        else:
            h5[path] = value
    file.instrument(CAM, "data", dict.fromkeys(["ragged", "reference", "mixed", "plain"], ramp(5)), write=write)
    file.close()
    mount = made(directory).mount
    for name in ("ragged", "reference", "mixed"):
        here = key_dir(mount, name)
        assert not any(n.endswith(".npy") and n != "train_ids.npy" for n in os.listdir(here)), name
        with pytest.raises(FileNotFoundError):
            open(here / "array.npy", "rb")
        assert "npy" in (here / "info.txt").read_text(), f"info.txt of {name} does not say why there is no .npy"
    assert_npy(key_dir(mount, "plain") / "array.npy", ramp(5))


def test_array_of_many_gigabytes(tmp_path, made):
    """Offsets beyond 32 bits: the last entries of an unwritten array of 40 GB are where they belong."""
    directory, file = start_run(tmp_path)
    shape = (10000, 1000, 1000)

    def write(h5, path, value):
        dataset = h5.create_dataset(path, shape, "<f4", chunks=(1, 100, 1000))
        dataset[9999, 999, 990:] = np.arange(10)
        dataset[1074, 17] = 3.5                 # just behind 4 GiB
    file.instrument(CAM, "data", {"huge": ramp(1)}, [0, 2000, 4000, 6000, 8000], [2000] * 5, write=write)
    file.close()
    path = key_dir(made(directory).mount, "huge") / "array.npy"
    with open(path, "rb") as npy:
        dtype, got_shape, offset = npy_header(npy.read(128), path)
    assert got_shape == shape and os.stat(path).st_size == offset + 40_000_000_000
    array = np.load(path, mmap_mode="r")
    assert array[9999, 999, 989:].tolist() == [0, *range(10)] and (array[1074, 17] == 3.5).all()
    tail = subprocess.run(["tail", "-c", "40", path], capture_output=True, check=True, timeout=60).stdout
    assert tail == np.arange(10, dtype="<f4").tobytes()
