"""A slow store, and a mount that is busy."""

import time

from mounts import SlowStore, mounted
from report import rate, seconds
from runs import FIRST_TRAIN, FRAMES, XGM, corrected_source, raw_source
from rows_tree import plain_directory

SLEEP = 2000   # microseconds in every read of the slow store
READERS = 16


def slow(bench):
    """Sequential read of a store that sleeps 2 ms in every read, with and without prefetch; and awake."""
    store, report = SlowStore(bench.tools), bench.report
    packed = bench.data.corrected_frames * 512 * 128 * 4
    for run, source, key, kind, size in (
            ("corrected", corrected_source(0), "data", "gzip f32", packed),
            ("corrected", corrected_source(0), "mask", "gzip mask", packed),
            ("raw", raw_source(0), "data", "unfiltered", bench.data.frames * 512 * 128 * 4)):
        reads = {}

        def timed(name: str, microseconds: int, *options: str) -> float:
            with mounted(bench.data.run(run), bench.point, *options, environment=store.environment) as mount:
                path = mount.array(source, f"image.{key}")
                path.stat()
                store.sleep(microseconds)
                try:
                    taken = bench.programs.read(path).seconds
                    reads[name] = store.count()
                finally:
                    store.sleep(0)
                return taken

        def one_round():
            return {"with": timed("with", SLEEP), "without": timed("without", SLEEP, "--no-prefetch"),
                    "awake": timed("awake", 0)}

        found = bench.repeat(one_round)
        if not (reads["with"][0] and reads["without"][0]):
            report.wrong("the slow store saw no reads of the daemon")
            return
        what = f"slow store, sequential, {kind}"
        report.compare(what, found["with"], found["without"], "without prefetch", 8, rate(size))
        report.compare(f"{what}: awake, the most there is", found["awake"], found["without"],
                       "without prefetch", None, rate(size))
        (count, volume), (slower, _) = reads["with"], reads["without"]
        report.note(f"{what}: reads", f"{count} of {volume / count / 1024:.0f} KiB; without prefetch {slower}")


def small_files(bench, mount) -> tuple[list, list]:
    """Names that nobody has looked up: files of one train, and directories."""
    ids = range(FIRST_TRAIN, FIRST_TRAIN + bench.data.corrected_frames // FRAMES)
    scalars = [f"value{number:02}" for number in range(30)]
    files = [mount.key(XGM, f"{key}.value") / "trains" / f"{train}.npy" for key in scalars for train in ids]
    directories = [mount.key(XGM, f"{key}.timestamp") / "trains" for key in scalars]
    directories += [mount.key(corrected_source(module), f"image.{key}") / "trains"
                    for module in range(16) for key in ("data", "mask", "trainId", "pulseId", "cellId")]
    directories += [mount.point / "trains" / str(train) for train in ids]
    return [str(path) for path in files], [str(path) for path in directories]


def fairness(bench):
    """Latency of small requests while 16 readers stream compressed arrays; of a disk under the same load too."""
    def probe(files, directories, duration):
        return bench.programs.client("probe", files=files, directories=directories, duration=duration)

    plain = [str(path) for path in sorted(plain_directory(bench, 136).iterdir())[:4000]]
    readers = []
    # A cache smaller than what is streamed, so that the inflaters have work at every turn.
    with mounted(bench.data.run("corrected"), bench.point, "--cache-size", "64M") as mount:
        try:
            files, directories = small_files(bench, mount)
            quiet = probe(files[:400], directories[:40], 2)
            for module in range(READERS):
                path = mount.array(corrected_source(module), "image.data")
                readers.append(bench.programs.stream(path, 1.5 * bench.seconds + 4, module << 20))
            time.sleep(1)
            before, start = mount.cpu(), time.monotonic()
            busy = probe(files[400:], directories[40:], bench.seconds)
            cpu = (mount.cpu() - before) / (time.monotonic() - start)
            disk = probe(plain, [], bench.seconds / 2)
            lines = [reader.communicate()[0].split() for reader in readers]
            speed = sum(float(line[0]) / float(line[1]) for line in lines)
        finally:
            for reader in readers:
                reader.kill()
                reader.wait()
        peak = mount.peak_rss()
    report = bench.report
    for kind, what in (("stat", "stat of a new name"), ("readdir", "readdir of a new directory"),
                       ("read", "4 KiB of a small file")):
        against = f"idle: {seconds(quiet[kind]['median'])}"
        if kind in disk:
            against += f", disk: {seconds(disk[kind]['median'])}"
        report.limit(f"{what} while {READERS} stream, median of {busy[kind]['count']}",
                     busy[kind]["median"], 0.010, against)
        against = f"idle: {seconds(quiet[kind]['worst'])}"
        if kind in disk:
            against += f", disk: {seconds(disk[kind]['worst'])}"
        report.limit(f"{what} while {READERS} stream, worst", busy[kind]["worst"], 0.100, against)
    report.note(f"the {READERS} streams together", f"{speed / 1e9:.2f} GB/s, daemon busy on {cpu:.1f} cores, "
                                                   f"peak RSS {peak / 2**20:.0f} MiB with --cache-size 64M")
