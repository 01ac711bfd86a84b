"""The hostile files of hostile.tar.xz, and how they stand beside sound ones.

The archive has three folders:

- `seeds/`: sound files. `SOUND.h5` has two sources with every kind of value and storage; the `s-*.h5` were mutated:
  formats 0.5, 1.0 and 1.3, an AGIPD and a JUNGFRAU detector, the newest layouts of HDF5, virtual datasets.
- `files/`: mutants of the seeds. Each crashed libhdf5 1.10.8, kept it busy without end, or had it take gigabytes, as
  its name says; `shrunk-*` are the same with one or two changed bytes.
- `named/`: runs of one file of which it is known what is wrong:

      enumattr    an enum attribute whose size is not that of its base type
      enumsize    an enum type that says it has 2 GiB
      contaddr    a contiguous dataset at address 2^64 - 256
      vdsover     the box of a virtual dataset's source ends at 2^62 + 2^62
      pulse0      image.pulseId of shape (n, 0): odd, but sound
      pulsebig    image.pulseId of shape (10, 2^36), never written
      sp_bigelem  one element of 2 * 10^9 bytes, never written, in a file of 33 kB
      sp_meta     6 * 10^7 rows, never written, in METADATA
      sp_trains   6 * 10^7 rows, never written, in INDEX
      sp_vlen     strings of shape (10, 2^26), never written
"""

import tarfile
from pathlib import Path

import h5py
import numpy as np

import compare

ARCHIVE = Path(__file__).resolve().with_name("hostile.tar.xz")

SOUND_FILE = "RAW-R0001-DA01-S00000.h5"
# Name in the run -> seed. No two of them have a source in common.
MIXED_RUN = {SOUND_FILE: "SOUND.h5", "RAW-R0001-DA02-S00000.h5": "s-1.3.h5", "RAW-R0001-AGIPD00-S00000.h5": "s-det.h5"}
# Of the file that things happen to, in tests of a part of the run.
SPOILED_FILE, SPOILED_SOURCES = "RAW-R0001-DA02-S00000.h5", ("EVIL/CTRL/A", "EVIL/INST/B:output")

# The name of a mutant in the directory of its run; SOUND.h5 comes behind it.
MUTANT = "RAW-R0001-EVIL01-S00000.h5"
# Odd, but nothing is wrong with them: entries of image.pulseId or image.cellId are empty, as in the mutants that libhdf5
# 1.10.8 was made to crash with by a copy in chunks of no bytes. Every file of the tree can be read.
HARMLESS = {"pulse0", "crash-54592f4fc6.h5", "shrunk-54592f4fc6.h5"}


def names(folder: str) -> list[str]:
    """What is in a folder of the archive, sorted, without unpacking it."""
    with tarfile.open(ARCHIVE) as archive:
        parts = [Path(name).parts for name in archive.getnames()]
    return sorted({part[1] for part in parts if part[0] == folder and len(part) > 1})


class Corpus:
    """The archive, unpacked into a directory."""

    def __init__(self, directory: Path):
        self.directory = directory
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(directory, filter="data")

    def seed(self, name: str) -> bytes:
        return (self.directory / "seeds" / name).read_bytes()

    def mutated_seeds(self) -> dict[str, bytes]:
        """The seeds that mutants are made of, by name."""
        return {path.name: path.read_bytes() for path in sorted((self.directory / "seeds").glob("s-*.h5"))}

    def make_run(self, name: str, run: Path) -> str:
        """Writes a run of one hostile file and SOUND.h5. Returns the name of the hostile one in it.

        Args:
            name: `folder/file` of the archive.
        """
        path = self.directory / name
        if path.is_dir():
            path, = path.glob("*.h5")
            hostile = path.name
        else:
            hostile = MUTANT
        write_run(run, self.seed("SOUND.h5"), path.read_bytes(), hostile)
        return hostile


def write_run(run: Path, sound: bytes, hostile: bytes, name: str = MUTANT):
    """Writes a run of SOUND.h5 and one other file."""
    run.mkdir(parents=True)
    (run / "SOUND.h5").write_bytes(sound)
    (run / name).write_bytes(hostile)


def sound_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a sound file, as h5py reads them: path of array.npy in the tree -> values.

    The file has to have the layout of SOUND.h5: no padding, rows in the order of the trains.
    """
    arrays = {}
    with h5py.File(path) as file:
        for identifier in file["METADATA/dataSources/dataSourceId"][:]:
            section, _, place = identifier.decode().partition("/")
            if not place:
                continue
            source, group = place, ""
            if section == "INSTRUMENT":
                source, _, group = place.rpartition("/")
            rows = int(file[f"INDEX/{place}/count"][:].sum())

            def add(name, item):
                if isinstance(item, h5py.Dataset):
                    key = ".".join(filter(None, [group, name.replace("/", ".")]))
                    arrays[f"sources/{source}/keys/{key}/array.npy"] = as_shown(item[:rows])

            file[f"{section}/{place}"].visititems(add)
    return arrays


def as_shown(values: np.ndarray) -> np.ndarray:
    """Strings of variable length are bytes of the longest length in the tree."""
    return np.array(values.tolist(), "S") if values.dtype == object else values


def assert_array(data: bytes, expected: np.ndarray, path: str):
    """The bytes of an array.npy are those of the array."""
    compare.assert_same(compare.parse_npy(data, path), expected, path)
