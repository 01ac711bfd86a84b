"""Parts of a run, and several runs as one, on the command line: as EXtra-data selects, but for its mistakes (SELECTION.md)."""

from pathlib import Path

import extra_data
import numpy as np
import pytest
from extra_data import by_id

import product
from compare import assert_same, parse_npy, read_csv
from handmade import HandFile

XGM, SPB, CAM, ADC = "SA1_XTD2_XGM/XGM/DOOCS", "SPB_XTD9_XGM/XGM/DOOCS", "SPB_IRU_CAM/CAM/SIDEMIC:daqOutput", "SPB_ADC/1:channel_0.output"


def write_run(directory: Path, first=10000, rows=(6, 4), offset=0.0, devices="abc", name="RAW-R0450-DA01") -> Path:
    """A run with sources that miss trains, in two files."""
    directory.mkdir()
    for number, count in enumerate(rows):
        trains = list(range(first, first + count))
        file = HandFile(directory / f"{name}-S{number:05}.h5", trains)
        if "a" in devices:
            file.control(XGM, {"beamPosition.ixPos": np.array(trains) % 100 + 0.5 + offset,
                               "beamPosition.iyPos": np.array(trains) % 100 + 0.25, "state": np.array(trains, "i4")})
            file.control(SPB, {"pulseEnergy.photonFlux": np.array(trains) * 2.0})
        if "b" in devices:
            counts = [0 if train in (10001, 10004) else 1 for train in trains]
            file.instrument(CAM, "data", {"image.pixels": np.arange(sum(counts) * 6, dtype="u2").reshape(-1, 2, 3),
                                          "image.sum": np.arange(sum(counts), dtype="i4")},
                            first=np.cumsum([0, *counts])[:-1].tolist(), count=counts)
        if "c" in devices:
            counts = [(train + 1) % 3 for train in trains]
            file.instrument(ADC, "data", {"rawData": np.arange(sum(counts), dtype="u2")},
                            first=np.cumsum([0, *counts])[:-1].tolist(), count=counts)
        file.close()
        first += count
    return directory


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Path:
    return write_run(tmp_path_factory.mktemp("selections") / "run")


def shown(*arguments) -> tuple[set, list]:
    """The keys and trains of a part of a run, by `cat`."""
    result = product.xfelfs("cat", *arguments, "keys.csv", "train_ids.npy", text=False)
    assert result.returncode == 0, result.stderr
    start = result.stdout.index(b"\x93NUMPY")
    lines = result.stdout[:start].decode().splitlines()[1:]
    trains = parse_npy(result.stdout[start:], "train_ids.npy")
    return {tuple(line.split(",")[:2]) for line in lines}, trains.tolist()


def expected(run) -> tuple[set, list]:
    return {(source, key) for source in run.all_sources for key in run[source].keys()}, [int(t) for t in run.train_ids]


