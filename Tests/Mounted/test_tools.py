"""The tools people use: ls, find, cp, tar, rsync, wc, grep, du, np.load, mmap, getfattr."""

import filecmp
import mmap
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import numpy as np

from cases_index import CAM, XGM


def run(*command, timeout=300, **options) -> str:
    """Run a tool; anything on stderr or a status other than 0 is a failure."""
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=timeout,
                            stdin=subprocess.DEVNULL, check=False, **options)
    assert result.returncode == 0 and not result.stderr, f"{command[0]}: {result.returncode} {result.stderr[:500]}"
    return result.stdout


def tree(top) -> dict[str, tuple]:
    """Relative path -> what it is: directory, link target, or size of a file."""
    entries = {}
    for base, directories, names in os.walk(top):
        for name in directories + names:
            path = os.path.join(base, name)
            status = os.lstat(path)
            kind = ("link", os.readlink(path)) if os.path.islink(path) else \
                ("dir",) if os.path.isdir(path) else ("file", status.st_size)
            entries[os.path.relpath(path, top)] = kind
    return entries


def assert_same_trees(original, copy) -> int:
    """Same names, kinds and bytes; returns the number of files compared."""
    assert tree(original) == tree(copy)
    compared = 0
    for base, _, names in os.walk(copy):
        for name in names:
            path = os.path.join(base, name)
            if not os.path.islink(path):
                assert filecmp.cmp(path, os.path.join(original, os.path.relpath(path, copy)), shallow=False), path
                compared += 1
    return compared


def test_ls(mnt):
    """ls -l of the top lists every name; directories are executable, files are readable, nothing is writable."""
    names = {line.split()[8]: line.split()[0] for line in run("ls", "-l", mnt).splitlines()[1:]}
    assert {"README.txt", "info.txt", "sources", "trains", "files"} <= set(names)
    for name, mode in names.items():
        assert mode[0] == ("d" if (mnt / name).is_dir() else "-") and "w" not in mode and mode[1] == "r", (name, mode)


def test_ls_does_not_wait_for_reports(mnt):
    """ls -lR of a source comes back at once."""
    assert "array.npy" in run("ls", "-lR", mnt / "sources", timeout=60)


def test_find_sees_everything_twice_the_same(mnt):
    """A full find works, and gives the same names again."""
    first = run("find", mnt, timeout=600)
    assert first == run("find", mnt, timeout=600)
    assert len(first.splitlines()) > 1000
    assert len(set(first.splitlines())) == len(first.splitlines())


def test_inodes_and_links(small_mnt):
    """Inode numbers are the same from readdir, stat and a second stat, and no two files share one by accident."""
    numbers = {}
    for base, _, _ in os.walk(small_mnt):
        with os.scandir(base) as entries:
            for entry in entries:
                inode = entry.inode()
                assert inode == os.lstat(entry.path).st_ino, entry.path
                if entry.is_file(follow_symlinks=False) and not entry.name.endswith(".npy"):
                    assert inode not in numbers, f"{entry.path} has the inode of {numbers.get(inode)}"
                    numbers[inode] = entry.path
    assert len(numbers) > 20


def test_cp_of_a_source(mnt, tmp_path):
    """cp -r copies sources, with every name and byte."""
    source = next(p for p in sorted((mnt / "sources").iterdir()) if "AGIPD" not in p.name)
    run("cp", "-r", source, tmp_path / "copy")
    assert assert_same_trees(source, tmp_path / "copy") > 10


def test_cp_of_a_whole_run(small_mnt, tmp_path):
    """cp -r of a whole small run."""
    run("cp", "-r", small_mnt, tmp_path / "copy")
    assert assert_same_trees(small_mnt, tmp_path / "copy") > 50


