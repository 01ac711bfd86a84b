"""`xfelfs write`: EXtra-data finds in the file what it finds in the selected run."""

import shutil

import h5py
import numpy as np
import pytest
from extra_data import by_id
from extra_data.validation import FileValidator

import oracle
import product
from conftest import assert_same_run, write

RUNS = ["spb_raw-v1.3", "lpd", "example_spb_run_raw_False_format_version_1.1", "remi", "agipd_corrected", "jungfrau",
        "example_modern_spb_proc_run_format_version_1.3"]


def opened(path):
    return oracle.open_run(path)


def problems(path, run):
    """Messages of the validator, but for those that the run itself causes: its time stamps are random."""
    def found(validator):
        validator.run_checks()
        return {problem["msg"].split(",")[0] for problem in validator.problems}
    with h5py.File(path) as file:
        assert list(file) == ["CONTROL", "INDEX", "INSTRUMENT", "METADATA", "RUN"]
    return found(FileValidator(opened(path).files[0])) - {"Timestamp is decreasing", "Zeroes in Timestamp before last train ID"}


@pytest.mark.parametrize("name", RUNS)
def test_whole_run(made_runs, tmp_path, name):
    run = made_runs(name)
    write(run, tmp_path / "out.h5")
    assert_same_run(opened(tmp_path / "out.h5"), opened(run))
    assert not problems(tmp_path / "out.h5", run)


@pytest.mark.parametrize("options, select", [
    (["--select", "*XGM*,*.ixPos", "--select", "*/DET/*,image.*"], lambda run: run.select([("*XGM*", "*.ixPos"), ("*/DET/*", "image.*")])),
    (["--deselect", "*/DET/*", "--train-index", "1:5:2"], lambda run: run.deselect("*/DET/*").select_trains(np.s_[1:5:2])),
    (["--trains", "10001:10004"], lambda run: run.select_trains(by_id[10001:10004])),
    (["--select", "*/DET/1CH*", "--trains", "10002,10004"], lambda run: run.select("*/DET/1CH*").select_trains(by_id[[10002, 10004]])),
])
def test_selections(made_runs, tmp_path, options, select):
    run = made_runs("spb_raw-v1.3")
    write(run, tmp_path / "out.h5", *options)
    assert_same_run(opened(tmp_path / "out.h5"), select(opened(run)), is_selection=True)
    assert not problems(tmp_path / "out.h5", run)


def test_time_stamps_of_selected_values(made_runs, tmp_path):
    """EXtra-data loses them."""
    run = made_runs("spb_raw-v1.3")
    write(run, tmp_path / "out.h5", "--select", "*XGM*,*.ixPos")
    with h5py.File(tmp_path / "out.h5") as file:
        group = file["CONTROL/SA1_XTD2_XGM/DOOCS/MAIN/beamPosition"]
        assert sorted(group) == ["ixPos"] and sorted(group["ixPos"]) == ["timestamp", "value"]
    key = ("SA1_XTD2_XGM/DOOCS/MAIN", "beamPosition.ixPos.timestamp")
    np.testing.assert_array_equal(opened(tmp_path / "out.h5")[key].ndarray(), opened(run)[key].ndarray())


def compress(run):
    """Pixels in chunks of an odd shape, filtered; in part never written."""
    for path in run.glob("*AGIPD*.h5"):
        with h5py.File(path, "r+") as file:
            for source in file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR"].values():
                group = source["image"]
                pixels = group["data"][()]
                del group["data"]
                data = group.create_dataset("data", shape=pixels.shape, dtype=pixels.dtype, chunks=(2, 512, 100),
                                            maxshape=(None, *pixels.shape[1:]), compression="gzip", compression_opts=1,
                                            shuffle=True, fletcher32=True, fillvalue=3)
                data[:4] = pixels[:4]
                data.attrs["unitSymbol"] = "adu"


def chunks_of(path):
    """(offset of each chunk, its bytes as they are stored) of the pixels of a file."""
    with h5py.File(path) as file:
        data = file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/1CH0:output/image/data"]
        assert data.chunks == (2, 512, 100) and data.compression == "gzip" and data.shuffle and data.fletcher32
        assert data.fillvalue == 3 and data.maxshape[0] is None
        infos = [data.id.get_chunk_info(number) for number in range(data.id.get_num_chunks())]
        return {info.chunk_offset: data.id.read_direct_chunk(info.chunk_offset) for info in infos}


