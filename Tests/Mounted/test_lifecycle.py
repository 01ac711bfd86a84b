"""From mount to umount: cycles, signals, kill -9, mounts over mounts, nothing left behind."""

import errno
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

import product
from product import is_mounted, mounted, wait_until, xfelfs


def daemons(point) -> dict[int, str]:
    """Processes of the program that serve `point`, and its zombies: pid -> state."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            name, fields = process.joinpath("stat").read_text().split("(", 1)[1].rsplit(")", 1)
            state = fields.split()[0]
            if name == "xfelfs" and (state == "Z" or str(point).encode() in process.joinpath("cmdline").read_bytes()):
                found[int(process.name)] = state
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def daemon_of(point) -> int:
    """The one daemon whose command line names the mount point."""
    pids = [pid for pid, state in daemons(point).items() if state != "Z"]
    assert len(pids) == 1, f"daemons of {point}: {pids}"
    return pids[0]


def test_twenty_cycles_leave_nothing(small, tmp_path):
    """Mount, read, unmount, twenty times: no mount, no process and no zombie is left."""
    before = set(daemons(tmp_path / "mnt"))
    for cycle in range(20):
        with mounted(small[0], tmp_path / "mnt") as point:
            assert (point / "info.txt").read_text().startswith("# of trains:    10"), cycle
    wait_until(lambda: set(daemons(tmp_path / "mnt")) <= before, what="end of all daemons")
    assert not is_mounted(tmp_path / "mnt")
    assert os.listdir(tmp_path / "mnt") == []


def test_mount_returns_when_the_mount_answers(small, tmp_path):
    """The command returns 0 only when the tree can be read, and the daemon does not hold its output open."""
    product.require_fuse()
    point = tmp_path / "mnt"
    for _ in range(5):
        point.mkdir(exist_ok=True)
        try:
            result = subprocess.run([product.binary(), "mount", str(small[0]), str(point)], capture_output=True,
                                    text=True, timeout=20)          # would hang on a pipe kept open
            assert result.returncode == 0 and result.stderr == "", result.stderr
            assert os.listdir(point), "mount returned before the mount answers"
            assert xfelfs("umount", point).returncode == 0
        finally:
            product.lazy_unmount(point)


def test_relative_paths(small, tmp_path):
    """RUN and MNT may be relative to the working directory, though the daemon leaves it."""
    product.require_fuse()
    point = tmp_path / "mnt"
    point.mkdir()
    run = os.path.relpath(small[0], tmp_path)
    try:
        result = xfelfs("mount", run, "mnt", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        assert (point / "sources" / "SPB_XTD9_XGM/DOOCS/MAIN/keys/energy.value/array.npy").read_bytes()
        assert xfelfs("umount", "mnt", cwd=tmp_path).returncode == 0
        assert not is_mounted(point)
    finally:
        product.lazy_unmount(point)


def test_mount_table(small_mnt):
    """The mount table shows the type fuse.xfelfs and read-only."""
    kind, _ = product.mount_table()[str(small_mnt)]
    assert kind == "fuse.xfelfs"
    options = subprocess.run(["findmnt", "-n", "-o", "OPTIONS", str(small_mnt)], capture_output=True, text=True,
                             check=True).stdout.strip().split(",")
    assert {"ro", "nosuid", "nodev"} <= set(options), options


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signals_unmount(small, foreground, number):
    """The daemon unmounts and ends with status 0."""
    daemon = foreground(small[0])
    assert os.listdir(daemon.point)
    daemon.process.send_signal(number)
    assert daemon.process.wait(10) == 0, daemon.log()
    assert not is_mounted(daemon.point)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_signals_with_an_open_file(small, foreground, number):
    """With a file open the mount leaves the table at once, the file can be read to its end,
    and the daemon ends when it is closed."""
    daemon = foreground(small[0])
    path = daemon.point / "sources/SPB_IRU_CAM/CAM/SIDEMIC:daqOutput/keys/data.pixels/array.npy"
    with open(path, "rb", buffering=0) as file:
        start = file.read(1000)
        daemon.process.send_signal(number)
        wait_until(lambda: not is_mounted(daemon.point), what="the mount leaving the table")
        rest = b"".join(iter(lambda: file.read(1 << 20), b""))
        data = start + rest
    assert data[-small[1][-1].nbytes:] == small[1][-1].tobytes(), "the open file lost its data"
    assert daemon.process.wait(10) == 0, daemon.log()


def test_signal_to_a_daemon_in_the_background(small, tmp_path):
    """SIGTERM unmounts a daemon that mount has left in the background."""
    product.require_fuse()
    point = tmp_path / "mnt"
    point.mkdir()
    try:
        assert xfelfs("mount", small[0], point).returncode == 0
        pid = daemon_of(point)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: not is_mounted(point) and pid not in daemons(point), what="end of the daemon")
    finally:
        product.lazy_unmount(point)


def test_umount_from_outside_ends_the_daemon(small, foreground):
    """fusermount3 -u, as anybody may do it, ends the daemon with status 0."""
    daemon = foreground(small[0])
    subprocess.run(["fusermount3", "-u", str(daemon.point)], check=True, timeout=20)
    assert daemon.process.wait(10) == 0, daemon.log()


def test_kill_leaves_a_stale_mount(small, foreground):
    """After kill -9 the mount is stale: mount refuses it with a sentence, umount clears it, mount works again."""
    daemon = foreground(small[0])
    assert os.stat(daemon.point) and os.listdir(daemon.point)       # what the kernel keeps of it must not hide its end
    daemon.process.kill()
    daemon.process.wait()
    assert is_mounted(daemon.point)
    with pytest.raises(OSError):
        os.listdir(daemon.point / "trains")
    refused = xfelfs("mount", small[0], daemon.point)
    assert refused.returncode != 0
    assert_one_sentence(refused.stderr)
    assert "umount" in refused.stderr, f"the sentence does not say what to do: {refused.stderr}"
    assert "lost its daemon" in refused.stderr, refused.stderr
    cleared = xfelfs("umount", daemon.point)
    assert cleared.returncode == 0, cleared.stderr
    assert not is_mounted(daemon.point)
    with mounted(small[0], daemon.point) as point:
        assert os.listdir(point)


def test_a_daemon_that_stands_still(small, foreground):
    """Neither mount nor umount waits for it."""
    daemon = foreground(small[0])
    daemon.process.send_signal(signal.SIGSTOP)
    try:
        refused = xfelfs("mount", small[0], daemon.point, timeout=10)
        assert refused.returncode == 1 and "already mounted" in refused.stderr, refused.stderr
        result = xfelfs("umount", daemon.point, timeout=10)
        assert result.returncode == 0, result.stderr
        assert not is_mounted(daemon.point)
    finally:
        daemon.process.send_signal(signal.SIGCONT)
    assert daemon.process.wait(10) == 0


def test_mount_over_a_mount_is_refused(small, small_mnt):
    """A mount over an existing mount is refused with a sentence that says what to do; the first goes on working."""
    result = xfelfs("mount", small[0], small_mnt)
    assert result.returncode != 0
    assert_one_sentence(result.stderr)
    assert "umount" in result.stderr or "mounted" in result.stderr
    assert (small_mnt / "info.txt").read_text()
    lines = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {small_mnt} " in line]
    assert len(lines) == 1, "there are two mounts on one directory"


def test_umount_of_a_busy_mount(small, small_mnt):
    """While a file is open umount refuses with a sentence that names the process, and the mount goes on."""
    with open(small_mnt / "keys.csv", "rb") as file:
        result = xfelfs("umount", small_mnt)
        assert result.returncode == 1
        assert_one_sentence(result.stderr)
        assert str(os.getpid()) in result.stderr and "--lazy" in result.stderr
        assert is_mounted(small_mnt)
        assert b"data.pixels" in file.read()


def test_two_mounts_of_one_run(small, tmp_path):
    """One run on two mount points; unmounting one leaves the other."""
    with mounted(small[0], tmp_path / "a") as a:
        with mounted(small[0], tmp_path / "b") as b:
            assert (a / "keys.csv").read_bytes() == (b / "keys.csv").read_bytes()
        assert (a / "info.txt").read_text()


def test_odd_mount_point_names(small, tmp_path):
    """Mount points with spaces, commas, backslashes and letters that are not ASCII."""
    for name in ("with space", "a,b", "back\\slash", "µ-ä"):
        with mounted(small[0], tmp_path / name) as point:
            assert (point / "info.txt").read_text(), name


def test_the_run_may_vanish(small, tmp_path):
    """Files that are removed under a mount are errors of reading, not the end of the mount."""
    copy = tmp_path / "run"
    shutil.copytree(small[0], copy)
    array = "sources/SPB_IRU_CAM/CAM/SIDEMIC:daqOutput/keys/data.pixels/array.npy"
    with mounted(copy, tmp_path / "mnt", "--refresh", "0") as point:
        for path in copy.glob("*.h5"):
            path.rename(path.with_suffix(".gone"))
        with pytest.raises(OSError) as error:
            (point / array).read_bytes()
        assert error.value.errno == errno.EIO
        assert (point / "info.txt").read_text().startswith("# of trains:    10\n")
        assert len(os.listdir(point / "trains")) == 10
        for path in copy.glob("*.gone"):
            path.rename(path.with_suffix(".h5"))
        assert (point / array).read_bytes()[-small[1][-1].nbytes:] == small[1][-1].tobytes()


def assert_one_sentence(text: str) -> None:
    """One line on stderr, not empty, without the marks of a crash."""
    lines = text.strip().splitlines()
    assert len(lines) == 1 and len(lines[0]) > 10, f"not one sentence: {text!r}"
    assert "Fatal error" not in text and "rror(" not in text, text
