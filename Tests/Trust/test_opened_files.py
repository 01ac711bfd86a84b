"""Which HDF5 files are opened, and when: seen by strace. With a map of the files hardly any, one on tape never."""

import contextlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import extra_data
import pytest

import daq_files
import product
from daemon import Foreground
from handmade import HandFile, ramp
from walks import walk

SEQUENCES, TRAINS = 2, 4
# Of SEQUENCES files each: these are the only ones with the source.
CONTROL, CONTROL_FILES = "SPB_DEV_03/MOTOR/M033", {f"RAW-R0001-DA01-S{n:05}.h5" for n in range(SEQUENCES)}
MODULE, MODULE_FILES = daq_files.raw_source(7), {f"RAW-R0001-AGIPD07-S{n:05}.h5" for n in range(SEQUENCES)}
OPENED = re.compile(r'^(?:\d+\s+)?(?:openat|open|openat2)\((?:[^"]*)"([^"]*\.h5)"', re.M)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory):
    """32 files, 265 sources, 8 trains, and EXtra-data's map of the files."""
    directory = tmp_path_factory.mktemp("opened") / "run"
    directory.mkdir()
    daq_files.write_many(directory, SEQUENCES, TRAINS)
    extra_data.RunDirectory(str(directory), parallelize=False)
    entries = json.loads((directory / "karabo_data_map.json").read_text())
    assert len(entries) == 16 * SEQUENCES, f"EXtra-data has mapped {len(entries)} files"
    return directory


class Traced:
    """A mount whose daemon, with all its processes, runs under strace."""

    def __init__(self, run: Path, work: Path, *options):
        self.run, self.trace = run, work / "trace"
        command = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2", "-e", "signal=none",
                   "-o", self.trace]
        self.mounted = Foreground(run, work / "mnt", *options, prefix=command, patience=60)
        self.point = self.mounted.point

    def opened(self) -> set[str]:
        """The names of the HDF5 files of the run that were opened so far, or tried to be."""
        paths = OPENED.findall(self.trace.read_text())
        return {os.path.basename(path) for path in paths if os.path.dirname(path) in ("", str(self.run))}


@pytest.fixture
def traced(tmp_path):
    """A function that mounts a run under strace; unmounted after the test."""
    with contextlib.ExitStack() as stack:
        def start(run, *options) -> Traced:
            made = Traced(run, tmp_path, *options)
            stack.callback(made.mounted.clean_up)
            stack.callback(product.xfelfs, "umount", made.point)
            return made
        yield start


def ls(*paths) -> str:
    done = subprocess.run(["ls", "-l", *map(str, paths)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"ls -l of {paths} failed: {done.stderr}"
    return done.stdout


def test_strace_sees_the_processes_of_the_daemon(made_run, traced):
    """What the other tests here stand on: reading an array opens its files, and it is seen."""
    mount = traced(made_run)
    assert (mount.point / "sources" / CONTROL / "keys/speed.value/array.npy").read_bytes()
    assert CONTROL_FILES <= mount.opened(), f"strace has seen {mount.opened() or 'no HDF5 file'}, not {CONTROL_FILES}"


def test_mount_and_listings_open_nothing(made_run, traced):
    """With a valid map of the files neither a mount nor `ls -l` of sources, trains and a train opens an HDF5 file."""
    mount = traced(made_run)
    assert not mount.opened(), f"the mount opened {sorted(mount.opened())}"
    train = mount.point / "trains" / str(daq_files.FIRST_TRAIN)
    for path in (mount.point / "sources", mount.point / "sources/SPB_DEV_03/MOTOR", mount.point / "trains", train,
                 train / "SPB_DEV_03/MOTOR"):
        assert len(ls(path).splitlines()) > 1, f"ls -l {path} shows nothing"
        assert not mount.opened(), f"ls -l {path} opened {sorted(mount.opened())}"


@pytest.mark.parametrize("source, files", [(CONTROL, CONTROL_FILES), (MODULE, MODULE_FILES)],
                         ids=["control", "instrument"])
def test_listing_a_source_opens_its_files(source, files, made_run, traced):
    """`ls -l` of a source, of its keys, and of it in a train opens no files but those that have the source."""
    mount = traced(made_run)
    directory = mount.point / "sources" / source
    for path in (directory, directory / "keys", mount.point / "trains" / str(daq_files.FIRST_TRAIN) / source):
        assert len(ls(path).splitlines()) > 1, f"ls -l {path} shows nothing"
        others = mount.opened() - files
        assert not others, f"ls -l {path} opened {len(others)} files that do not have the source: {sorted(others)[:5]}"


def magic(path: Path) -> Path:
    """What dCache answers when it is asked where a file is."""
    return path.with_name(f".(get)({path.name})(locality)")


@pytest.fixture
def tape_run(made_run, tmp_path):
    """A copy of the run with a valid map, of which a file of a module and one of the controls are on tape."""
    directory = tmp_path / "run"
    shutil.copytree(made_run, directory)
    on_tape = {sorted(MODULE_FILES)[0], sorted(CONTROL_FILES)[1]}
    for name in on_tape:
        magic(directory / name).write_text("NEARLINE")
    return directory, on_tape


def test_nothing_opens_what_is_on_tape(tape_run, traced):
    """Not `ls -l export`, not a walk through everything with all of it read: that is an error."""
    run, on_tape = tape_run
    mount = traced(run)
    # What cannot be made without the file may be an error here.
    subprocess.run(["ls", "-l", str(mount.point / "export")], capture_output=True, timeout=60)
    assert not mount.opened() & on_tape, f"ls -l export opened {sorted(mount.opened() & on_tape)}, which is on tape"
    for name in ("sources.csv", "keys.csv", "trains.csv", "info.txt", "validation.txt", "locality.txt"):
        with contextlib.suppress(OSError):
            (mount.point / name).read_bytes()
        assert not mount.opened() & on_tape, f"{name} opened {sorted(mount.opened() & on_tape)}, which is on tape"
    detectors = walk(mount.point / "detectors", patience=100, limit=65536)
    sources = walk(mount.point / "sources" / CONTROL, limit=65536)
    train = walk(mount.point / "trains" / str(daq_files.FIRST_TRAIN) / MODULE, limit=65536)
    assert not mount.opened() & on_tape, f"a walk opened {sorted(mount.opened() & on_tape)}, which is on tape"
    assert CONTROL_FILES - on_tape <= mount.opened(), "the walk did not open the files that are on disk either"
    failed = {path for found in (detectors, sources, train) for _, path, _ in found.errors}
    assert failed, "nothing was an error, though a file of two of each source is on tape"


def test_mount_without_a_map_leaves_tape_alone(tmp_path, traced):
    """A file that is on tape, and that no map tells anything of, is left out or the mount fails: it is not fetched."""
    run = tmp_path / "run"
    run.mkdir()
    for name, source in (("RAW-R0001-DA01-S00000.h5", "A/DISK/X"), ("RAW-R0001-DA02-S00000.h5", "A/TAPE/X")):
        file = HandFile(run / name, list(range(10000, 10005)))
        file.control(source, {"energy": ramp(5)})
        file.close()
    magic(run / "RAW-R0001-DA02-S00000.h5").write_text("NEARLINE")
    mount = traced(run, "--locality", "ondisk")
    walk(mount.point)
    assert mount.opened() == {"RAW-R0001-DA01-S00000.h5"}, f"opened were {sorted(mount.opened())}"
