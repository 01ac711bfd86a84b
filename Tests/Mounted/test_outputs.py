"""What the commands write: never into a run, whole or not at all, and over what exists only when told to."""

import contextlib
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

import product
from product import xfelfs

XGM = "SA1_XTD2_XGM/XGM/DOOCS"
PIXELS = "detectors/SPB_DET_AGIPD1M-1/keys/image.data/array.npy"


def state(directory) -> dict:
    """Of everything in a directory and itself: kind, inode, links, size and times; what any change shows in."""
    found = {}
    for path in [directory, *directory.rglob("*")]:
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_ino, status.st_nlink, status.st_size, status.st_mtime_ns,
                            status.st_ctime_ns)
    return found


def contents(directory) -> dict:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in directory.iterdir() if path.is_file()}


def refused(result) -> bool:
    """Status 1 and one sentence. Of files that are left out there is a line each before it."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 1, f"status {result.returncode}: {result.stderr!r}"
    assert len(lines) == 1 and "Fatal error" not in result.stderr, result.stderr
    return True


class Places:
    """A run with files of all kinds in it, and every way to name one of them."""

    def __init__(self, example, top):
        self.top = top
        self.run = top / "run"
        self.run.mkdir()
        names = ["RAW-R0042-AGIPD00-S00000.h5", "RAW-R0042-AGIPD01-S00000.h5", "RAW-R0042-DA01-S00000.h5"]
        for name in names:
            shutil.copy2(example / name, self.run / name)
        # A file whose bytes lie elsewhere.
        (top / "store").mkdir()
        shutil.copy2(example / "RAW-R0042-DA01-S00001.h5", top / "store" / "stored")
        (self.run / "RAW-R0042-DA01-S00001.h5").symlink_to(top / "store" / "stored")
        (self.run / "karabo_data_map.json").write_text("[]")
        (self.run / "notes.txt").write_text("the beam was lost at 5 o'clock")
        (self.run / "below").mkdir()
        self.names = [*names, "RAW-R0042-DA01-S00001.h5", "karabo_data_map.json", "notes.txt"]
        self.elsewhere = top / "elsewhere"
        self.elsewhere.mkdir()
        (self.elsewhere / "sources").symlink_to(self.run)
        (self.elsewhere / "info.txt").symlink_to(self.run / names[0])
        (top / "link").symlink_to(self.run)
        (top / "link to link").symlink_to("link")
        (top / "missing").symlink_to(self.run / "new.h5")
        (top / "mnt").mkdir()
        (top / "frames.csv").write_text("train_id,pulse_id\n10000,0\n")
        for name in self.names:
            os.link(self.run / name, top / f"hard {name}")
            (top / f"soft {name}").symlink_to(self.run / name)
            (top / f"softer {name}").symlink_to(f"soft {name}")

    def of_file(self, name) -> list[str]:
        """Paths that lead to a file of the run, for a process in `top`."""
        return [f"{self.run}/{name}", f"run/{name}", f"run/../run/{name}", f"./run//{name}", f"link/{name}",
                f"link to link/{name}", f"elsewhere/sources/{name}", f"soft {name}", f"{self.top}/softer {name}",
                f"run/below/../{name}", f"/proc/self/cwd/run/{name}"] + (
                    [] if (self.run / name).is_symlink() else [f"hard {name}"])

    def of_nothing(self) -> list[str]:
        """Paths at which there is nothing, but in the run."""
        return [f"{self.run}/new.h5", "run/new.h5", "link/new.h5", "elsewhere/sources/new", "run/below/new", "missing",
                "run/below/../../link/new"]

    def of_directories(self) -> list[str]:
        return [str(self.run), "run", "run/", "run/.", "link", "link/", "link to link/.", "run/below", "run/below/..",
                "elsewhere/sources"]


@pytest.fixture(scope="module")
def places(example, tmp_path_factory):
    return Places(example, tmp_path_factory.mktemp("places"))


@pytest.fixture
def untouched(places):
    """Fails the test if anything in the run or in its store has changed."""
    before = state(places.run), state(places.top / "store"), contents(places.run)
    yield
    assert (state(places.run), state(places.top / "store"), contents(places.run)) == before


# Commands that take the path of an output; OUT stands for it.
WRITING = {
    "write-virtual": ["write-virtual", "RUN", "-o", "OUT"],
    "write-virtual --force": ["write-virtual", "--force", "RUN", "-o", "OUT"],
    "cxi": ["cxi", "RUN", "-o", "OUT"],
    "cxi --force": ["cxi", "RUN", "--force", "-o", "OUT"],
    "write": ["write", "RUN", "--select", "*XGM*", "-o", "OUT"],
    "write --force": ["write", "RUN", "--force", "--select", "*XGM*", "-o", "OUT"],
    "write-frames --force": ["write-frames", "RUN", "--force", "--frames", "frames.csv", "-o", "OUT"],
    "cp of a file": ["cp", "RUN", "info.txt", "OUT"],
    "cp --force of a file": ["cp", "--force", "RUN", "info.txt", "OUT"],
    "cp --force of a link": ["cp", "--force", "RUN", "files/RAW-R0042-DA01-S00000.h5", "OUT"],
    "cp --force of a directory": ["cp", "--force", "RUN", f"sources/{XGM}", "OUT"],
    "cp --force of the tree": ["cp", "--force", "RUN", "/", "OUT"],
    "cp of two": ["cp", "--force", "RUN", "info.txt", "trains.csv", "OUT"],
    "mount --log-file": ["mount", "--log-file", "OUT", "RUN", "mnt"],
}


def call(places, words, out, run="run"):
    result = xfelfs(*[{"OUT": out, "RUN": run}.get(word, word) for word in words], cwd=places.top)
    if "mount" in words:
        product.lazy_unmount(places.top / "mnt")
    return result


@pytest.mark.parametrize("command", WRITING)
def test_no_file_of_the_run_is_written(places, untouched, command):
    """Every command refuses every file of the run, however it is named."""
    before = state(places.run)
    for name in places.names:
        for path in places.of_file(name):
            if "link" in command and path.startswith(("soft", f"{places.top}/soft")):
                continue        # the link itself is what would be replaced, see below
            assert refused(call(places, WRITING[command], path)), path
            assert state(places.run) == before, path


@pytest.mark.parametrize("command", WRITING)
def test_no_file_is_made_in_the_run(places, untouched, command):
    """Nor a new one in its directory or below it."""
    for path in places.of_nothing():
        if "link" in command and path == "missing":
            continue
        assert refused(call(places, WRITING[command], path)), path


@pytest.mark.parametrize("command", WRITING)
def test_no_directory_of_the_run_is_written_into(places, untouched, command):
    for path in places.of_directories():
        assert refused(call(places, WRITING[command], path)), path


# Commands that take the path of something to read, or of a mount point; and no others are left.
READING = [["info", "PATH"], ["info", "--json", "PATH"], ["ls", "PATH"], ["ls", "-l", "PATH", "files"],
           ["cat", "PATH", "info.txt"], ["validate", "PATH"], ["validate", "--json", "--read-data", "PATH"],
           ["locality", "PATH"], ["serve", "PATH", "no endpoint"], ["umount", "PATH"], ["umount", "--lazy", "PATH"], ["mount", "PATH", "mnt"],
           ["mount", "RUN", "PATH"], ["mount", "PATH", "PATH"], ["mount", "store", "PATH"]]


@pytest.mark.parametrize("words", READING, ids=" ".join)
def test_reading_changes_nothing(places, untouched, words):
    """Whatever comes of it."""
    paths = [path for name in places.names for path in places.of_file(name)[::3]] + places.of_directories()
    for path in paths:
        xfelfs(*[{"PATH": path, "RUN": "run"}.get(word, word) for word in words], cwd=places.top)
        for point in (places.top / "mnt", places.run, places.run / "below"):
            product.lazy_unmount(point)


def test_all_commands_are_tried():
    """A command that is added has to be in one of the lists."""
    lines = xfelfs("--help").stdout.split("SUBCOMMANDS:")[1].splitlines()
    commands = {line.split()[0] for line in lines if line.startswith("  ") and line[2:3].islower()}
    assert commands == {words[0] for words in [*WRITING.values(), *READING]} | {"example"}


def test_a_link_to_a_file_of_the_run_is_replaced_by_a_link(places, untouched):
    """cp of a link replaces the link that is there, not what it leads to; and not unasked."""
    words = WRITING["cp --force of a link"]
    path = places.top / "spare link"
    path.symlink_to(places.run / places.names[0])
    assert refused(call(places, [word for word in words if word != "--force"], path))
    assert os.readlink(path) == str(places.run / places.names[0])
    assert call(places, words, path).returncode == 0
    assert os.readlink(path) == str(places.run / "RAW-R0042-DA01-S00000.h5")
    path.unlink()


def test_whatever_the_run_is_called(places, untouched):
    """The run may be named by a link, or be a single file of it."""
    first, second = places.names[:2]
    for run in ("link", "link to link", "elsewhere/sources", f"run/{first}", f"link/{first}", f"soft {first}",
                f"hard {first}", str(places.run)):
        for out in (f"run/{first}", f"soft {first}", f"hard {first}"):
            for command in ("cxi --force", "cp --force of a file", "write-virtual --force"):
                assert refused(call(places, WRITING[command], out, run)), (run, out)
    for run in (f"run/{first}", f"link/{first}", f"soft {first}"):
        for out in (f"run/{second}", f"hard {second}", "run/notes.txt", "run/new"):
            assert refused(call(places, WRITING["cp --force of a file"], out, run)), (run, out)


def test_another_run_is_no_place_either(places, untouched, example):
    """A directory with files that are named as a run's is one, whatever run the command was given."""
    for command in ("cxi --force", "cp --force of a file", "cp --force of a directory", "mount --log-file"):
        for out in ("run/new", f"run/{places.names[0]}", "run"):
            assert refused(call(places, WRITING[command], out, example)), out


