"""Walks through mounts, by walker.py in a process of its own that is watched."""

import contextlib
import pickle
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import daemon
from walker import Journal

WALKER = Path(__file__).resolve().with_name("walker.py")

# Has size 0 until it is made, see "Formats" in TREE.md.
MADE_LATE = {"README.txt", "info.txt", "info.json", "trains.csv", "sources.csv", "keys.csv", "missing.csv", "export/virtual.h5", "validation.txt", "validation.json",
             "locality.txt", "locality.json"}


def is_report(path: str) -> bool:
    """Whether it says how the files are now, not what is in them."""
    name = path.rpartition("/")[2]
    return name.startswith(("validation.", "locality.")) or name.endswith(".validation.txt")


class Stuck(AssertionError):
    """A single operation, or a whole walk, that did not come to an end in time."""


@dataclass
class Found:
    """What a walk found; see `walker.Walk`."""
    tree: dict
    errors: list
    wrong: list
    times: list
    files_read: int
    bytes_read: int

    def error_numbers(self) -> dict[int, int]:
        """How often each errno was seen."""
        numbers = [number for _, _, number in self.errors]
        return {number: numbers.count(number) for number in set(numbers)}

    def slowest(self) -> tuple[float, str]:
        """Seconds, and which operation it was."""
        seconds, operation, path = max(self.times, default=(0, "", ""))
        return seconds, f"{operation} {path}"

    def median(self) -> float:
        return statistics.median(seconds for seconds, _, _ in self.times)

    def assert_right(self, when: str):
        """Nothing was wrong; errors are allowed."""
        assert not self.wrong, (f"{when}: {len(self.wrong)} answers were wrong and no error, {len(self.errors)} were "
                                f"errors: {'; '.join(self.wrong[:5])}")

    def assert_complete(self, when: str):
        """Nothing was wrong, and nothing was an error."""
        self.assert_right(when)
        assert not self.errors, (f"{when}: {len(self.errors)} operations failed, as (operation, path, errno): "
                                 f"{self.errors[:5]}")


@contextlib.contextmanager
def prepared(job: dict):
    """A directory with the job and the journal for a walker; yields the command and the journal's path."""
    with tempfile.TemporaryDirectory(prefix="xfelfs-walk-") as directory:
        journal = Path(directory, "journal")
        journal.write_bytes(bytes(Journal.SIZE))
        path = Path(directory, "job")
        path.write_bytes(pickle.dumps(job | {"journal": str(journal)}))
        yield [sys.executable, "-I", WALKER, path], journal


def walk(top, patience: float = 60, longest: float | None = None, served_by: int | None = None, **job) -> Found:
    """Walks `top` and tells what was found.

    Args:
        patience: seconds after which the whole walk is given up.
        longest: seconds after which it is given up because of one operation.
        served_by: the daemon's process. The time for which it had to wait for a processor does not count then.
        job: further entries of the walker's job.

    Raises:
        Stuck: it was given up. The mount may have to be taken away before the walker ends.
    """
    with prepared({"top": str(top), **job}) as (command, journal):
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        output = []
        reader = threading.Thread(target=lambda: output.append(process.stdout.read()), daemon=True)
        reader.start()
        limits = Limits(patience, longest, served_by)
        while reader.is_alive():
            reader.join(0.1)
            begin, operation = Journal.read(journal)
            if (reason := limits.exceeded(begin)) is not None:
                # It may go on waiting for the mount, and cannot be waited for before the mount has ended.
                process.kill()
                raise Stuck(f"{operation!r} {reason}")
        status = process.wait()
        assert output and status == 0, f"the walker ended with status {status}"
        return Found(**pickle.loads(output[0]))


class Limits:
    """The time that a walk and its single operations may take, less that for which others kept the processors busy."""

    def __init__(self, patience: float, longest: float | None, served_by: int | None):
        self.patience, self.longest = patience, longest
        self.contention = daemon.Contention(served_by) if served_by else None
        self.start = time.monotonic()
        self.operation, self.lost_before = 0.0, 0.0

    def exceeded(self, begin: float) -> str | None:
        """Whether the walk has to be given up, and why.

        Args:
            begin: when the operation began that is being done, 0 where there is none.
        """
        lost = self.contention.seconds() if self.contention else 0
        now = time.monotonic()
        if begin != self.operation:
            self.operation, self.lost_before = begin, lost
        taken = now - begin - (lost - self.lost_before) if begin else 0
        if self.longest is not None and taken > self.longest:
            return f"did not come back within {taken:.1f} s"
        if now - self.start - lost > self.patience:
            return f"was waited for when the whole walk had taken {now - self.start:.0f} s"
        return None


class Truth:
    """What a sound mount of a run shows, to be held against what is seen when something goes wrong."""

    def __init__(self, tree: dict, path: Path):
        self.tree, self.path = tree, path
        path.write_bytes(pickle.dumps(tree))
        self.changing = {name for name in tree if is_report(name)}

    @classmethod
    def of(cls, run, work: Path) -> "Truth":
        """Mounts a run, with nothing in the way, and takes down all of it."""
        found = daemon.Foreground(run, work / "truth")
        try:
            seen = walk(found.point, keeps_bytes=True)
        finally:
            found.clean_up()
        assert not seen.errors, f"the sound run has errors: {seen.errors[:5]}"
        return cls(seen.tree, work / "truth.pickle")

    def compare(self, top, reports_too: bool = False, paths=None, **options) -> Found:
        """Walks a mount of the same run, and holds all against the truth.

        Args:
            reports_too: whether validation and locality have to be as in truth, too.
        """
        return walk(top, truth=str(self.path), may_be_empty=MADE_LATE, changing=() if reports_too else self.changing,
                    paths=paths, **options)


class MemoryWatch:
    """Samples the peaks of memory of a daemon and of each process that works for it, in a thread of its own."""

    def __init__(self, pid: int, seconds: float = 0.1):
        self.pid, self.seconds, self.peaks = pid, seconds, {}
        self.has_ended = threading.Event()
        self.thread = threading.Thread(target=self.sample, daemon=True)

    def sample(self):
        while not self.has_ended.wait(self.seconds):
            self.take()

    def take(self):
        """One sample."""
        for pid in [self.pid, *daemon.descendants(self.pid)]:
            with contextlib.suppress(OSError, KeyError):
                self.peaks[pid] = daemon.status(pid, "VmHWM")

    def __enter__(self) -> "MemoryWatch":
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.has_ended.set()
        self.thread.join()
        self.take()

    def largest(self) -> float:
        """MiB of the process that had most."""
        return max(self.peaks.values(), default=0) / 1024
