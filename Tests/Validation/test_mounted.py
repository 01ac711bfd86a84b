"""The reports in a mount: made when first opened, waited for with patience, and never in anybody's way."""

import json
import os
import shutil
import signal
import subprocess
import time

import h5py
import pytest
from conftest import XFELFS, extra_data_validate, run, validate
from extra_data.tests import make_examples as make
from mount import mounted, until

DA = "RAW-R0450-DA01-S00001.h5"
AGIPD = "RAW-R0450-AGIPD00-S00001.h5"
FIRST = "INDEX/SA1_XTD2_XGM/DOOCS/MAIN/first"

pytestmark = pytest.mark.usefixtures("fuse")


@pytest.fixture(scope="session")
def sound_run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sound")
    make.make_fxe_da_file(str(directory / DA), format_version="1.2")
    make.make_agipd_file(str(directory / AGIPD), format_version="1.2")
    return directory


@pytest.fixture
def a_run(sound_run, tmp_path):
    return shutil.copytree(sound_run, tmp_path / "run")


def damage(path, row=0, value=1):
    """In place of the file, as a run is when it is copied again."""
    copy = path.with_suffix(".tmp")
    shutil.copy(path, copy)
    with h5py.File(copy, "r+") as f:
        f[FIRST][row] = value
    copy.rename(path)


def magic(path):
    return path.parent / f".(get)({path.name})(locality)"


REPORTS = ["validation.txt", "validation.json", "locality.txt", "locality.json"]


def test_texts(a_run, tmp_path):
    damage(a_run / DA)
    with mounted(a_run, tmp_path / "m") as mount:
        text = (mount / "validation.txt").read_text()
        assert text == extra_data_validate(a_run).text == validate(a_run).text
        assert "Index doesn't start at 0" in text
        assert json.loads((mount / "validation.json").read_text())["problem_count"] == 2
        assert (mount / "locality.txt").read_text() == run("locality", a_run).stdout
        assert len(json.loads((mount / "locality.json").read_text())["files"]) == 2


def test_listing_starts_nothing(a_run, tmp_path):
    with mounted(a_run, tmp_path / "m") as mount:
        for _ in range(3):
            subprocess.run(["ls", "-lR", mount / "files", mount.path], check=True, stdout=subprocess.DEVNULL)
            time.sleep(0.1)
        assert [(mount / name).stat().st_size for name in REPORTS] == [0, 0, 0, 0]
        assert mount.children == []
        (mount / "validation.txt").read_bytes()
        # Both come from one validation.
        assert (mount / "validation.json").stat().st_size > 0


@pytest.mark.parametrize("name", REPORTS)
def test_the_whole_text_at_the_first_opening(name, a_run, tmp_path):
    """By whichever tool; each gets a mount of its own, where nothing has been made."""
    tools = {
        "cat": lambda path: subprocess.run(["cat", path], check=True, capture_output=True).stdout,
        "cp": lambda path: (
            subprocess.run(["cp", path, tmp_path / "copy"], check=True), (tmp_path / "copy").read_bytes()
        )[1],
        "dd": lambda path: subprocess.run(["dd", f"if={path}", "bs=7", "status=none"], check=True, capture_output=True).stdout,
        "wc": lambda path: int(subprocess.run(["wc", "-c", path], check=True, capture_output=True).stdout.split()[0]),
        "grep": lambda path: subprocess.run(["grep", "", path], check=True, capture_output=True).stdout,
        "fstat": lambda path: fstat_and_read(path),
    }
    texts = {}
    for tool, read in tools.items():
        with mounted(a_run, tmp_path / tool) as mount:
            texts[tool] = read(mount / name)
            size = (mount / name).stat().st_size
            assert size == (texts[tool] if tool == "wc" else len(texts[tool])), tool
    assert texts.pop("wc") == len(texts["cat"]) > 50
    assert len(set(texts.values())) == 1


def fstat_and_read(path):
    with open(path, "rb", buffering=0) as f:
        return f.read(os.fstat(f.fileno()).st_size)