def test_compressed_chunks_are_copied_as_they_are(made_runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made_runs("agipd_corrected"), run)
    compress(run)
    write(run, tmp_path / "out.h5")
    assert_same_run(opened(tmp_path / "out.h5"), opened(run))
    assert chunks_of(tmp_path / "out.h5") == chunks_of(next(run.glob("*AGIPD01*")))
    # Trains of 2, 0, 3 and 1 frames: the last begin inside of a chunk, and are encoded anew.
    write(run, tmp_path / "part.h5", "--train-index", "1:")
    assert_same_run(opened(tmp_path / "part.h5"), opened(run)[1:], is_selection=True)
    write(run, tmp_path / "last.h5", "--train-index", "3:")
    assert_same_run(opened(tmp_path / "last.h5"), opened(run)[3:], is_selection=True)


def test_compress(made_runs, tmp_path):
    run = made_runs("agipd_corrected")
    write(run, tmp_path / "out.h5", "--compress", "3")
    assert_same_run(opened(tmp_path / "out.h5"), opened(run))
    with h5py.File(tmp_path / "out.h5") as file:
        data = file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/1CH0:output/image/data"]
        assert data.compression == "gzip" and data.compression_opts == 3


def test_sequences(made_runs, tmp_path):
    """Several files are a run."""
    run = made_runs("spb_raw-v1.3")
    (tmp_path / "out").mkdir()
    write(run, tmp_path / "out" / "RAW-R0001-DA01.h5", "--sequences", "4")
    count = len(opened(run).train_ids)
    assert len(list((tmp_path / "out").iterdir())) == -(-count // 4)
    assert_same_run(opened(tmp_path / "out"), opened(run), is_selection=True)


def test_nothing_is_replaced_without_force(made_runs, tmp_path):
    (tmp_path / "out.h5").write_text("mine")
    result = write(made_runs("lpd"), tmp_path / "out.h5", status=1)
    assert "--force" in result.stderr and (tmp_path / "out.h5").read_text() == "mine"
    write(made_runs("lpd"), tmp_path / "out.h5", "--force")
    opened(tmp_path / "out.h5")


def test_nothing_is_written_into_a_run(made_runs):
    run = made_runs("lpd")
    before = sorted(run.iterdir())
    result = write(run, run / "out.h5", status=1)
    assert "nothing is ever written into a run" in result.stderr and sorted(run.iterdir()) == before


@pytest.mark.parametrize("options, words", [
    (["--select", "nobody"], "nobody"), (["-o", "/nowhere/out.h5"], "No such file"), (["-o", "/dev/null"], "device")])
def test_what_cannot_be_done(made_runs, tmp_path, options, words):
    if "-o" not in options:
        options = ["-o", tmp_path / "out.h5", *options]
    result = product.xfelfs("write", made_runs("lpd"), *options)
    assert result.returncode != 0 and words in result.stderr and len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_damaged_chunk_is_an_error(made_runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(made_runs("agipd_corrected"), run)
    compress(run)
    path = next(run.glob("*AGIPD01*"))
    with h5py.File(path) as file:
        data = file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/1CH0:output/image/data"]
        place = data.id.get_chunk_info_by_coord((2, 0, 100))
    with open(path, "r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * 64)
    # Trains of 2, 0, 3 and 1 frames: in rows 2 to 5, which come to lie in other chunks.
    result = product.xfelfs("write", run, "-o", tmp_path / "out.h5", "--train-index", "3:", "--select", "*1CH0*")
    assert result.returncode == 0
    result = product.xfelfs("write", run, "-o", tmp_path / "part.h5", "--train-index", "1:3", "--select", "*/1CH0*")
    assert result.returncode == 0       # the chunk is taken whole, damaged as it is
    result = product.xfelfs("write", run, "-o", tmp_path / "bad.h5", "--trains", "10000:10001", "--select", "*/1CH0*")
    assert result.returncode == 0
    with open(path, "r+b") as file:
        file.truncate(place.byte_offset)
    result = product.xfelfs("write", run, "-o", tmp_path / "bad.h5", "--force")
    assert result.returncode == 1 or "left out" in result.stderr
    assert not [entry for entry in tmp_path.iterdir() if entry.name.startswith(".xfelfs")]