def test_no_example_in_a_run(places, untouched):
    for path in (*places.of_file(places.names[0]), *places.of_directories(), "run/new", "link/new", "missing"):
        assert refused(xfelfs("example", path, cwd=places.top)), path


def test_links_in_the_destination(places, untouched):
    """A directory that is copied into may have links into the run in it."""
    before = state(places.elsewhere)
    for words in (["/"], ["sources"], ["info.txt"], ["info.json", "info.txt"], [f"sources/{XGM}", "sources"]):
        assert refused(xfelfs("cp", "--force", "run", *words, "elsewhere", cwd=places.top)), words
        assert state(places.elsewhere) == before


def test_descriptors_of_the_run(places, untouched):
    """/dev/fd and --ready-fd lead to files of the run as well."""
    for name in places.names[:4]:
        descriptor = os.open(places.run / name, os.O_RDWR)
        try:
            for words in (["cxi", "run", "-o", f"/dev/fd/{descriptor}"],
                          ["cxi", "--force", "run", "-o", f"/proc/self/fd/{descriptor}"],
                          ["cp", "run", "info.txt", f"/dev/fd/{descriptor}"],
                          ["mount", "run", "mnt", "--log-file", f"/dev/fd/{descriptor}"],
                          ["mount", "run", "mnt", "--ready-fd", f"{descriptor}"]):
                result = subprocess.run([product.binary(), *words], capture_output=True, text=True, cwd=places.top,
                                        timeout=60, pass_fds=[descriptor])
                product.lazy_unmount(places.top / "mnt")
                assert refused(result), words
        finally:
            os.close(descriptor)


