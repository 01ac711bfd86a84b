"""Nobody reads through a mount what they may not read beside it: with real users, as root and as an ordinary user."""

import mmap
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

import product
from cases_index import CAM, XGM, one
from handmade import ramp
from users import ROOT, MountNamespace, User, mode_allows, require_root

OTHER = "SPB_XTD9_XGM/DOOCS/OTHER"
DETECTOR = "SPB_DET_AGIPD1M-1"
DA01, DA02 = "RAW-R0001-DA01-S00000.h5", "RAW-R0001-DA02-S00000.h5"
MODULES = ("RAW-R0001-AGIPD00-S00000.h5", "RAW-R0001-AGIPD01-S00000.h5")
ALL = (DA01, DA02, *MODULES)

ALICE = User(61001, 61001)
BOB = User(61002, 61002)
CAROL = User(61003, 61100)                       # whose own group is 61100
DAVE = User(61004, 61004, (61100, 61200))        # who is in it, and in another one, besides
EVE = User(61005, 61005, (61300,))
USERS = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE, "eve": EVE, "root": ROOT}

# How long the kernel and the daemon may remember what a user may, and some time for a busy machine.
SOON = 4.5


def module(directory, number):
    file = one(directory, name=MODULES[number])
    data = {"data": ramp(10, (2, 4), "u2", start=100 * number), "cellId": ramp(10, dtype="u2"),
            "pulseId": ramp(10, dtype="u8"), "trainId": np.repeat(np.arange(10000, 10005, dtype="u8"), 2)}
    file.instrument(f"{DETECTOR}/DET/{number}CH0:xtdf", "image", data, first=[0, 2, 4, 6, 8], count=[2] * 5)
    file.close()


def write_run(directory: Path):
    """Two aggregators and two modules of a detector, a file each."""
    directory.mkdir()
    file = one(directory, name=DA01)
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"pixels": ramp(10, (3, 2))}, first=[0, 2, 4, 6, 8], count=[2] * 5)
    file.close()
    file = one(directory, name=DA02)
    file.control(OTHER, {"energy": ramp(5, start=50)})
    file.close()
    for number in range(2):
        module(directory, number)


# What is read through the mount -> the files that it is made from.
FILES = {
    "README.txt": ALL, "info.txt": ALL, "info.json": ALL, "trains.csv": ALL, "sources.csv": ALL, "keys.csv": ALL,
    "train_ids.npy": ALL, "validation.txt": ALL, "locality.json": ALL,
    f"files/{DA01}": [DA01], f"files/{DA02}.validation.txt": [DA02],
    f"sources/{XGM}/info.txt": [DA01], f"sources/{XGM}/table.csv": [DA01], f"sources/{XGM}/run.csv": [DA01],
    f"sources/{XGM}/keys/energy.value/array.npy": [DA01], f"sources/{XGM}/keys/energy.value/values.csv": [DA01],
    f"sources/{XGM}/keys/energy.value/trains/10001.npy": [DA01],
    f"sources/{XGM}/keys/energy.value/array@1:3.npy": [DA01],
    f"sources/{CAM}/keys/data.pixels/array.npy": [DA01],
    f"sources/{OTHER}/keys/energy.value/array.npy": [DA02],
    f"trains/10001/{XGM}/energy.value.npy": [DA01], f"trains/10001/{OTHER}/energy.value.npy": [DA02],
    f"sources/{DETECTOR}/DET/1CH0:xtdf/keys/image.data/array.npy": [MODULES[1]],
    f"detectors/{DETECTOR}/info.txt": MODULES, f"detectors/{DETECTOR}/frames.csv": MODULES,
    f"detectors/{DETECTOR}/availability.npy": MODULES,
    f"detectors/{DETECTOR}/keys/image.data/array.npy": MODULES,
    f"detectors/{DETECTOR}/keys/image.data/trains/10001.npy": MODULES,
    f"detectors/{DETECTOR}/keys/image.data/frames/10001/3.npy": MODULES,
    "export/virtual.h5": ALL,
}
# Directories that are listed -> the files that the names in them come from.
DIRECTORIES = {
    "sources": ALL, "trains": ALL, "trains/10001": ALL, f"sources/{XGM}": [DA01], f"sources/{XGM}/keys": [DA01],
    f"sources/{OTHER}/keys/energy.value/trains": [DA02], f"trains/10001/{XGM}": [DA01],
    f"detectors/{DETECTOR}": MODULES, "detectors": MODULES,
}


