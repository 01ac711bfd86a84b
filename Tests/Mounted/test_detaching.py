"""What the daemon keeps of the process that started it: nothing. And signals that are not meant for it."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import product
from product import is_mounted, wait_until, xfelfs
from test_lifecycle import daemon_of


@pytest.fixture
def point(tmp_path):
    """A mount point; whatever is mounted there is unmounted in the end."""
    product.require_fuse()
    point = tmp_path / "mnt"
    point.mkdir()
    yield point
    if is_mounted(point):
        result = xfelfs("umount", point)
        product.lazy_unmount(point)
        assert result.returncode == 0, result.stderr


def mount(*arguments, **options):
    return subprocess.run([product.binary(), "mount", *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, **options)


def descriptors(pid) -> list[str]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(os.readlink(link))
        except FileNotFoundError:
            pass
    return found


def test_descriptors_are_closed(small, point, tmp_path):
    """None of the caller's is left but those that were given to it to keep, and these as long as they are used."""
    log, kept = tmp_path / "log", tmp_path / "kept"
    ready, tell = os.pipe()
    with open(kept, "w") as file:
        os.dup2(file.fileno(), 200)
        numbers = (file.fileno(), 200, tell)
        result = mount("--log-file", log, "--ready-fd", tell, small[0], point, pass_fds=numbers)
        os.close(200)
    assert result.returncode == 0, result.stderr
    os.close(tell)
    assert os.read(ready, 10) == b"s" and os.read(ready, 10) == b"", "the descriptor of --ready-fd is still open"
    os.close(ready)
    found = descriptors(daemon_of(point))
    assert str(kept) not in found and str(log) in found and not [path for path in found if path.startswith("pipe:")]
    assert found.count("/dev/null") == 3


@pytest.mark.parametrize("number", [1, 2])
def test_ready_on_a_standard_descriptor(small, point, number):
    """It gets its `s`, though output and errors go to /dev/null by then."""
    result = mount("--ready-fd", number, small[0], point)
    assert result.returncode == 0 and (result.stdout, result.stderr)[number - 1] == "s"


def test_ready_on_a_closed_descriptor(small, point):
    result = mount("--ready-fd", 99, small[0], point)
    assert result.returncode == 1 and "99" in result.stderr and len(result.stderr.splitlines()) == 1
    assert not is_mounted(point)


def test_a_lock_is_released(small, point, tmp_path):
    """flock(1) hands its descriptor on; the lock is free when mount has returned."""
    lock = tmp_path / "lock"
    subprocess.run(["flock", lock, product.binary(), "mount", small[0], point], check=True, timeout=60)
    assert is_mounted(point)
    subprocess.run(["flock", "--nonblock", lock, "true"], check=True, timeout=10)


def test_a_pipeline_ends(small, point):
    """Whatever descriptors lead into it."""
    script = 'exec 3>&1 9>&1; "$0" mount "$1" "$2" | cat'
    process = subprocess.run(["bash", "-c", script, product.binary(), small[0], point], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=30)
    assert process.returncode == 0 and process.stdout == b"" and is_mounted(point)


def test_the_directory_is_left(small, point, tmp_path):
    """Relative paths mean what they meant where the command was called, and that directory is free."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", disk], check=True)
    try:
        here = disk / "below"
        here.mkdir()
        up = os.path.relpath(tmp_path, here)
        result = mount("--log-file", f"{up}/log", os.path.relpath(small[0], here), f"{up}/mnt", cwd=here)
        assert result.returncode == 0, result.stderr
    finally:
        # It is busy as long as a process has its working directory there.
        subprocess.run(["umount", disk], check=True)
    assert "No problems found" in (point / "validation.txt").read_text()
    assert "RAW-R0001" in (point / "locality.json").read_text()
    with pytest.raises(OSError):
        (point / "train_ids@nonsense.npy").read_bytes()
    wait_until(lambda: "nonsense" in (tmp_path / "log").read_text(), what="the line in the log")


def test_a_log_that_is_a_device_or_a_descriptor(small, point, tmp_path):
    result = mount("--log-file", "/dev/null", small[0], point)
    assert result.returncode == 0, result.stderr
    assert xfelfs("umount", point).returncode == 0
    with open(tmp_path / "errors", "ab") as errors:
        subprocess.run([product.binary(), "mount", "--log-file", "/dev/stderr", small[0], point], check=True,
                       stderr=errors, timeout=60)
    with pytest.raises(OSError):
        (point / "train_ids@nonsense.npy").read_bytes()
    wait_until(lambda: "nonsense" in (tmp_path / "errors").read_text(), what="the line in the log")


STRAY = [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGQUIT, signal.SIGVTALRM, signal.SIGPROF,
         signal.SIGIO, signal.SIGPWR, signal.SIGSTKFLT, signal.SIGXFSZ, signal.SIGPIPE, signal.SIGWINCH, signal.SIGCHLD]


@pytest.mark.parametrize("number", STRAY, ids=lambda number: number.name)
@pytest.mark.parametrize("place", ["background", "foreground"])
def test_stray_signals_are_harmless(small, point, foreground, place, number):
    """Signals that are sent by mistake leave the mount as it is."""
    if place == "foreground":
        daemon = foreground(small[0])
        point, pid = daemon.point, daemon.pid
    else:
        assert mount(small[0], point).returncode == 0
        pid = daemon_of(point)
    array = point / "sources/SPB_IRU_CAM/CAM/SIDEMIC:daqOutput/keys/data.pixels/array.npy"
    for _ in range(3):
        with open(array, "rb", buffering=0) as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            data = b""
            while piece := file.read(100_000):
                os.kill(pid, number)
                data += piece
        assert data[-small[1].nbytes:] == small[1].tobytes()
    time.sleep(0.1)
    assert is_mounted(point) and os.listdir(point)
    if place == "foreground":
        assert daemon.process.poll() is None


@pytest.mark.parametrize("inherited", ["ignored", "blocked"])
def test_signals_as_the_caller_left_them(small, point, inherited):
    """SIGTERM ends a daemon whose caller ignored it or had it blocked."""
    def prepare():
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
            if inherited == "ignored":
                signal.signal(number, signal.SIG_IGN)
            else:
                signal.pthread_sigmask(signal.SIG_BLOCK, [number])

    assert mount(small[0], point, preexec_fn=prepare).returncode == 0
    pid = daemon_of(point)
    assert shutil.which("fusermount3")
    assert "No problems found" in (point / "validation.txt").read_text()
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_mounted(point), what="the unmount")