def test_a_bind_mount_of_the_run(places, untouched, tmp_path):
    """The same directory through another mount."""
    point = tmp_path / "bound"
    point.mkdir()
    subprocess.run(["mount", "--bind", places.run, point], check=True)
    try:
        for out in (point / places.names[0], point / "new", point / "below/new"):
            for command in ("cxi --force", "cp --force of a file", "cp --force of a directory"):
                assert refused(call(places, WRITING[command], out)), out
                assert refused(call(places, WRITING[command], places.run / Path(out).relative_to(point), point)), out
    finally:
        subprocess.run(["umount", point], check=True)


# What is written elsewhere

NEW = {
    "write-virtual": ["write-virtual", "RUN", "-o", "OUT"],
    "cxi": ["cxi", "RUN", "-o", "OUT"],
    "cp": ["cp", "RUN", PIXELS, "OUT"],
}


@pytest.fixture(scope="module")
def outputs(example, tmp_path_factory):
    """What each command writes to a new file."""
    made = {}
    for command, words in NEW.items():
        path = tmp_path_factory.mktemp("outputs") / "out"
        result = write(words, example, path)
        assert result.returncode == 0, result.stderr
        assert [path] == list(path.parent.iterdir())
        made[command] = path.read_bytes()
        assert len(made[command]) > 4096
    return made


