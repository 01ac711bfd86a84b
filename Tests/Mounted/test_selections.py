"""select/ and aligned/, unions, overlays and aliases through a mount; the oracle is EXtra-data."""

import os
import subprocess
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from extra_data import RunDirectory, by_id, open_run

import product
from cases_index import CAM, XGM, one
from handmade import ramp
from users import User, require_root

OTHER = "SPB_XTD9_XGM/DOOCS/OTHER"


def write_run(directory: Path, start: int = 0, first: int = 10000):
    """Two control sources in files of their own, and a camera that misses trains."""
    directory.mkdir(parents=True)
    trains = range(first, first + 10)
    file = one(directory, trains, "RAW-R0001-DA01-S00000.h5")
    file.control(XGM, {"energy": ramp(10, start=start), "state": ramp(10, dtype="u2", start=start)})
    file.close()
    file = one(directory, trains, "RAW-R0001-DA02-S00000.h5")
    file.control(OTHER, {"energy": ramp(10, start=100 + start)})
    counts = [1, 0, 2, 1, 1, 0, 1, 1, 0, 1]
    file.instrument(CAM, "data", {"pixels": ramp(8, (3, 2), start=start)}, first=list(np.cumsum([0] + counts[:-1])),
                    count=counts)
    file.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("selections") / "run"
    write_run(directory)
    return directory


@pytest.fixture(scope="module")
def mnt(run, tmp_path_factory):
    with product.mounted(run, tmp_path_factory.mktemp("selections") / "mnt") as point:
        yield point


def array(tree: Path, source, key, name="array.npy"):
    return np.load(tree / "sources" / source / "keys" / key / name)


@pytest.mark.parametrize("name, patterns, trains", [
    ("*XGM*", [("*XGM*", "*")], None),
    ("*XGM*,energy*", [("*XGM*", "energy")], None),
    ("*MAIN,state.value+*OTHER", [("*MAIN", "state"), ("*OTHER", "*")], None),
    ("*XGM*@10002:10005", [("*XGM*", "*")], by_id[10002:10005]),
    ("@10003", None, by_id[[10003]]),
    ("*SIDEMIC*@::3", [("*SIDEMIC*", "*")], np.s_[::3]),
])
@pytest.mark.parametrize("kind", ["select", "aligned"])
def test_selections_are_what_extra_data_selects(run, mnt, kind, name, patterns, trains):
    selected = RunDirectory(str(run))
    if trains is not None:
        selected = selected.select_trains(trains)
    if patterns:
        selected = selected.select(patterns)
    if kind == "aligned":
        selected = selected.select(list((s, "*") for s in selected.all_sources), require_all=True)
    tree = mnt / kind / name
    assert np.load(tree / "train_ids.npy").tolist() == selected.train_ids
    found = {str(path.parent.relative_to(tree / "sources")) for path in (tree / "sources").rglob("keys")}
    assert found == set(selected.all_sources)
    for source in selected.all_sources:
        keys = set(os.listdir(tree / "sources" / source / "keys"))
        expected = set(selected.keys_for_source(source))
        assert keys - {k for k in keys if k.endswith(".timestamp")} == \
            expected - {k for k in expected if k.endswith(".timestamp")}
        for key in keys & expected:
            assert np.array_equal(array(tree, source, key), selected[source, key].ndarray()), (source, key)


