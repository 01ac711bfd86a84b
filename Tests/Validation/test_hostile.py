"""Files that are out to kill whoever reads them: XFELFS_MUTATIONS of them (200), always the same ones."""

import contextlib
import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import XFELFS, run
from extra_data.tests.mockdata import write_file
from extra_data.tests.mockdata.gauge import Gauge
from extra_data.tests.mockdata.xgm import XGM
from mount import mounted, until
from speed import write_slow_control

MUTATIONS = int(os.environ.get("XFELFS_MUTATIONS", 200))
BATCH = 100
SEED = 5


@pytest.fixture(scope="session")
def seeds(tmp_path_factory):
    """Small files, so that a random place in one is likely to matter."""
    directory = tmp_path_factory.mktemp("seeds")
    for number, version in enumerate(["0.5", "1.2"]):
        devices = [XGM("SA1_XTD2_XGM/DOOCS/MAIN"), Gauge("SA1_XTD3_VAC/GAUGE/G1")]
        write_file(str(directory / f"RAW-R0001-DA01-S{number:05}.h5"), devices, ntrains=10, chunksize=10, format_version=version)
    return [path.read_bytes() for path in sorted(directory.iterdir())]


def mutate(data, chance):
    """One of the ways in which a file goes wrong."""
    data = bytearray(data)
    kind = chance.choice(["bits", "bits", "bytes", "number", "number", "copy", "zeros", "cut"])
    if kind == "cut":
        return bytes(data[: chance.randrange(len(data))])
    for _ in range(chance.choice([1, 1, 2, 8, 64])):
        # The first kilobytes hold what everything else hangs from.
        where = chance.randrange(chance.choice([2048, 16384, len(data)]))
        if kind == "bits":
            data[where] ^= 1 << chance.randrange(8)
        elif kind == "bytes":
            data[where] = chance.randrange(256)
        elif kind == "number":
            size = chance.choice([2, 4, 8])
            value = chance.choice([0, 1, 2 ** (8 * size) - 1, 2 ** (8 * size - 1), chance.randrange(2 ** (8 * size)), len(data)])
            data[where : where + size] = value.to_bytes(8, "little")[:size]
        elif kind == "copy":
            length = chance.choice([8, 64, 512])
            source = chance.randrange(len(data))
            data[where : where + length] = data[source : source + length]
        else:
            length = chance.choice([8, 64, 512])
            data[where : where + length] = bytes(length)
    return bytes(data)


def write_batch(directory, seeds, chance, count):
    for number in range(count):
        # Replaced, not overwritten: as a run that was copied again.
        path = directory / f"RAW-R0001-DA{number:03}-S00000.h5"
        path.with_suffix(".new").write_bytes(mutate(chance.choice(seeds), chance))
        path.with_suffix(".new").rename(path)


def test_mutations(seeds, tmp_path, fuse, record_property):
    """The daemon of a mount validates batch after batch, and is as it was in the end."""
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / "SOUND.h5").write_bytes(seeds[1])
    chance = random.Random(SEED)
    crashes = problems = 0
    with mounted(directory, tmp_path / "m") as mount:
        before = None
        for start in range(0, MUTATIONS, BATCH):
            count = min(BATCH, MUTATIONS - start)
            write_batch(directory, seeds, chance, count)
            found = json.loads((mount / "validation.json").read_text())
            assert found["files"] == len(list(directory.glob("*.h5")))
            assert not [p for p in found["problems"] if p["attributes"].get("file", "").endswith("SOUND.h5")
                        and p["attributes"].get("check") != "duplicate_trains"]
            crashes += sum(p["attributes"].get("check") == "reader" for p in found["problems"])
            problems += found["problem_count"]
            # Children go when the last file is done; threads shortly after.
            assert until(lambda: not mount.children), mount.children
            if start == BATCH:
                assert until(lambda: mount.threads < 30)
                before = mount.memory, mount.descriptors
        assert problems > MUTATIONS / 4
        assert (mount / "trains.csv").read_text().count("\n") == 11
        if before:
            memory, descriptors = before
            assert until(lambda: mount.descriptors <= descriptors), (mount.descriptors, descriptors)
            assert mount.memory < memory + 16, (mount.memory, memory)
        print(f"{MUTATIONS} files, {problems} problems, {crashes} readers died, memory {before} -> {mount.memory:.1f} MB")


def test_every_length(seeds, tmp_path):
    """A file cut at every length: by strides, but everywhere in the first kilobyte."""
    data = seeds[1]
    lengths = [*range(0, 1024, 8), *range(1024, len(data), len(data) // 100)]
    for length in lengths:
        (tmp_path / f"cut-{length:08}.h5").write_bytes(data[:length])
    done = run("validate", "--json", tmp_path)
    found = json.loads(done.stdout)
    assert found["files"] == len(lengths)
    # Each costs itself: one problem a file, and that no file could be used.
    assert len([p for p in found["problems"] if "file" in p["attributes"]]) == len(lengths)


def reader_of(client, name):
    """The child of a validation that has a file open; None where it has none (yet)."""
    for task in os.listdir(f"/proc/{client}/task"):
        with contextlib.suppress(FileNotFoundError):
            for child in Path(f"/proc/{client}/task/{task}/children").read_text().split():
                if any(os.path.basename(os.readlink(link)) == name for link in Path(f"/proc/{child}/fd").iterdir()):
                    return int(child)
    return None


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_reader_that_is_killed(number, seeds, tmp_path):
    """A signal while a file is read is that file's problem; the next files are read by another process."""
    write_slow_control(tmp_path / "0-slow.h5", 0)
    for other in range(1, 6):
        (tmp_path / f"{other}.h5").write_bytes(seeds[1])
    command = [XFELFS, "validate", "--json", "--skip", "duplicate_trains", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
        assert until(lambda: reader_of(client.pid, "0-slow.h5"))
        os.kill(reader_of(client.pid, "0-slow.h5"), number)
        found = json.loads(client.communicate(timeout=60)[0])
    assert client.returncode == 1
    assert found["problems"] == [
        {
            "message": "Could not open HDF5 file",
            "attributes": {
                "check": "reader",
                "file": str(tmp_path / "0-slow.h5"),
                "error": f"the process that read it crashed (signal {int(number)}, {signal.strsignal(number)})",
            },
        }
    ]
