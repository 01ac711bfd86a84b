"""What large runs and large keys take: memory in proportion to what is read, not to what there is."""

import subprocess

import numpy as np
import pytest

import daq_files
from daemon import Foreground, proportional_set_size
from handmade import VLEN_BYTES, HandFile
from walks import MemoryWatch

SEQUENCES, TRAINS = 32, 4       # 512 files
MIB = 1024                      # kB


@pytest.fixture(scope="session")
def large_run(tmp_path_factory):
    """512 files, 265 sources, 128 trains."""
    directory = tmp_path_factory.mktemp("large") / "run"
    directory.mkdir()
    daq_files.write_many(directory, SEQUENCES, TRAINS)
    assert len(list(directory.glob("*.h5"))) == 512
    return directory


def read(path) -> bytes:
    """As `cat` does, in a process of its own: a mount that hangs does not take the test with it."""
    return subprocess.run(["cat", path], check=True, capture_output=True, timeout=100).stdout


class PeakOfSums(MemoryWatch):
    """The largest sum of what the daemon and the processes that work for it had at one time, shared pages once."""

    def __init__(self, mounted: Foreground):
        super().__init__(mounted.pid, seconds=0.2)
        self.mounted, self.largest, self.parts = mounted, 0, []

    def take(self):
        parts = [proportional_set_size(pid) for pid in self.mounted.processes()]
        if sum(parts) > self.largest:
            self.largest, self.parts = sum(parts), parts


def test_tables_of_512_files(large_run, foreground):
    """sources.csv, keys.csv and trains.csv of 512 files: the daemon and its workers together have less than 200 MiB
    during and after it."""
    mounted = foreground(large_run)
    peak = PeakOfSums(mounted)
    with peak:
        sources = read(mounted.point / "sources.csv")
        trains = read(mounted.point / "trains.csv")
        keys = read(mounted.point / "keys.csv")
    assert sources.count(b"\n") == 266 and trains.count(b"\n") == SEQUENCES * TRAINS + 1 and keys.count(b"\n") > 1500
    assert f"{daq_files.raw_source(3)},instrument,".encode() in sources
    assert peak.largest < 200 * MIB, (f"{peak.largest / MIB:.0f} MiB, in processes of "
                                      f"{[round(part / MIB) for part in peak.parts]} MiB")


@pytest.fixture(scope="session")
def long_key_run(tmp_path_factory):
    """One key of four million doubles, 32 MB of data and about 100 MB of text."""
    directory = tmp_path_factory.mktemp("long") / "run"
    directory.mkdir()
    trains = 1000
    file = HandFile(directory / "RAW-R0001-DA01-S00000.h5", list(range(10000, 10000 + trains)))
    values = np.random.default_rng(1).standard_normal(4_000_000)
    each = len(values) // trains
    first = [each * train for train in range(trains)]
    file.instrument("LONG/KEY/A:output", "data", {"x": values}, first=first, count=[each] * trains)
    file.close()
    return directory, values


def test_text_of_a_long_key(long_key_run, foreground):
    """`stat` and reading of a values.csv of four million doubles: the size is exact, the text is right, and neither
    takes 512 MiB."""
    run, values = long_key_run
    mounted = foreground(run)
    path = mounted.point / "sources/LONG/KEY/A:output/keys/data.x/values.csv"
    with MemoryWatch(mounted.pid) as memory:
        size = int(subprocess.run(["stat", "-c", "%s", path], check=True, capture_output=True, timeout=60).stdout)
        after_stat = memory.largest()
        text = read(path)
    assert size == len(text), f"stat says {size} bytes, {len(text)} are read"
    lines = text.split(b"\n")
    assert len(lines) == len(values) + 2 and lines[0] == b"train_id,value"
    for row in (0, 1, len(values) // 2, len(values) - 1):
        train, value = lines[row + 1].split(b",")
        assert (int(train), float(value)) == (10000 + row // 4000, values[row]), f"row {row} is {lines[row + 1]}"
    assert memory.largest() < 512, f"{after_stat:.0f} MiB after stat, {memory.largest():.0f} MiB after reading"


def write_one_long_text(directory):
    """One text of 1 MB among 2,000 rows: as a table of fixed width it would have 2 GB."""
    file = HandFile(directory / "RAW-R0001-DA01-S00000.h5", list(range(10000, 12000)))
    texts = np.array([b"short"] * 2000, dtype=object)
    texts[777] = b"x" * 1_000_000
    file.control("LONG/TEXT/A", {"state": texts},
                 write=lambda h5, path, value: h5.create_dataset(path, data=value, dtype=VLEN_BYTES))
    file.close()


def test_one_long_text(foreground, tmp_path):
    """Its tables are written all the same, within 512 MiB and what the cache of decoded blocks is allowed."""
    run = tmp_path / "run"
    run.mkdir()
    write_one_long_text(run)
    mounted = foreground(run, "--cache-size", "64M")
    source = mounted.point / "sources/LONG/TEXT/A"
    with MemoryWatch(mounted.pid) as memory:
        for path in (source / "keys/state.value/values.csv", source / "table.csv"):
            try:
                rows = read(path).decode().splitlines()
            except subprocess.CalledProcessError as error:
                pytest.fail(f"{path.name} cannot be read: {error.stderr.decode()}; log of the daemon: {mounted.log()}")
            assert len(rows) == 2001, f"{path.name} has {len(rows)} lines"
            assert rows[1] == "10000,short" and len(rows[778]) > 1_000_000, f"{path.name} begins with {rows[1][:40]}"
    assert memory.largest() < 512, f"a process took {memory.largest():.0f} MiB"