def test_tar(small_mnt, tmp_path):
    """tar stores every file whole; a size that turns out wrong would be an error of tar.

    It does not open files of size 0, which reports have until they are made: their first opening makes them.
    """
    for base, _, names in os.walk(small_mnt):
        for path in (os.path.join(base, name) for name in names):
            if os.path.isfile(path) and os.path.getsize(path) == 0:
                assert Path(path).read_bytes() and os.path.getsize(path) > 0, path
    run("tar", "-C", small_mnt, "-cf", tmp_path / "run.tar", ".")
    (tmp_path / "out").mkdir()
    with tarfile.open(tmp_path / "run.tar") as archive:
        archive.extractall(tmp_path / "out", filter="tar")
    assert assert_same_trees(small_mnt, tmp_path / "out") > 50


def test_rsync(small_mnt, tmp_path):
    """rsync -a copies the run; a second rsync finds nothing to do."""
    run("rsync", "-a", f"{small_mnt}/", tmp_path / "copy")
    assert assert_same_trees(small_mnt, tmp_path / "copy") > 50
    again = run("rsync", "-a", "--itemize-changes", f"{small_mnt}/", tmp_path / "copy")
    assert again == "", f"a second rsync transfers again:\n{again[:500]}"
    shutil.rmtree(tmp_path / "copy")


def test_wc_and_cat(small_mnt):
    """wc -c, cat | wc -c and stat agree."""
    files = [p for p in (small_mnt / "sources" / CAM).rglob("*") if p.is_file()]
    for path in files:
        size = int(run("wc", "-c", path).split()[0])
        assert size == path.stat().st_size == len(path.read_bytes()), path
    assert len(files) > 10


def test_grep(small_mnt):
    """grep finds a quantity in keys.csv, and -r over the text files of a source works."""
    assert run("grep", "pixels", small_mnt / "keys.csv").startswith(f"{CAM},data.pixels,<u4,400x300,20,")
    assert "energy.value" in run("grep", "-r", "--include=*.txt", "energy", small_mnt / "sources" / XGM)


def test_shell_reads_the_paths_of_sources(small_mnt):
    """"sources/$SOURCE" is a path for a source name, in a shell."""
    script = 'for s in $(tail -n +2 sources.csv | cut -d, -f1); do test -f "sources/$s/counts.csv" || echo "$s"; done'
    assert run("bash", "-c", script, cwd=small_mnt) == ""


def test_du_and_df(mnt):
    """du and df give answers: blocks are not more than sizes plausibly need, the file system has a size."""
    assert int(run("du", "-s", "--apparent-size", mnt / "sources").split()[0]) > 0
    line = run("df", "-P", mnt).splitlines()[1].split()
    assert line[5] == str(mnt) and int(line[3]) == 0, f"a read-only tree has no free space: {line}"


def test_np_load_and_mmap(small_mnt, small, pixels):
    """np.load, np.load with mmap_mode='r', and a mapping of the raw bytes give the same array."""
    expected = small[1]
    assert np.array_equal(np.load(pixels), expected)
    mapped = np.load(pixels, mmap_mode="r")
    assert isinstance(mapped, np.memmap) and mapped.dtype == "<u4"
    assert np.array_equal(mapped[13], expected[13]) and np.array_equal(mapped[::-1, 7, ::50], expected[::-1, 7, ::50])
    with open(pixels, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        assert view[-expected[0].nbytes:] == expected[-1].tobytes()


def test_getfattr(small_mnt, pixels):
    """getfattr -d explains an array."""
    out = run("getfattr", "--absolute-names", "-d", pixels)
    for line in ('user.dtype="<u4"', 'user.shape="(20, 400, 300)"', 'user.key="data.pixels"', f'user.source="{CAM}"'):
        assert line in out.splitlines(), out
    result = subprocess.run(["getfattr", "-n", "user.nothing", str(pixels)], capture_output=True, text=True)
    assert result.returncode != 0 and "No such attribute" in result.stderr


def test_symlinks_of_files(small_mnt, small):
    """files/ leads to the HDF5 files: h5py opens them through the mount."""
    import h5py
    names = sorted(os.listdir(small_mnt / "files"))
    assert names == sorted(p.name for p in small[0].glob("*.h5"))
    with h5py.File(small_mnt / "files" / names[0]) as file:
        assert file["INDEX/trainId"][0] == 10000