def write(words, run, out, **options):
    return xfelfs(*[{"OUT": out, "RUN": run}.get(word, word) for word in words], **options)


@pytest.mark.parametrize("command", NEW)
def test_existing_files_are_replaced_only_with_force(example, outputs, tmp_path, command):
    """Without --force they stay, and the sentence names it; with it, who may read them stays the same."""
    path = tmp_path / "out"
    path.write_text("years of work")
    path.chmod(0o640)
    inode = path.stat().st_ino
    result = write(NEW[command], example, path)
    assert refused(result) and "--force" in result.stderr
    assert path.read_text() == "years of work" and path.stat().st_ino == inode
    os.link(path, tmp_path / "other name")
    assert write([*NEW[command], "--force"], example, path).returncode == 0
    assert path.read_bytes() == outputs[command] and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert (tmp_path / "other name").read_text() == "years of work"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other name", "out"]


@pytest.mark.parametrize("command", NEW)
def test_links_are_written_through(example, outputs, tmp_path, command):
    """A link stays a link: what it points at is written, and made where it is missing."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    link, target = tmp_path / "a" / "link", tmp_path / "b" / "target"
    link.symlink_to("../b/target")
    assert write(NEW[command], example, link).returncode == 0
    assert os.readlink(link) == "../b/target" and target.read_bytes() == outputs[command]
    target.write_text("old")
    assert refused(write(NEW[command], example, link)) and target.read_text() == "old"
    assert write([*NEW[command], "--force"], example, link).returncode == 0
    assert os.readlink(link) == "../b/target" and target.read_bytes() == outputs[command]
    assert len(list(tmp_path.rglob("*"))) == 4
    link.unlink()
    link.symlink_to("link")
    assert refused(write(NEW[command], example, link))


@pytest.mark.parametrize("command", NEW)
@pytest.mark.parametrize("force", [[], ["--force"]], ids=["", "--force"])
def test_a_full_device_stays_a_device(example, command, force):
    for path in ("/dev/full", "/dev/null"):
        result = write([*NEW[command], *force], example, path)
        if path == "/dev/full":
            assert refused(result) and "No space left" in result.stderr
        else:
            assert result.returncode == 0, result.stderr
        assert stat.S_ISCHR(os.stat(path).st_mode)


@pytest.mark.parametrize("command", NEW)
def test_pipes_are_written_to(example, outputs, tmp_path, command):
    """A FIFO, /dev/stdout into a pipe, and /dev/stdout into files, from their present ends."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with open(tmp_path / "read", "wb") as output:
        reader = subprocess.Popen(["cat", fifo], stdout=output)
        assert write(NEW[command], example, fifo).returncode == 0
        assert reader.wait(10) == 0 and (tmp_path / "read").read_bytes() == outputs[command]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    for path in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        assert write(NEW[command], example, path, text=False).stdout == outputs[command]
    file = tmp_path / "file"
    file.write_bytes(b"begins")
    inode = file.stat().st_ino
    with open(file, "ab") as output:
        words = [{"OUT": "/dev/stdout", "RUN": str(example)}.get(word, word) for word in NEW[command]]
        subprocess.run([product.binary(), *words], stdout=output, check=True, timeout=60)
    assert file.read_bytes() == b"begins" + outputs[command] and file.stat().st_ino == inode


