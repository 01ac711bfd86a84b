"""Archivers and copiers that are the first to look at a run of 64 files: the tables made from all files are whole.

Tools trust the size that `stat` gives: `tar` and others store nothing of a file of size 0, and say nothing.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

import daq_files
from daemon import Foreground

TABLES = ["sources.csv", "keys.csv", "trains.csv", "export/virtual.h5"]
NAMED = ["sources.csv", "keys.csv", "trains.csv", "export"]
# Of each of the tools; together more than 20.
ROUNDS = 3


def tool(*command, **options) -> str:
    """Runs a tool; a status other than 0 is a failure."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command[0]} ended with status {done.returncode}: {done.stderr[-500:]}"
    return done.stdout


def tar(mount: Path, work: Path):
    tool("tar", "-C", mount, "-cf", work / "all.tar", *NAMED)
    tool("tar", "-C", work, "-xf", work / "all.tar")


def seven_zip(mount: Path, work: Path):
    tool("7z", "a", "-bd", "-mx=1", work / "all.7z", *NAMED, cwd=mount)
    tool("7z", "x", "-bd", work / "all.7z", cwd=work)


def cpio(mount: Path, work: Path):
    names = tool("find", *NAMED, cwd=mount)
    with open(work / "all.cpio", "wb") as archive:
        done = subprocess.run(["cpio", "-o", "-H", "newc"], input=names.encode(), stdout=archive,
                              stderr=subprocess.PIPE, cwd=mount, timeout=120)
    assert done.returncode == 0, f"cpio ended with status {done.returncode}: {done.stderr}"
    with open(work / "all.cpio", "rb") as archive:
        subprocess.run(["cpio", "-id"], stdin=archive, stderr=subprocess.DEVNULL, cwd=work, check=True, timeout=120)


def cp_archive(mount: Path, work: Path):
    tool("cp", "-a", *NAMED, work, cwd=mount)


def cp_sparse(mount: Path, work: Path):
    tool("cp", "-r", "--sparse=always", *NAMED, work, cwd=mount)


def rsync_twice(mount: Path, work: Path):
    tool("rsync", "-a", *NAMED, work, cwd=mount)
    again = tool("rsync", "-a", "--itemize-changes", *NAMED, work, cwd=mount)
    assert again == "", f"a second rsync transfers again: {again}"


def zip_archive(mount: Path, work: Path):
    tool("zip", "-q", "-1", "-r", work / "all.zip", *NAMED, cwd=mount)
    shutil.unpack_archive(work / "all.zip", work)


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """64 files, 265 sources, 128 trains."""
    directory = tmp_path_factory.mktemp("many") / "run"
    directory.mkdir()
    daq_files.write_many(directory)
    assert len(list(directory.glob("*.h5"))) == 64
    return directory


@pytest.fixture(scope="session")
def tables(run, tmp_path_factory):
    """The bytes of the tables, read at leisure."""
    mounted = Foreground(run, tmp_path_factory.mktemp("tables") / "mnt")
    try:
        read = {name: (mounted.point / name).read_bytes() for name in TABLES}
    finally:
        mounted.clean_up()
    assert read["sources.csv"].count(b"\n") == 266 and read["trains.csv"].count(b"\n") == 129
    assert read["keys.csv"].count(b"\n") > 1500 and len(read["export/virtual.h5"]) > 100_000
    return read


@contextlib.contextmanager
def busy_cores():
    """Something else keeps every core busy."""
    cores = len(os.sched_getaffinity(0))
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(cores)]
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()


@pytest.mark.parametrize("archive", [tar, seven_zip, cpio, cp_archive, cp_sparse, rsync_twice, zip_archive],
                         ids=lambda function: function.__name__)
def test_tables_are_whole(archive, run, tables, foreground, tmp_path):
    """Each time the run is freshly mounted, and the tool is the first to look at it, while all cores are busy."""
    broken = []
    with busy_cores():
        for number in range(ROUNDS):
            mounted = foreground(run, name=f"mnt{number}")
            work = tmp_path / f"work{number}"
            work.mkdir()
            archive(mounted.point, work)
            for name, expected in tables.items():
                size = (work / name).stat().st_size if (work / name).exists() else None
                if size != len(expected) or (work / name).read_bytes() != expected:
                    broken.append(f"time {number + 1}: {name} has {size} bytes of {len(expected)}")
            mounted.clean_up()
            shutil.rmtree(work)
    assert not broken, f"of {ROUNDS} times: {'; '.join(broken)}"


def test_tar_of_a_whole_run(store, mixed_truth, foreground, tmp_path):
    """tar is the first to look at a small run, and stores every byte of everything but the reports, which have no size
    before they are opened."""
    with busy_cores():
        tool("tar", "-C", foreground(store.point).point, "-cf", tmp_path / "run.tar", ".")
    with tarfile.open(tmp_path / "run.tar") as archive:
        stored = {member.name.removeprefix("./"): archive.extractfile(member).read()
                  for member in archive if member.isfile()}
    expected = {path: entry[2] for path, entry in mixed_truth.tree.items()
                if entry[0] == "file" and path not in mixed_truth.changing}
    missing = sorted(set(expected) - set(stored))
    assert not missing, f"tar has stored nothing of {len(missing)} files, such as {missing[:3]}"
    wrong = sorted(path for path, data in expected.items() if stored[path] != data)
    assert not wrong, f"tar has stored {len(wrong)} of {len(expected)} files wrongly, such as {wrong[0]} with " \
                      f"{len(stored[wrong[0]])} bytes of {len(expected[wrong[0]])}"