def test_made_again_when_a_file_changes(a_run, tmp_path):
    with mounted(a_run, tmp_path / "m") as mount:
        assert "No problems found" in (mount / "validation.txt").read_text()
        with open(mount / "validation.txt") as old:
            damage(a_run / DA)
            text = (mount / "validation.txt").read_text()
            assert text == validate(a_run).text and "Index doesn't start at 0" in text
            assert (mount / "validation.txt").stat().st_size == len(text)
            # Whoever had it open goes on reading what he opened.
            assert "No problems found" in old.read()
        (a_run / DA).unlink()
        assert (mount / "validation.txt").read_text() == validate(a_run).text
        (a_run / "more.h5").write_text("this is no HDF5 file")
        assert "file signature not found" in (mount / "validation.txt").read_text()


def test_made_once(a_run, tmp_path):
    """Twenty readers at once have one validation made, and wait for that."""
    with mounted(a_run, tmp_path / "m") as mount:
        readers = [subprocess.Popen(["cat", mount / "validation.txt"], stdout=subprocess.PIPE) for _ in range(20)]
        seen = set()
        while any(reader.poll() is None for reader in readers):
            seen.update(mount.children)
        assert len({reader.stdout.read() for reader in readers}) == 1
        # One process per core looks at the two files.
        assert len(seen) <= 2, seen


def test_report_of_one_file(a_run, tmp_path):
    damage(a_run / DA)
    with mounted(a_run, tmp_path / "m") as mount:
        assert sorted(os.listdir(mount / "files")) == [AGIPD, DA]
        for name in (AGIPD, DA):
            text = (mount / "files" / f"{name}.validation.txt").read_text()
            assert text == extra_data_validate(a_run / name).text
        assert "Index doesn't start at 0" in text
        assert (mount / "files" / f"{DA}.validation.txt").stat().st_size == len(text)
        damage(a_run / DA, 1, 5)
        assert "Gaps (1)" in (mount / "files" / f"{DA}.validation.txt").read_text()
        for name in ["nothing.h5.validation.txt", ".validation.txt", f"{DA}.validation.txt.validation.txt"]:
            assert not (mount / "files" / name).exists()


@pytest.fixture
def silent_run(a_run):
    """A run whose dCache does not answer for one file once the run is mounted."""
    yield a_run
    # Whoever still waits for the pipe is let go.
    for pipe in a_run.glob(".(get)*"):
        if pipe.is_fifo():
            os.close(os.open(pipe, os.O_RDWR | os.O_NONBLOCK))


def test_listing_answers_while_a_query_hangs(silent_run, tmp_path):
    with mounted(silent_run, tmp_path / "m", "--locality-timeout", 3) as mount:
        os.mkfifo(magic(silent_run / DA))
        readers = [subprocess.Popen(["cat", mount / "locality.txt"], stdout=subprocess.PIPE) for _ in range(40)]
        slowest = 0
        while any(reader.poll() is None for reader in readers):
            start = time.monotonic()
            subprocess.run(["ls", "-l", mount.path], check=True, stdout=subprocess.DEVNULL)
            (mount / "info.txt").read_bytes()
            slowest = max(slowest, time.monotonic() - start)
            time.sleep(0.05)
        assert slowest < 1
        texts = {reader.stdout.read().decode() for reader in readers}
        assert len(texts) == 1
        assert texts.pop().endswith(f"No answer:\n  {silent_run}/{DA}\n")