def test_odd_places(example, tmp_path):
    """A directory, a name that is too long, a missing directory, a closed descriptor."""
    (tmp_path / "directory").mkdir()
    for path in ("directory", "directory/.", "x" * 256, "missing/out", "directory/missing/out", "/dev/fd/99"):
        assert refused(write(NEW["cxi"], example, path, cwd=tmp_path)), path
        assert refused(write([*NEW["cxi"], "--force"], example, path, cwd=tmp_path)), path
    long = "x" * 255
    assert write(NEW["cxi"], example, long, cwd=tmp_path).returncode == 0
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["directory", long]


@contextlib.contextmanager
def small_disk(path, size):
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], check=True)
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)


def test_a_full_disk_leaves_nothing(example, tmp_path):
    """Neither a file nor a directory, and what was there stays."""
    with small_disk(tmp_path / "disk", 4 << 12) as disk:
        for words in (NEW["cxi"], NEW["cp"], ["cp", "RUN", "detectors", "OUT"], ["cp", "RUN", "/", "OUT"],
                      ["example", "OUT"]):
            result = write(words, example, disk / "out")
            assert refused(result) and "No space left" in result.stderr, words
            assert os.listdir(disk) == [], words
        (disk / "out").write_text("old")
        assert refused(write([*NEW["cp"], "--force"], example, disk / "out"))
        assert os.listdir(disk) == ["out"] and (disk / "out").read_text() == "old"


def test_a_file_size_limit_leaves_nothing(example, tmp_path):
    words = [{"OUT": str(tmp_path / "out"), "RUN": str(example)}.get(word, word) for word in NEW["cp"]]
    result = subprocess.run(["prlimit", "--fsize=1000000", product.binary(), *words], capture_output=True, text=True,
                            timeout=60)
    assert refused(result) and "File too large" in result.stderr
    assert os.listdir(tmp_path) == []


