"""What a daemon says of itself: counters as an extended attribute and on SIGUSR1, and each request in the debug log."""

import os
import signal

import numpy as np
import pytest

import product
from product import wait_until, xfelfs

STATS = "user.xfelfs.stats"


def stats(mnt) -> dict[str, int]:
    lines = os.getxattr(mnt, STATS).decode().splitlines()
    return {name: int(value) for name, value in map(str.split, lines)}


def test_counters_are_an_attribute_of_the_root(small_mnt, pixels):
    # Read by name: listed, each copy of the tree would be another one.
    assert STATS not in os.listxattr(small_mnt)
    before = stats(small_mnt)
    np.load(pixels)
    for number in range(10):
        with pytest.raises(FileNotFoundError):
            os.stat(small_mnt / f"nothing {number}")
    after = stats(small_mnt)
    assert after["requests_lookup"] >= before["requests_lookup"] + 10
    assert after["bytes_read"] - before["bytes_read"] >= pixels.stat().st_size
    assert after["requests_read"] > before["requests_read"] and after["requests_open"] > before["requests_open"]
    assert after["microseconds_read"] > before["microseconds_read"]
    assert after["cache_misses"] > before["cache_misses"] or after["prefetches"] > before["prefetches"]
    assert after["library_visits"] > 0 and after["workers_started"] > 0 and after["runs_opened"] == 1
    # Only there.
    assert STATS not in os.listxattr(pixels)
    with pytest.raises(OSError):
        os.getxattr(pixels, STATS)


def test_statistics_on_a_signal(small, foreground):
    daemon = foreground(small[0])
    os.listdir(daemon.point / "sources")
    os.kill(daemon.pid, signal.SIGUSR1)
    wait_until(lambda: "stats: workers_lost 0" in daemon.log(), 10, "the statistics in the log")
    assert "stats: requests_opendir " in daemon.log()
    assert daemon.is_serving()


def test_requests_in_the_debug_log(small, foreground):
    daemon = foreground(small[0], "--log-level", "debug")
    with pytest.raises(FileNotFoundError):
        os.stat(daemon.point / "no such name")
    wait_until(lambda: "no such name" in daemon.log(), 10, "the request in the log")
    line = next(line for line in daemon.log().splitlines() if "no such name" in line)
    number = line.split("#")[1].split()[0]
    # As it came in, and as it was answered.
    wait_until(lambda: daemon.log().count(f"#{number} ") == 2, 10, "the answer in the log")
    quiet = foreground(small[0], name="quiet")
    assert not os.path.exists(quiet.point / "no such name") and "#" not in quiet.log()


def test_levels_that_are_none(small, tmp_path):
    (tmp_path / "mnt").mkdir()
    result = xfelfs("mount", "--log-level", "loud", small[0], tmp_path / "mnt")
    assert result.returncode == 64 and "--log-level takes one of" in result.stderr
    assert not product.is_mounted(tmp_path / "mnt")