def test_interrupt(silent_run, tmp_path):
    """Ctrl-C on a `cat` that waits is prompt; so is kill -9; and the report is made all the same."""
    with mounted(silent_run, tmp_path / "m", "--locality-timeout", 4) as mount:
        os.mkfifo(magic(silent_run / DA))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            # A shell has what it starts in the background ignore SIGINT, and so would what these tests start there.
            reader = subprocess.Popen(["cat", mount / "locality.txt"], stdout=subprocess.PIPE,
                                      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            time.sleep(0.4)
            assert reader.poll() is None, "it did not wait"
            start = time.monotonic()
            reader.send_signal(number)
            assert reader.wait(3) == -number
            assert time.monotonic() - start < 0.5
        threads = mount.threads
        assert until(lambda: (mount / "locality.txt").stat().st_size > 0)
        assert until(lambda: mount.threads < threads)


def test_interrupted_system_call(silent_run, tmp_path):
    """A program with a handler of its own gets EINTR."""
    with mounted(silent_run, tmp_path / "m", "--locality-timeout", 4) as mount:
        os.mkfifo(magic(silent_run / DA))
        script = (
            "import ctypes, signal, sys\n"
            "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
            "libc = ctypes.CDLL(None, use_errno=True)\n"
            "signal.siginterrupt(signal.SIGUSR1, True)\n"
            "print(libc.open(sys.argv[1].encode(), 0), ctypes.get_errno())\n"
        )
        reader = subprocess.Popen(["python3", "-c", script, mount / "locality.txt"], stdout=subprocess.PIPE, text=True)
        time.sleep(0.6)
        reader.send_signal(signal.SIGUSR1)
        assert reader.communicate(timeout=2)[0].split() == ["-1", "4"]


def test_unmount_while_somebody_waits(silent_run, tmp_path):
    with mounted(silent_run, tmp_path / "m", "--locality-timeout", 3) as mount:
        os.mkfifo(magic(silent_run / DA))
        reader = subprocess.Popen(["cat", mount / "locality.txt"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        reader.terminate()
        assert reader.wait(2) == -signal.SIGTERM
        assert run("umount", mount.path).returncode == 0
        mount.is_ended = True
        assert until(lambda: not os.path.ismount(mount.path))


@pytest.mark.parametrize(
    "option, left_out",
    [("any", {}), ("available", {"UNAVAILABLE": "Unavailable"}), ("ondisk", {"NEARLINE": "Only on tape", "UNAVAILABLE": "Unavailable"})],
)
def test_filter(option, left_out, tmp_path):
    directory = tmp_path / "run"
    directory.mkdir()
    words = [None, "ONLINE", "ONLINE_AND_NEARLINE", "NEARLINE", "UNAVAILABLE"]
    for number, word in enumerate(words):
        path = directory / f"RAW-R0450-DA0{number}-S00000.h5"
        write_gauge(path, f"SA1_VAC/GAUGE/{word}")
        if word:
            magic(path).write_text(word)
    with mounted(directory, tmp_path / "m", "--locality", option, "--wait-for-tape") as mount:
        listed = (mount / "sources.csv").read_text()
        log = mount.log.read_text()
        for number, word in enumerate(words):
            assert (f"SA1_VAC/GAUGE/{word}," in listed) == (word not in left_out)
            if word in left_out:
                assert f"RAW-R0450-DA0{number}-S00000.h5 is left out: {left_out[word]}" in log
        assert log.count("is left out") == len(left_out)
        skipped = json.loads((mount / "info.json").read_text())["skipped_files"]
        assert [s["reason"] for s in skipped] == list(left_out.values())


def write_gauge(path, name):
    from extra_data.tests.mockdata import write_file
    from extra_data.tests.mockdata.gauge import Gauge

    write_file(str(path), [Gauge(name)], ntrains=10, chunksize=10, format_version="1.2")


def test_bad_filter():
    done = run("mount", "--locality", "moon", "/", "/mnt")
    assert done.returncode == 64 and "ondisk, available or any" in done.stderr


def test_reading_what_went_to_tape(a_run, tmp_path):
    """The run's map tells what is in a file without opening it; reading its data is EIO, with the reason in the log."""
    from extra_data import RunDirectory

    RunDirectory(str(a_run))
    assert (a_run / "karabo_data_map.json").exists()
    magic(a_run / DA).write_text("NEARLINE")
    key = "sources/SA1_XTD2_XGM/DOOCS/MAIN/keys/beamPosition.ixPos.value/array.npy"
    with mounted(a_run, tmp_path / "m") as mount:
        assert "SA1_XTD2_XGM/DOOCS/MAIN" in (mount / "info.txt").read_text()
        with pytest.raises(OSError):
            (mount / key).read_bytes()
        assert "it is only on tape (dCache: NEARLINE)" in mount.log.read_text()
        text = (mount / "validation.txt").read_text()
        assert f"check: locality\n  error: it is only on tape (dCache: NEARLINE)\n  file: {a_run}/{DA}" in text
    magic(a_run / DA).write_text("ONLINE")
    with mounted(a_run, tmp_path / "n") as mount:
        assert len((mount / key).read_bytes()) > 1000


def test_no_magic_no_trace(a_run, tmp_path):
    """On an ordinary file system the question costs one failed open per file."""
    command = ["strace", "-f", "-e", "trace=openat,open", XFELFS, "info", a_run]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    asked = [line for line in done.stderr.splitlines() if "(locality)" in line]
    assert len(asked) == 2
