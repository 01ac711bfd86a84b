"""A store that hangs on one file: whoever needs that file waits, can be interrupted, and holds up nothing else."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

import daemon
import hostile
import product

# The median of single operations. Single ones may take longer, as machines are busy with other things.
MEDIAN, LONGEST = 0.1, 1.0
# `stat` of what is made from all files waits for it, until none of them has answered for a second.
LONGEST_STAT = 4.0

HANGS = pytest.mark.parametrize("mode", ["hang", "hangopen"])
SPOILED = "sources/EVIL/CTRL/A"


def needs_all_files(path: str) -> bool:
    """Whether it may be made from any file of the run, and may wait for each of them: tables, reports, and the names in
    the README's examples."""
    return path.count("/") == 0 and path.endswith((".csv", ".txt", ".json")) or path.startswith(("export/", "files/"))


def is_independent(path: str) -> bool:
    """Whether nothing of it comes from the file that hangs."""
    return not any(source in path for source in hostile.SPOILED_SOURCES) and not needs_all_files(path)


class Readers:
    """Commands that wait for the mount. What is left of them ends with the store's hanging."""

    def __init__(self):
        self.processes = []

    def start(self, *command) -> subprocess.Popen:
        # A shell has what it starts in the background ignore SIGINT, and so would these.
        process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        self.processes.append(process)
        return process

    def all_wait(self):
        """Fails where one of them has come to an end."""
        time.sleep(0.5)
        for process in self.processes:
            assert process.poll() is None, (
                f"{' '.join(process.args)} did not wait for the file that hangs: status {process.returncode}")

    def end(self):
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait(20)


@pytest.fixture
def hanging(mapped_store, foreground, mode):
    """The mixed run, mounted, and one file of it hangs from before the first look at the tree on."""
    store = mapped_store
    mounted = foreground(store.point)
    assert hostile.SPOILED_FILE not in store.counters(), "the mount opens files, though there is a valid map of them"
    store.set(f"{mode} {hostile.SPOILED_FILE}")
    readers = Readers()
    yield mounted, readers
    store.ok()
    readers.end()


def interrupt(readers: Readers):
    """Ctrl-C ends every reader, soon, and no reader has come to a good end."""
    for process in readers.processes:
        process.send_signal(signal.SIGINT)
    for process in readers.processes:
        try:
            status = process.wait(2)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{' '.join(process.args)} goes on waiting 2 s after Ctrl-C")
        assert status != 0, f"{' '.join(process.args)} ended with success, though its file hangs"


def assert_prompt(when: str, longest: float, *command):
    """A command comes back in time. One that does not may not be killable before the mount has ended."""
    start = time.monotonic()
    process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.wait(8)
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"{when}: {' '.join(process.args)} did not come back within 8 s")
    taken = time.monotonic() - start
    assert taken < longest, f"{when}: {' '.join(process.args)} took {taken:.1f} s, more than {longest} s"


def assert_usable(point, when: str):
    """The commands that people try first when something is wrong with a mount are prompt."""
    for command in (["ls", point / "trains"], ["ls", point / "sources"], ["df", point], ["stat", point / "nosuchfile"],
                    ["stat", point / "trains/nosuchtrain"]):
        assert_prompt(when, LONGEST, *command)


@HANGS
def test_the_rest_answers(mode, hanging, mixed_truth):
    """While six readers wait for the file, all that does not come from it is read for the first time, promptly."""
    mounted, readers = hanging
    point = mounted.point
    for number in range(2):
        readers.start("ls", "-l", point / SPOILED / "keys")
        readers.start("cat", point / SPOILED / "keys/energy.value/array.npy")
        readers.start("ls", "-lR", point / "trains/10000/EVIL")
    readers.all_wait()
    paths = [path for path in mixed_truth.tree if is_independent(path)]
    assert len(paths) > 1000, f"only {len(paths)} paths to look at: the test itself is wrong"
    found = mixed_truth.compare(point, paths=paths, not_asked=train_directories(mixed_truth), longest=10)
    found.assert_complete(f"while {mode} is on one file")
    assert found.median() < MEDIAN, f"the median of {len(found.times)} operations took {found.median() * 1000:.0f} ms"
    taken, operation = found.slowest()
    assert taken < LONGEST, f"{operation} took {taken:.1f} s while another file hangs"
    assert_usable(point, f"while {mode} is on one file")
    readers.all_wait()


def train_directories(truth) -> set[str]:
    return {f"trains/{name}" for name in truth.tree["trains"][1]}


@HANGS
def test_attributes_of_trains(mode, hanging, mixed_truth):
    """Which attributes a train has is known without asking a file (`ls -l` of coreutils since 9.5 lists them)."""
    mounted, _ = hanging
    trains = sorted(train_directories(mixed_truth))
    found = mixed_truth.compare(mounted.point, paths=trains, not_asked=trains, longest=10)
    found.assert_complete(f"while {mode} is on one file")
    script = "import os, sys\nfor path in sys.argv[1:]: assert os.listxattr(path) == ['user.timestamp'], path"
    paths = [mounted.point / train for train in trains]
    done = subprocess.run([sys.executable, "-c", script, *paths], capture_output=True, timeout=10)
    assert done.returncode == 0, done.stderr.decode()


