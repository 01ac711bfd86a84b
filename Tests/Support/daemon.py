"""A daemon in the foreground of a child of ours: what it logs, what it costs, and the processes that work for it."""

import ctypes
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import product


class MountFailed(AssertionError):
    """A mount that did not come up; says what the program said."""


class Foreground:
    """A daemon started with -f: its process, its mount point, what it logs.

    Args:
        prefix: a command that runs the daemon, such as strace; `pid` is then the command's.
        patience: seconds that the mount may take, on a machine that has nothing else to do.
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
        busy = Contention(self.process.pid)
        while not product.is_mounted(point):
            ended = self.process.poll()
            if ended is not None or time.monotonic() - start - busy.seconds() > patience:
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
        if self.process.poll() is not None:
            return
        abort(self.point)
        for pid in self.processes():
            kill(pid)
        self.process.wait(20)


def abort(point):
    """Takes a mount away and ends its connection, so that all who wait for it get an error; needs root."""
    force_and_detach = 1 | 2
    ctypes.CDLL(None).umount2(os.fsencode(point), force_and_detach)


def run_bounded(*arguments, seconds: float) -> subprocess.CompletedProcess | None:
    """Runs the program to its end, its output in text; None where it took longer: it and its processes are ended then.

    Args:
        seconds: on a machine that has nothing else to do.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        command = [product.binary(), *map(str, arguments)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors)
        start, busy = time.monotonic(), Contention(process.pid)
        while process.poll() is None:
            if time.monotonic() - start - busy.seconds() > seconds:
                for pid in [*descendants(process.pid), process.pid]:
                    kill(pid)
                process.wait()
                return None
            time.sleep(0.02)
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return subprocess.CompletedProcess(command, process.returncode, *texts)


def kill(pid: int):
    """Kills a process, if there still is one."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on, of a process; without zombies."""
    found, parents = [], [pid]
    while parents:
        parent = parents.pop()
        for task in tasks(parent):
            children = [int(child) for child in text_of(f"/proc/{parent}/task/{task}/children").split()]
            children = [child for child in children if not has_ended(child)]
            found += children
            parents += children
    return found


def tasks(pid: int) -> list[str]:
    """The threads of a process; none where it has ended."""
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []


def text_of(path: str) -> str:
    """What a file of /proc says; nothing where its process has ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Contention:
    """How long a process and those that work for it had to wait for a processor that others used, since this was made.

    What takes long on a busy machine is given this time in addition. Has to be asked every now and then.
    """

    def __init__(self, pid: int):
        self.pid, self.waited, self.delays = pid, 0.0, {}
        self.seconds()
        self.waited = 0.0

    def seconds(self) -> float:
        delays = {}
        for pid in [self.pid, *descendants(self.pid)]:
            for task in tasks(pid):
                fields = text_of(f"/proc/{pid}/task/{task}/schedstat").split()
                if len(fields) == 3:
                    delays[task] = int(fields[1]) * 1e-9
        # Threads wait side by side: of each interval the longest wait counts.
        self.waited += max((delay - self.delays.get(task, 0) for task, delay in delays.items()), default=0)
        self.delays = delays
        return self.waited


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or is a zombie that waits for its parent only."""
    fields = text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return not fields or fields[0] in "ZX"


def status(pid: int, field: str) -> int:
    """A number of /proc/<pid>/status, for instance VmHWM in kB. Raises KeyError where there is none."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)


def proportional_set_size(pid: int) -> int:
    """Pss in kB; 0 of a process that has ended."""
    for line in text_of(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0
