"""Whole arrays: in blocks of 1 MiB, with numpy, a random frame, the first bytes."""

from statistics import median

from mounts import mounted
from report import rate, seconds
from runs import corrected_source, raw_source

GIB = 1 << 30


def processor_time(bench, what: str, cases: dict, size: int, peak: int):
    """Processor time for a GiB of the array, which the load of the machine hardly moves, and the daemon's
    peak memory. `cases`: name -> pairs of daemon and reader."""
    for name, pairs in cases.items():
        daemon, reader = (median(pair[side] for pair in pairs) * GIB / size for side in (0, 1))
        bench.report.note(f"{what}, {name}: processor time", f"daemon {daemon:.2f} + reader {reader:.2f} s/GiB")
    bench.report.note(f"{what}: daemon's peak memory", f"{peak / 2**20:.0f} MiB")


def timed_read(bench, mount, path) -> tuple[float, tuple[float, float]]:
    """Seconds of the reader; processor seconds of the daemon and of the reader."""
    before = mount.cpu()
    taken = bench.programs.read(path)
    return taken.seconds, (mount.cpu() - before, taken.cpu)


def check_array(bench, run: str, source: str, key: str):
    """Once: the bytes of array.npy, read twice and then mapped, are those that h5py reads."""
    path, group = bench.data.hdf5(run)
    expected = bench.programs.client("h5py_whole", path=path, dataset=f"{group}/{key}", digest=True)["digest"]
    with mounted(bench.data.run(run), bench.point) as mount:
        array = mount.array(source, f"image.{key}")
        for what, found in (("first read", bench.programs.client("file_digest", path=array)),
                            ("second read", bench.programs.client("file_digest", path=array)),
                            ("mapped", bench.programs.client("numpy_load", path=array, mode="r", digest=True))):
            bench.report.check(f"{run} {key}, {what}", found["digest"], expected)
    return expected


def raw(bench):
    """Unfiltered: the same 1 MiB reads of array.npy, of the HDF5 file, and through libfuse's example."""
    path, group = bench.data.hdf5("raw")
    size, programs, peaks = path.stat().st_size, bench.programs, []
    check_array(bench, "raw", raw_source(0), "data")

    def one_round():
        found = {}
        with mounted(bench.data.run("raw"), bench.point) as mount:
            array = mount.array(raw_source(0), "image.data")
            found["first"], found["first cpu"] = timed_read(bench, mount, array)
            found["second"], found["second cpu"] = timed_read(bench, mount, array)
            found["third"] = programs.read(array).seconds
            peaks.append(mount.peak_rss())
        file = programs.read(path)
        found["file"], found["file cpu"] = file.seconds, (0, file.cpu)
        found["h5py"] = programs.time("h5py_whole", path=path, dataset=f"{group}/data")
        if not bench.passthrough.missing:
            with bench.passthrough.mounted(path.parent, bench.point) as point:
                found["example"] = programs.read(point / path.name).seconds
                found["example again"] = programs.read(point / path.name).seconds
        return found

    found, show, report = bench.repeat(one_round, budget=4), rate(size), bench.report
    report.compare("array.npy unfiltered, first read", found["first"], found["file"], "HDF5 file", 0.7, show)
    report.compare("array.npy unfiltered, second read", found["second"], found["file"], "HDF5 file", 0.9, show)
    report.compare("array.npy unfiltered, third read", found["third"], found["file"], "HDF5 file", None, show)
    report.compare("array.npy unfiltered, first read", found["first"], found["h5py"], "h5py, whole", 1.5, show)
    report.compare("array.npy unfiltered, second read", found["second"], found["h5py"], "h5py, whole", None, show)
    if bench.passthrough.missing:
        report.note("libfuse's passthrough_ll", bench.passthrough.missing)
    else:
        for turn, theirs in (("first", "example"), ("second", "example again")):
            report.compare(f"array.npy unfiltered, {turn} read", found[turn], found[theirs],
                           "passthrough_ll", None, show)
    processor_time(bench, "unfiltered", {"first read": found["first cpu"], "second read": found["second cpu"],
                                         "HDF5 file": found["file cpu"]}, size, max(peaks))