PATTERNS = ["*", "*_XGM*", "*XGM*,*.ixPos", "*XGM*,beamPosition.ixPos.value", "*,*Pos*", "*XGM/DOOCS,beamPosition.*", "*[!G]C/*",
            "S?B*", "SPB_*,data.*", "*,**", f"{CAM},data.image.sum", "*,beamPosition.i[xy]Pos", "*XGM*,beamPosition.*.value"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_select_and_deselect(small, pattern):
    """The sources and keys of a pattern, and all others."""
    run = extra_data.RunDirectory(small)
    source, _, key = pattern.partition(",")
    assert shown(small, "--select", pattern) == expected(run.select(source, key or "*"))
    assert shown(small, "--deselect", pattern) == expected(run.deselect(source, key or "*"))


def test_several_patterns(small):
    """Patterns add up, and what is deselected goes last."""
    run = extra_data.RunDirectory(small)
    both = run.select([("*XGM*", "*.ixPos"), (CAM, "*")])
    assert shown(small, "--select", "*XGM*,*.ixPos", "--select", CAM) == expected(both)
    assert (shown(small, "--select", "*XGM*,*.ixPos", "--select", CAM, "--deselect", "*,data.image.*")
            == expected(both.deselect("*", "data.image.*")))


@pytest.mark.parametrize("pattern,hint", [("XGM", "*XGM*"), ("*xgm*", "*XGM*"), ("SPB_IRU_CAM/CAM/SIDMIC:daqOutput", CAM), ("nope", None),
                                          ("*XGM*,nope", None), ("*XGM*,*flux*", "*XGM*,*Flux*")])
def test_a_pattern_without_match_is_named(small, pattern, hint):
    """One dead pattern fails the whole, as in EXtra-data, and says what it may have meant."""
    result = product.xfelfs("info", small, "--select", "*", "--select", pattern)
    assert result.returncode == 1 and f"'{pattern}'" in result.stderr
    assert (f"did you mean '{hint}'" if hint else "did you mean") in result.stderr or hint is None
    assert len(result.stderr.splitlines()) == 1


def test_timestamps_can_be_named(small):
    """EXtra-data cannot (its mistake 4)."""
    keys, _ = shown(small, "--select", "*,*.ixPos.timestamp")
    assert keys == {(XGM, "beamPosition.ixPos.timestamp")}


@pytest.mark.parametrize("trains", ["10002:10005", ":10003", "10007:", "9000:10002", "10008:20000", "10004,10002,5", "10005", "20000:", "1:5",
                                    "10005:10002"])
def test_trains_by_id(small, trains):
    """As by_id, silently clipped or not."""
    run = extra_data.RunDirectory(small)
    if ":" in trains:
        first, last = (int(text) if text else None for text in trains.split(":"))
        selection = by_id[first:last]
    else:
        selection = by_id[[int(text) for text in trains.split(",")]]
    assert shown(small, "--trains", trains)[1] == expected(run.select_trains(selection))[1]


@pytest.mark.parametrize("slice_text", ["3:7", "::4", "-3:", "8:100", "50:", ":-2", "2", "-1", "1:9:3", "::-2", "5:1:-2"])
def test_trains_by_position(small, slice_text):
    """As Python slices; the trains stay in ascending order."""
    run = extra_data.RunDirectory(small)
    parts = [int(text) if text else None for text in slice_text.split(":")]
    index = parts[0] if len(parts) == 1 else slice(*parts)
    assert shown(small, f"--train-index={slice_text}")[1] == sorted(expected(run.select_trains(index))[1])


@pytest.mark.parametrize("pattern", ["*", "*CAM*", "*XGM*", "*ADC*"])
def test_required(small, pattern):
    """Trains in which all, or any, of the selection has data."""
    run = extra_data.RunDirectory(small)
    assert shown(small, "--select", pattern, "--require", "all") == expected(run.select(pattern, require_all=True))
    assert shown(small, "--select", pattern, "--require", "any") == expected(run.select(pattern, require_any=True))
    # EXtra-data forgets the trains where any is required (its mistake 3).
    any_of = expected(run.select(pattern, require_any=True))[1]
    chosen = ["--select", pattern, "--train-index", "3:7", "--require", "any"]
    assert shown(small, *chosen)[1] == [train for train in range(10003, 10007) if train in any_of]


def test_arrays_of_a_selection(small, tmp_path):
    """Arrays, counts and trains are those of the selection."""
    run = extra_data.RunDirectory(small).select([("*ADC*", "*"), ("*CAM*", "*")], require_all=True).select_trains(np.s_[1:])
    trains = ",".join(str(train) for train in run.train_ids)
    result = product.xfelfs("cp", small, "--select", "*ADC*", "--select", "*CAM*", "--trains", trains, "sources", tmp_path / "tree")
    assert result.returncode == 0, result.stderr
    for source in run.all_sources:
        for key in run[source].keys():
            directory = tmp_path / "tree" / source / "keys" / key
            assert_same(parse_npy((directory / "array.npy").read_bytes(), key), run[source, key].ndarray(), key)
            rows = read_csv(directory / "counts.csv")[1:]
            counts = run[source, key].data_counts(labelled=False)
            assert [(int(train), int(count)) for train, count in rows] == list(zip(run.train_ids, counts))
            assert sorted(int(path.stem) for path in (directory / "trains").iterdir()) == [
                train for train, count in zip(run.train_ids, counts) if count]


def test_without_suspect_trains(tmp_path):
    """Each file's own flags count, in every lookup."""
    directory = tmp_path / "run"
    directory.mkdir()
    for number, flags in enumerate(([1, 0, 1, 1], [1, 1, 0, 1])):
        file = HandFile(directory / f"RAW-R0001-DA0{number + 1}-S00000.h5", [1, 2, 3, 4], flags=flags)
        file.control(f"S/M/{number}", {"p": np.arange(4.0)})
        file.close()
    run = extra_data.RunDirectory(directory, inc_suspect_trains=False)
    assert shown(directory, "--without-suspect") == expected(run)
    for source in ("S/M/0", "S/M/1"):
        result = product.xfelfs("cat", directory, f"sources/{source}/keys/p.value/array.npy", "--without-suspect", text=False)
        assert_same(parse_npy(result.stdout, source), run[source, "p.value"].ndarray(), source)


def test_include(small):
    assert shown(small, "--include", "*S00001*") == expected(extra_data.RunDirectory(small, include="*S00001*"))
    result = product.xfelfs("info", small, "--include", "*S7*")
    assert result.returncode == 1 and "'*S7*'" in result.stderr


def test_union(tmp_path):
    """Several runs are one; of a train that two have the first file by name counts, and the log says so."""
    first = write_run(tmp_path / "first")
    second = write_run(tmp_path / "second", first=10010, rows=(3, 2), name="RAW-R0451-DA01")
    third = write_run(tmp_path / "third", rows=(5,), devices="a", offset=0.125, name="RAW-R0452-DA02")
    run = extra_data.RunDirectory(first).union(extra_data.RunDirectory(second))
    assert shown(first, "--union", second) == expected(run) == shown(second, "--union", first)
    result = product.xfelfs("cat", second, f"sources/{ADC}/keys/data.rawData/array.npy", "--union", first, text=False)
    assert_same(parse_npy(result.stdout, ADC), run[ADC, "data.rawData"].ndarray(), ADC)
    path = f"sources/{XGM}/keys/beamPosition.ixPos.value/array.npy"
    result = product.xfelfs("cat", third, path, "--union", first, "--select", XGM, text=False)
    own = extra_data.RunDirectory(first)[XGM, "beamPosition.ixPos"].ndarray()
    assert_same(parse_npy(result.stdout, path), own, path)
    assert b"two files" in result.stderr and b"RAW-R0450-DA01-S00000.h5" in result.stderr
