"""One train at a time: images, small data, and all modules stacked."""

import random

from mounts import mounted
from report import rate
from runs import DETECTOR, FIRST_TRAIN, FRAMES, SHARED_TRAINS, XGM, corrected_source, raw_source


def trains(bench):
    """np.load of every train file of one module, against train_from_id in one process."""
    for run, source, kind, frames in (("raw", raw_source(0), "unfiltered", bench.data.frames),
                                      ("corrected", corrected_source(0), "gzip f32", bench.data.corrected_frames)):
        ids = [FIRST_TRAIN + number for number in range(frames // FRAMES)]
        extra = {"run": bench.data.extra(run), "source": source, "key": "image.data"}

        def one_round(digest=False):
            wanted = random.sample(ids, 8) if digest else ids
            with mounted(bench.data.run(run), bench.point) as mount:
                directory = mount.key(source, "image.data") / "trains"
                ours = bench.programs.client("trains_load", directory=directory, trains=wanted, digest=digest)
            theirs = bench.programs.client("trains_extra", **extra, trains=wanted, digest=digest)
            if digest:
                bench.report.check(f"{run}: trains", ours["digest"], theirs["digest"])
            return {"ours": ours["seconds"], "theirs": theirs["seconds"]}

        one_round(digest=True)
        found = bench.repeat(one_round)
        bench.report.compare(f"np.load of one train, one module, {kind}", found["ours"], found["theirs"],
                             "train_from_id", None, rate(FRAMES * 512 * 128 * 4))


def small(bench):
    """Small train files of a long run, in random order, against train_from_id."""
    count = 2000
    source, key = f"{XGM}:output", "data.intensityTD"
    extra = {"run": bench.data.extra("long"), "source": source, "key": key}
    seeds = iter(range(100))

    def one_round(digest=False):
        ids = random.Random(next(seeds)).sample(range(FIRST_TRAIN, FIRST_TRAIN + bench.data.long_trains), count)
        found = {}
        with mounted(bench.data.run("long"), bench.point) as mount:
            directory = mount.key(source, key) / "trains"
            if digest:
                ours = bench.programs.client("trains_load", directory=directory, trains=ids, digest=True)
                theirs = bench.programs.client("trains_extra", **extra, trains=ids, digest=True)
                bench.report.check("small trains", ours["digest"], theirs["digest"])
                return found
            found["bytes"] = bench.programs.time("trains_bytes", directory=directory, trains=ids)
            found["bytes again"] = bench.programs.time("trains_bytes", directory=directory, trains=ids)
        with mounted(bench.data.run("long"), bench.point) as mount:
            directory = mount.key(source, key) / "trains"
            found["load"] = bench.programs.time("trains_load", directory=directory, trains=ids)
        found["extra"] = bench.programs.time("trains_extra", **extra, trains=ids)
        return found

    one_round(digest=True)
    found, report = bench.repeat(one_round), bench.report
    report.compare("open, read, close one small train file, first", found["bytes"], found["extra"], "train_from_id", 5)
    for what, name in (("open, read, close one small train file, again", "bytes again"),
                       ("np.load of one small train file, first", "load")):
        report.compare(what, found[name], found["extra"], "train_from_id")


def stacked(bench):
    """A random train of 16 modules in one file, against EXtra-data's detector class."""
    for run, raw, kind in (("raw", True, "unfiltered"), ("corrected", False, "gzip f32")):
        ids = [FIRST_TRAIN + number for number in range(SHARED_TRAINS)]
        random.Random(3).shuffle(ids)
        with mounted(bench.data.run(run), bench.point) as mount:
            if not (mount.point / "detectors" / DETECTOR / "keys/image.data").is_dir():
                bench.report.note(f"one train, 16 modules stacked, {kind}", "not there yet")
                continue
        left = iter(ids * 4)

        def one_round(digest=False):
            train, found = next(left), {}
            extra = bench.programs.client("stacked_extra", run=bench.data.extra(run), key="image.data", raw=raw,
                                          train=train, digest=digest)
            for name in ("read", "load"):
                with mounted(bench.data.run(run), bench.point) as mount:
                    path = mount.point / "detectors" / DETECTOR / "keys/image.data/trains" / f"{train}.npy"
                    if digest:
                        ours = bench.programs.client("file_digest", path=path)
                        bench.report.check(f"{run}: one stacked train", ours["digest"], extra["digest"])
                        return found
                    if name == "load":
                        found["load"] = bench.programs.time("numpy_load", path=path)
                    else:
                        found["read"] = bench.programs.read(path).seconds
                        found["again"] = bench.programs.read(path).seconds
            return found | {"extra": extra["seconds"]}

        one_round(digest=True)
        found, show = bench.repeat(one_round), rate(16 * FRAMES * 512 * 128 * 4)
        for name, what, target in (("read", "first read", 2 if raw else None), ("again", "second read", None),
                                   ("load", "np.load", None)):
            bench.report.compare(f"one train, 16 modules stacked, {kind}, {what}", found[name], found["extra"],
                                 "AGIPD1M ndarray", target, show)
