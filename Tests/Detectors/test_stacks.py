"""The stacked arrays, their labels and what they are called, against EXtra-data."""

import io
import os
import warnings

import h5py
import numpy as np
import pytest
from extra_data.components import JUNGFRAU
from extra_data.stacking import stack_detector_data

import oracle
import product
from detector_runs import FIRST, agipd_raw


def stacked(det, key, array=None):
    """EXtra-data's array with the module axis where the tree has it: third from the end, last without pixels."""
    array = det[key].ndarray(module_gaps=True) if array is None else array
    return np.moveaxis(array, 0, -3 if array.ndim >= 4 else -1)


def assert_same(got, expected, what):
    assert got.dtype == expected.dtype, what
    assert got.shape == expected.shape, what
    np.testing.assert_array_equal(got, expected, err_msg=str(what))


def keys_of(det):
    group = det._main_data_key.partition(".")[0] + "."
    source = next(iter(det.source_to_modno))
    return sorted(key for key in det.data.keys_for_source(source) if key.startswith(group))


def frames_of(det) -> int:
    return int(det.frame_counts.sum()) * det._frames_per_entry


def test_detectors_are_found(mounted):
    assert sorted(p.name for p in (mounted.mount / "detectors").iterdir()) == sorted(mounted.detectors)


def test_keys(mounted):
    for name, det in mounted.detectors.items():
        assert sorted(p.name for p in (mounted.directory(name) / "keys").iterdir()) == keys_of(det)


def test_arrays(mounted):
    """array.npy is det[key].ndarray(module_gaps=True) with its axes moved: every byte."""
    for name, det in mounted.detectors.items():
        for key in keys_of(det):
            path = mounted.directory(name) / "keys" / key / "array.npy"
            assert_same(np.load(path), stacked(det, key), path)
            assert_same(np.array(np.load(path, mmap_mode="r")[-1:]), stacked(det, key)[-1:], path)


def test_trains(mounted):
    """trains/<id>.npy is the part of the array that belongs to that train; a train of cells has no axis of its own."""
    for name, det in mounted.detectors.items():
        for key in keys_of(det):
            whole = stacked(det, key)
            trains = mounted.directory(name) / "keys" / key / "trains"
            kept = det.frame_counts[det.frame_counts > 0]
            assert sorted(p.name for p in trains.iterdir()) == [f"{train}.npy" for train in kept.index]
            start = 0
            for train, count in kept.items():
                expected = whole[start:start + int(count)]
                start += int(count)
                if isinstance(det, JUNGFRAU):
                    expected = expected[0]
                assert_same(np.load(trains / f"{train}.npy"), expected, trains / f"{train}.npy")


def test_trains_as_stack_detector_data(mounted):
    for name, det in mounted.detectors.items():
        if isinstance(det, JUNGFRAU):
            continue
        key = det._main_data_key
        for train, data in det.data.trains(keep_dims=True):
            data = {source.replace("/CORR/", "/DET/"): values for source, values in data.items() if key in values}
            if not any(len(values[key]) for values in data.values()):
                continue
            expected = stack_detector_data(data, key, modules=det.n_modules)
            got = np.load(mounted.directory(name) / "keys" / key / "trains" / f"{train}.npy")
            assert_same(got, expected.reshape(got.shape), (name, train))


def test_labels(mounted):
    """Trains, pulses and cells of the frames; where modules disagree EXtra-data gives none, and the smallest is taken."""
    for name, det in mounted.detectors.items():
        directory = mounted.directory(name)
        trains = np.repeat(np.asarray(det.train_ids, np.uint64),
                           np.asarray(det.frame_counts, int) * det._frames_per_entry)
        assert_same(np.load(directory / "train_ids.npy"), trains, name)
        expected = {}
        if isinstance(det, JUNGFRAU):
            assert not (directory / "pulse_ids.npy").exists()
            expected["cell"] = np.tile(det.cell_ids(), len(det.train_ids)).astype(np.uint64)
        elif mounted.name == "disagreeing_ids":
            expected["pulse"] = det._read_inner_ids("pulseId").min(axis=1)
            expected["cell"] = det["image.cellId"].cell_id_coordinates()
            assert "pulse ids:        the modules disagree in 2 frames of 2 trains: 10001 10002" in (
                directory / "info.txt").read_text()
        else:
            expected["pulse"] = det["image.data"].pulse_id_coordinates()
            expected["cell"] = det["image.data"].cell_id_coordinates()
        for label, values in expected.items():
            assert_same(np.load(directory / f"{label}_ids.npy"), values, (name, label))
        columns = [range(len(trains)), trains, expected.get("pulse", [""] * len(trains)), expected["cell"]]
        rows = [",".join(map(str, row)) for row in zip(*columns)]
        assert (directory / "frames.csv").read_text().splitlines() == ["index,train_id,pulse_id,cell_id", *rows]
        if mounted.name != "disagreeing_ids":
            assert "disagree" not in (directory / "info.txt").read_text()


