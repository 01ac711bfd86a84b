"""A daemon in the foreground of a child of ours: what it logs, what it costs, and the processes that work for it."""

import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path

import product


class MountFailed(AssertionError):
    """A mount that did not come up; says what the program said."""


class Foreground:
    """A daemon started with -f: its process, its mount point, what it logs.

    Args:
        prefix: a command that runs the daemon, such as strace; `pid` is then the command's.
        patience: seconds that the mount may take.
    """

    def __init__(self, run, point, *options, prefix=(), patience=30.0):
        product.require_fuse()
        self.point = Path(point)
        self.point.mkdir(exist_ok=True)
        self.log_path = self.point.with_suffix(".log")
        command = [*prefix, product.binary(), "mount", "-f", *options, run, point]
        start = time.monotonic()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not product.is_mounted(point):
            ended = self.process.poll()
            if ended is not None or time.monotonic() > start + patience:
                self.clean_up()
                how = f"did not answer within {patience} s" if ended is None else f"ended with status {ended}"
                raise MountFailed(f"mount -f of {run} {how}: {self.log() or 'it printed nothing'}")
            time.sleep(0.01)
        self.seconds_to_mount = time.monotonic() - start

    @property
    def pid(self) -> int:
        return self.process.pid

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def status(self, field: str) -> int:
        """A number of /proc/<pid>/status, for instance VmRSS in kB."""
        return status(self.pid, field)

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def processes(self) -> list[int]:
        """The daemon and the processes that work for it."""
        return [self.pid, *descendants(self.pid)]

    def pss(self) -> int:
        """Memory of the daemon and the processes that work for it, shared pages divided among their users; in kB."""
        return sum(proportional_set_size(pid) for pid in self.processes())

    def is_serving(self) -> bool:
        """Whether the daemon runs, and its mount answers."""
        try:
            os.statvfs(self.point)
        except OSError:
            return False
        return self.process.poll() is None and product.is_mounted(self.point)

    def clean_up(self):
        product.lazy_unmount(self.point)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """Ends the mount, the daemon and what works for it, whatever state they are in."""
        abort(self.point)
        for pid in self.processes():
            kill(pid)
        self.process.wait(20)


def abort(point):
    """Takes a mount away and ends its connection, so that all who wait for it get an error; needs root."""
    force_and_detach = 1 | 2
    ctypes.CDLL(None).umount2(os.fsencode(point), force_and_detach)


def run_bounded(*arguments, seconds: float) -> subprocess.CompletedProcess | None:
    """Runs the program to its end, its output in text; None where it took longer: then it and all its processes are ended."""
    process = subprocess.Popen([product.binary(), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        for pid in [*descendants(process.pid), process.pid]:
            kill(pid)
        process.communicate()
        return None
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def kill(pid: int):
    """Kills a process, if there still is one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on, of a process; without zombies."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := parent_and_state(int(entry))) and found[1] not in "ZX":
            parents.setdefault(found[0], []).append(int(entry))
    found, next_ones = [], [pid]
    while next_ones:
        children = parents.get(next_ones.pop(), [])
        found += children
        next_ones += children
    return found


def parent_and_state(pid: int) -> tuple[int, str] | None:
    """The parent of a process and the letter of its state; None where there is no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(fields[1]), fields[0]


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is a zombie that waits for its parent only."""
    found = parent_and_state(pid)
    return found is None or found[1] in "ZX"


def status(pid: int, field: str) -> int:
    """A number of /proc/<pid>/status, for instance VmHWM in kB. Raises KeyError where there is none."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)


def proportional_set_size(pid: int) -> int:
    """Pss in kB; 0 of a process that has ended."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0
