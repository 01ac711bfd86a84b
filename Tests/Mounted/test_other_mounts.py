"""A daemon that ends takes its own mount away and no other's, though the kernel gives its numbers to the next."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

import product
from product import is_mounted, wait_until, xfelfs


def numbers(point) -> tuple[str, str]:
    """The mount's number and its file system's."""
    fields = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return next((line[0], line[2]) for line in reversed(fields) if line[4] == str(point))


def is_alive(point) -> bool:
    return is_mounted(point) and (point / "info.txt").read_text().startswith("# of trains")


@pytest.fixture
def bound(tmp_path):
    """A directory for a second mount of what is mounted already."""
    point = tmp_path / "bound"
    point.mkdir()
    yield point
    product.lazy_unmount(point)


def move_to(bound, daemon):
    """Leaves a daemon's file system only at `bound`."""
    subprocess.run(["mount", "--bind", daemon.point, bound], check=True)
    subprocess.run(["umount", daemon.point], check=True)


def until_numbers_are_used_again(scenario):
    """Runs the scenario until the kernel has given the first mount's numbers to the second, unless another mount gets them."""
    for _ in range(10):
        if scenario():
            return
    pytest.fail("the kernel does not use the numbers again: this tests nothing")


def test_a_mount_that_got_the_number(small, foreground, bound):
    """Another mount at the same place, while the first daemon's file system lives on elsewhere and then ends."""
    def scenario():
        first = foreground(small[0])
        before = numbers(first.point)
        move_to(bound, first)
        second = foreground(small[0])
        is_reused = numbers(second.point)[0] == before[0]
        subprocess.run(["umount", bound], check=True)
        assert first.process.wait(10) == 0
        time.sleep(0.1)
        assert is_alive(second.point) and second.process.poll() is None
        second.clean_up()
        return is_reused

    until_numbers_are_used_again(scenario)


def test_a_signal_to_the_first_daemon(small, foreground, bound):
    """It has no mount of its own at the place any more: what is there stays; a second signal ends it."""
    first = foreground(small[0])
    move_to(bound, first)
    second = foreground(small[0])
    first.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    assert is_alive(second.point)
    first.process.send_signal(signal.SIGTERM)
    assert first.process.wait(10) == 0
    assert is_alive(second.point)


def test_a_mount_that_got_both_numbers(small, foreground):
    """The daemon that is slow to end finds another's mount with both of its numbers."""
    def scenario():
        first = foreground(small[0])
        before = numbers(first.point)
        first.process.send_signal(signal.SIGSTOP)
        # umount(8) would ask it for its attributes.
        assert xfelfs("umount", first.point, timeout=10).returncode == 0
        second = foreground(small[0])
        is_reused = numbers(second.point) == before
        first.process.send_signal(signal.SIGCONT)
        assert first.process.wait(10) == 0
        time.sleep(0.1)
        assert is_alive(second.point) and second.process.poll() is None
        second.clean_up()
        return is_reused

    until_numbers_are_used_again(scenario)


def test_a_mount_that_was_moved(small, foreground, bound):
    """It is taken away where it is now."""
    daemon = foreground(small[0])
    subprocess.run(["mount", "--move", daemon.point, bound], check=True)
    daemon.process.send_signal(signal.SIGTERM)
    assert daemon.process.wait(10) == 0 and not is_mounted(bound)


def test_a_connection_that_was_cut(small, foreground, tmp_path):
    """The daemon takes its dead mount with it."""
    control = tmp_path / "control"
    control.mkdir()
    subprocess.run(["mount", "-t", "fusectl", "fusectl", control], check=True)
    try:
        daemon = foreground(small[0])
        minor = numbers(daemon.point)[1].split(":")[1]
        (control / minor / "abort").write_text("1")
        assert daemon.process.wait(10) == 0, daemon.log()
        assert not is_mounted(daemon.point)
        assert os.listdir(daemon.point) == []
    finally:
        subprocess.run(["umount", control], check=True)


def test_umount_by_command_of_a_place_used_again(small, foreground):
    """Many mounts in turn at one place, each unmounted as soon as the one before has begun to end."""
    for _ in range(10):
        daemon = foreground(small[0])
        assert is_alive(daemon.point)
        assert xfelfs("umount", daemon.point).returncode == 0
    wait_until(lambda: not is_mounted(daemon.point), what="the end")
