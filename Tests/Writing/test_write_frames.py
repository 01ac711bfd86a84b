"""`xfelfs write-frames`: the frames of a list, the same in all modules."""

import numpy as np
import pytest

import product
from conftest import assert_same_source
from test_write import opened, problems


def write_frames(run, output, pairs, *options, status=0):
    table = output.parent / "frames.csv"
    table.write_text("index,train_id,pulse_id,cell_id\n" + "".join(f"0,{train},{pulse},0\n" for train, pulse in pairs))
    result = product.xfelfs("write-frames", run, "-o", output, "--frames", table, *options)
    assert result.returncode == status, result.stderr
    return result


def frames_of(key, ids, pulses, pairs):
    """The entries of a key whose train and pulse are among the pairs."""
    keep = [(int(t), int(p)) in pairs for t, p in zip(ids, np.ravel(pulses))]
    return key.ndarray()[keep]


@pytest.mark.parametrize("name", ["lpd", "agipd_raw", "agipd_corrected"])
def test_frames(made_runs, tmp_path, name):
    run = made_runs(name)
    source = opened(run)
    pulses = {s: source[s, "image.pulseId"] for s in source.detector_sources}
    all_pairs = sorted({(int(t), int(p)) for key in pulses.values()
                        for t, p in zip(key.train_id_coordinates(), np.ravel(key.ndarray()))})
    pairs = all_pairs[1::2]
    result = write_frames(run, tmp_path / "out.h5", [*pairs, (99999, 5), (pairs[0][0], 12345)])
    assert f"2 of the {len(pairs) + 2} pairs" in result.stderr
    got = opened(tmp_path / "out.h5")
    trains = sorted({train for train, _ in pairs})
    assert list(got.train_ids) == trains and got.all_sources == set(pulses)
    for s, pulse in pulses.items():
        for key in source[s].keys():
            data = source[s, key]
            if key.startswith("image."):
                expected = frames_of(data, pulse.train_id_coordinates(), pulse.ndarray(), pairs)
            else:
                expected = data.ndarray()[np.isin(data.train_id_coordinates(), trains)]
            np.testing.assert_array_equal(got[s, key].ndarray(), expected, f"{s} {key}")
            assert got[s, key].dtype == data.dtype
    assert not problems(tmp_path / "out.h5", run)


def test_modules_that_disagree(made_runs, tmp_path):
    """Frames are matched as in the tree: by position, where all modules have as many."""
    run = made_runs("disagreeing_ids")
    source = opened(run)
    names = sorted(source.detector_sources)
    ids = np.stack([np.ravel(source[s, "image.pulseId"].ndarray()) for s in names])
    labels = ids.min(axis=0)            # the ids that frames.csv shows
    trains = source[names[0], "image.pulseId"].train_id_coordinates()
    rows = [0, int(np.argmax(ids[0] != ids[1])), len(labels) - 1]
    write_frames(run, tmp_path / "out.h5", {(int(trains[row]), int(labels[row])) for row in rows})
    got = opened(tmp_path / "out.h5")
    for s in names:
        np.testing.assert_array_equal(got[s, "image.data"].ndarray(), source[s, "image.data"].ndarray()[sorted(rows)])


def test_with_sources(made_runs, tmp_path):
    run = made_runs("spb_raw-v1.3")
    source = opened(run)
    write_frames(run, tmp_path / "out.h5", [(10001, 0), (10003, 1)], "--with-sources")
    got = opened(tmp_path / "out.h5")
    assert got.all_sources == source.all_sources
    other = source.select("*XGM*").select_trains(np.s_[1:4:2])
    for s in other.all_sources:
        assert_same_source(got[s], other[s])


@pytest.mark.parametrize("text, words", [
    ("a,b\n1,2\n", "train_id"), ("train_id,pulse_id\n", "no frames"), ("train_id,pulse_id\n1,x\n", "line 2"),
    ("train_id,pulse_id\n5,5\n", "none of the 1")])
def test_lists_that_make_no_sense(made_runs, tmp_path, text, words):
    table = tmp_path / "frames.csv"
    table.write_text(text)
    result = product.xfelfs("write-frames", made_runs("lpd"), "-o", tmp_path / "out.h5", "--frames", table)
    assert result.returncode == 1 and words in result.stderr and len(result.stderr.splitlines()) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames.csv"]
