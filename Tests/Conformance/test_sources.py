"""sources/<source>/: its place in the tree, its counts, its table, its values at the start of the run."""

import os

import numpy as np

import oracle
from compare import assert_texts, read_csv

SOURCE_FILES = {"info.txt", "counts.csv", "keys"}


def test_every_source_is_a_directory(mounted):
    """sources/$SOURCE is a directory for any source name, with one directory per key in keys/."""
    for source in mounted.sources:
        directory = mounted.source_dir(source)
        names = set(os.listdir(directory))
        assert SOURCE_FILES <= names, f"{source} has only {sorted(names)}"
        assert ("run.csv" in names) <= mounted.run[source].is_control
        assert set(os.listdir(directory / "keys")) == set(mounted.run[source].keys()), source


def test_nothing_else_below_sources(mounted):
    """Walking sources/ finds the sources, the directories on the way to them, and no others."""
    found = set()
    for base, directories, files in os.walk(mounted.mount / "sources"):
        if "counts.csv" in files:
            found.add(os.path.relpath(base, mounted.mount / "sources"))
            directories[:] = [d for d in directories if d != "keys"]
    assert found == set(mounted.sources)


def test_legacy_names_are_symlinks(mounted):
    """A legacy name is a symlink to its source; of runs without legacy names there are no symlinks."""
    links = {}
    for base, directories, _ in os.walk(mounted.mount / "sources"):
        directories[:] = [d for d in directories if d != "keys"]
        for name in directories:
            path = os.path.join(base, name)
            if os.path.islink(path):
                links[os.path.relpath(path, mounted.mount / "sources")] = os.path.realpath(path)
    expected = {old: os.path.realpath(mounted.source_dir(new)) for old, new in mounted.run.legacy_sources.items()}
    assert links == expected


def test_counts(mounted):
    """counts.csv: every train of the run, one column per index group in sorted order (`count` of a control source)."""
    for source in mounted.sources:
        data = mounted.run[source]
        groups = sorted(data.index_groups)
        expected = [["train_id", *(["count"] if data.is_control else groups)]]
        columns = [data.data_counts(labelled=False, index_group=group) for group in groups]
        expected += [[str(train), *(str(column[row]) for column in columns)]
                     for row, train in enumerate(mounted.train_ids)]
        assert read_csv(mounted.source_dir(source) / "counts.csv") == expected, source


def test_table(mounted):
    """table.csv: the scalar keys with at most one entry in any train, for trains with data, as get_dataframe."""
    for source in mounted.sources:
        data = mounted.keys_of(source)
        columns = oracle.frame_columns(data)
        path = mounted.source_dir(source) / "table.csv"
        if not columns:
            assert not path.exists() or read_csv(path) == [["train_id"]], f"{source} has nothing to put in a table"
            continue
        header, *rows = read_csv(path)
        assert header == ["train_id", *columns], source
        trains = sorted({int(t) for key in columns for t in data[key].train_id_coordinates()})
        assert [row[0] for row in rows] == [str(t) for t in trains], source
        for place, key in enumerate(columns, start=1):
            present = set(data[key].train_id_coordinates().tolist())
            texts = [row[place] for row in rows if int(row[0]) in present]
            assert_texts(texts, oracle.ndarray(data[key]), f"{source} table.csv column {key}")
            assert all(row[place] == "" for row in rows if int(row[0]) not in present), f"{source} {key}"


def test_run_values(mounted):
    """run.csv: what run_values(inc_timestamps=False) gives; the form of array values is left open."""
    for source in mounted.sources:
        data = mounted.run[source]
        if not data.is_control:
            continue
        header, *rows = read_csv(mounted.source_dir(source) / "run.csv")
        assert header == ["key", "value"]
        got = dict(rows)
        assert len(got) == len(rows), f"{source}: a key has two rows in run.csv"
        expected = data.run_values(inc_timestamps=False)
        assert set(got) == set(expected), source
        for key, value in expected.items():
            if np.ndim(value) == 0:
                value = np.array([value.encode("utf8", "surrogateescape") if isinstance(value, str) else value])
                assert_texts([got[key]], value, f"{source} run.csv {key}")


def test_source_info(mounted):
    """info.txt of a source names its kind, its aggregator and each of its keys."""
    for source in mounted.sources:
        data = mounted.run[source]
        text = (mounted.source_dir(source) / "info.txt").read_text()
        assert ("control" if data.is_control else "instrument") in text.lower(), source
        assert not data.aggregator or data.aggregator in text, source
        missing = [key for key in data.keys() if key not in text]
        assert not missing, f"{source}: info.txt does not name {missing[:5]}"
