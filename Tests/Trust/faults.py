"""A store that fails on demand: a directory seen through faultfs.c, and what of it was opened and read."""

import contextlib
import os
import shutil
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import product

HERE = Path(__file__).resolve().parent
RECORD = struct.Struct("=224s4Q")


@dataclass
class Counter:
    """Of one file: how often it was opened and read, and how many of these went wrong on demand."""
    opens: int
    reads: int
    faults: int


def compile_faultfs(directory: Path) -> Path:
    """Compiles faultfs.c; what it lacks is on the list of packages in Tests/run.sh."""
    program = directory / "faultfs"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fuse3"], capture_output=True, text=True, check=True)
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-O2", HERE / "faultfs.c", "-o", program,
                    *flags.stdout.split()], check=True)
    return program


class FaultyStore:
    """A directory, mounted by faultfs. Sound until told otherwise."""

    # Each request that hangs keeps a thread of libfuse, which has 10 where nothing is said.
    THREADS = 256

    def __init__(self, program: Path, directory: Path, work: Path, seed: int = 1):
        work.mkdir()
        self.point, self.control, self.counters_path = work / "run", work / "control", work / "counters"
        self.point.mkdir()
        self.ok()
        options = ["-f", "-o", f"max_threads={self.THREADS},max_idle_threads={self.THREADS},fsname=faultfs"]
        if os.geteuid() == 0:
            options += ["-o", "allow_other"]    # a worker of root's daemon may not be root
        self.process = subprocess.Popen([program, directory, self.control, self.counters_path, self.point, *options],
                                        stdin=subprocess.DEVNULL, env=os.environ | {"FAULTFS_SEED": str(seed)})
        deadline = time.monotonic() + 20
        while not product.is_mounted(self.point):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.close()
                raise RuntimeError("faultfs did not mount")
            time.sleep(0.01)

    def set(self, *lines: str):
        """From now on this goes wrong: lines `MODE [VALUE] [GLOB]`, the first that matches a file counts."""
        fresh = self.control.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.rename(self.control)

    def ok(self):
        """From now on nothing goes wrong; what hangs goes on."""
        self.set("ok")

    @contextlib.contextmanager
    def fault(self, *lines: str):
        """Goes wrong for a block."""
        self.set(*lines)
        try:
            yield
        finally:
            self.ok()

    def counters(self) -> dict[str, Counter]:
        """By the names of the files that have been opened so far."""
        found = {}
        for name, opens, reads, faults, _ in RECORD.iter_unpack(self.counters_path.read_bytes()):
            if not name[0]:
                break
            found[name.partition(b"\0")[0].decode()] = Counter(opens, reads, faults)
        return found

    def faults(self) -> int:
        """How many reads and openings have gone wrong so far, of all files."""
        return sum(counter.faults for counter in self.counters().values())

    def __enter__(self) -> "FaultyStore":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.ok()
        product.lazy_unmount(self.point)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()     # ends the connection, and with it whatever waits for an answer
            self.process.wait()
        shutil.rmtree(self.point.parent, ignore_errors=True)
