"""Names, units and texts of a run may have escape sequences and newlines in them: none reaches what people read."""

import csv
import io
import os
import re

import pytest

from cases_index import one
from handmade import VLEN_BYTES, ramp
from product import mounted, wait_until, xfelfs

EVIL = "\x1b[31m\x07\nfirst line: forged\r\x7f\x9b2J\x85\t"
SHOWN = r"\x1b[31m\x07\nfirst line: forged\r\x7f\x9b2J\x85\t"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")       # all but newlines
SOURCE = f"A{EVIL}/XGM/{EVIL}B"
CAMERA = f"C{EVIL}/CAM/1:out"


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    """A run in which everything that can be named is named badly, with one file that is no HDF5 file."""
    run = tmp_path_factory.mktemp("evil") / f"r{EVIL}"
    run.mkdir()
    file = one(run, name=f"RAW{EVIL}.h5")
    file.control(SOURCE, {f"energy{EVIL}": ramp(5)})
    file.instrument(CAMERA, f"data{EVIL}", {f"x{EVIL}": ramp(5)})
    path = f"CONTROL/{SOURCE}/energy{EVIL}/value"
    for name in ("unitName", "unitSymbol", "metricPrefixSymbol", f"other{EVIL}"):
        file.h5[path].attrs[name] = f"u{EVIL}"
    texts = [f"{EVIL}{number}".encode() for number in range(5)]
    for section in ("CONTROL", "RUN"):
        count = 5 if section == "CONTROL" else 1
        file.h5.create_dataset(f"{section}/{SOURCE}/state/value", data=texts[:count], dtype=VLEN_BYTES)
    file.close()
    (run / f"RAW{EVIL}2.h5").write_text("no HDF5")
    return run


def assert_clean(text: str, shown=True) -> None:
    assert not CONTROL.search(text.replace("\t", "")), ascii(text)
    assert "\nfirst line: forged" not in text, ascii(text)
    if shown:
        assert SHOWN.split(r"\t")[0] in text, ascii(text)


def decoded(path) -> str:
    return path.read_bytes().decode()


def test_texts(evil, tmp_path):
    """All that is a .txt in the tree."""
    seen = 0
    with mounted(evil, tmp_path / "mnt") as point:
        for base, _, names in os.walk(point):
            for name in names:
                if name.endswith(".txt"):
                    path = os.path.join(base, name)
                    with open(path, "rb") as file:
                        assert_clean(file.read().decode(), shown=name != "locality.txt" and "aliases" not in base)
                    seen += 1
    assert seen >= 7


def test_tables(evil, tmp_path):
    """Tables keep tabs, newlines and carriage returns, in fields that are quoted."""
    value = EVIL.replace("\x1b", r"\x1b").replace("\x07", r"\x07")
    value = value.replace("\x7f", r"\x7f").replace("\x9b", r"\x9b").replace("\x85", r"\x85")
    seen = 0
    with mounted(evil, tmp_path / "mnt") as point:
        for base, _, names in os.walk(point):
            for name in names:
                if not name.endswith(".csv"):
                    continue
                with open(os.path.join(base, name), "rb") as file:
                    text = file.read().decode()
                assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text), (name, ascii(text))
                rows = list(csv.reader(io.StringIO(text, newline="")))
                assert len({len(row) for row in rows}) == 1, ascii(text)
                seen += 1
        keys = list(csv.DictReader(io.StringIO(decoded(point / "keys.csv"), newline="")))
        assert [row["key"] for row in keys if row["units"]] == [f"energy{value}.value"]
        run = list(csv.reader(io.StringIO(decoded(point / "sources" / SOURCE / "run.csv"), newline="")))
        assert ["state", f"{value}0"] in run
        array = (point / "sources" / SOURCE / "keys" / "state.value" / "array.npy").read_bytes()
        assert EVIL.encode() + b"4" in array, "arrays have the bytes as they are"
    assert seen >= 8


def test_commands(evil, tmp_path):
    """What commands print, and say on stderr."""
    for words in (["info", evil], ["ls", evil, "sources"], ["ls", "-l", evil, "files"],
                  ["ls", evil, f"sources/{SOURCE}/keys"], ["validate", evil]):
        result = xfelfs(*words)
        assert_clean(result.stdout)
        # Of the file that is left out; validate has a line on its progress.
        assert_clean(result.stderr)
        if words[0] != "validate":
            assert result.returncode == 0 and len(result.stderr.splitlines()) == 1, result.stderr
    names = xfelfs("ls", evil, f"sources/{SOURCE}/keys").stdout.splitlines()
    assert len(names) == 3, names
    for words in (["cat", evil, EVIL], ["cp", evil, "info.txt", tmp_path / EVIL / "x"], ["info", f"/none{EVIL}"],
                  ["mount", evil, tmp_path / EVIL], ["locality", evil]):
        result = xfelfs(*words)
        assert result.returncode != 0 or words[0] == "locality"
        assert_clean(result.stderr + result.stdout)


def test_log(evil, tmp_path):
    """A message is a line."""
    log = tmp_path / "log"
    with mounted(evil, tmp_path / "mnt", "--log-file", log) as point:
        array = point / "sources" / SOURCE / "keys" / f"energy{EVIL}.value"
        for number in range(3):
            with pytest.raises(FileNotFoundError):
                (array / f"array@{number},0{EVIL}.npy").read_bytes()
        wait_until(lambda: log.exists() and log.read_text().count("array@") >= 3, what="the lines in the log")
    text = log.read_bytes().decode()
    assert_clean(text)
    for line in text.splitlines():
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (warning|error|notice): ", line), line
