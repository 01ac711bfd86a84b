"""A store with passing faults: whatever is read meanwhile is right or an error, and afterwards everything is right."""

import itertools
import os
import time

import pytest

import daemon
import hostile
import product
from walks import is_report

# Of the walks through a store of which 5 % of the reads fail. By hand: XFELFS_FAULTY_SECONDS=3600.
FAULTY_SECONDS = float(os.environ.get("XFELFS_FAULTY_SECONDS", 5 if product.QUICK else 20))


def test_the_truth_is_reproducible(store, foreground, mixed_truth):
    """Through a store where nothing goes wrong everything is as from the disk: what the other tests here stand on."""
    mixed_truth.compare(foreground(store.point).point, reports_too=True).assert_complete("through a sound store")
    assert store.counters()[hostile.SOUND_FILE].reads > 10, "the files were not read through the store"


def test_everything_fails_at_the_first_look(store, foreground, mixed_truth):
    """For a while every read fails. Nothing is concluded from that: afterwards all is right, in the same mount."""
    point = foreground(store.point).point
    with store.fault("eio 1"):
        during = mixed_truth.compare(point)
        again = mixed_truth.compare(point, order=1)
    assert store.faults() > 0, "no read was asked of the store while it failed"
    for found, when in ((during, "while all reads fail"), (again, "while all reads fail, again")):
        found.assert_right(when)
        assert found.errors, f"{when} there are no errors, though nothing had been read before"
    mixed_truth.compare(point).assert_complete("after the reads have ceased to fail")


def test_one_file_fails_at_the_first_look(store, foreground, mixed_truth):
    """The same with one file of the three: what comes from the others alone is right all the time."""
    point = foreground(store.point).point
    with store.fault(f"eio 1 {hostile.SPOILED_FILE}"):
        found = mixed_truth.compare(point)
    found.assert_right("while one file fails")
    sound = [path for _, path, _ in found.errors if path.startswith("sources/SOUND/")]
    assert not sound, f"a file that fails makes errors in sources that it does not have: {sound[:5]}"
    assert [path for _, path, _ in found.errors if "EVIL/" in path], "the file that fails makes no errors at all"
    mixed_truth.compare(point).assert_complete("after the file has ceased to fail")


def test_reports_after_a_fault(store, foreground, mixed_truth):
    """A validation that could not read the files says so, and is made again when they can be read: a store's fault is
    not a fact about the run."""
    point = foreground(store.point).point
    with store.fault("eio 1"):
        try:
            text = (point / "validation.txt").read_text()
        except OSError:
            text = ""
    assert "No problems found" not in text, f"a validation that could not read any file found no problems: {text}"
    paths = [path for path in mixed_truth.tree if is_report(path)]
    found = mixed_truth.compare(point, reports_too=True, paths=paths)
    found.assert_complete("reports, after the reads have ceased to fail")


def mount_or_sentence(foreground, store, name: str):
    """A mount while reads fail: it comes up, or says in one sentence which file is to blame (then None is returned)."""
    try:
        return foreground(store.point, name=name)
    except daemon.MountFailed as failure:
        text = str(failure)
        assert ".h5" in text and "Fatal error" not in text, f"a mount that failed does not name a file: {text}"
        return None


def test_one_read_in_twenty_fails(store, foreground, mixed_truth):
    """Walks through the whole tree while 5 % of all reads fail; some mounts are made meanwhile. After each few walks
    the store recovers, and then everything has to be right without a new mount."""
    end = time.monotonic() + FAULTY_SECONDS
    errors = bytes_read = 0
    for round_number in itertools.count():
        if time.monotonic() > end and round_number > 0:
            break
        if round_number % 3 == 1:
            store.set("eio 0.05")
            mounted = mount_or_sentence(foreground, store, f"mnt{round_number}")
            if mounted is None:
                continue
        else:
            store.ok()
            mounted = foreground(store.point, name=f"mnt{round_number}")
        store.set("eio 0.05")
        for order in (None, round_number):
            found = mixed_truth.compare(mounted.point, order=order)
            found.assert_right(f"round {round_number}, while 5 % of the reads fail")
            errors += len(found.errors)
            bytes_read += found.bytes_read
        store.ok()
        mixed_truth.compare(mounted.point).assert_complete(f"round {round_number}, after the store's recovery")
        mounted.clean_up()
    print(f"{round_number} mounts, {errors} errors, {bytes_read} bytes read while reads failed")
    assert errors and bytes_read, f"{errors} errors and {bytes_read} bytes: the store did not fail, or always did"


@pytest.mark.parametrize("times", [1, 2])
def test_mount_while_a_file_fails_once_or_twice(times, store, foreground, mixed_truth):
    """The file is read again, and is in the run."""
    store.set(f"eiofirst {times} {hostile.SPOILED_FILE}")
    point = foreground(store.point).point
    assert store.counters()[hostile.SPOILED_FILE].faults >= times, "the file did not fail"
    mixed_truth.compare(point).assert_complete(f"after a mount in which {hostile.SPOILED_FILE} failed")


def test_mount_while_a_file_fails_always(store, tmp_path):
    """A run of which a part cannot be read is not mounted without it: one sentence names the file."""
    store.set(f"eio 1 {hostile.SPOILED_FILE}")
    point = tmp_path / "mnt"
    point.mkdir()
    try:
        result = product.xfelfs("mount", store.point, point, timeout=60)
        assert result.returncode != 0 and not product.is_mounted(point), (
            f"the mount succeeded, without {hostile.SPOILED_FILE}: {result.stderr or 'nothing was printed'}")
        lines = result.stderr.strip().splitlines()
        assert len(lines) == 1 and hostile.SPOILED_FILE in lines[0], (
            f"not one sentence that names the file: {result.stderr!r}")
    finally:
        product.lazy_unmount(point)


@pytest.mark.parametrize("fault", ["short 1", "zero 0.3", "zero 1"])
def test_reads_that_bring_less(fault, store, foreground, mixed_truth):
    """Reads that bring fewer bytes than they should, or none: the rest is asked for, or it is an error."""
    point = foreground(store.point).point
    with store.fault(fault):
        mixed_truth.compare(point).assert_right(f"with '{fault}'")
    assert store.faults() > 0, "the store did not do what it was told to"
    mixed_truth.compare(point).assert_complete(f"after '{fault}'")


def test_mount_with_short_reads(store, foreground, mixed_truth):
    """A store may answer in pieces, nothing is wrong with the files: the mount comes up, and has all of them."""
    store.set("short 1")
    point = foreground(store.point).point
    mixed_truth.compare(point).assert_right("mounted and read with 'short 1'")
    store.ok()
    mixed_truth.compare(point).assert_complete("mounted with 'short 1'")
