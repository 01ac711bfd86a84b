"""Mounts mutants of sound files, as long as one likes, and keeps those that do harm.

    .build/test-venv/bin/python Tests/Trust/fuzz.py [--seconds 3600] [--mutants N] [--seed S] [--keep DIR] [--jobs 2]
    .build/test-venv/bin/python Tests/Trust/fuzz.py --seed S --only N

Each mutant stands beside a sound file in a run of its own, which is mounted by the program that XFELFS names (else the
release build), walked through with 2 MiB read of every file, and unmounted. It does harm if the daemon ends, if
anything takes longer than 10 s, if the daemon or a process that works for it takes more than 512 MiB, or if an array of
the sound file is not right to the byte. Then the file is kept, with what happened in log.txt; `--seed S --only N` makes
and tries it again.

The exit status is 1 if any did harm.
"""

import argparse
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import date
from pathlib import Path

for folder in ("Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import hostile
import trials
from mutations import Mutant, Seed


def seed_of_today() -> int:
    """Another one each day, for suites that run every day."""
    return int(date.today().strftime("%Y%m%d"))


class Fuzzer:
    """Tries mutants number `first`, `first + 1`, ... of a seed number.

    Args:
        number: the seed number. With the number of a mutant it says all about that mutant.
        keep: the directory for mutants that do harm; made when there is one.
        work: a directory for runs and mount points.
    """

    def __init__(self, corpus: hostile.Corpus, number: int, keep: Path, work: Path):
        self.number, self.keep, self.work = number, keep, work
        self.sound = corpus.seed("SOUND.h5")
        self.seeds = [Seed(name, data) for name, data in corpus.mutated_seeds().items()]
        self.digests = trials.sound_digests(self.sound, work / "sound")
        self.lock = threading.Lock()
        # What is below is touched with the lock held.
        self.tried = 0
        self.harm = Counter()
        self.largest = 0.0
        self.next = 0

    def mutant(self, index: int) -> Mutant:
        chance = random.Random(f"{self.number}-{index}")
        return chance.choice(self.seeds).mutant(chance)

    def run(self, seconds: float, most: int | None = None, first: int = 0, jobs: int = 2):
        """Tries mutants until the time is up or `most` have been begun."""
        end = time.monotonic() + seconds
        self.next = first
        last = None if most is None else first + most
        threads = [threading.Thread(target=self.work_on, args=(end, last)) for _ in range(jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def work_on(self, end: float, last: int | None):
        while time.monotonic() < end:
            with self.lock:
                index = self.next
                if last is not None and index >= last:
                    return
                self.next += 1
            self.attempt(index)

    def attempt(self, index: int) -> trials.Trial:
        """Tries one mutant, and keeps it if it does harm."""
        mutant = self.mutant(index)
        place = self.work / f"mutant-{index}"
        hostile.write_run(place / "run", self.sound, mutant.data)
        try:
            trial = trials.attempt(place / "run", place, self.digests)
        except BaseException as error:
            # Of the tests themselves: the mutant is needed to find out.
            self.keep_mutant(index, mutant, "error", repr(error), "")
            raise
        finally:
            shutil.rmtree(place, ignore_errors=True)
        with self.lock:
            self.tried += 1
            self.largest = max(self.largest, trial.memory)
            self.harm.update({kind for kind, _ in trial.failures})
        if trial.failures:
            self.keep_mutant(index, mutant, trial.failures[0][0], trial.describe(), trial.log)
        return trial

    def keep_mutant(self, index: int, mutant: Mutant, kind: str, what: str, log: str):
        self.keep.mkdir(parents=True, exist_ok=True)
        name = f"{kind}-{self.number}-{index}.h5"
        (self.keep / name).write_bytes(mutant.data)
        with self.lock, open(self.keep / "log.txt", "a") as file:
            print(f"{name}: {mutant.description}\n  {what}", file=file)
            print(f"  again with: fuzz.py --seed {self.number} --only {index}", file=file)
            for line in log.splitlines()[:30]:
                print(f"  | {line}", file=file)

    def summary(self) -> str:
        harm = ", ".join(f"{count} {kind}" for kind, count in sorted(self.harm.items())) or "none did harm"
        return f"seed {self.number}: {self.tried} mutants, {harm}; the largest process took {self.largest:.0f} MiB"


def report_progress(fuzzer: Fuzzer, has_ended: threading.Event):
    start = time.monotonic()
    while not has_ended.wait(30):
        print(f"{time.monotonic() - start:6.0f} s  {fuzzer.summary()}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mounts mutants of sound files, and keeps those that do harm.")
    parser.add_argument("--seconds", type=float, default=None, help="how long; without --mutants for an hour")
    parser.add_argument("--mutants", type=int, help="how many")
    parser.add_argument("--seed", type=int, default=seed_of_today(), help="the seed number; without it from the date")
    parser.add_argument("--first", type=int, default=0, help="the number of the first mutant")
    parser.add_argument("--only", type=int, help="try this mutant alone, and keep it")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-harm"), help="where mutants that do harm are kept")
    parser.add_argument("--jobs", type=int, default=2, help="how many mounts at a time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xfelfs-fuzz-") as directory:
        work = Path(directory)
        fuzzer = Fuzzer(hostile.Corpus(work / "corpus"), options.seed, options.keep, work)
        if options.only is not None:
            print(fuzzer.mutant(options.only).description)
            print(fuzzer.attempt(options.only).describe() or "it does no harm")
        else:
            seconds = options.seconds or (3600 if options.mutants is None else float("inf"))
            has_ended = threading.Event()
            threading.Thread(target=report_progress, args=(fuzzer, has_ended), daemon=True).start()
            fuzzer.run(seconds, options.mutants, options.first, options.jobs)
            has_ended.set()
        print(fuzzer.summary())
    if fuzzer.harm:
        print(f"what did harm is in {options.keep}")
    return 1 if fuzzer.harm else 0


if __name__ == "__main__":
    sys.exit(main())