def size_of(path) -> tuple[int, int]:
    """Names and bytes of a file, or of all that is in a directory."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if not file.is_symlink()]
    return len(files), sum(file.stat().st_size for file in files if file.is_file())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL],
                         ids=lambda number: number.name)
@pytest.mark.parametrize("words", [NEW["cp"], ["cp", "RUN", "/", "OUT"], ["example", "OUT"]],
                         ids=["file", "directory", "example"])
def test_what_is_interrupted_leaves_nothing(example, tmp_path, words, number):
    """Under the final name there is nothing, and but for kill -9 nothing beside it either."""
    interrupted = 0
    arguments = [{"OUT": str(tmp_path / "whole"), "RUN": str(example)}.get(word, word) for word in words]
    assert xfelfs(*arguments).returncode == 0
    whole = size_of(tmp_path / "whole")
    # Where others keep the processors busy, it may be done before it is interrupted, however soon that is.
    for delay in [0] * 8 + [0.002, 0.02]:
        place = tmp_path / "place"
        place.mkdir()
        arguments = [{"OUT": str(place / "out"), "RUN": str(example)}.get(word, word) for word in words]
        process = subprocess.Popen([product.binary(), *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 30
        while not os.listdir(place) and process.poll() is None:
            assert time.monotonic() < deadline
        time.sleep(delay)
        process.send_signal(number)
        errors = process.communicate(timeout=30)[1]
        if process.returncode != 0:
            assert process.returncode == -number and errors == b"", errors
            left = os.listdir(place)
            if left == ["out"] and number != signal.SIGKILL:
                # The signal came when all was done, and before the process had ended: it is whole.
                assert size_of(place / "out") == whole
                shutil.rmtree(place)
                continue
            interrupted += 1
            if number != signal.SIGKILL:
                assert left == []
            elif words[0] == "example":
                assert not list(place.glob("out/*.h5"))
            else:
                assert "out" not in left and len(left) == 1 and left[0].startswith(".xfelfs-"), left
        shutil.rmtree(place)
    assert interrupted > 0, "it always ended before the signal came"


def test_an_example_in_a_directory_that_is_there(tmp_path):
    """Interrupted, it is empty again."""
    process = subprocess.Popen([product.binary(), "example", tmp_path], stdout=subprocess.DEVNULL)
    while not os.listdir(tmp_path):
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == -signal.SIGINT and os.listdir(tmp_path) == []
    assert xfelfs("example", tmp_path).returncode == 0 and len(list(tmp_path.glob("*.h5"))) == 34


def test_an_ignored_signal_stays_ignored(example, tmp_path):
    """As under nohup."""
    script = 'trap "" HUP; exec "$@"'
    words = [{"OUT": str(tmp_path / "out"), "RUN": str(example)}.get(word, word) for word in NEW["cp"]]
    process = subprocess.Popen(["sh", "-c", script, "sh", product.binary(), *words])
    while not os.listdir(tmp_path):
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0 and os.listdir(tmp_path) == ["out"]


# cp


def names(directory) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


def test_cp_asks_before_it_replaces(example, small, tmp_path):
    """What is in the way is found before anything is written; --force replaces files and adds to directories."""
    for run, words in ((example, ["info.txt", "trains.csv"]), (example, [f"sources/{XGM}", "info.json"]),
                       (example, ["files"]), (small[0], ["/"])):
        target = tmp_path / "target"
        target.mkdir()
        assert xfelfs("cp", run, *words, target).returncode == 0
        before, listed = state(target), names(target)
        result = xfelfs("cp", run, *words, target)
        assert refused(result) and "--force" in result.stderr
        assert state(target) == before
        victim = next(path for path in sorted(target.rglob("*")) if path.is_file() and not path.is_symlink()
                      or path.is_symlink())
        if victim.is_symlink():
            victim.unlink()
            victim.symlink_to("nowhere")
        else:
            whole = victim.read_bytes()
            victim.write_text("spoiled")
        extra = target / "extra"
        extra.write_text("mine")
        result = xfelfs("cp", "--force", run, *words, target)
        assert result.returncode == 0, result.stderr
        assert names(target) == sorted([*listed, "extra"]) and extra.read_text() == "mine"
        assert os.readlink(victim) != "nowhere" if victim.is_symlink() else victim.read_bytes() == whole
        shutil.rmtree(target)


def test_cp_finds_what_is_in_the_way_of_the_last(example, tmp_path):
    (tmp_path / "trains.csv").write_text("mine")
    assert refused(xfelfs("cp", example, "info.txt", "trains.csv", tmp_path))
    assert names(tmp_path) == ["trains.csv"]


def test_cp_never_changes_the_kind(example, tmp_path):
    """A directory does not take a file's place, nor a file or a link a directory's."""
    (tmp_path / "sources").write_text("a file")
    (tmp_path / "info.txt").mkdir()
    link = next((example).glob("*.h5")).name
    (tmp_path / link).mkdir()
    before = state(tmp_path)
    for words in (["sources"], ["info.txt"], [f"files/{link}"], ["/"]):
        assert refused(xfelfs("cp", "--force", example, *words, tmp_path)), words
        assert state(tmp_path) == before


def test_cp_of_two_with_one_name(example, tmp_path):
    words = [f"sources/{XGM}/info.txt", "info.txt"]
    assert refused(xfelfs("cp", "--force", example, *words, tmp_path)) and names(tmp_path) == []


def test_cp_keeps_the_times(example, mnt, tmp_path):
    """Of files and directories, into a new place and into one that is there."""
    (tmp_path / "into").mkdir()
    for force in ([], ["--force"]):
        assert xfelfs("cp", *force, example, f"sources/{XGM}", tmp_path / "into").returncode == 0
        copy = tmp_path / "into" / "DOOCS"
        for path in [copy, *copy.rglob("*")]:
            original = mnt / "sources" / XGM / path.relative_to(copy)
            assert path.stat().st_mtime_ns == original.stat().st_mtime_ns, path
