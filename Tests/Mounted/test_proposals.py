"""A proposal, or a directory of runs, in one mount: runs are opened when asked for, and one that is broken costs itself."""

import csv
import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from extra_data import RunDirectory

import product
from cases_index import XGM, one
from handmade import ramp
from product import xfelfs
from users import User, require_root

ENERGY = f"sources/{XGM}/keys/energy.value/array.npy"


def write_run(directory: Path, start: int, first_train: int = 10000):
    directory.mkdir(parents=True)
    file = one(directory, range(first_train, first_train + 5), "RAW-R0001-DA01-S00000.h5")
    file.control(XGM, {"energy": ramp(5, start=start)})
    file.close()


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """$EXTRA_DATA_DATA_ROOT with one proposal of three runs, of which one has corrected data too."""
    root = tmp_path / "exp"
    proposal = root / "SPB" / "202301" / "p002012"
    for number in (1, 2, 42):
        write_run(proposal / "raw" / f"r{number:04}", 10 * number, 10000 + 100 * number)
    write_run(proposal / "proc" / "r0042", 1000, 14200)
    (proposal / "usr").mkdir()
    (proposal / "scratch").mkdir()
    monkeypatch.setenv("EXTRA_DATA_DATA_ROOT", str(root))
    return root


@pytest.fixture
def proposal(root) -> Path:
    return root / "SPB" / "202301" / "p002012"


def energy(directory: Path):
    return np.load(directory / ENERGY)


def expected(run: Path):
    return RunDirectory(str(run))[XGM, "energy"].ndarray()


def test_what_is_in_a_proposal(proposal, tmp_path):
    with product.mounted("p2012", tmp_path / "mnt") as mnt:
        assert sorted(os.listdir(mnt)) == ["README.txt", "all", "info.txt", "proc", "raw", "runs.csv"]
        assert os.listdir(mnt / "raw") == ["r0001", "r0002", "r0042"]
        assert os.listdir(mnt / "proc") == ["r0042"]
        assert os.listdir(mnt / "all") == ["r0001", "r0002", "r0042"]
        for number in (1, 2, 42):
            run = f"r{number:04}"
            assert np.array_equal(energy(mnt / "raw" / run), expected(proposal / "raw" / run))
        assert np.array_equal(energy(mnt / "proc/r0042"), expected(proposal / "proc/r0042"))
        # The tree of a run is the one that it has alone.
        with product.mounted(proposal / "raw/r0042", tmp_path / "run") as run:
            names = subprocess.check_output(["find", ".", "-printf", "%y %s %P\n"], cwd=run, text=True)
            inside = subprocess.check_output(["find", ".", "-printf", "%y %s %P\n"], cwd=mnt / "raw/r0042", text=True)
            made = (".json", "README.txt", "validation.txt", "locality.txt", "info.txt", "virtual.h5", ".csv")
            lines = [{line for line in text.splitlines() if not line.endswith(made)} for text in (names, inside)]
            assert lines[0] == lines[1] and len(lines[0]) > 30


def test_forms_of_a_source(root, proposal):
    def top(source):
        result = xfelfs("ls", source)
        assert result.returncode == 0, result.stderr
        return result.stdout.split()
    runs = top(proposal / "raw")
    assert runs == ["README.txt", "info.txt", "runs.csv", "r0001", "r0002", "r0042"]
    for source in ("p2012", "p002012", "2012", "002012", proposal, f"{proposal}/"):
        assert top(source) == ["README.txt", "info.txt", "runs.csv", "proc", "raw", "all"], source
    for source in ("p2012/r42", "p002012/r0042", "2012/42", "p2012/42/raw", proposal / "raw" / "r0042"):
        result = xfelfs("cat", source, ENERGY, text=False)
        assert result.stdout[-20:] == expected(proposal / "raw/r0042").tobytes(), source
    assert xfelfs("cat", "p2012/r42/proc", ENERGY, text=False).stdout[-20:] == \
        expected(proposal / "proc/r0042").tobytes()
    assert xfelfs("cat", "p2012", f"raw/r0002/{ENERGY}", text=False).stdout[-20:] == \
        expected(proposal / "raw/r0002").tobytes()


def test_a_path_of_that_name_comes_first(root, proposal, tmp_path):
    write_run(tmp_path / "here" / "p2012", 77)
    result = xfelfs("cat", "p2012", ENERGY, text=False, cwd=tmp_path / "here")
    assert result.stdout[-20:] == expected(tmp_path / "here" / "p2012").tobytes()