def test_the_trees_of_selections(mnt):
    names = set(os.listdir(mnt / "select" / "*XGM*"))
    assert "validation.txt" not in names and "locality.json" not in names
    assert {"sources", "trains", "detectors", "export", "select", "train_ids.npy", "info.txt"} <= names
    assert set(os.listdir(mnt / "select")) == {"README.txt"}
    # A selection of a selection.
    nested = mnt / "select" / "*XGM*" / "aligned" / "*OTHER@10001:10004"
    assert np.load(nested / "train_ids.npy").tolist() == [10001, 10002, 10003]
    assert array(nested, OTHER, "energy.value").tolist() == [101, 102, 103]
    # Every file has the size that it says it has.
    for path in sorted((mnt / "aligned" / "*").rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            assert path.stat().st_size == len(data), path


def test_the_table_of_a_selection(run, mnt):
    frame = pd.read_csv(mnt / "select" / "*MAIN+*OTHER" / "table.csv", index_col="train_id")
    expected = RunDirectory(str(run)).select([("*MAIN", "*"), ("*OTHER", "*")]).get_dataframe(
        fields=[("*MAIN", "*.value"), ("*OTHER", "*.value")])
    assert sorted(frame.columns) == list(frame.columns) == sorted(expected.columns)
    pd.testing.assert_frame_equal(frame, expected[sorted(expected.columns)], check_dtype=False, check_names=False,
                                  check_index_type=False, check_column_type=False)
    # Empty where a train has none; of a run of which no sources were selected there is no table.
    pixels = pd.read_csv(mnt / "select" / "*MAIN,energy*@10000:10003" / "table.csv")
    assert pixels.columns.tolist() == ["train_id", f"{XGM}/energy"] and len(pixels) == 3
    assert not (mnt / "table.csv").exists() and not (mnt / "select" / "@10000:10003" / "table.csv").exists()


def test_what_misses_trains(mnt):
    rows = pd.read_csv(mnt / "missing.csv", keep_default_na=False).values.tolist()
    assert rows == [[CAM, "data", 7, 0.7, 10001, 10008]]
    assert len((mnt / "select" / "*MAIN" / "missing.csv").read_text().splitlines()) == 1


@pytest.mark.parametrize("name", ["NOPE*", "*XGM*,nope", "", "+", "*@x", "*XGM*@1:2:0", ",energy", "=nope"])
def test_what_matches_nothing_does_not_exist(mnt, name):
    if name:
        assert not os.path.exists(mnt / "select" / name)
        with pytest.raises(FileNotFoundError):
            os.listdir(mnt / "aligned" / name)


def test_the_log_says_why(run, foreground):
    daemon = foreground(run)
    assert not os.path.exists(daemon.point / "select" / "SA1_XTD2_XGM?DOOCS?MAN")
    assert "MAIN" in daemon.log() and "MAN" in daemon.log()


def test_selections_cost_nothing_until_used(run, tmp_path):
    """Of the files only those of the selected source are read."""
    trace, point = tmp_path / "trace", tmp_path / "mnt"
    point.mkdir()
    daemon = subprocess.Popen(["strace", "-f", "-e", "trace=openat,open", "-o", trace, product.binary(), "mount", "-f",
                               str(run), str(point)])
    try:
        product.wait_until(lambda: product.is_mounted(point), 30, "the mount")
        before = len(trace.read_text())
        assert array(point / "select" / "*MAIN", XGM, "energy.value").tolist() == list(range(10))
        opened = trace.read_text()[before:]
        assert "DA01-S00000.h5" in opened and "DA02-S00000.h5" not in opened
    finally:
        product.lazy_unmount(point)
        daemon.terminate()
        daemon.wait(20)


def test_a_selection_shows_nobody_more_than_the_run(run, tmp_path):
    require_root()
    bob = User(61002, 61002)
    here = tmp_path / "open"
    write_run(here)
    for path in (here, *here.parents):
        if path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    for path in here.iterdir():
        path.chmod(0o644)
    (here / "RAW-R0001-DA02-S00000.h5").chmod(0o600)
    with product.mounted(here, tmp_path / "mnt", "-o", "allow_other") as mnt:
        main, other = mnt / "select" / "*MAIN", mnt / "select" / "*OTHER"
        # As root first: what it has looked up must not be shown to anybody else.
        for tree, source in ((main, XGM), (other, OTHER)):
            assert len(array(tree, source, "energy.value")) == 10
        answers = bob.ask([
            ("read", main / "sources" / XGM / "keys/energy.value/array.npy"), ("read", main / "info.txt"),
            ("read", other / "sources" / OTHER / "keys/energy.value/array.npy"),
            ("list", other / "sources" / OTHER), ("read", other / "trains.csv"),
            ("read", mnt / "aligned" / "*" / "train_ids.npy"),
        ])
        # A selection of what lies in files that Bob may read needs no other.
        assert [answer[0] for answer in answers] == ["ok", "ok", "EACCES", "EACCES", "EACCES", "EACCES"]


def test_a_script_may_go_through_thousands(run, foreground):
    """Selections that nobody uses any more are given up, so there is room for others."""
    daemon = foreground(run)
    before = daemon.pss()
    for number in range(1, 1301):
        if number % 500 == 0:
            time.sleep(6)               # 2 s without a request, and 2 s between two looks
        tree = daemon.point / "select" / f"*MAIN@0:10:{number}"
        assert np.load(tree / "train_ids.npy")[0] == 10000
    assert daemon.pss() - before < 64 << 10
    assert array(daemon.point / "select" / "*MAIN@0:10:3", XGM, "energy.value").tolist() == [0, 3, 6, 9]


def test_options_of_the_command_line(run, tmp_path):
    with product.mounted(run, tmp_path / "mnt", "--select", "*XGM*", "--trains", "10002:10008") as mnt:
        assert np.load(mnt / "train_ids.npy").tolist() == list(range(10002, 10008))
        assert array(mnt, XGM, "energy.value").tolist() == list(range(2, 8))
        assert not (mnt / "sources" / CAM).exists()
    for options, words in [(["--select", "NOPE"], "NOPE"), (["--trains", "5:7"], "nothing is left")]:
        result = product.xfelfs("mount", *options, run, tmp_path / "mnt")
        assert result.returncode == 1 and words in result.stderr and not product.is_mounted(tmp_path / "mnt")


@pytest.fixture
def proposal(tmp_path, monkeypatch):
    root = tmp_path / "exp"
    proposal = root / "SPB" / "202301" / "p002012"
    write_run(proposal / "raw" / "r0001")
    write_run(proposal / "raw" / "r0002", 50, 10010)
    (proposal / "proc" / "r0001").mkdir(parents=True)
    file = one(proposal / "proc" / "r0001", range(10002, 10006), "CORR-R0001-DA01-S00000.h5")
    file.control(XGM, {"energy": ramp(4, start=1000)})
    file.close()
    (proposal / "usr").mkdir()
    monkeypatch.setenv("EXTRA_DATA_DATA_ROOT", str(root))
    return proposal


def test_unions(proposal, tmp_path):
    parts = [RunDirectory(str(proposal / "raw" / run)) for run in ("r0001", "r0002")]
    union = parts[0].union(parts[1])

    def check(tree):
        assert np.load(tree / "train_ids.npy").tolist() == union.train_ids
        for source in union.all_sources:
            for key in union.keys_for_source(source):
                assert np.array_equal(array(tree, source, key), union[source, key].ndarray()), (source, key)
    with product.mounted(proposal, tmp_path / "mnt") as mnt:
        check(mnt / "raw" / "r0001+r0002")
        assert sorted(os.listdir(mnt / "raw")) == ["r0001", "r0002"]
        for name in ("r0001+r0009", "r0001+", "+", "r0001+r0002+x"):
            assert not (mnt / "raw" / name).exists()
    with product.mounted(proposal / "raw" / "r0001", tmp_path / "mnt", "--union", proposal / "raw/r0002") as mnt:
        check(mnt)


def test_all_lays_whole_sources_over_each_other(proposal, tmp_path):
    for data in ("all", "default"):
        run = open_run(2012, 1, data=data)
        with product.mounted(f"p2012/r1/{data}", tmp_path / "mnt") as mnt:
            assert np.load(mnt / "train_ids.npy").tolist() == run.train_ids
            for source in run.all_sources:
                for key in run.keys_for_source(source):
                    assert np.array_equal(array(mnt, source, key), run[source, key].ndarray()), (data, source, key)
    run = open_run(2012, 1, data="all")
    with product.mounted("p2012", tmp_path / "mnt") as mnt:
        assert array(mnt / "all" / "r0001", XGM, "energy.value").tolist() == [1000, 1001, 1002, 1003] == \
            run[XGM, "energy"].ndarray().tolist()
        # Of a run that has no corrected data all is raw.
        assert array(mnt / "all" / "r0002", XGM, "energy.value").tolist() == list(range(50, 60))


def test_aliases_are_links(proposal, tmp_path):
    (proposal / "usr" / "extra-data-aliases.yml").write_text(
        f"XGM_Main: {XGM}\nenergy: [{XGM}, energy]\n{OTHER}:\n  other-e: energy.value\ngone: NO/SUCH/SRC\n")
    with product.mounted(proposal / "raw" / "r0001", tmp_path / "mnt") as mnt:
        aliases = mnt / "aliases"
        assert sorted(os.listdir(aliases)) == ["README.txt", "energy", "other-e", "xgm-main"]
        assert os.path.realpath(aliases / "xgm-main") == str(mnt / "sources" / XGM)
        assert np.load(aliases / "energy" / "array.npy").tolist() == list(range(10))
        assert np.load(aliases / "other-e" / "array.npy").tolist() == list(range(100, 110))
        text = (aliases / "README.txt").read_text()
        assert "gone: NO/SUCH/SRC" in text and "extra-data-aliases.yml" in text
        assert array(mnt / "select" / "=energy", XGM, "energy.value").tolist() == list(range(10))
        assert not (mnt / "select" / "=energy" / "sources" / OTHER).exists()
    # A broken file is a word in the README and a line in the log, and no failed mount.
    (proposal / "usr" / "extra-data-aliases.yml").write_text("a: [\n")
    with product.mounted(proposal / "raw" / "r0001", tmp_path / "mnt") as mnt:
        assert os.listdir(mnt / "aliases") == ["README.txt"]
        assert "extra-data-aliases.yml" in (mnt / "aliases" / "README.txt").read_text()
    result = product.xfelfs("ls", "--aliases", tmp_path / "none.yml", proposal / "raw" / "r0001")
    assert result.returncode == 1 and "none.yml" in result.stderr
