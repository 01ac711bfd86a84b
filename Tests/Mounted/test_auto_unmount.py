"""auto_unmount: a daemon that is killed takes its mount with it, and no other's."""

import os
import shutil
import signal
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

import product
from product import is_mounted, wait_until

NOBODY = 65534
DAEMON = os.path.basename(product.binary())[:15]        # what the kernel calls it
FUSE = Path("/dev/fuse")


class Mounter:
    """Mounts as root or as an ordinary user, in a directory of that user's."""

    def __init__(self, run, is_root):
        self.words = [] if is_root else ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        self.top = Path(tempfile.mkdtemp(prefix="xfelfs-auto-unmount-"))
        self.run = self.top / "run"
        shutil.copytree(run, self.run)
        self.point = self.top / "mnt"
        self.point.mkdir()
        if not is_root:
            for path in (self.top, self.point):
                os.chown(path, NOBODY, NOBODY)

    def xfelfs(self, *arguments):
        return subprocess.run([*self.words, product.binary(), *map(str, arguments)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def mount(self, *options):
        result = self.xfelfs("mount", *options, self.run, self.point)
        assert result.returncode == 0 and result.stderr == "", result.stderr

    def processes(self) -> dict[str, int]:
        """The processes of this mount: what they are called, and their numbers."""
        found = {}
        for process in Path("/proc").iterdir():
            try:
                if process.name.isdigit() and str(self.point).encode() in (process / "cmdline").read_bytes().split(b"\0"):
                    found[(process / "comm").read_text().strip()] = int(process.name)
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def entries(self) -> list[str]:
        lines = Path("/proc/self/mountinfo").read_text().splitlines()
        return [line for line in lines if line.split()[4] == str(self.point)]

    def clean_up(self):
        for process in self.processes().values():
            os.kill(process, signal.SIGKILL)
        while self.entries():
            subprocess.run(["umount", "-l", self.point], check=True)
        shutil.rmtree(self.top)


@pytest.fixture(params=["root", "user"])
def mounter(request, small):
    product.require_fuse()
    mode = stat.S_IMODE(FUSE.stat().st_mode)
    mounter = Mounter(small[0], request.param == "root")
    try:
        FUSE.chmod(0o666)       # as everywhere but in a container
        yield mounter
    finally:
        FUSE.chmod(mode)
        mounter.clean_up()


def test_a_killed_daemon_leaves_no_mount(mounter):
    """With files open, too."""
    mounter.mount("-o", "auto_unmount,ro")
    assert is_mounted(mounter.point) and set(mounter.processes()) == {DAEMON, "auto_unmount"}
    os.kill(mounter.processes()[DAEMON], signal.SIGKILL)
    wait_until(lambda: not is_mounted(mounter.point), what="the unmount")
    wait_until(lambda: not mounter.processes(), what="the end of the watcher")
    mounter.mount("-o", "auto_unmount")
    reader = subprocess.Popen([*mounter.words, "sh", "-c", 'exec 3< "$0/keys.csv"; echo; read line; cat <&3 > /dev/null',
                               str(mounter.point)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert reader.stdout.readline() == b"\n"
    os.kill(mounter.processes()[DAEMON], signal.SIGKILL)
    wait_until(lambda: not is_mounted(mounter.point), what="the unmount")
    reader.communicate(b"\n", timeout=10)


def test_without_the_option_a_killed_daemon_leaves_its_mount(mounter):
    mounter.mount()
    assert set(mounter.processes()) == {DAEMON}
    os.kill(mounter.processes()[DAEMON], signal.SIGKILL)
    wait_until(lambda: not mounter.processes(), what="the end of the daemon")
    assert is_mounted(mounter.point)


@pytest.mark.parametrize("how", ["umount", "SIGTERM", "SIGTERM to both"])
def test_the_watcher_ends_with_an_orderly_daemon(mounter, how):
    mounter.mount("-o", "auto_unmount")
    if how == "umount":
        assert mounter.xfelfs("umount", mounter.point).returncode == 0
    else:
        processes = mounter.processes()
        if how == "SIGTERM to both":
            os.kill(processes["auto_unmount"], signal.SIGTERM)
        os.kill(processes[DAEMON], signal.SIGTERM)
    wait_until(lambda: not is_mounted(mounter.point) and not mounter.processes(), what="the end of both")


def test_in_the_foreground(mounter):
    """Ctrl-C, which goes to both, and kill -9."""
    for number in (signal.SIGINT, signal.SIGKILL):
        process = subprocess.Popen([*mounter.words, product.binary(), "mount", "-f", "-o", "auto_unmount", mounter.run,
                                    mounter.point], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        wait_until(lambda: is_mounted(mounter.point), what="the mount")
        os.killpg(process.pid, number)
        assert process.wait(10) == (0 if number == signal.SIGINT else -number)
        # The watcher does not hold the output.
        assert process.stdout.read() == b""
        wait_until(lambda: not is_mounted(mounter.point) and not mounter.processes(), what="the end of both")


def test_another_mount_is_left_alone(mounter):
    """One that has the place, and as a rule the numbers too, of the dead one."""
    mounter.mount("-o", "auto_unmount")
    first = mounter.processes()
    os.kill(first["auto_unmount"], signal.SIGSTOP)
    os.kill(first[DAEMON], signal.SIGKILL)
    wait_until(lambda: DAEMON not in mounter.processes(), what="the end of the daemon")
    assert mounter.xfelfs("umount", mounter.point).returncode == 0
    mounter.mount()
    os.kill(first["auto_unmount"], signal.SIGCONT)
    wait_until(lambda: "auto_unmount" not in mounter.processes(), what="the end of the watcher", timeout=20)
    assert is_mounted(mounter.point)
    result = subprocess.run([*mounter.words, "cat", mounter.point / "info.txt"], capture_output=True, check=True)
    assert result.stdout.startswith(b"# of trains")


def test_what_is_mounted_over_it_is_left_alone(mounter):
    mounter.mount("-o", "auto_unmount")
    subprocess.run([*mounter.words, "ls", mounter.point], check=True, stdout=subprocess.DEVNULL)
    bottom = mounter.entries()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", mounter.point], check=True)
    os.kill(mounter.processes()[DAEMON], signal.SIGKILL)
    wait_until(lambda: not mounter.processes(), what="the end of both", timeout=20)
    assert len(mounter.entries()) == 2 and mounter.entries()[0] == bottom[0]


def test_the_watcher_keeps_nothing(mounter):
    """Neither the caller's descriptors nor its directory."""
    lock = mounter.top / "lock"
    subprocess.run(["flock", lock, *mounter.words, product.binary(), "mount", "-o", "auto_unmount", "run", "mnt"],
                   check=True, timeout=60, cwd=mounter.top)
    subprocess.run(["flock", "--nonblock", lock, "true"], check=True, timeout=10)
    # The command line has relative paths here.
    watchers = [process for process in Path("/proc").iterdir() if process.name.isdigit()
                and (process / "comm").exists() and (process / "comm").read_text() == "auto_unmount\n"
                and b"\0run\0mnt\0" in (process / "cmdline").read_bytes()]
    assert len(watchers) == 1
    links = [os.readlink(link) for link in (watchers[0] / "fd").iterdir()]
    assert sorted(links)[:3] == ["/dev/null"] * 3 and len(links) == 4, links
    assert os.readlink(watchers[0] / "cwd") == "/"
    assert mounter.xfelfs("umount", mounter.point).returncode == 0
    wait_until(lambda: not watchers[0].exists(), what="the end of the watcher")