@pytest.mark.parametrize("source, words", [
    ("p2013", "no proposal p002013"), ("p2012/r99", "r0099"), ("p2012/r42/red", "red/r0042"),
    ("p2012/x", "No such file"), ("nothing", "No such file"), ("p2012/r1/../r2", "No such file"), ("", "No such file"),
])
def test_sources_that_are_not_there(root, source, words):
    result = xfelfs("ls", source)
    assert result.returncode == 1 and result.stdout == ""
    assert words in result.stderr and result.stderr.count("\n") == 1


def test_runs_csv_and_info(proposal, tmp_path):
    with product.mounted(proposal, tmp_path / "mnt") as mnt:
        rows = list(csv.DictReader(open(mnt / "runs.csv")))
        assert [(row["data"], row["run"]) for row in rows] == \
            [("proc", "r0042"), ("raw", "r0001"), ("raw", "r0002"), ("raw", "r0042")]
        for row in rows:
            files = list((proposal / row["data"] / row["run"]).glob("*.h5"))
            assert int(row["files"]) == len(files) == 1
            assert int(row["bytes"]) == files[0].stat().st_size
            newest = np.datetime64(files[0].stat().st_mtime_ns, "ns")
            assert np.datetime64(row["modified"].removesuffix("Z")) == newest
        info = (mnt / "info.txt").read_text()
        assert info.startswith("p002012 : Proposal directory\n\np002012/proc/\n  r0042 : Run of    5 trains, ")
        # Of raw/ the lines are those of lsxfel, which looks at nothing else.
        lsxfel = Path(os.sys.executable).with_name("lsxfel")
        text = subprocess.check_output([lsxfel, proposal], text=True)
        assert text.split("\n\n", 1)[1].strip() in info
        # A new run is there without a new mount, and in the texts.
        write_run(proposal / "raw" / "r0043", 5, 20000)
        product.wait_until(lambda: "r0043" in os.listdir(mnt / "raw"), 15, "the new run")
        assert np.array_equal(energy(mnt / "raw/r0043"), expected(proposal / "raw/r0043"))
        assert "r0043" in (mnt / "runs.csv").read_text() and "r0043" in (mnt / "info.txt").read_text()


def test_a_run_that_cannot_be_opened_costs_itself(proposal, foreground):
    (proposal / "raw" / "r0003").mkdir()
    (proposal / "raw" / "r0004").mkdir()
    (proposal / "raw" / "r0004" / "RAW-R0004-DA01-S00000.h5").write_bytes(b"no HDF5 file")
    daemon = foreground(proposal)
    mnt = daemon.point
    assert os.listdir(mnt / "raw") == ["r0001", "r0002", "r0003", "r0004", "r0042"]
    for run in ("r0003", "r0004"):
        with pytest.raises(OSError) as error:
            os.listdir(mnt / "raw" / run)
        assert error.value.errno == 5
        with pytest.raises(OSError):
            (mnt / "raw" / run / "info.txt").read_text()
    assert np.array_equal(energy(mnt / "raw/r0001"), expected(proposal / "raw/r0001"))
    log = daemon.log()
    assert "r0003" in log and "r0004" in log
    assert "r0004 : " in (mnt / "info.txt").read_text()
    # What has been mended can be read.
    (proposal / "raw" / "r0004" / "RAW-R0004-DA01-S00000.h5").unlink()
    write_run(proposal / "raw" / "r0005", 1)
    os.rename(proposal / "raw/r0005/RAW-R0001-DA01-S00000.h5", proposal / "raw/r0004/RAW-R0004-DA01-S00000.h5")
    assert np.array_equal(energy(mnt / "raw/r0004"), expected(proposal / "raw/r0004"))