def test_availability(mounted):
    for name, det in mounted.detectors.items():
        expected = np.repeat(det.data_availability(module_gaps=True), det._frames_per_entry, axis=1)
        assert_same(np.load(mounted.directory(name) / "availability.npy"), expected, name)


def test_modules(mounted):
    for name, det in mounted.detectors.items():
        counts = {source: int((det.data.get_data_counts(source, det._main_data_key) > 0).sum())
                  for source in det.source_to_modno}
        rows = [f"{number},{source},{counts[source]}" for number, source in sorted(det.modno_to_source.items())]
        assert (mounted.directory(name) / "modules.csv").read_text().splitlines() == [
            "module,source,trains_with_data", *rows]


def test_info(mounted):
    for name, det in mounted.detectors.items():
        text = (mounted.directory(name) / "info.txt").read_text()
        raw = all(det._data_is_raw(det.data, source) for source in det.source_to_modno)
        assert f"type:             {type(det).__name__}\n" in text
        assert f"data:             {'raw' if raw else 'corrected'}\n" in text
        assert f"modules present:  {len(det.source_to_modno)} of {det.n_modules}: " in text
        assert f"frames:           {frames_of(det)}\n" in text


def test_frames(mounted):
    """frames/<id>/<pulse>.npy: one frame of all modules, found by its pulse id, or by its number among the cells."""
    for name, det in mounted.detectors.items():
        cells = isinstance(det, JUNGFRAU)
        for key in keys_of(det):
            frames = mounted.directory(name) / "keys" / key / "frames"
            if cells and key == "data.trainId":
                assert not frames.exists()
                continue
            whole = stacked(det, key)
            if cells:
                whole = whole.reshape((-1,) + whole.shape[2:])
            start = 0
            for train, count in det.frame_counts[det.frame_counts > 0].items():
                count = int(count) * det._frames_per_entry
                names = frame_names(mounted, det, start, count)
                assert sorted(p.stem for p in (frames / str(train)).iterdir()) == sorted(names)
                for offset, frame in enumerate(names):
                    path = frames / str(train) / f"{frame}.npy"
                    assert_same(np.load(path), whole[start + offset], path)
                start += count


def frame_names(mounted, det, start, count):
    if isinstance(det, JUNGFRAU):
        return [str(number) for number in range(count)]
    pulses = det._read_inner_ids("pulseId").min(axis=1)[start:start + count]
    names = []
    for pulse in map(str, pulses):
        before = sum(name.partition(".")[0] == pulse for name in names)
        names.append(f"{pulse}.{before}" if before else pulse)
    return names


@pytest.mark.parametrize("text", ["0", "-1", "0:2", "1:3,...,5", "...,0,100:200,3", ":,0", "::2,...,::7,::50", "...,::9"])
def test_slices(mounted, text):
    if mounted.name.startswith("example") and text not in ("0", "...,0,100:200,3"):
        return      # one of each kind is enough of these
    for name, det in mounted.detectors.items():
        key = det._main_data_key
        whole = stacked(det, key)
        path = mounted.directory(name) / "keys" / key / f"array@{text}.npy"
        assert_same(np.load(path), eval(f"whole[{text}]"), path)


def test_slices_of_trains_and_frames(mounted):
    for name, det in mounted.detectors.items():
        key = det._main_data_key
        directory = mounted.directory(name) / "keys" / key
        train = int(det.frame_counts[det.frame_counts > 0].index[0])
        whole = np.load(directory / "trains" / f"{train}.npy")
        assert_same(np.load(directory / "trains" / f"{train}@...,3:9.npy"), whole[..., 3:9], name)
        frame = sorted((directory / "frames" / str(train)).iterdir())[0]
        assert_same(np.load(f"{str(frame)[:-4]}@...,5.npy"), np.load(frame)[..., 5], name)
        first, last = train, int(det.train_ids[-1])
        part = stacked(det, key)[:int(det.frame_counts[det.frame_counts.index < last].sum())]
        assert_same(np.load(directory / "trains" / f"{first}:{last}.npy"), part, name)
        with pytest.raises(FileNotFoundError):
            np.load(directory / "trains" / f"{train}@99999.npy")


