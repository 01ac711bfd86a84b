"""The benchmark: makes its data, runs the rows, prints the table. Started by run.sh, which see."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rows_arrays
import rows_load
import rows_trains
import rows_tree
from mounts import Passthrough, Programs, binary, unmount
from report import Report, load, machine, rounds, stolen
from runs import Data

# Name -> function, and the runs it reads.
ROWS = {
    "raw": (rows_arrays.raw, "raw"),
    "compressed": (rows_arrays.compressed, "corrected"),
    "numpy": (rows_arrays.numpy, "raw corrected"),
    "frames": (rows_arrays.frames, "raw corrected"),
    "first-byte": (rows_arrays.first_byte, "corrected"),
    "trains": (rows_trains.trains, "raw corrected"),
    "small": (rows_trains.small, "long"),
    "stacked": (rows_trains.stacked, "raw corrected"),
    "opening": (rows_tree.opening, "many"),
    "listing": (rows_tree.listing, "long"),
    "find": (rows_tree.find, "many"),
    "slow": (rows_load.slow, "raw corrected"),
    "fairness": (rows_load.fairness, "corrected"),
}


@dataclass
class Bench:
    """What every row needs."""

    data: Data
    work: Path
    report: Report
    quick: bool

    def __post_init__(self):
        self.tools, self.point = self.work / "tools", self.work / "mnt"
        self.tools.mkdir(exist_ok=True)
        self.programs, self.passthrough = Programs(self.tools), Passthrough(self.tools)
        self.seconds = 4 if self.quick else 8

    def repeat(self, one_round, budget: float = 1) -> dict[str, list]:
        """Rounds of a row, as many as the time allows; `budget` says how much more than others this one gets."""
        return rounds(one_round, *((3, 5 * budget) if self.quick else (9, 15 * budget)))


def parse():
    parser = argparse.ArgumentParser(prog="Tests/Benchmarks/run.sh", description="Measures xfelfs against the files "
                                     "themselves, h5py, EXtra-data and libfuse's passthrough example.")
    parser.add_argument("--quick", action="store_true", help="less data, fewer rounds: "
                        "about two minutes instead of six")
    parser.add_argument("--rows", metavar="NAME,...", default=",".join(ROWS), help=f"only these: {', '.join(ROWS)}")
    parser.add_argument("--keep", metavar="DIR", type=Path,
                        help="keep the data in DIR, or use what an earlier run kept there")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    options = parser.parse_args()
    options.rows = options.rows.split(",")
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    return options


def run(bench: Bench, names: list[str]):
    for name in names:
        function, runs = ROWS[name]
        start = time.monotonic()
        bench.report.section(f"{name}: {function.__doc__}")
        try:
            bench.data.make(runs.split())
            function(bench)
        except (RuntimeError, OSError) as error:
            bench.report.wrong(f"{name}: {error}")
        finally:
            unmount(bench.point)
        print(f"   {time.monotonic() - start:.0f} s, load {load()}", file=sys.stderr)


def main() -> int:
    options = parse()
    binary()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start, load_before, stolen_before = time.monotonic(), load(), stolen()
    work = Path(tempfile.mkdtemp(prefix="xfelfs-benchmark-"))
    # Quick data is smaller: kept beside the other, not instead of it.
    root = (options.keep or work).absolute() / ("quick" if options.quick else "full")
    report = Report(options.markdown)
    try:
        data = Data(root, *((1024, 1024) if options.quick else (2048, 1024)))
        run(Bench(data, work, report, options.quick), options.rows)
    finally:
        unmount(work / "mnt")
        shutil.rmtree(work)
    duration = time.monotonic() - start
    report.show([machine(), f"load {load_before} before, {load()} after; {stolen() - stolen_before:.0f} s of processor "
                 f"time stolen by the host; {duration:.0f} s{', --quick' if options.quick else ''}"])
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())
