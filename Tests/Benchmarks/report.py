"""Rows, interleaved rounds, medians and the table that is printed."""

import os
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


def rounds(one_round, most: int, budget: float) -> dict[str, list]:
    """Interleave: `one_round` runs every case once and returns a value of each. Done `most` times, or twice and
    then until `budget` seconds have gone."""
    results: dict[str, list] = {}
    end, done = time.monotonic() + budget, 0
    while done < 2 or (done < most and time.monotonic() < end):
        for name, value in one_round().items():
            results.setdefault(name, []).append(value)
        done += 1
    return results


def seconds(value: float) -> str:
    for unit, scale in (("s", 1), ("ms", 1e3), ("us", 1e6)):
        if value * scale >= 1 or unit == "us":
            return f"{value * scale:.3g} {unit}"


def rate(count: int):
    """A way to print seconds: with the speed at which that many bytes came."""
    return lambda value: f"{seconds(value)} ({count / value / 1e9:.2f} GB/s)"


@dataclass
class Row:
    """One line: what was measured, against what, and what the ratio has to be."""

    what: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    spread: str = ""
    target: str = ""
    verdict: str = ""

    def cells(self):
        return self.what, self.ours, self.theirs, self.ratio, self.spread, self.target, self.verdict


HEADER = Row("work", "through the mount", "against", "ratio", "from-to (rounds)", "at least", "")


@dataclass
class Report:
    """Collects the rows and prints each as soon as it is known."""

    markdown: bool
    rows: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def section(self, text: str):
        print(f"== {text}", file=sys.stderr, flush=True)

    def add(self, row: Row):
        self.rows.append(row)
        print("   " + " | ".join(cell for cell in row.cells() if cell), file=sys.stderr, flush=True)

    def compare(self, what: str, ours: list, theirs: list, label: str, target: float | None = None, show=seconds):
        """How many times faster ours is: the median of the ratios of the rounds, so that load that
        comes and goes meets both sides."""
        ratios = sorted(b / a for a, b in zip(ours, theirs, strict=True))
        value = median(ratios)
        self.add(Row(what, show(median(ours)), f"{label}: {show(median(theirs))}",
                     f"{value:.2f}x", f"{ratios[0]:.2f}-{ratios[-1]:.2f} ({len(ratios)})",
                     f"{target:g}x" if target else "",
                     ("ok" if value >= target else "MISSED") if target else ""))

    def limit(self, what: str, value: float, at_most: float | None = None, against: str = "", show=seconds):
        """A number that must not be larger than `at_most`."""
        self.add(Row(what, show(value), against, target=f"below {show(at_most)}" if at_most else "",
                     verdict=("ok" if value < at_most else "MISSED") if at_most else ""))

    def note(self, what: str, text: str):
        self.add(Row(what, text))

    def wrong(self, what: str):
        """A real failure: wrong bytes, a mount that broke."""
        self.errors.append(what)
        print(f"ERROR: {what}", file=sys.stderr, flush=True)

    def check(self, what: str, got, expected):
        if got != expected:
            self.wrong(f"{what}: the bytes are not those of the HDF5 file ({got} instead of {expected})")

    def show(self, machine: list[str]):
        lines = [HEADER.cells()] + [row.cells() for row in self.rows]
        if self.markdown:
            lines.insert(1, ("---",) * len(lines[0]))
            print("\n".join(machine) + "\n")
            print("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
        else:
            widths = [max(len(cells[i]) for cells in lines) for i in range(len(lines[0]))]
            print("\n" + "\n".join(machine) + "\n")
            print("\n".join("  ".join(c.ljust(w) for c, w in zip(cells, widths)).rstrip() for cells in lines))
        missed = [row.what for row in self.rows if row.verdict == "MISSED"]
        reached = sum(row.verdict == "ok" for row in self.rows)
        print(f"\n{reached} of {reached + len(missed)} targets reached")
        for kind, names in (("MISSED", missed), ("ERROR", self.errors)):
            for name in names:
                print(f"- {kind}: {name}")


def load() -> str:
    return Path("/proc/loadavg").read_text().split(" ", 3)[0]


def stolen() -> float:
    """Seconds that the host gave to others since boot."""
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8]) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith(("model name", "Model"))), platform.machine())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1e6
    return (f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GB of memory, "
            f"{platform.system()} {platform.release()}")