def test_extended_attributes(mounted):
    import os
    for name, det in mounted.detectors.items():
        key = det._main_data_key
        path = mounted.directory(name) / "keys" / key / "array.npy"
        attributes = {attribute: os.getxattr(path, attribute).decode() for attribute in os.listxattr(path)}
        expected = stacked(det, key)
        assert attributes["user.dtype"] == expected.dtype.str
        assert attributes["user.shape"] == str(expected.shape)
        assert (attributes["user.source"], attributes["user.key"]) == (name, key)


def test_time_of_a_train(mounted):
    """mtime is that of the newest file of the detector's modules: known without a look into any."""
    run = oracle.open_run(mounted.path)
    for name, det in mounted.detectors.items():
        files = {file.filename for source in det.source_to_modno for file in run[source].files}
        newest = max(os.stat(file).st_mtime_ns for file in files)
        paths = list((mounted.directory(name) / "keys" / det._main_data_key / "trains").iterdir())
        assert paths
        for path in paths:
            assert path.stat().st_mtime_ns == newest, path


# MARK: Numbers of frames that differ


def test_unequal_numbers_are_matched_by_pulse_id(mount):
    """Over the union of the ids; a module without an id is filled."""
    run = mount("lpd_unequal")
    directory = run.directory("FXE_DET_LPD1M-1")
    frames = [(FIRST, 7), (FIRST, 11), (FIRST, 15), (FIRST, 19),
              (FIRST + 1, 7), (FIRST + 1, 11), (FIRST + 1, 15), (FIRST + 1, 31), (FIRST + 2, 7), (FIRST + 2, 11)]
    np.testing.assert_array_equal(np.load(directory / "train_ids.npy"), [train for train, _ in frames])
    np.testing.assert_array_equal(np.load(directory / "pulse_ids.npy"), [pulse for _, pulse in frames])
    expected = np.zeros((len(frames), 16, 256, 256), np.uint16)
    present = np.zeros((16, len(frames)), bool)
    opened = oracle.open_run(run.path)
    for number in (0, 1, 4):
        source = f"FXE_DET_LPD1M-1/DET/{number}CH0:xtdf"
        pulses = opened[source, "image.pulseId"].ndarray()[:, 0]
        trains = opened[source, "image.data"].train_id_coordinates()
        for train, pulse, image in zip(trains, pulses, opened[source, "image.data"].ndarray()[:, 0]):
            expected[frames.index((train, pulse)), number] = image
            present[number, frames.index((train, pulse))] = True
    array = np.load(directory / "keys/image.data/array.npy")
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(np.load(directory / "availability.npy"), present)
    np.testing.assert_array_equal(np.load(directory / "keys/image.data/frames/10001/31.npy"), expected[7])
    np.testing.assert_array_equal(np.load(directory / "keys/image.data/trains/10001.npy"), expected[4:8])
    text = (directory / "info.txt").read_text()
    assert "by pulse id over the union of the pulse ids in 1 trains whose modules recorded different numbers: 10001" in text


# MARK: Options


