"""Two HDF5 files, object by object: links, shapes, types, fill values, attributes, values, and where virtual data lie."""

import h5py
import numpy as np


def links(group, prefix="") -> dict:
    """Path -> what the link at it is; soft links are not followed."""
    found = {}
    for name in group:
        link = group.get(name, getlink=True)
        path = f"{prefix}/{name}"
        if isinstance(link, h5py.SoftLink):
            found[path] = ("soft", link.path)
        else:
            item = group[name]
            found[path] = ("dataset" if isinstance(item, h5py.Dataset) else "group", None)
            if isinstance(item, h5py.Group):
                found.update(links(item, path))
    return found


def attributes(item) -> dict:
    return {name: (item.attrs.get_id(name).dtype, item.attrs.get_id(name).shape, np.asarray(item.attrs[name]).tolist())
            for name in item.attrs}


def blocks(dataset) -> list:
    """Where each row of a virtual dataset comes from: mappings may be cut at other places and say the same."""
    found = []
    for part in dataset.virtual_sources():
        start, end = part.vspace.get_select_bounds()
        source_start, source_end = part.src_space.get_select_bounds()
        rows = source_end[0] - source_start[0] + 1
        each = (end[0] - start[0] + 1) // rows
        assert each * rows == end[0] - start[0] + 1
        for row in range(rows):
            found.append((part.file_name, part.dset_name, source_start[0] + row, source_start[1:],
                          source_end[1:], start[0] + row * each, each, start[1:], end[1:]))
    return sorted(found)


def assert_equal(got: h5py.File, expected: h5py.File, ignore=(), extents=True):
    """`ignore`: attributes of the root that may differ."""
    assert links(got) == links(expected)
    got_root, expected_root = attributes(got), attributes(expected)
    for name in ignore:
        got_root.pop(name), expected_root.pop(name)
    assert got_root == expected_root
    for path, (kind, _) in links(expected).items():
        if kind == "soft":
            continue
        one, other = got[path], expected[path]
        assert attributes(one) == attributes(other), path
        if kind == "group":
            continue
        assert (one.shape, one.dtype) == (other.shape, other.dtype), path
        assert h5py.check_string_dtype(one.dtype) == h5py.check_string_dtype(other.dtype), path
        assert one.is_virtual == other.is_virtual, path
        np.testing.assert_array_equal(one.fillvalue, other.fillvalue, err_msg=path)
        if one.is_virtual:
            assert blocks(one) == blocks(other), path
        # libhdf5 reads such a virtual dataset with 20 MB/s: of a large one the ends, its mappings having been compared.
        for rows in ([()] if one.nbytes < 1 << 24 else [slice(0, 1), slice(-1, None)]):
            np.testing.assert_array_equal(one[rows], other[rows], err_msg=path)
