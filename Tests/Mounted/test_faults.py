"""Bad files and bad chunks cost only themselves; nothing is written into the run; memory and files stay bounded."""

import errno
import gc
import os
import shutil

import h5py
import numpy as np
import pytest

from cases_index import CAM, XGM
from product import mounted, wait_until

PIXELS = f"sources/{CAM}/keys/data.pixels"
ENERGY = f"sources/{XGM}/keys/energy.value/array.npy"


def copy_of(small, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(small[0], directory)
    return directory


def spoil_chunk(path, dataset: str, number: int) -> None:
    """Overwrite the middle of one stored chunk."""
    with h5py.File(path) as file:
        chunk = file[dataset].id.get_chunk_info(number)
    with open(path, "r+b") as raw:
        raw.seek(chunk.byte_offset + 2)
        raw.write(b"\xff" * (chunk.size - 4))


def test_truncated_and_foreign_files(small, tmp_path):
    """Beside good files, a truncated, an empty and a foreign .h5 cost only themselves."""
    run = copy_of(small, tmp_path)
    files = sorted(run.glob("*.h5"))
    (run / "RAW-R0001-DA02-S00000.h5").write_bytes(files[0].read_bytes()[:5000])
    (run / "RAW-R0001-DA03-S00000.h5").write_bytes(b"")
    (run / "notes.h5").write_text("not HDF5 at all")
    with mounted(run, tmp_path / "mnt") as point:
        assert np.array_equal(np.load(point / PIXELS / "array.npy"), small[1])


def test_file_truncated_in_its_data(small, tmp_path):
    """A file cut off behind its metadata is another file than was mounted: EIO, and the other file is whole."""
    run = copy_of(small, tmp_path)
    first = sorted(run.glob("*.h5"))[0]
    with h5py.File(first, "r") as file:
        places = [file[f"INSTRUMENT/{CAM}/data/pixels"].id.get_chunk_info(n).byte_offset for n in range(40)]
    size = first.stat().st_size
    with mounted(run, tmp_path / "mnt") as point:
        os.truncate(first, max(places) - 10)
        for train in (10000, 10004):
            with pytest.raises(OSError) as caught:
                (point / PIXELS / "trains" / f"{train}.npy").read_bytes()
            assert caught.value.errno == errno.EIO
        assert os.listdir(point)
    assert first.stat().st_size < size


def test_corrupt_chunk(small, tmp_path, foreground):
    """A spoiled gzip chunk: EIO for reads that need it and for no others, and a line in the daemon's log with the
    file and the dataset; the mount goes on."""
    run = copy_of(small, tmp_path)
    bad = sorted(run.glob("*.h5"))[1]
    spoil_chunk(bad, f"INSTRUMENT/{CAM}/data/pixels", 14)      # 4 chunks an entry: entry 3 of the file
    daemon = foreground(run)
    here = daemon.point / PIXELS
    for path in (here / "trains" / "10006.npy", here / "array.npy"):
        with pytest.raises(OSError) as caught:
            path.read_bytes()
        assert caught.value.errno == errno.EIO, path
    for train, rows in ((10000, slice(0, 2)), (10005, slice(10, 12)), (10007, slice(14, 16))):
        assert np.array_equal(np.load(here / "trains" / f"{train}.npy"), small[1][rows]), train
    assert np.array_equal(np.load(here / "array@13,:200.npy"), small[1][13, :200])
    assert len(np.load(daemon.point / ENERGY)) == 10
    wait_until(lambda: bad.name in daemon.log(), what="the line in the log")
    lines = [line for line in daemon.log().splitlines() if bad.name in line and "data/pixels" in line]
    assert lines, f"no line of the log names file and dataset: {daemon.log()!r}"
    assert daemon.process.poll() is None


def test_failed_slices_are_logged(small, foreground):
    """A slice that does not fit is "No such file", and the log says why."""
    daemon = foreground(small[0])
    with pytest.raises(FileNotFoundError):
        open(daemon.point / PIXELS / "array@0:5:-1.npy", "rb")
    wait_until(lambda: "array@0:5:-1" in daemon.log() or "0:5:-1" in daemon.log(), what="the line in the log")


def listing(directory) -> dict:
    return {str(p.relative_to(directory)): (p.lstat().st_mtime_ns, p.lstat().st_size, p.lstat().st_ino)
            for p in sorted(directory.rglob("*"))} | {".": (directory.stat().st_mtime_ns,)}


def test_nothing_is_written_into_the_run(small, tmp_path):
    """Mounting, reading everything and unmounting leaves names, sizes and times of the run as they were."""
    run = copy_of(small, tmp_path)
    before = listing(run)
    with mounted(run, tmp_path / "mnt") as point:
        for base, _, names in os.walk(point):
            for name in names:
                with open(os.path.join(base, name), "rb") as file:
                    file.read(1 << 20)
    assert listing(run) == before


def test_a_run_that_may_not_be_written(small, tmp_path):
    """Files and directory without write permission make no difference."""
    run = copy_of(small, tmp_path)
    for path in (*run.iterdir(), run):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with mounted(run, tmp_path / "mnt") as point:
            assert np.array_equal(np.load(point / PIXELS / "array.npy"), small[1])
    finally:
        run.chmod(0o755)


def visit(top) -> int:
    """What find does: every entry looked up; returns their number."""
    seen = 0
    for base, directories, names in os.walk(top):
        for name in directories + names:
            os.lstat(os.path.join(base, name))
            seen += 1
    return seen


def test_memory_after_a_full_find(example, foreground):
    """The daemon's memory is that of the run's metadata: below 128 MiB after every node was visited."""
    daemon = foreground(example)
    assert visit(daemon.point) > 1000
    assert daemon.status("VmRSS") < 128 * 1024, f"{daemon.status('VmRSS')} kB after a full find"
    before = daemon.status("VmRSS")
    visit(daemon.point)
    assert daemon.status("VmRSS") < before + 16 * 1024, "a second find takes memory again"


def test_memory_after_reading(small, foreground):
    """Reading arrays does not make the daemon hold them."""
    daemon = foreground(small[0])
    for _ in range(10):
        with open(daemon.point / PIXELS / "array.npy", "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            assert len(file.read()) > small[1].nbytes
    assert daemon.status("VmRSS") < 256 * 1024


def test_descriptors_come_back(small, foreground):
    """After many files were opened, read and closed, the daemon has no more descriptors than once before."""
    daemon = foreground(small[0])
    path = daemon.point / PIXELS / "array.npy"
    path.read_bytes()
    (daemon.point / ENERGY).read_bytes()
    baseline = daemon.descriptors()
    for _ in range(3):
        files = [open(p, "rb") for p in (daemon.point / PIXELS / "trains").iterdir() for _ in range(20)]
        for file in files:
            file.read(100)
        for file in files:
            file.close()
        visit(daemon.point)
    gc.collect()
    wait_until(lambda: daemon.descriptors() <= baseline + 2, what=f"return to {baseline} descriptors")


def test_threads_stay_bounded(small, foreground):
    """Many readers at once do not leave the daemon with a thread for each."""
    import concurrent.futures
    daemon = foreground(small[0])
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        paths = [daemon.point / PIXELS / f"array@{n}.npy" for n in range(20)] * 4
        results = list(pool.map(lambda path: np.load(path)[0, 0], paths))
    assert results == [small[1][n, 0, 0] for n in range(20)] * 4
    assert daemon.status("Threads") < 64
