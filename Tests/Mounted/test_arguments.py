"""Wrong arguments: one line on stderr, status not 0. Right ones: the options of mount(8) are taken."""

import errno
import os
import subprocess

import pytest

import product
from product import mounted, xfelfs

# what -> the arguments; RUN, MNT, EMPTY, BROKEN, FILE and NONE stand for paths made below
WRONG = {
    "unknown command": ["frobnicate"],
    "unknown option": ["--frobnicate"],
    "mount without operands": ["mount"],
    "mount without a mount point": ["mount", "RUN"],
    "mount with too many operands": ["mount", "RUN", "MNT", "MNT"],
    "mount with an unknown flag": ["mount", "--nope", "RUN", "MNT"],
    "mount of a missing run": ["mount", "NONE", "MNT"],
    "mount of an empty directory": ["mount", "EMPTY", "MNT"],
    "mount of broken files only": ["mount", "BROKEN", "MNT"],
    "mount of a file that is not HDF5": ["mount", "FILE", "MNT"],
    "mount on a missing directory": ["mount", "RUN", "NONE"],
    "mount on a file": ["mount", "RUN", "FILE"],
    "mount with an unknown -o option": ["mount", "-o", "frobnicate", "RUN", "MNT"],
    "mount with -o and nothing": ["mount", "RUN", "MNT", "-o"],
    "mount with a bad value of an option": ["mount", "-o", "ro=maybe,frobnicate=1", "RUN", "MNT"],
    "umount without operand": ["umount"],
    "umount of a missing directory": ["umount", "NONE"],
    "umount of what is not mounted": ["umount", "MNT"],
    "info without operand": ["info"],
    "info of a missing run": ["info", "NONE"],
    "info of an empty directory": ["info", "EMPTY"],
    "info of broken files only": ["info", "BROKEN"],
    "ls of a missing path": ["ls", "RUN", "sources/NOT/THERE"],
    "ls of a missing run": ["ls", "NONE", "sources"],
    "cat without a path": ["cat", "RUN"],
    "cat of a missing path": ["cat", "RUN", "nothing.txt"],
    "cat of a path that leaves the tree": ["cat", "RUN", "../../../etc/passwd"],
    "cat of a directory": ["cat", "RUN", "sources"],
    "cat of a bad slice": ["cat", "RUN", "sources/SPB_XTD9_XGM/DOOCS/MAIN/keys/energy.value/array@x.npy"],
    "cp without destination": ["cp", "RUN", "info.txt"],
    "cp of a missing path": ["cp", "RUN", "nothing.txt", "MNT"],
    "cp into a missing directory": ["cp", "RUN", "info.txt", "NONE/deep/info.txt"],
    "example without operand": ["example"],
    "example into a file": ["example", "FILE"],
}


@pytest.fixture
def places(small, tmp_path):
    """The paths that stand behind the words in capitals."""
    for name in ("mnt", "empty", "broken"):
        (tmp_path / name).mkdir()
    (tmp_path / "broken" / "RAW-R0001-DA01-S00000.h5").write_text("no HDF5")
    (tmp_path / "broken" / "RAW-R0001-DA01-S00001.h5").write_bytes(next(small[0].glob("*.h5")).read_bytes()[:3000])
    (tmp_path / "file").write_text("a file")
    return {"RUN": str(small[0]), "MNT": str(tmp_path / "mnt"), "EMPTY": str(tmp_path / "empty"),
            "BROKEN": str(tmp_path / "broken"), "FILE": str(tmp_path / "file"), "NONE": str(tmp_path / "none")}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_arguments(places, what):
    """Status not 0, nothing on stdout, a sentence on stderr, nothing mounted."""
    arguments = []
    for word in WRONG[what]:
        head, slash, tail = word.partition("/")
        arguments.append(places.get(head, head) + slash + tail)
    result = xfelfs(*arguments, timeout=30)
    mounted_now = product.is_mounted(places["MNT"])
    product.lazy_unmount(places["MNT"])
    assert not mounted_now, f"{what}: something was mounted"
    assert result.returncode > 0, f"{what}: status {result.returncode}"
    assert result.stdout == "", f"{what}: stdout {result.stdout!r}"
    lines = result.stderr.strip().splitlines()
    reports = [line for line in lines if ".h5" in line]     # files left out have a line each, before the sentence
    sentence = [line for line in lines if line not in reports or line is lines[-1]]
    assert len(sentence) == 1 and len(sentence[0]) > 10, f"{what}: stderr {result.stderr!r}"
    assert "Fatal error" not in result.stderr and "rror(" not in result.stderr, f"{what}: {result.stderr}"


@pytest.mark.parametrize("command", ["mount", "info"])
def test_no_usable_file_is_status_1(places, command):
    """A directory with only broken files is an error with status 1, that names the directory or a file."""
    result = xfelfs(command, places["BROKEN"], *([places["MNT"]] if command == "mount" else []))
    assert result.returncode == 1
    assert "broken" in result.stderr


def test_reason_of_a_missing_run_names_it(places):
    """The sentence names what is missing."""
    assert places["NONE"] in xfelfs("mount", places["NONE"], places["MNT"]).stderr


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help(word):
    """--version and --help print to stdout and succeed; help names every command."""
    result = xfelfs(word)
    assert result.returncode == 0 and result.stdout.strip() and result.stderr == ""
    if word == "--help":
        for command in ("mount", "umount", "info", "ls", "cat", "cp", "example"):
            assert command in result.stdout
    else:
        assert len(result.stdout.splitlines()) == 1 and any(c.isdigit() for c in result.stdout)


@pytest.mark.parametrize("options", ["ro,noatime,_netdev,nofail,x-systemd.automount", "ro", "defaults,noauto,user",
                                     "nosuid,nodev,noexec", "allow_other", "x-gvfs-hide,comment=xfelfs"])
def test_options_of_mount(small, tmp_path, options):
    """What mount(8) passes from fstab with -o is taken."""
    with mounted(small[0], tmp_path / "mnt", "-o", options) as point:
        assert os.listdir(point)


def test_allow_other_of_root_checks_users_itself(small, tmp_path):
    """allow_other of root goes without default_permissions, which knows of modes alone."""
    with mounted(small[0], tmp_path / "mnt", "-o", "allow_other") as point:
        options = subprocess.run(["findmnt", "-n", "-o", "OPTIONS", str(point)], capture_output=True, text=True,
                                 check=True).stdout
        assert "allow_other" in options and "default_permissions" not in options


def test_writing_cannot_be_asked_for(small, tmp_path):
    """-o rw, which mount(8) may pass, does not make the tree writable."""
    with product.mounted(small[0], tmp_path / "mnt", "-o", "rw") as point:
        for change in (lambda: (point / "new").touch(), lambda: (point / "info.txt").unlink(),
                       lambda: open(point / "info.txt", "r+"), lambda: (point / "dir").mkdir()):
            with pytest.raises(OSError) as error:
                change()
            assert error.value.errno == errno.EROFS


def test_example_is_a_run_of_its_own(example, tmp_path):
    """`xfelfs example` writes a run EXtra-data opens, with a 16-module AGIPD, XGM, camera; never over existing files."""
    import oracle
    run = oracle.open_run(example)
    assert len(run.detector_sources) == 16 and run.control_sources and len(run.train_ids) > 1
    assert run.run_metadata()["dataFormatVersion"] == "1.3"
    before = {p.name: p.stat().st_mtime_ns for p in example.iterdir()}
    again = xfelfs("example", example)
    assert again.returncode != 0, "a second example was written over the first"
    assert {p.name: p.stat().st_mtime_ns for p in example.iterdir()} == before
