"""A dCache of plain files with the magic names, and pipes for one that does not answer."""

import contextlib
import io
import json
import os
import re
import time

import pytest
from conftest import run, validate
from extra_data.tests import make_examples as make


def file(directory, name, locality=None):
    path = directory / name
    path.write_bytes(b"")
    if locality is not None:
        (directory / f".(get)({name})(locality)").write_text(locality)
    return path


def silent(directory, name):
    """A query that nobody answers: opening a pipe for reading waits for a writer."""
    path = directory / name
    path.write_bytes(b"")
    os.mkfifo(directory / f".(get)({name})(locality)")
    return path


def extra_data_locality(path):
    from extra_data.locality import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main([str(path)])
    # What a terminal shows in the end: each state of the line of counts is written over the one before.
    text = re.sub(r"[^\n]*\r(?=[^\n])", "", out.getvalue()).replace("\r", "")
    return text, status


WORDS = ["ONLINE", "ONLINE_AND_NEARLINE", "NEARLINE", "UNAVAILABLE", "LOST", "", None, " NEARLINE\n", "NOT_ON_DCACHE", "online"]


@pytest.mark.parametrize("word", WORDS)
def test_word(word, tmp_path):
    file(tmp_path, "RAW-R0001-DA01-S00000.h5", word)
    done = run("locality", tmp_path)
    assert (done.stdout, done.returncode) == extra_data_locality(tmp_path)


def dcache(directory):
    for number, word in enumerate(WORDS * 3):
        if word != "LOST":
            file(directory, f"RAW-R0001-DA{number:02}-S00000.h5", word and word.replace("online", "ONLINE"))
    return directory


def test_many(tmp_path):
    """All statuses at once; the magic files are regular files here, and so are counted as ordinary ones, as by EXtra-data."""
    done = run("locality", dcache(tmp_path))
    text, status = extra_data_locality(tmp_path)
    assert (done.stdout, done.returncode) == (text, status)
    assert status == 7 and "Only on tape:" in text and "Unavailable:" in text and "Unknown locality: {''}" in text


def test_single_file(tmp_path):
    path = file(tmp_path, "a.h5", "NEARLINE")
    done = run("locality", path)
    assert (done.stdout, done.returncode) == extra_data_locality(path)


def test_relative_path(tmp_path, monkeypatch):
    dcache(tmp_path)
    monkeypatch.chdir(tmp_path)
    for path in [".", "./", "RAW-R0001-DA02-S00000.h5"]:
        done = run("locality", path)
        assert (done.stdout, done.returncode) == extra_data_locality(path)


def test_empty_directory_and_none(tmp_path):
    done = run("locality", tmp_path)
    assert (done.stdout, done.returncode) == extra_data_locality(tmp_path)
    done = run("locality", tmp_path / "nowhere")
    assert (done.stdout, done.returncode) == extra_data_locality(tmp_path / "nowhere")


def test_two_unknown_words(tmp_path):
    """EXtra-data prints a set; ours is sorted."""
    for number, word in enumerate(["LOST", "", "CUSTODIAL"]):
        file(tmp_path, f"{number}.h5", word)
    done = run("locality", tmp_path)
    assert done.returncode == 4
    assert done.stdout.splitlines()[-1] == "Unknown locality: {'', 'CUSTODIAL', 'LOST'}"


def test_no_answer(tmp_path):
    """The rest is answered, in the time that was given; 40 that hang are not 40 times as long."""
    file(tmp_path, "tape.h5", "NEARLINE")
    for number in range(40):
        silent(tmp_path, f"silent-{number:02}.h5")
    start = time.monotonic()
    done = run("locality", "--timeout", "0.5", tmp_path)
    assert time.monotonic() - start < 4
    assert done.returncode == 1 | 8
    lines = done.stdout.splitlines()
    # Pipes are no regular files: 41 files and one magic file.
    assert lines[0] == f"Checking 42 files in {tmp_path}"
    assert lines[lines.index("No answer:") + 1 :] == [f"  {tmp_path}/silent-{number:02}.h5" for number in range(40)]
    assert "Only on tape:" in lines


def test_query_that_fails(tmp_path):
    """EXtra-data ends with a traceback."""
    file(tmp_path, "a.h5")
    (tmp_path / ".(get)(a.h5)(locality)").symlink_to(".(get)(a.h5)(locality)")
    done = run("locality", tmp_path)
    assert done.returncode == 8
    assert f"Query failed:\n  {tmp_path}/a.h5: Too many levels of symbolic links\n" in done.stdout


def test_json(tmp_path):
    file(tmp_path, "a.h5", "NEARLINE")
    silent(tmp_path, "b.h5")
    done = run("locality", "--json", "--timeout", "0.2", tmp_path)
    found = json.loads(done.stdout)
    assert done.returncode == found["exit_status"] == 9
    assert {f["path"]: f["locality"] for f in found["files"] if f["path"].endswith(".h5")} == {
        f"{tmp_path}/a.h5": "NEARLINE",
        f"{tmp_path}/b.h5": "NO_ANSWER",
    }


def test_validation_leaves_tape_alone(tmp_path):
    """It says so in place of waiting for days."""
    for number, word in enumerate(["NEARLINE", None, "UNAVAILABLE", "ONLINE"]):
        path = tmp_path / f"RAW-R0450-DA0{number}-S00000.h5"
        make.make_sa3_da_file(str(path), ntrains=10)
        if word:
            (tmp_path / f".(get)({path.name})(locality)").write_text(word)
    found = validate(tmp_path, "--skip", "duplicate_trains", "--skip", "instrument_train_ids")
    assert found.problems == found.of("locality")
    assert ["NEARLINE" in found.problems[0], "UNAVAILABLE" in found.problems[1], len(found.problems)] == [True, True, 2]