def test_min_modules(mount):
    run = mount("agipd_raw", "--min-modules", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from extra_data.components import AGIPD1M
        det = AGIPD1M(oracle.open_run(run.path), min_modules=3)
    directory = run.directory("SPB_DET_AGIPD1M-1")
    assert_same(np.load(directory / "keys/image.data/array.npy"), stacked(det, "image.data"), "min_modules")
    assert sorted(p.name for p in (directory / "keys/image.data/frames").iterdir()) == ["10000", "10002"]
    assert "1 trains with fewer than 3 modules" in (directory / "info.txt").read_text()


def test_modules_option(mount):
    run = mount("agipd_raw", "--modules", "0-2,15")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from extra_data.components import AGIPD1M
        det = AGIPD1M(oracle.open_run(run.path), modules=[0, 1, 2, 15])
    directory = run.directory("SPB_DET_AGIPD1M-1")
    assert_same(np.load(directory / "keys/image.data/array.npy"), stacked(det, "image.data"), "modules")
    assert [line.split(",")[0] for line in (directory / "modules.csv").read_text().splitlines()[1:]] == ["0", "15"]


@pytest.mark.parametrize("text, value", [("0x1F", 31), ("77", 77), ("nan", np.nan), ("-1.5", -1.5)])
def test_fill_value(mount, text, value):
    run = mount("agipd_corrected", "--fill-value", f"image.data={text}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from extra_data.components import AGIPD1M
        det = AGIPD1M(oracle.open_run(run.path))
    keys = run.directory("SPB_DET_AGIPD1M-1") / "keys"
    filled = det["image.data"].ndarray(module_gaps=True, fill_value=value)
    assert_same(np.load(keys / "image.data/array.npy"), stacked(det, "image.data", filled), text)
    assert_same(np.load(keys / "image.gain/array.npy"), stacked(det, "image.gain"), "another key keeps its own")
    assert not np.load(run.directory("SPB_DET_AGIPD1M-1") / "availability.npy")[0].any()


@pytest.mark.parametrize("option, words", [
    (("--fill-value", "image.gain=nan"), "does not fit its type |u1"),
    (("--fill-value", "image.gain=256"), "does not fit its type |u1"),
    (("--fill-value", "image.nothing=1"), "image.nothing"),
    (("--fill-value", "image.data"), "fill-value"),
    (("--fill-value", "image.data=--1"), "fill-value"),
    (("--min-modules", "0"), "min-modules"),
    (("--modules", "3-1"), "modules"),
    (("--modules", "1,,2"), "modules"),
])
def test_options_that_make_no_sense(made_runs, tmp_path, option, words):
    import product
    result = product.xfelfs("mount", *option, made_runs("agipd_corrected"), tmp_path)
    assert result.returncode != 0
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_modules_that_disagree(tmp_path):
    """Types are promoted, what has another shape is filled and named, and bits of a mask follow the pixels."""
    name, rng, stored = "SPB_DET_AGIPD1M-1", np.random.default_rng(1), {}
    directory = tmp_path / "run"
    directory.mkdir()
    agipd_raw(directory)            # module 3 has no train 10001
    for number, dtype in ((0, "u2"), (3, "u4"), (15, "u1")):
        with h5py.File(directory / f"RAW-R0001-AGIPD{number:02}-S00000.h5", "r+") as file:
            group = file[f"INSTRUMENT/{name}/DET/{number}CH0:xtdf/image"]
            shape = group["data"].shape
            del group["data"]
            group["data"] = rng.integers(0, np.iinfo(dtype).max, shape).astype(dtype)
            group["mask"] = rng.integers(0, 255, (shape[0], 512, 128, 3)).astype("u1")
            group["odd"] = rng.random((shape[0], 3 if number == 3 else 4)).astype("f4")
            stored[number] = {key: group[key][()] for key in ("data", "mask", "odd")}

    def cat(path):
        result = product.xfelfs("cat", directory, path, text=False)
        assert result.returncode == 0, result.stderr
        return result.stdout

    got = {key: np.load(io.BytesIO(cat(f"detectors/{name}/keys/image.{key}/array.npy"))) for key in ("data", "mask", "odd")}
    assert got["data"].dtype == "<u4" and got["data"].shape == (6, 2, 16, 512, 128)
    assert got["mask"].dtype == "u1" and got["mask"].shape == (6, 16, 512, 128, 3)
    rows = {0: range(6), 3: (0, 1, 4, 5), 15: range(6)}
    for number, frames in rows.items():
        for row, frame in enumerate(frames):
            np.testing.assert_array_equal(got["data"][frame, :, number], stored[number]["data"][row])
            np.testing.assert_array_equal(got["mask"][frame, number], stored[number]["mask"][row])
    assert not got["data"][2:4, :, 3].any()
    np.testing.assert_array_equal(got["odd"][..., 15], stored[15]["odd"][:6])
    assert np.isnan(got["odd"][..., 3]).all()
    info = cat(f"detectors/{name}/info.txt").decode()
    assert "is <u2, read as <u4, exactly" in info and "image.odd of SPB_DET_AGIPD1M-1/DET/3CH0:xtdf has another" in info
    (tmp_path / "out.cxi").write_bytes(cat(f"export/{name}.cxi"))
    with h5py.File(tmp_path / "out.cxi") as file:
        data = file["entry_1/instrument_1/detector_1/data"]
        assert data.dtype == "<u4"
        np.testing.assert_array_equal(data[:], np.moveaxis(got["data"], 2, 1))
