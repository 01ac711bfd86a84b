"""The tree itself: mounting, listing, finding."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from mounts import binary, mounted, unmount
from report import Row
from runs import FIRST_TRAIN, XGM

OPEN = "from extra_data import RunDirectory; RunDirectory({!r}{}).info()"


def run_for(*command) -> float:
    """Seconds of a process from its start to its end; its output is thrown away."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def opening(bench):
    """`xfelfs mount` and `ls` as processes, against a Python process; neither finds a map of the files."""
    run, extra, point = bench.data.run("many"), bench.data.extra("many"), bench.point
    kept = extra / "karabo_data_map.json"
    point.mkdir(exist_ok=True)

    def mount_and_list() -> float:
        with tempfile.TemporaryDirectory(dir=bench.work) as cache:
            try:
                return run_for("env", f"XDG_CACHE_HOME={cache}", "sh", "-c", '"$0" mount "$1" "$2" && ls "$2"',
                               binary(), str(run), str(point))
            finally:
                unmount(point)

    def python(options: str) -> float:
        kept.unlink(missing_ok=True)
        return run_for(sys.executable, "-c", OPEN.format(str(extra), options))

    def one_round():
        return {"ours": mount_and_list(), "extra": python(""), "serial": python(", parallelize=False")}

    one_round()
    found = bench.repeat(one_round)
    files = len(list(run.glob("*.h5")))
    report = bench.report
    report.compare(f"mount and ls, {files} files", found["ours"], found["extra"], "RunDirectory + info()", 5)
    report.compare(f"mount and ls, {files} files", found["ours"], found["serial"], "the same, parallelize=False")


def plain_directory(bench, size: int) -> Path:
    """A directory of the disk with as many files, of the same names and sizes, as a long run has trains."""
    directory = bench.data.root / "plain"
    if not directory.exists():
        unfinished = bench.data.root / "plain.part"
        unfinished.mkdir(exist_ok=True)
        for number in range(bench.data.long_trains):
            file = os.open(unfinished / f"{FIRST_TRAIN + number}.npy", os.O_WRONLY | os.O_CREAT, 0o444)
            os.ftruncate(file, size)
            os.close(file)
        unfinished.rename(directory)
    return directory


def listing(bench):
    """ls and ls -l of a directory of trains, against as many files on disk."""
    keys = [f"value{number:02}.value" for number in range(4)]
    with mounted(bench.data.run("long"), bench.point) as mount:
        directory = mount.key(XGM, keys[0]) / "trains"
        size = (directory / f"{FIRST_TRAIN}.npy").stat().st_size
        names = set(os.listdir(directory))
    plain = plain_directory(bench, size)
    if names != set(os.listdir(plain)):
        bench.report.wrong("trains/ of the long run does not list its trains")
    kind = subprocess.run(["stat", "-f", "-c", "%T", plain], capture_output=True, text=True).stdout.strip()

    def one_round():
        found = {}
        with mounted(bench.data.run("long"), bench.point) as mount:
            names_only, long = (mount.key(XGM, key) / "trains" for key in keys[:2])
            found["ls"] = run_for("ls", names_only)
            found["ls plain"] = run_for("ls", plain)
            found["ls -l"] = run_for("ls", "-l", long)
            found["ls -l again"] = run_for("ls", "-l", long)
            found["ls -l plain"] = run_for("ls", "-l", plain)
        return found

    found, count = bench.repeat(one_round), bench.data.long_trains
    for what, ours, theirs in (("ls, first", "ls", "ls plain"), ("ls -l, first", "ls -l", "ls -l plain"),
                               ("ls -l, again", "ls -l again", "ls -l plain")):
        bench.report.compare(f"{what}, {count} trains", found[ours], found[theirs], f"a directory on {kind}")


def find(bench):
    """Entries per second of find over the sources of a run with many, and over a plain directory."""
    entries = {}

    def entries_per_second(name: str, directories: list[Path], *tests: str) -> float:
        start = time.perf_counter()
        output = subprocess.run(["find", *directories, *tests], capture_output=True, check=True).stdout
        entries[name] = output.count(b"\n")
        return entries[name] / (time.perf_counter() - start)

    plain = plain_directory(bench, 136)

    def one_round():
        found = {}
        for name, tests in (("names", ()), ("sizes", ("-size", "-1000000"))):
            with mounted(bench.data.run("many"), bench.point) as mount:
                directories = [mount.point / "sources" / f"SPB_DEV_{number:02}" for number in range(5)]
                found[name] = entries_per_second(name, directories, *tests)
            found[f"{name} plain"] = entries_per_second(f"{name} plain", [plain], *tests)
        return found

    found = bench.repeat(one_round)
    for name, what in (("names", "find"), ("sizes", "find -size")):
        ours, theirs = median(found[name]), median(found[f"{name} plain"])
        bench.report.add(Row(f"{what}, {entries[name]} entries of 50 sources", f"{ours:.0f} entries/s",
                             f"a plain directory of {entries[f'{name} plain']}: {theirs:.0f} entries/s",
                             f"{ours / theirs:.2f}x"))