@pytest.fixture
def place():
    """A directory that everybody may enter, which pytest's own are not."""
    require_root()
    path = Path(tempfile.mkdtemp(prefix="xfelfs-rights-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def run(place):
    (place / "above").mkdir()
    write_run(place / "above" / "run")
    # Whatever the umask is.
    for path in [place / "above", *(place / "above").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return place / "above" / "run"


def set_rights(path, owner=0, group=0, mode=None, acl=None):
    os.chown(path, owner, group)
    if mode is not None:
        path.chmod(mode)
    if acl:
        subprocess.run(["setfacl", "-m", acl, str(path)], check=True)


def open_to_all(run):
    pass


def two_owners(run):
    set_rights(run / DA01, ALICE.uid, mode=0o600)
    set_rights(run / DA02, BOB.uid, mode=0o600)
    set_rights(run / MODULES[0], ALICE.uid, mode=0o600)
    set_rights(run / MODULES[1], BOB.uid, mode=0o600)


def first_owner_is_not_all(run):
    """The owner of the first file once had all."""
    for name in ALL:
        set_rights(run / name, 0, mode=0o600)
    set_rights(run / min(ALL), ALICE.uid, mode=0o600)


def two_groups(run):
    set_rights(run / DA01, group=61100, mode=0o640)
    set_rights(run / DA02, group=61200, mode=0o640)
    set_rights(run / MODULES[0], group=61300, mode=0o640)


def group_closed_out(run):
    """Open to all but the members of a group, and but an owner."""
    set_rights(run / DA01, group=61100, mode=0o604)
    set_rights(run / DA02, owner=ALICE.uid, mode=0o044)


def lists_of_users(run):
    """One is let in by a list, one closed out by one, one let in but for the mask."""
    set_rights(run / DA01, mode=0o600, acl="u:61001:r")
    set_rights(run / DA02, mode=0o644, acl="u:61002:-")
    set_rights(run / MODULES[0], mode=0o600, acl="u:61001:r,g:61100:r,m::-")
    set_rights(run / MODULES[1], mode=0o600, acl="g:61100:r")


def mask_is_not_the_group(run):
    """The group bits of the mode are the mask: rw here, and the group itself has nothing."""
    for name in ALL:
        set_rights(run / name, group=61100, mode=0o640, acl="g::-,u:61001:rw,m::rw")


def closed_above(run):
    set_rights(run.parent, ALICE.uid, mode=0o700)


def group_above(run):
    set_rights(run.parent, group=61100, mode=0o750)


def list_above(run):
    set_rights(run.parent, mode=0o700, acl="u:61002:x,g:61200:x")


def run_for_group(run):
    set_rights(run, group=61100, mode=0o710)


def run_without_names(run):
    set_rights(run, mode=0o711)


def behind_a_link(run):
    """A file of the run is a link to one in a closed directory."""
    closed = run.parent / "closed"
    closed.mkdir()
    (run / DA02).rename(closed / DA02)
    (run / DA02).symlink_to(closed / DA02)
    set_rights(closed, BOB.uid, mode=0o700)


SCENARIOS = [open_to_all, two_owners, first_owner_is_not_all, two_groups, group_closed_out, lists_of_users,
             mask_is_not_the_group, closed_above, group_above, list_above, run_for_group, run_without_names,
             behind_a_link]


def readable_beside(run, user) -> set[str]:
    """The files of the run that a user can read without the mount."""
    return {name for name, outcome in zip(ALL, user.outcomes("read", [run / name for name in ALL])) if outcome == "ok"}


every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)


@every_scenario
def test_users_read_what_they_read_beside_it(run, place, scenario):
    """Every user reads exactly what is made from files that this user can open in the run; the rest is EACCES."""
    scenario(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        # Root first, so that the page cache and the daemon have everything when the others come.
        truth = dict(zip(FILES, ROOT.ask([("read", mnt / path) for path in FILES])))
        assert {path: answer[0] for path, answer in truth.items()} == {path: "ok" for path in FILES}
        for name, user in USERS.items():
            beside = readable_beside(run, user)
            answers = dict(zip(FILES, user.ask([("read", mnt / path) for path in FILES])))
            for path, files in FILES.items():
                expected = truth[path] if beside.issuperset(files) else ["EACCES", None]
                assert answers[path] == expected, f"{name} reads {path}, and beside the mount {sorted(beside)}"


@every_scenario
def test_users_list_what_they_may_read(run, place, scenario):
    """The same for listings and extended attributes, and access(2) says beforehand how opening will end."""
    scenario(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        for name, user in USERS.items():
            beside = readable_beside(run, user)
            listings = dict(zip(DIRECTORIES, user.outcomes("list", [mnt / path for path in DIRECTORIES])))
            assert listings == {path: "ok" if beside.issuperset(files) else "EACCES"
                                for path, files in DIRECTORIES.items()}, name
            lists, enters = user.one("list", run) == "ok", user.one("enter", run) == "ok"
            assert [user.one("list", path) == "ok" for path in (mnt, mnt / "files")] == [enters, lists and enters], name
            answers = user.ask([("readable", mnt / path) for path in FILES])
            assert dict(zip(FILES, answers)) == {path: ["ok", beside.issuperset(files)]
                                                 for path, files in FILES.items()}, name
            # A link's are those of what it leads to.
            own = {path: files for path, files in FILES.items() if path != f"files/{DA01}"}
            attributes = dict(zip(own, user.outcomes("attributes", [mnt / path for path in own])))
            assert attributes == {path: "ok" if beside.issuperset(files) else "EACCES"
                                  for path, files in own.items()}, name


@every_scenario
def test_modes_promise_nothing_that_is_not_so(run, place, scenario):
    """Whoever goes by owner, group and mode of a file is never told that a user may read what this user may not."""
    scenario(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        shown = {path: os.lstat(mnt / path) for path in [*FILES, *DIRECTORIES] if path != f"files/{DA01}"}
        for name, user in USERS.items():
            beside, enters = readable_beside(run, user), user.one("enter", run) == "ok"
            for path, status in shown.items():
                assert status.st_mode & 0o222 == 0, path
                # An owner may be kept out by a directory: the mode of a file has never said anything of that.
                if user == ROOT or not mode_allows(status, user) or (user.uid == status.st_uid and not enters):
                    continue
                assert beside.issuperset(FILES.get(path) or DIRECTORIES[path]), f"{path}: {oct(status.st_mode)}, {name}"
        if scenario is open_to_all:
            assert {shown[path].st_mode & 0o777 for path in FILES if path in shown} == {0o444}
            assert {shown[path].st_mode & 0o777 for path in DIRECTORIES} == {0o555}


def test_who_may_not_enter_the_run_sees_no_names(run, place):
    """A user who may not enter the run's directory sees the mount point, and no name below it."""
    closed_above(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        assert BOB.one("stat", mnt) == "ok"
        # What the kernel has just shown to a permitted user it shows to all, for a second.
        paths = ["info.txt", "sources", f"sources/{XGM}/keys/energy.value/array.npy", "nothing", f"files/{DA01}"]
        assert ALICE.outcomes("stat", [mnt / path for path in paths]) == ["ok", "ok", "ok", "ENOENT", "ok"]
        time.sleep(1.5)
        assert BOB.outcomes("stat", [mnt / path for path in paths]) == ["EACCES"] * 5
        assert BOB.ask([("list", mnt), ("enter", mnt), ("readable", mnt)]) == [["EACCES", None]] * 2 + [["ok", False]]


def test_names_are_for_those_who_may_read_the_source(run, place):
    """Below a source's directory nothing is shown to a user who may not read the source's files."""
    two_owners(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        keys = mnt / "sources" / XGM / "keys"
        assert ALICE.one("stat", keys / "energy.value" / "array.npy") == "ok"
        assert ALICE.one("stat", mnt / "sources" / OTHER / "keys") == "EACCES"
        time.sleep(1.5)
        assert BOB.one("stat", keys / "energy.value" / "array.npy") == "EACCES"
        assert BOB.one("stat", keys) == "EACCES"
        assert BOB.one("stat", mnt / "sources" / OTHER / "keys") == "ok"


@pytest.mark.parametrize("name", ["run", "above", "file"])
def test_chmod_after_the_mount_takes_effect(run, place, name):
    """What is closed in the run is closed in the mount within a few seconds, and so is what is opened again."""
    path, mode = {"run": (run, 0o755), "above": (run.parent, 0o755), "file": (run / DA01, 0o644)}[name]
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        questions = [("read", mnt / "sources" / XGM / "keys" / "energy.value" / "array.npy"),
                     ("list", mnt / "sources" / XGM / "keys"), ("attributes", mnt / "train_ids.npy")]
        assert [answer[0] for answer in BOB.ask(questions)] == ["ok"] * 3
        path.chmod(mode & 0o700)
        time.sleep(SOON)
        assert [answer[0] for answer in BOB.ask(questions)] == ["EACCES"] * 3
        assert [answer[0] for answer in ROOT.ask(questions)] == ["ok"] * 3
        path.chmod(mode)
        time.sleep(SOON)
        assert [answer[0] for answer in BOB.ask(questions)] == ["ok"] * 3


def test_what_is_cached_for_one_user_is_not_read_by_another(run, place):
    """An array in the page cache, open and mapped by one user, is opened by another no more than any other."""
    two_owners(run)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        path = mnt / "sources" / CAM / "keys" / "data.pixels" / "array.npy"
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as pages:
            assert bytes(pages) == path.read_bytes()
            for _ in range(3):
                assert ALICE.one("read", path) == "ok"
                assert BOB.one("read", path) == "EACCES"


def test_another_file_at_the_path_gives_no_right(run, place):
    """The owner of the run's directory puts a file of his own in the place of one of root's, and does not read that."""
    set_rights(run, BOB.uid, mode=0o755)
    secret = place / "secret.h5"
    (run / DA02).rename(secret)
    set_rights(secret, mode=0o600)
    (run / DA02).symlink_to(secret)
    mine = place / "mine.h5"
    shutil.copy(secret, mine)
    set_rights(mine, BOB.uid, mode=0o600)
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        path = mnt / "sources" / OTHER / "keys" / "energy.value" / "array.npy"
        assert BOB.one("read", path) == "EACCES"
        assert ROOT.one("read", path) == "ok"
        (run / DA02).unlink()
        (run / DA02).symlink_to(mine)
        time.sleep(SOON)
        assert BOB.one("read", path) == "EIO"


# MARK: ways out of a file


def read_bytes(user, path) -> bytes | None:
    """All that a user gets of a file; None where that fails."""
    result = subprocess.run(user.command("cat", path), capture_output=True, timeout=60, cwd="/")
    return result.stdout if result.returncode == 0 else None


def test_external_storage_is_not_followed(place):
    """A dataset whose bytes lie in a file that only root may read is an error, not the bytes."""
    secret = place / "secret"
    secret.write_bytes(b"root:$6$this-is-not-for-you:19000:0:99999:7:::\n" * 10)
    secret.chmod(0o600)
    run = place / "run"
    run.mkdir()
    file = one(run)
    file.control(XGM, {"energy": ramp(5)})

    def write(h5, path, value):
        h5.create_dataset(path, shape=value.shape, dtype=value.dtype, external=[(str(secret), 0, value.nbytes)])

    file.instrument(CAM, "data", {"pixels": np.zeros((10, 40), "u1")}, first=[0, 2, 4, 6, 8], count=[2] * 5,
                    write=write)
    file.close()
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        keys = mnt / "sources" / CAM / "keys" / "data.pixels"
        for user in (BOB, ROOT):
            for name in ("array.npy", "array@0:3.npy", "trains/10001.npy"):
                data = read_bytes(user, keys / name)
                assert data is None or b"not-for-you" not in data
        assert read_bytes(BOB, mnt / "sources" / XGM / "keys" / "energy.value" / "array.npy") is not None


def virtual_run(place, secret):
    """A run with a virtual dataset over a file outside of it."""
    with h5py.File(secret, "w") as file:
        file["data"] = np.full((10, 4), 0x5EC4E7, "u4")
    run = place / "run"
    run.mkdir()
    file = one(run)
    file.control(XGM, {"energy": ramp(5)})

    def write(h5, path, value):
        layout = h5py.VirtualLayout(value.shape, value.dtype)
        layout[:] = h5py.VirtualSource(str(secret), "data", value.shape)
        h5.create_virtual_dataset(path, layout)

    file.instrument(CAM, "data", {"pixels": np.zeros((10, 4), "u4")}, first=[0, 2, 4, 6, 8], count=[2] * 5, write=write)
    file.close()
    return run, f"sources/{CAM}/keys/data.pixels"


def linked_run(place, secret):
    """A run whose source is an external link to a group of a file outside of it."""
    with h5py.File(secret, "w") as file:
        file["group/data/pixels"] = np.full((10, 4), 0x5EC4E7, "u4")
    run = place / "run"
    run.mkdir()
    file = one(run)
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"pixels": np.zeros((10, 4), "u4")}, first=[0, 2, 4, 6, 8], count=[2] * 5)
    del file.h5[f"INSTRUMENT/{CAM}"]
    file.h5[f"INSTRUMENT/{CAM}"] = h5py.ExternalLink(str(secret), "group")
    file.close()
    return run, f"sources/{CAM}/keys/data.pixels"


@pytest.mark.parametrize("make", [virtual_run, linked_run])
@pytest.mark.parametrize("mode, owner", [(0o600, ALICE.uid), (0o640, 0), (0o644, 0)])
def test_files_outside_the_run_are_for_those_who_may_read_them(place, make, mode, owner):
    """What lies in another file is shown to those who may read that file, whoever has asked for it before."""
    secret = place / "secret.h5"
    run, path = make(place, secret)
    set_rights(secret, owner, group=61100, mode=mode)
    marks = np.uint32(0x5EC4E7).tobytes()
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        for _ in range(2):
            for name, user in USERS.items():
                beside = user.one("read", secret) == "ok"
                for file in ("array.npy", "trains/10001.npy", "array@2:4.npy"):
                    data = read_bytes(user, mnt / path / file)
                    assert (data is not None and data.count(marks) > 0) == beside, f"{name} reads {file}"


def test_reports_tell_nothing_of_files_outside_the_run(place):
    """A validation compares train ids with those beside the data, and quotes what differs: these may lie in another file, which the
    daemon may read, and the reader of the report may not."""
    secret, name = place / "secret.h5", "RAW-R0001-DA01-S00000.h5"
    with h5py.File(secret, "w") as file:
        file["data"] = np.full(5, 6211559, "u8")
    set_rights(secret, ALICE.uid, mode=0o600)
    run = place / "run"
    run.mkdir()
    file = one(run)
    layout = h5py.VirtualLayout((5,), "u8")
    layout[:] = h5py.VirtualSource(str(secret), "data", (5,))
    file.instrument(CAM, "data", {"trainId": np.zeros(5, "u8")}, first=range(5), count=[1] * 5,
                    write=lambda h5, path, _: h5.create_virtual_dataset(path, layout))
    file.close()
    for options, is_told in (([], True), (["-o", "allow_other"], False)):
        with product.mounted(run, place / "mnt", *options) as mnt:
            reader = BOB if options else ROOT
            for report in ("validation.txt", "validation.json", f"files/{name}.validation.txt"):
                data = read_bytes(reader, mnt / report)
                assert data is not None and (b"6211559" in data) == is_told, f"{report} of {options}: {data}"


@pytest.mark.parametrize("make", [virtual_run, linked_run])
def test_files_outside_the_run_are_not_read_through_a_file_opened_before(place, make):
    """What a user has opened before another one reads it gives nothing of what only that one may read."""
    secret = place / "secret.h5"
    run, path = make(place, secret)
    set_rights(secret, ALICE.uid, mode=0o600)
    marks = np.uint32(0x5EC4E7).tobytes()
    with product.mounted(run, place / "mnt", "-o", "allow_other") as mnt:
        array = mnt / path / "array.npy"
        script = "exec < \"$1\" || exit 0; echo opened; read go <&3; cat"
        read, write = os.pipe()
        with subprocess.Popen(BOB.command("bash", "-c", f"exec 3<&{read}; {script}", "bash", array), pass_fds=[read],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/") as bob:
            opened = bob.stdout.readline()
            assert marks in read_bytes(ALICE, array)
            os.write(write, b"go\n")
            assert marks not in bob.stdout.read() and opened in (b"", b"opened\n")
        os.close(read)
        os.close(write)


# MARK: an ordinary user's mount


# fusermount3 wants a user with a name, and every system has this one.
NOBODY = User(pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)


class Ordinary:
    """A namespace in which an ordinary user may mount for others: /dev/fuse is open to all, and fuse.conf allows it."""

    def __init__(self, namespace, place):
        self.namespace = namespace
        self.owner, self.bob, self.eve, self.root = map(namespace.user, (NOBODY, BOB, EVE, ROOT))
        self.point = place / "mnt"
        self.point.mkdir()
        os.chown(self.point, NOBODY.uid, NOBODY.gid)
        # The program may lie where others cannot go.
        self.program = place / "xfelfs"
        shutil.copy(product.binary(), self.program)
        self.program.chmod(0o755)
        configuration = place / "fuse.conf"
        configuration.write_text("user_allow_other\n")
        devices = place / "devices"
        devices.mkdir()
        namespace.run("""
            mount -t tmpfs -o dev,mode=755 devices "$1"
            mknod -m 666 "$1/fuse" c 10 229
            mount --bind "$1/fuse" /dev/fuse
            [[ -e /etc/fuse.conf ]] || touch /etc/fuse.conf
            mount --bind "$2" /etc/fuse.conf
        """, devices, configuration)

    def mount(self, run, *options):
        return self.owner.run(self.program, "mount", *options, run, self.point)

    def is_mounted(self) -> bool:
        return self.namespace.is_mounted(self.point)


@pytest.fixture
def ordinary(place):
    with MountNamespace.make() as namespace:
        made = Ordinary(namespace, place)
        yield made
        # The daemon ends with its mount.
        namespace.run('! mountpoint -q "$1" || umount -l "$1"', made.point)


def give_to_owner(run):
    for path in [run.parent, run, *run.iterdir()]:
        os.chown(path, NOBODY.uid, NOBODY.gid)


def test_ordinary_user_lets_others_into_an_open_run(run, ordinary):
    """A run that everybody may read is read by everybody through an ordinary user's mount."""
    result = ordinary.mount(run, "-o", "allow_other")
    assert result.returncode == 0, result.stderr
    for user in (ordinary.owner, ordinary.bob, ordinary.root):
        assert user.outcomes("read", [ordinary.point / path for path in FILES]) == ["ok"] * len(FILES)
        assert user.one("list", ordinary.point / "sources") == "ok"


@pytest.mark.parametrize("name, mode, acl", [
    ("above", 0o711, "u:61002:-"), ("above", 0o750, None), ("run", 0o711, None), (DA02, 0o640, None),
    (DA02, 0o604, None), (DA02, 0o644, "u:61002:-"), (MODULES[0], 0o600, None)])
def test_ordinary_user_cannot_let_others_into_a_closed_run(run, ordinary, name, mode, acl):
    """allow_other is refused in one sentence, which names what is closed; without it the run is mounted."""
    path = {"above": run.parent, "run": run}.get(name, run / name)
    give_to_owner(run)
    set_rights(path, NOBODY.uid, NOBODY.gid, mode, acl)
    result = ordinary.mount(run, "-o", "allow_other")
    assert result.returncode == 1 and not ordinary.is_mounted()
    assert len(result.stderr.strip().splitlines()) == 1 and "allow_other" in result.stderr
    assert f"{path} " in result.stderr
    result = ordinary.mount(run)
    assert result.returncode == 0, result.stderr
    assert ordinary.owner.one("read", ordinary.point / "info.txt") == "ok"
    assert ordinary.bob.one("read", ordinary.point / "info.txt") == "EACCES"


@pytest.mark.parametrize("name, mode, acl", [
    ("above", 0o700, None), ("run", 0o750, None), (DA02, 0o640, None), (DA01, 0o644, "u:61002:-")])
def test_ordinary_users_mount_closes_with_the_run(run, ordinary, name, mode, acl):
    """What is closed in the run closes all of the mount to others within a few seconds; its own user reads on."""
    path = {"above": run.parent, "run": run}.get(name, run / name)
    give_to_owner(run)
    assert ordinary.mount(run, "-o", "allow_other").returncode == 0
    questions = [("read", ordinary.point / "sources" / XGM / "keys" / "energy.value" / "array.npy"),
                 ("list", ordinary.point / "sources" / XGM / "keys"), ("attributes", ordinary.point / "train_ids.npy")]
    assert [answer[0] for answer in ordinary.bob.ask(questions)] == ["ok"] * 3
    set_rights(path, NOBODY.uid, NOBODY.gid, mode, acl)
    time.sleep(SOON)
    for user in (ordinary.bob, ordinary.eve, ordinary.root):
        assert [answer[0] for answer in user.ask(questions)] == ["EACCES"] * 3
    assert [answer[0] for answer in ordinary.owner.ask(questions)] == ["ok"] * 3


def test_ordinary_users_links_are_for_those_who_may_read_the_file(place, ordinary):
    """What lies in another file that the mount's own user may read is shown to others where all may read that file."""
    secret = place / "secret.h5"
    run, path = virtual_run(place, secret)
    run.chmod(0o755)
    for file in run.iterdir():
        file.chmod(0o644)
    set_rights(secret, NOBODY.uid, mode=0o600)
    assert ordinary.mount(run, "-o", "allow_other").returncode == 0
    array = ordinary.point / path / "array.npy"
    for _ in range(2):
        assert ordinary.owner.one("read", array) == "ok"
        assert ordinary.bob.one("read", array) == "EACCES"
    secret.chmod(0o644)
    time.sleep(SOON)
    assert ordinary.bob.one("read", array) == "ok"