def test_a_listing_opens_no_hdf5_file(proposal, tmp_path):
    """1000 runs: mounted and listed without opening a file of one, in a second of the machine's time."""
    for number in range(100, 1100):
        run = proposal / "raw" / f"r{number:04}"
        run.mkdir()
        (run / "RAW-R0001-DA01-S00000.h5").write_bytes(b"")
    trace = tmp_path / "trace"
    mnt = tmp_path / "mnt"
    mnt.mkdir()
    product.require_fuse()
    daemon = subprocess.Popen(["strace", "-f", "-e", "trace=open,openat", "-o", trace, product.binary(), "mount", "-f",
                               str(proposal), str(mnt)])
    try:
        product.wait_until(lambda: product.is_mounted(mnt), 30, "the mount")
        assert len(os.listdir(mnt / "raw")) == 1003
        assert len(subprocess.check_output(["ls", "-l", mnt / "raw"]).splitlines()) == 1004
        assert len((mnt / "runs.csv").read_text().splitlines()) == 1005
        assert ".h5" not in trace.read_text()
        assert np.array_equal(energy(mnt / "raw/r0042"), expected(proposal / "raw/r0042"))
        # It would have been seen.
        assert "RAW-R0001-DA01-S00000.h5" in trace.read_text()
    finally:
        product.lazy_unmount(mnt)
        daemon.terminate()
        daemon.wait(20)


def test_runs_are_closed_when_they_have_been_forgotten(proposal, foreground):
    """A walk into many runs and out again gives the memory back: the daemon has the kernel forget runs that nobody uses."""
    for number in range(100, 150):
        write_run(proposal / "raw" / f"r{number:04}", number, 10000)
    daemon = foreground(proposal)
    mnt = daemon.point
    os.listdir(mnt / "raw")
    before = daemon.pss()
    for number in range(100, 150):
        assert np.array_equal(energy(mnt / "raw" / f"r{number:04}"), ramp(5, start=number))
        subprocess.check_output(["find", mnt / "raw" / f"r{number:04}"])
    assert daemon.pss() - before < 64 << 10
    held = open(mnt / "raw/r0100" / ENERGY, "rb")
    first = os.stat(mnt / "raw/r0101" / ENERGY)
    time.sleep(45)                      # 20 s without a request, with more than 16 runs open, and 10 s between two looks
    stats = dict(line.split() for line in os.getxattr(mnt, "user.xfelfs.stats").decode().splitlines())
    # All but the one that a file is open in, and the one that stat has been asked about last.
    assert int(stats["runs_opened"]) == 50 and int(stats["runs_closed"]) >= 45
    # What is open stays as it was; what was closed is opened again, under the same numbers.
    assert held.read()[-20:] == ramp(5, start=100).tobytes()
    held.close()
    assert os.stat(mnt / "raw/r0101" / ENERGY).st_ino == first.st_ino
    for number in range(100, 150):
        assert np.array_equal(energy(mnt / "raw" / f"r{number:04}"), ramp(5, start=number))


def test_others_see_the_runs_that_they_may_enter(proposal, tmp_path):
    require_root()
    bob = User(61002, 61002)
    for path in (proposal, *proposal.parents):
        if path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    (proposal / "raw" / "r0002").chmod(0o700)
    with product.mounted(proposal, tmp_path / "mnt", "-o", "allow_other") as mnt:
        answers = bob.ask([
            ("list", mnt / "raw"), ("list", mnt / "raw/r0001"), ("read", mnt / "raw/r0001" / ENERGY),
            ("list", mnt / "raw/r0002"), ("read", mnt / "raw/r0002" / ENERGY), ("read", mnt / "raw/r0002/info.txt"),
            ("read", mnt / "runs.csv"), ("read", mnt / "info.txt"),
        ])
        assert [answer[0] for answer in answers] == ["ok"] * 3 + ["EACCES"] * 5
        assert np.array_equal(energy(mnt / "raw/r0002"), expected(proposal / "raw/r0002"))
        # Also after root has opened it.
        assert bob.ask([("read", mnt / "raw/r0002" / ENERGY)])[0][0] == "EACCES"
        (proposal / "raw").chmod(0o700)
        product.wait_until(lambda: bob.ask([("list", mnt / "raw")])[0][0] == "EACCES", 15, "the closed folder")


def test_nothing_is_written_into_the_folders_of_a_proposal(root, proposal):
    for target in (proposal / "raw" / "new.npy", proposal / "raw" / "r0001" / "new.npy", proposal / "proc" / "r0042"):
        result = xfelfs("cp", "p2012", f"raw/r0001/{ENERGY}", target)
        assert result.returncode == 1 and "nothing is ever written into a run" in result.stderr
    result = xfelfs("cp", "p2012", f"raw/r0001/{ENERGY}", proposal / "scratch" / "mine.npy")
    assert result.returncode == 0, result.stderr
    assert np.array_equal(np.load(proposal / "scratch" / "mine.npy"), expected(proposal / "raw/r0001"))
