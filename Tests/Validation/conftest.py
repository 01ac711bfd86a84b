"""Validation and locality against EXtra-data 1.25, which has to be importable here.

    pytest Tests/Validation

takes the binary that XFELFS names, or .build/release/xfelfs.
"""

import contextlib
import io
import os
import subprocess
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2]


def find_binary():
    for path in [os.environ.get("XFELFS"), PACKAGE / ".build/release/xfelfs"]:
        if path and os.access(path, os.X_OK):
            return str(Path(path).resolve())
    raise pytest.UsageError("no xfelfs here: set XFELFS, or swift build -c release --product xfelfs")


XFELFS = find_binary()


def run(*arguments, **options):
    options.setdefault("timeout", 120)
    return subprocess.run([XFELFS, *map(str, arguments)], capture_output=True, text=True, **options)


class Report:
    """The text of a validation, taken apart."""

    def __init__(self, text, status):
        self.text = text
        self.status = status
        head, _, rest = text.partition("\n")
        self.head = head
        self.count = None
        blocks, block = [], []
        for line in rest.split("\n") + [""]:
            if line:
                block.append(line)
            elif block:
                blocks.append(block)
                block = []
        self.has_none = ["No problems found"] in blocks
        blocks = [b for b in blocks if b != ["No problems found"]]
        if blocks and blocks[0][0].startswith("Validation failed!"):
            self.count = int(blocks[0][0].split()[2])
            blocks = blocks[1:]
        self.problems = ["\n".join(b) for b in blocks]

    @property
    def common(self):
        """What EXtra-data could have said: our own problems name the check that found them."""
        return sorted(p for p in self.problems if "\n  check: " not in p)

    @property
    def ours(self):
        return [p for p in self.problems if "\n  check: " in p]

    def of(self, check):
        return [p for p in self.problems if f"\n  check: {check}\n" in p + "\n"]


def validate(path, *arguments):
    done = run("validate", *arguments, path)
    assert done.returncode in (0, 1), done
    assert "xfelfs:" not in done.stderr, done.stderr
    report = Report(done.stdout, done.returncode)
    assert (done.returncode == 1) == bool(report.problems)
    assert report.has_none == (not report.problems)
    return report


# What --skip takes here and not there.
OUR_CHECKS = {
    "structure",
    "reader",
    "locality",
    "duplicate_trains",
    "source_kinds",
    "key_forms",
    "instrument_train_ids",
    "read_data",
    "missing_trains",
}


def without(arguments, names):
    """The same options less every `--skip NAME` for these names."""
    kept = []
    for option, value in zip(arguments[::2], arguments[1::2]):
        if value not in names:
            kept += [option, value]
    return kept


class Crashed(Exception):
    """EXtra-data ended with a traceback."""


def extra_data_validate(path, *arguments):
    from extra_data.file_access import file_access_registry
    from extra_data.validation import main

    # Files that a test has changed are not to be taken from its cache.
    for access in list(file_access_registry.values()):
        access.close()
    file_access_registry.clear()
    out = io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            status = main([*arguments, str(path)])
    except Exception as error:
        raise Crashed(repr(error)) from error
    return Report(out.getvalue(), status or 0)


def assert_equal(path, *arguments):
    """Word for word the same, but for the order of the problems; and nothing beside."""
    names = {check for check in arguments if check in OUR_CHECKS}
    expected = extra_data_validate(path, *without(arguments, names))
    ours = validate(path, *arguments)
    assert ours.head == expected.head
    assert sorted(ours.problems) == sorted(expected.problems)
    assert (ours.count, ours.has_none, ours.status) == (expected.count, expected.has_none, expected.status)
    # Line for line where order cannot differ.
    if len(expected.problems) < 2:
        assert ours.text == expected.text
    return ours


@pytest.fixture(scope="session")
def fuse():
    """Tests that mount need this; its absence is a failure, as a test that did not run has shown nothing."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.fail("no /dev/fuse here")