def compressed(bench):
    """gzip and shuffle: array.npy in 1 MiB reads, against h5py and EXtra-data's detector class."""
    path, group = bench.data.hdf5("corrected")
    programs, report, extra, peaks = bench.programs, bench.report, bench.data.extra("corrected"), {}
    for key in ("data", "mask"):
        expected = check_array(bench, "corrected", corrected_source(0), key)
        found = programs.client("extra_module", run=extra, key=f"image.{key}", digest=True)
        report.check(f"EXtra-data {key}", found["digest"], expected)

    def one_round():
        found = {}
        for key in ("data", "mask"):
            with mounted(bench.data.run("corrected"), bench.point) as mount:
                array = mount.array(corrected_source(0), f"image.{key}")
                found[f"{key} first"], found[f"{key} cpu"] = timed_read(bench, mount, array)
                found[f"{key} second"] = programs.read(array).seconds
                found[f"{key} third"] = programs.read(array).seconds
                peaks[key] = max(peaks.get(key, 0), mount.peak_rss())
            found[f"{key} h5py"] = programs.time("h5py_whole", path=path, dataset=f"{group}/{key}")
            found[f"{key} extra"] = programs.time("extra_module", run=extra, key=f"image.{key}")
        return found

    found, size = bench.repeat(one_round, budget=4), bench.data.corrected_frames * 512 * 128 * 4
    for key, name, extra_target in (("data", "f32", 2), ("mask", "mask", None)):
        first, h5py = found[f"{key} first"], found[f"{key} h5py"]
        report.compare(f"array.npy gzip {name}, first read", first, h5py, "h5py, whole", 4, rate(size))
        report.compare(f"array.npy gzip {name}, first read", first, found[f"{key} extra"],
                       "AGIPD1M ndarray", extra_target, rate(size))
        for turn in ("second", "third"):
            report.compare(f"array.npy gzip {name}, {turn} read", found[f"{key} {turn}"], h5py,
                           "h5py, whole", None, rate(size))
        processor_time(bench, f"gzip {name}", {"first read": found[f"{key} cpu"]}, size, peaks[key])


def numpy(bench):
    """np.load, and a sum over a mapping, against h5py; memory is fresh on both sides."""
    programs, report = bench.programs, bench.report
    for run, source, kind in (("raw", raw_source(0), "unfiltered"), ("corrected", corrected_source(0), "gzip f32")):
        path, group = bench.data.hdf5(run)

        def one_round():
            found = {}
            for name, arguments in (("load", {}), ("mapped", {"mode": "r", "total": True})):
                with mounted(bench.data.run(run), bench.point) as mount:
                    array = mount.array(source, "image.data")
                    found[name] = programs.time("numpy_load", path=array, **arguments)
                    found[f"{name} again"] = programs.time("numpy_load", path=array, **arguments)
            found["h5py"] = programs.time("h5py_whole", path=path, dataset=f"{group}/data")
            found["h5py sum"] = programs.time("h5py_whole", path=path, dataset=f"{group}/data", total=True)
            return found

        found = bench.repeat(one_round)
        for name, what, against in (("load", "np.load", "h5py"), ("mapped", "np.load mapped + sum", "h5py sum")):
            label = "h5py, whole + sum" if name == "mapped" else "h5py, whole"
            report.compare(f"{what}, {kind}, first", found[name], found[against], label)
            report.compare(f"{what}, {kind}, again", found[f"{name} again"], found[against], label)


def frames(bench):
    """Random single frames of a mapped array, against h5py with the dataset open."""
    count = 200
    for run, source, kind in (("raw", raw_source(0), "unfiltered"), ("corrected", corrected_source(0), "gzip f32")):
        path, group = bench.data.hdf5(run)
        seeds = iter(range(100))

        def one_round():
            seed = next(seeds)
            with mounted(bench.data.run(run), bench.point) as mount:
                array = mount.array(source, "image.data")
                ours = bench.programs.time("frames_mapped", path=array, count=count, seed=seed)
            return {"ours": ours, "h5py": bench.programs.time(
                "frames_h5py", path=path, dataset=f"{group}/data", count=count, seed=seed)}

        found = bench.repeat(one_round)
        bench.report.compare(f"random frame, mapped, {kind}", found["ours"], found["h5py"], "h5py")


def first_byte(bench):
    """From open to the first 4 KiB of a big compressed array, fresh mount, against h5py's first frame."""
    path, group = bench.data.hdf5("corrected")
    frame = bench.data.corrected_frames // 2

    def one_round():
        found = {}
        for name, number in (("start", 0), ("middle", frame)):
            with mounted(bench.data.run("corrected"), bench.point) as mount:
                found[name] = bench.programs.time(
                    "first_byte", path=mount.array(corrected_source(0), "image.data"), offset=number * 512 * 128 * 4)
            found[f"{name} h5py"] = bench.programs.time(
                "first_frame_h5py", path=path, dataset=f"{group}/data", index=number)
        return found

    found = bench.repeat(one_round)
    for name in ("start", "middle"):
        bench.report.compare(f"open and first 4 KiB of gzip f32, at the {name}", found[name],
                             found[f"{name} h5py"], "h5py, open and one frame", None, seconds)
