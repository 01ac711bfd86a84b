"""Mounts of xfelfs and of libfuse's passthrough example, and the small C programs."""

import contextlib
import json
import mmap
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
EXAMPLE = Path("/usr/share/doc/libfuse3-dev/examples/passthrough_ll.c")


def binary() -> str:
    """The program: $XFELFS, else the release build of this repository."""
    path = os.environ.get("XFELFS") or str(REPO / ".build/release/xfelfs")
    if not os.access(path, os.X_OK):
        sys.exit(f"no xfelfs at {path}: run `swift build -c release` or set XFELFS")
    return os.path.abspath(path)


def compile_c(name: str, directory: Path, *options: str) -> Path:
    """Compile a C file of this directory, if that has not been done."""
    output = directory / name.removesuffix(".c")
    subprocess.run(["cc", "-O2", "-o", output, HERE / name, *options], check=True)
    return output


def is_mounted(point) -> bool:
    escaped = re.sub(r"[\s\\]", lambda match: f"\\{ord(match[0]):03o}", os.path.realpath(point))
    return any(line.split(" ")[4] == escaped for line in open("/proc/self/mountinfo"))


def unmount(point):
    """Take a mount away, whatever state it is in."""
    for command in (["fusermount3", "-u"], ["fusermount3", "-u", "-z"], ["umount", "-l"]):
        if not is_mounted(point):
            return
        subprocess.run([*command, str(point)], capture_output=True)


def until_mounted(process: subprocess.Popen, point: Path):
    deadline = time.monotonic() + 60
    while not is_mounted(point):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{process.args[0]} did not mount")
        time.sleep(0.002)


class Mount:
    """A mounted run with its daemon, in the foreground of a child of ours: what it costs can be read."""

    def __init__(self, point: Path, process: subprocess.Popen):
        self.point, self.process = point, process

    def array(self, source: str, key: str) -> Path:
        return self.key(source, key) / "array.npy"

    def key(self, source: str, key: str) -> Path:
        return self.point / "sources" / source / "keys" / key

    def cpu(self) -> float:
        """Seconds of processor time, of the user and of the system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_rss(self) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s*(\d+)", text)[1]) * 1024


@contextlib.contextmanager
def mounted(run: Path, point: Path, *options: str, environment: dict = {}):
    """Mount `run` for a block."""
    point.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen([binary(), "mount", "-f", *options, str(run), str(point)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env=os.environ | environment)
    try:
        until_mounted(process, point)
        yield Mount(point, process)
    finally:
        end(process, point)


def end(process: subprocess.Popen, point: Path):
    unmount(point)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Passthrough:
    """libfuse's passthrough_ll, compiled from the examples of Debian's libfuse3-dev."""

    def __init__(self, directory: Path):
        self.program, self.missing = directory / "passthrough_ll", None
        if not EXAMPLE.exists():
            self.missing = f"not available: no {EXAMPLE.name} (libfuse3-dev)"
            return
        copy = directory / "passthrough"
        shutil.copytree(EXAMPLE.parent, copy, dirs_exist_ok=True)
        flags = subprocess.run(["pkg-config", "fuse3", "--cflags", "--libs"], capture_output=True, text=True)
        built = subprocess.run(["cc", "-O2", "-o", self.program, copy / EXAMPLE.name, *flags.stdout.split()],
                               capture_output=True)
        if built.returncode:
            self.missing = "not available: it does not compile"

    @contextlib.contextmanager
    def mounted(self, directory: Path, point: Path):
        point.mkdir(parents=True, exist_ok=True)
        process = subprocess.Popen([self.program, "-f", "-o", f"source={directory}", str(point)],
                                   stderr=subprocess.DEVNULL)
        try:
            until_mounted(process, point)
            yield point
        finally:
            end(process, point)


class SlowStore:
    """The shim that makes reads of HDF5 files sleep; off until `sleep` is called."""

    def __init__(self, directory: Path):
        self.library = compile_c("slowstore.c", directory, "-shared", "-fPIC", "-ldl")
        self.path = directory / "slowstore.control"
        self.path.write_bytes(bytes(4096))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 4096)
        self.environment = {"LD_PRELOAD": str(self.library), "SLOWSTORE": str(self.path)}

    def sleep(self, microseconds: int):
        self.memory[:24] = struct.pack("=3Q", microseconds, 0, 0)

    def count(self) -> tuple[int, int]:
        """Reads that slept since then, and their bytes."""
        return struct.unpack("=3Q", self.memory[:24])[1:]


class Taken(NamedTuple):
    """How long a reader took, and the processor time of it."""

    seconds: float
    cpu: float


class Programs:
    """What measures: the C reader, and Python functions of clients.py in processes of their own."""

    def __init__(self, directory: Path):
        self.reader = compile_c("reader.c", directory)

    def read(self, path: Path) -> "Taken":
        """Read a file in 1 MiB blocks."""
        result = subprocess.run([self.reader, path], capture_output=True, text=True)
        if result.returncode:
            raise RuntimeError(result.stderr.strip())
        return Taken(*map(float, result.stdout.split()[1:]))

    def stream(self, path: Path, duration: float, offset: int) -> subprocess.Popen:
        """A reader that goes round and round."""
        return subprocess.Popen([self.reader, "-l", str(duration), "-o", str(offset), path],
                                stdout=subprocess.PIPE, text=True)

    def client(self, function: str, **arguments) -> dict:
        """Call a function of clients.py in a fresh process; what it returns."""
        result = subprocess.run([sys.executable, HERE / "clients.py", function], capture_output=True, text=True,
                                input=json.dumps(arguments, default=str))
        if result.returncode:
            raise RuntimeError(f"{function}: {result.stderr.strip()}")
        return json.loads(result.stdout)

    def time(self, function: str, **arguments) -> float:
        return self.client(function, **arguments)["seconds"]
