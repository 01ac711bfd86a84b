"""The program under test: where it is, how to call it, how to mount a run with it."""

import contextlib
import os
import re
import subprocess
import time
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
QUICK = os.environ.get("XFELFS_QUICK", "") not in ("", "0")


def binary() -> str:
    """The xfelfs to test: $XFELFS, else the release build, else the debug build."""
    given = os.environ.get("XFELFS")
    candidates = [given] if given else [
        str(REPO / ".build" / kind / "xfelfs") for kind in ("release", "debug")]
    for path in candidates:
        if os.access(path, os.X_OK):
            return os.path.abspath(path)
    pytest.fail(f"no xfelfs to test at {' or '.join(candidates)}: run `swift build -c release` or set XFELFS",
                pytrace=False)


def require_fuse() -> None:
    """Without /dev/fuse nothing here means anything: fail, do not skip."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        pytest.fail(f"/dev/fuse cannot be opened ({error.strerror}): these tests mount filesystems and need it",
                    pytrace=False)


def xfelfs(*args, timeout=120, text=True, cwd=None) -> subprocess.CompletedProcess:
    """Run the program to its end. A hang is a failure, not a wait."""
    try:
        return subprocess.run([binary(), *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=text, timeout=timeout, cwd=cwd)
    except subprocess.TimeoutExpired:
        pytest.fail(f"xfelfs {' '.join(map(str, args))} did not end within {timeout} s", pytrace=False)


def mount_table() -> dict[str, tuple[str, str]]:
    """Mount point -> (filesystem type, source), for all mounts this process sees."""
    table = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = line.split(" - ", 1)
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), left.split(" ")[4])
        kind, source = right.split(" ")[:2]
        table[point] = (kind, source)
    return table


def is_mounted(point) -> bool:
    return os.path.realpath(point) in mount_table()


def lazy_unmount(point) -> None:
    """Get rid of a mount whatever state it is in; only ever used to clean up."""
    for command in (["fusermount3", "-u", "-z", str(point)], ["umount", "-l", str(point)]):
        if not is_mounted(point):
            return
        subprocess.run(command, capture_output=True, check=False)


def wait_until(condition, timeout=10.0, what="the condition"):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"{what} did not come true within {timeout} s")


@contextlib.contextmanager
def mounted(run, point, *options):
    """Mount `run` on `point` (made if absent) for the block; always unmounted after it."""
    require_fuse()
    point = Path(point)
    point.mkdir(parents=True, exist_ok=True)
    result = xfelfs("mount", *options, run, point)
    try:
        assert result.returncode == 0, f"mount failed ({result.returncode}): {result.stderr}"
        assert is_mounted(point), "mount returned 0, but nothing is mounted"
        yield point
        result = xfelfs("umount", point)
        assert result.returncode == 0, f"umount failed ({result.returncode}): {result.stderr}"
        assert not is_mounted(point), "umount returned 0, but the mount is still there"
    finally:
        lazy_unmount(point)
