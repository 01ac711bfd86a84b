"""Runs of the European XFEL's format as the data acquisition writes them: modules, sources, sequences."""

import shutil
from pathlib import Path

import h5py
import numpy as np

DETECTOR = "SPB_DET_AGIPD1M-1"
FIRST_TRAIN = 10000
FRAMES = 16          # frames of one train
FRAME = (512, 128)


def raw_source(module: int) -> str:
    return f"{DETECTOR}/DET/{module}CH0:xtdf"


class DataFile:
    """One HDF5 file of a run. As the DAQ does, INDEX has one element in a chunk."""

    def __init__(self, path: Path, trains: np.ndarray, index_chunk: int = 1):
        self.file = h5py.File(path, "w", libver=("earliest", "v110"))
        self.trains, self.index_chunk, self.ids = trains, index_chunk, []
        self.sequence = int(path.stem.rpartition("S")[2])

    def index(self, name: str, values):
        values = np.ascontiguousarray(values)
        self.file.create_dataset(f"INDEX/{name}", data=values, maxshape=(None,), chunks=(self.index_chunk,))

    def control(self, source: str, keys: dict):
        """A control source: one value per key and train."""
        count = len(self.trains)
        self.index(f"{source}/first", np.arange(count, dtype="u8"))
        self.index(f"{source}/count", np.ones(count, "u8"))
        for key, values in keys.items():
            for name, data in (("value", values), ("timestamp", self.trains * 10**8)):
                self.file.create_dataset(f"CONTROL/{source}/{key}/{name}", data=data, maxshape=(None,), chunks=(512,))
                self.file.create_dataset(f"RUN/{source}/{key}/{name}", data=data[:1])
        self.ids.append(f"CONTROL/{source}")

    def instrument(self, source: str, group: str, per_train: int) -> h5py.Group:
        """An instrument source with its train ids; the caller adds the data to what is returned."""
        count = len(self.trains)
        self.index(f"{source}/{group}/first", np.arange(count, dtype="u8") * per_train)
        self.index(f"{source}/{group}/count", np.full(count, per_train, "u8"))
        made = self.file.create_group(f"INSTRUMENT/{source}/{group}")
        made["trainId"] = np.repeat(self.trains, per_train)
        self.ids.append(f"INSTRUMENT/{source}/{group}")
        return made

    def image(self, source: str) -> h5py.Group:
        group = self.instrument(source, "image", FRAMES)
        pulses = np.tile(np.arange(FRAMES), len(self.trains))
        group["pulseId"], group["cellId"] = pulses.astype("u8"), pulses.astype("u2")
        return group

    def close(self):
        file, count = self.file, len(self.trains)
        self.index("trainId", self.trains)
        self.index("timestamp", 1_700_000_000_000_000_000 + (self.trains - FIRST_TRAIN) * 10**8)
        self.index("flag", np.ones(count, "i4"))
        self.index("origin", np.full(count, -1, "i4"))
        text = h5py.special_dtype(vlen=bytes)
        for name, values in (("dataSourceId", self.ids), ("root", [i.split("/", 1)[0] for i in self.ids]),
                             ("deviceId", [i.split("/", 1)[1] for i in self.ids])):
            file.create_dataset(f"METADATA/dataSources/{name}", data=[v.encode() for v in values], dtype=text)
        file["METADATA/dataFormatVersion"] = [b"1.2"]
        file["METADATA/proposalNumber"], file["METADATA/runNumber"] = np.array([700000], "u4"), np.array([1], "u4")
        file["METADATA/sequenceNumber"] = np.array([self.sequence], "u4")
        for name in ("creationDate", "updateDate"):
            file[f"METADATA/{name}"] = [b"20260101T000000Z"]
        file.require_group("RUN")
        file.close()


def trains(count: int, first: int = FIRST_TRAIN) -> np.ndarray:
    return np.arange(first, first + count, dtype="u8")


def write_many(run: Path, sequences: int = 4, count: int = 32):
    """A run to open: 15 modules and 250 control sources, 16 files in each sequence of `count` trains."""
    first = []
    for module in range(15):
        first.append(run / f"RAW-R0001-AGIPD{module:02}-S00000.h5")
        file = DataFile(first[-1], trains(count))
        file.image(raw_source(module)).create_dataset(
            "data", (count * FRAMES, 2, *FRAME), "<u2", chunks=(1, 2, *FRAME), maxshape=(None, 2, *FRAME))
        file.close()
    first.append(run / "RAW-R0001-DA01-S00000.h5")
    file = DataFile(first[-1], trains(count))
    for number in range(250):
        file.control(f"SPB_DEV_{number // 10:02}/MOTOR/M{number:03}",
                     {key: np.arange(count, dtype="f8") for key in ("actualPosition", "targetPosition", "speed")})
    file.close()
    for sequence in range(1, sequences):
        for path in first:
            write_later_sequence(path, sequence, count)


def write_later_sequence(path: Path, sequence: int, count: int):
    """The file of another sequence of `count` trains, from that of sequence 0: all as there, but the trains."""
    later = path.with_name(path.name.replace("S00000", f"S{sequence:05}"))
    shutil.copyfile(path, later)
    with h5py.File(later, "r+") as file:
        file["INDEX/trainId"][:] += np.uint64(sequence * count)
        file["INDEX/timestamp"][:] += np.uint64(sequence * count * 10**8)
        file["METADATA/sequenceNumber"][:] = sequence
        for source in file.get("INSTRUMENT", {}).values():
            source.visititems(lambda name, item: shift_trains(name, item, sequence * count))


def shift_trains(name: str, item, by: int):
    if name.endswith("/trainId"):
        item[:] += np.uint64(by)