@HANGS
def test_stat_of_everything_answers(mode, hanging, mixed_truth):
    """`stat` never waits for a file: of names that were found before, of the sources that hang, and of what all files
    go into."""
    mounted, _ = hanging
    top = mixed_truth.tree[""][1]
    for path in ["", *top, "sources/EVIL", SPOILED, "trains/10000/EVIL/CTRL/A", "export", "export/virtual.h5"]:
        assert_prompt(f"while {mode} is on one file", LONGEST_STAT, "stat", mounted.point / path)


@HANGS
@pytest.mark.parametrize("count", [4, 24])
def test_many_that_wait(mode, count, hanging, mixed_truth):
    """As many as there are threads that answer, and more, wait for the file; there is always one that answers others.

    Each lists another directory: the kernel has one of those who list the same one ask, and the others wait for it.
    """
    mounted, readers = hanging
    trains = [name for name in mixed_truth.tree["trains"][1] if name.isdigit()]
    directories = [f"sources/{source}/keys" for source in hostile.SPOILED_SOURCES]
    directories += [f"trains/{train}/{source}" for train in trains for source in hostile.SPOILED_SOURCES]
    for directory in directories[:count]:
        readers.start("ls", mounted.point / directory)
    readers.all_wait()
    assert_usable(mounted.point, f"while {count} times ls waits for keys")


@HANGS
def test_interrupt(mode, hanging, mapped_store, mixed_truth):
    """Ctrl-C ends whoever waits; and when the store answers again, so does the mount."""
    mounted, readers = hanging
    keys = mounted.point / SPOILED / "keys"
    for command in (["ls", keys], ["cat", keys / "energy.value/array.npy"], ["stat", keys / "energy.value"],
                    ["cat", mounted.point / "sources.csv"]):
        readers.start(*command)
    readers.all_wait()
    interrupt(readers)
    mapped_store.ok()
    mixed_truth.compare(mounted.point).assert_complete("after the interrupted waiting, when the store answers again")


def assert_daemon_ends(mounted, processes, store):
    """The daemon ends although the store hangs; what the store holds back ends with its answer."""
    # A thread that a store holds cannot be killed: the process is a zombie until it comes back.
    product.wait_until(lambda: daemon.has_ended(mounted.pid), what="the end of the daemon, while the store still hangs")
    store.ok()
    product.wait_until(lambda: all(daemon.has_ended(pid) for pid in processes),
                       what="the end of every process of the daemon, after the store has answered")


@HANGS
def test_umount_after_interrupts(mode, hanging, mapped_store):
    """Readers have waited and were interrupted: the mount is not in use, and umount ends it, though the store hangs."""
    mounted, readers = hanging
    for command in ("ls", "cat"):
        readers.start(command, mounted.point / SPOILED / "keys/energy.value/array.npy")
    readers.all_wait()
    processes = mounted.processes()
    interrupt(readers)
    result = product.xfelfs("umount", mounted.point, timeout=20)
    assert result.returncode == 0, f"umount failed with status {result.returncode}: {result.stderr}"
    assert not product.is_mounted(mounted.point), "umount returned 0, but the mount is still in the table"
    assert_daemon_ends(mounted, processes, mapped_store)


@HANGS
def test_lazy_umount(mode, hanging, mapped_store):
    """While readers wait, umount --lazy takes the mount away from under them; the daemon ends with the last of them."""
    mounted, readers = hanging
    for command in ("ls", "cat"):
        readers.start(command, mounted.point / SPOILED / "keys/energy.value/array.npy")
    readers.all_wait()
    processes = mounted.processes()
    result = product.xfelfs("umount", "--lazy", mounted.point, timeout=20)
    assert result.returncode == 0, f"umount --lazy failed with status {result.returncode}: {result.stderr}"
    assert not product.is_mounted(mounted.point), "umount --lazy returned 0, but the mount is still in the table"
    interrupt(readers)
    assert_daemon_ends(mounted, processes, mapped_store)


def test_hanging_in_mid_read(store, foreground, mixed_truth):
    """The store begins to hang when the tree is already known: arrays of the file wait and can be interrupted, the rest
    goes on."""
    mounted, readers = foreground(store.point), Readers()
    for path in (SPOILED + "/keys", "trains/10000/EVIL/CTRL/A", "sources/SOUND/CTRL/A/keys"):
        assert os.listdir(mounted.point / path)
    store.set(f"hang {hostile.SPOILED_FILE}")
    with contextlib.ExitStack() as clean_up:
        clean_up.callback(readers.end)
        clean_up.callback(store.ok)
        for _ in range(8):
            readers.start("cat", mounted.point / "sources/EVIL/INST/B:output/keys/data.big/array.npy")
        readers.all_wait()
        found = mixed_truth.compare(mounted.point, paths=[p for p in mixed_truth.tree if p.startswith("sources/SOUND")],
                                    longest=10)
        found.assert_complete("while one file hangs")
        taken, operation = found.slowest()
        assert taken < LONGEST, f"{operation} took {taken:.1f} s while another file hangs"
        interrupt(readers)
    mixed_truth.compare(mounted.point).assert_complete("when the store answers again")
