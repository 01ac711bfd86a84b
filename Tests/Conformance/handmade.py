"""Small runs written by hand, with the arrays the tree has to show known without any reader.

A `HandFile` writes one EXDF file. The run's contents are then worked out from what was written, by the rules
of TREE.md and nothing else: each row of INDEX at its own position, the first file in order of name counts for a
train, a train whose index points past the data has none.
"""

from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

VLEN_BYTES = h5py.special_dtype(vlen=bytes)


@dataclass
class Group:
    """One index group of one source in one file: the datasets, and first and count of each row of INDEX."""
    source: str
    name: str                   # '' for a control source
    data: dict                  # key as EXtra-data writes it -> array as the tree shows it
    first: list
    count: list


@dataclass
class HandFile:
    path: Path
    train_ids: list             # INDEX/trainId as stored, zeros included
    version: str = "1.2"
    flags: list | None = None
    timestamps: list | None = None
    userblock: int = 0
    groups: list = field(default_factory=list)
    metadata: list = field(default_factory=list)

    def __post_init__(self):
        self.h5 = h5py.File(self.path, "w", userblock_size=self.userblock)
        rows = len(self.train_ids)
        self.h5["INDEX/trainId"] = np.array(self.train_ids, "u8")
        self.h5.create_group("RUN")
        if self.version != "0.5":
            good = 0 if self.version == "1.1" else 1
            self.h5["INDEX/flag"] = np.array(self.flags or [good] * rows, "i4")
            stamps = self.timestamps or [1_700_000_000_000_000_000 + 100_000_000 * i + 7 for i in range(rows)]
            self.h5["INDEX/timestamp"] = np.array(stamps, "u8")
        if self.version >= "1.2":
            self.h5["INDEX/origin"] = np.full(rows, -1, "i4")

    def _index(self, path, first, count, style):
        first, count = np.array(first, "u8"), np.array(count, "u8")
        self.h5[f"INDEX/{path}/first"] = first
        if style == "count":
            self.h5[f"INDEX/{path}/count"] = count
        else:                   # the oldest files: last = first + count - 1, status 0 where nothing was recorded
            last = first + np.maximum(count, 1) - np.uint64(1)
            self.h5[f"INDEX/{path}/last"] = last
            self.h5[f"INDEX/{path}/status"] = (count > 0).astype("u4")

    def _add(self, section, source, name, data, first, count, style, write):
        rows = len(self.train_ids)
        first = list(range(rows)) if first is None else first
        count = [1] * rows if count is None else count
        self._index(f"{source}/{name}" if name else source, first, count, style)
        shown = {}
        for key, value in data.items():
            path = f"{section}/{source}/{key.replace('.', '/')}"
            if callable(write):
                write(self.h5, path, value)
            else:
                self.h5.create_dataset(path, data=value, **(write or {}))
            shown[key] = np.asarray(value)
        self.groups.append(Group(source, name, shown, list(first), list(count)))
        self.metadata.append(f"{section}/{source}/{name}" if name else f"{section}/{source}")

    def control(self, source, data, first=None, count=None, style="count", write=None):
        """A control source; `data` maps property -> values, stored under <property>/value beside a timestamp."""
        pairs = {}
        for key, value in data.items():
            pairs[f"{key}.value"] = value
        self._add("CONTROL", source, "", pairs, first, count, style, write)
        for key, value in data.items():
            stamps = np.arange(len(value), dtype="u8") + 10 ** 18
            path = key.replace(".", "/")
            self.h5[f"CONTROL/{source}/{path}/timestamp"] = stamps
            self.groups[-1].data[f"{key}.timestamp"] = stamps
            if len(value):
                kept = np.asarray(value)[:1]
                self.h5.create_dataset(f"RUN/{source}/{path}/value", data=kept,
                                       dtype=VLEN_BYTES if kept.dtype == object else None)

    def instrument(self, source, name, data, first=None, count=None, style="count", write=None):
        """One index group of an instrument source; `data` maps the rest of the key -> values."""
        self._add("INSTRUMENT", source, name, {f"{name}.{key}": value for key, value in data.items()},
                  first, count, style, write)

    def close(self):
        nested = "" if self.version == "0.5" else "dataSources/"
        sources = [*self.metadata, "", ""]          # padded, as the DAQ does
        for name, values in (("dataSourceId", sources), ("root", [s.partition("/")[0] for s in sources]),
                             ("deviceId", [s.partition("/")[2] for s in sources])):
            self.h5.create_dataset(f"METADATA/{nested}{name}", data=[v.encode() for v in values], dtype=VLEN_BYTES)
        if self.version != "0.5":
            self.h5.create_dataset("METADATA/dataFormatVersion", data=[self.version.encode()], dtype=VLEN_BYTES)
            for name, number in (("proposalNumber", 700000), ("runNumber", 1), ("sequenceNumber", 0)):
                self.h5[f"METADATA/{name}"] = np.array([number], "u4")
        self.h5.close()


class Expected:
    """What the tree shows of files written by HandFile, given in order of name."""

    def __init__(self, files: list[HandFile]):
        self.train_ids = sorted({t for file in files for t in file.train_ids if t})
        self.entries: dict[tuple[str, str], dict[int, np.ndarray]] = {}
        self.empty: dict[tuple[str, str], np.ndarray] = {}
        seen: dict[str, set] = {}
        for file in files:
            new = {}
            for group in file.groups:
                for key, data in group.data.items():
                    self._add(file, group, key, data, seen.get(group.source, set()))
                new[group.source] = {t for t in file.train_ids if t}
            for source, trains in new.items():
                seen.setdefault(source, set()).update(trains)

    def _add(self, file, group, key, data, taken):
        entries = self.entries.setdefault((group.source, key), {})
        self.empty.setdefault((group.source, key), data[:0])
        done = set()
        for train, first, count in zip(file.train_ids, group.first, group.count):
            if train == 0 or train in taken or train in done:
                continue
            done.add(train)
            if first + count > len(data):
                count = 0
            entries[train] = data[first:first + count]

    def keys(self):
        return sorted(self.entries)

    def train(self, source, key, train) -> np.ndarray:
        return self.entries[source, key].get(train, self.empty[source, key])

    def counts(self, source, key) -> list[int]:
        return [len(self.train(source, key, train)) for train in self.train_ids]

    def array(self, source, key) -> np.ndarray:
        """All entries in ascending order of train id. (np.concatenate would lose the byte order.)"""
        empty = self.empty[source, key]
        out = np.empty((sum(self.counts(source, key)), *empty.shape[1:]), empty.dtype)
        start = 0
        for train in self.train_ids:
            part = self.train(source, key, train)
            out[start:start + len(part)] = part
            start += len(part)
        return out

    def coordinates(self, source, key) -> np.ndarray:
        return np.repeat(np.array(self.train_ids, "u8"), self.counts(source, key))


def ramp(rows, entry=(), dtype="f4", start=0) -> np.ndarray:
    """Distinct values in every place."""
    return (np.arange(rows * int(np.prod(entry, dtype=int)), dtype="i8") + start).reshape(rows, *entry).astype(dtype)
