"""A mount for one test, and what its daemon holds."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

from conftest import XFELFS


class Mount:
    def __init__(self, path, log, daemon):
        self.path = path
        self.log = log
        self.daemon = daemon
        # Set by a test that unmounts.
        self.is_ended = False

    def __truediv__(self, name):
        return self.path / name

    @property
    def descriptors(self):
        return len(os.listdir(f"/proc/{self.daemon}/fd"))

    @property
    def threads(self):
        return len(os.listdir(f"/proc/{self.daemon}/task"))

    @property
    def memory(self):
        """In megabytes."""
        fields = dict(
            line.split(":", 1) for line in Path(f"/proc/{self.daemon}/status").read_text().splitlines() if ":" in line
        )
        return int(fields["VmRSS"].split()[0]) / 1024

    @property
    def children(self):
        """The processes that validate files for the mount."""
        found = []
        for task in os.listdir(f"/proc/{self.daemon}/task"):
            with contextlib.suppress(FileNotFoundError):
                found += Path(f"/proc/{self.daemon}/task/{task}/children").read_text().split()
        return [child for child in found if self._validates(child)]

    @staticmethod
    def _validates(process):
        """Not one of the workers that answer what the mount itself asks of the files."""
        with contextlib.suppress(FileNotFoundError):
            return b"read-hdf5" not in Path(f"/proc/{process}/cmdline").read_bytes()
        return False


@contextlib.contextmanager
def mounted(run, directory, *options):
    """Mounts a run in the foreground of a process of ours."""
    place, log = directory / "mnt", directory / "log"
    place.mkdir(parents=True)
    ready, tell = os.pipe()
    with open(log, "wb") as output:
        process = subprocess.Popen(
            [XFELFS, "mount", "-f", "--ready-fd", str(tell), *map(str, options), str(run), str(place)],
            stdout=output, stderr=output, pass_fds=[tell],
        )
    os.close(tell)
    try:
        assert os.read(ready, 1) == b"s", log.read_text()
        mount = Mount(place, log, process.pid)
        yield mount
        assert mount.is_ended or process.poll() is None, f"the daemon ended with {process.returncode}: {log.read_text()}"
    finally:
        os.close(ready)
        subprocess.run(["umount", "-l", str(place)], stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


def until(condition, seconds=10):
    """Whether it comes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()
