"""Every listed file has its exact size before it is read."""

import os
import stat

import numpy as np

from compare import npy_header

READ_AT_MOST = 1 << 20
FILES_AT_MOST = 1500


def listed_files(mounted):
    """Regular files below sources/ and the top of the tree; in a large tree every n-th of them."""
    paths = []
    for base, directories, names in os.walk(mounted.mount):
        depth = len(os.path.relpath(base, mounted.mount).split(os.sep))
        if os.path.relpath(base, mounted.mount) == "trains":
            directories[:] = sorted(directories)[:1]
        if os.path.basename(base) == "trains" and depth > 1:
            names = sorted(names)[:2]
        paths += [os.path.join(base, name) for name in names]
    return paths[:: 1 + len(paths) // FILES_AT_MOST]


def test_sizes_are_exact(mounted):
    """st_size equals the bytes a reader gets; a report still being computed may have 0 until it is opened.
    Of a file too large to read, reading at its end gives the last byte and nothing behind it."""
    checked = 0
    for path in listed_files(mounted):
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            continue
        assert stat.S_ISREG(status.st_mode), path
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size if status.st_size == 0 else status.st_size
            if size <= READ_AT_MOST:
                data = file.read()
                assert len(data) == size, f"{path}: stat says {size}, reading gives {len(data)}"
            else:
                assert len(os.pread(file.fileno(), 100, size - 1)) == 1, path
                assert os.pread(file.fileno(), 100, size) == b"", path
        assert status.st_blocks * 512 <= max(1, status.st_size) * 2 + 65536, f"{path}: {status.st_blocks} blocks"
        checked += 1
    assert checked > 10


def test_every_array_is_its_header_and_its_entries(mounted):
    """The size of array.npy is that of its header and of the entries INDEX counts, not of the padded dataset."""
    for source, key, data, directory in mounted.sampled_keys(6):
        path = directory / "array.npy"
        with open(path, "rb") as file:
            start = file.read(4096)
        length = int.from_bytes(start[8:10], "little") + 10
        dtype, shape, offset = npy_header(start[:length], path)
        assert shape[0] == int(np.sum(data.data_counts(labelled=False))), path
        assert os.stat(path).st_size == offset + int(np.prod(shape, dtype=object)) * dtype.itemsize, path
