"""What is made of an array under a name that is not listed: statistics, pictures, plots; the oracle is numpy."""

import os
import xml.dom.minidom
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import product
from cases_index import CAM, XGM, one

RNG = np.random.default_rng(12)
TRAINS = 30
IMAGES = RNG.normal(1e4, 3, (TRAINS, 40, 60)).astype("f4")
IMAGES[RNG.random(IMAGES.shape) < 0.1] = np.nan
IMAGES[:, 3, 4] = np.nan
SPECTRA = RNG.integers(-1000, 1000, (TRAINS, 50)).astype(">i2")
ENERGY = RNG.normal(size=TRAINS)
MODULES = {0: RNG.integers(0, 1 << 14, (8, 16, 8), "u2"), 3: RNG.integers(0, 1 << 14, (6, 16, 8), "u2")}
DETECTOR = "SPB_DET_AGIPD1M-1"


@pytest.fixture(scope="module")
def mnt(tmp_path_factory):
    run = tmp_path_factory.mktemp("products") / "run"
    run.mkdir()
    file = one(run, range(10000, 10000 + TRAINS), "RAW-R0001-DA01-S00000.h5")
    file.control(XGM, {"energy": ENERGY})
    file.instrument(CAM, "data", {"pixels": IMAGES, "spectrum": SPECTRA}, first=range(TRAINS), count=[1] * TRAINS)
    file.close()
    for module, counts in ((0, [2, 2, 2, 2]), (3, [2, 2, 0, 2])):
        file = one(run, range(10000, 10004), f"RAW-R0001-AGIPD{module:02}-S00000.h5")
        total = sum(counts)
        pulses = np.concatenate([np.arange(count) for count in counts]).astype("u8")
        data = np.stack([MODULES[module][:total]] * 2, axis=1)[:, :, :16, :8]
        file.instrument(f"{DETECTOR}/DET/{module}CH0:xtdf", "image",
                        {"data": data, "pulseId": pulses, "cellId": pulses.astype("u2"),
                         "trainId": np.repeat(np.arange(10000, 10004, dtype="u8"), counts)},
                        first=np.cumsum([0] + counts[:-1]), count=counts)
        file.close()
    with product.mounted(run, tmp_path_factory.mktemp("products") / "mnt") as point:
        yield point


STATISTICS = {"mean": np.nanmean, "std": np.nanstd, "min": np.nanmin, "max": np.nanmax}


def key(mnt: Path, source, name) -> Path:
    return mnt / "sources" / source / "keys" / name


@pytest.mark.filterwarnings("ignore:Mean of empty", "ignore:Degrees of", "ignore:All-NaN")
@pytest.mark.parametrize("name, base, part", [
    ("", "array.npy", slice(None)), ("array@5:20.", "array.npy", slice(5, 20)), ("array@::7.", "array.npy", np.s_[::7]),
    ("trains/10003:10009.", "trains/10003:10009.npy", slice(3, 9)),
])
@pytest.mark.parametrize("statistic", STATISTICS)
def test_statistics(mnt, statistic, name, base, part):
    for source, path, data in ((CAM, "data.pixels", IMAGES), (CAM, "data.spectrum", SPECTRA),
                               (XGM, "energy.value", ENERGY)):
        file = key(mnt, source, path) / f"{name}{statistic}.npy"
        size = file.stat().st_size
        found = np.load(file)
        values = data[part]
        if statistic in ("mean", "std"):
            values = values.astype("f8")
        expected = STATISTICS[statistic](values, axis=0)
        assert found.dtype == expected.dtype if statistic in ("mean", "std") else found.dtype == data.dtype
        assert found.shape == expected.shape and size == file.stat().st_size
        np.testing.assert_allclose(found, expected, rtol=1e-12 if statistic == "mean" else 1e-9)
        assert os.getxattr(file, "user.shape").decode() == str(expected.shape)


def test_missing_modules_do_not_count(mnt):
    """Of raw data a module that has missed a train is 0 in the stack, and is no value."""
    stack = mnt / "detectors" / DETECTOR / "keys" / "image.data"
    array = np.load(stack / "array.npy")
    frames = [0, 1, 2, 3, 6, 7]
    mean = np.load(stack / "mean.npy")
    assert mean.shape == array.shape[1:] and mean.dtype == np.float64
    np.testing.assert_allclose(mean[:, 0], array[:, :, 0].astype("f8").mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(mean[:, 3], array[frames][:, :, 3].astype("f8").mean(axis=0), rtol=1e-12)
    assert np.isnan(mean[:, 1]).all()
    assert np.array_equal(np.load(stack / "min.npy")[:, 3], array[frames][:, :, 3].min(axis=0))


def test_they_are_not_listed(mnt):
    names = {"info.txt", "array.npy", "train_ids.npy", "counts.csv", "trains"}
    assert set(os.listdir(key(mnt, CAM, "data.pixels"))) == names
    for name in ("median.npy", "mean", "mean.png", "array@99.mean.npy", "nothing.mean.npy", "info.mean.npy",
                 "plot.png"):
        assert not (key(mnt, CAM, "data.pixels") / name).exists(), name
    # Of what is no image there is no picture, and of what is no number no statistic.
    assert not (key(mnt, XGM, "energy.value") / "preview.png").exists()
    assert not (mnt / "mean.npy").exists()


def brightness(path: Path) -> np.ndarray:
    """What a decoder of another library makes of it: the place on the colour map, which rises in luminance."""
    image = Image.open(path)
    image.load()
    assert len(path.read_bytes()) == path.stat().st_size
    return np.asarray(image.convert("RGB").convert("L"), dtype="f8")


def test_pictures(mnt):
    pixels = key(mnt, CAM, "data.pixels")
    ramp = np.load(pixels / "mean.npy")
    shown = brightness(pixels / "preview.png")
    assert shown.shape == ramp.shape
    isThere = ~np.isnan(ramp)
    order = np.argsort(ramp[isThere])
    # Rises with the data: the colours of the least tenth are darker than those of the largest.
    values = shown[isThere][order]
    tenth = len(values) // 10
    assert values[:tenth].mean() + 50 < values[-tenth:].mean()
    assert np.corrcoef(np.argsort(order), shown[isThere])[0, 1] > 0.9
    one = brightness(pixels / "trains" / "10004.png")
    there = ~np.isnan(IMAGES[4])
    assert np.corrcoef(IMAGES[4][there], one[there])[0, 1] > 0.9
    # Entries of one axis: trains to the right, the index upwards.
    spectra = brightness(key(mnt, CAM, "data.spectrum") / "preview.png")
    assert spectra.shape == (50, TRAINS)
    assert np.corrcoef(SPECTRA.T[::-1].ravel(), spectra.ravel())[0, 1] > 0.9
    frame = brightness(mnt / "detectors" / DETECTOR / "keys" / "image.data" / "frames" / "10000" / "1.png")
    assert frame.shape[0] % 16 == 0 and frame.shape[1] % 8 == 0


def test_plots(mnt):
    for source, name in ((XGM, "energy.value"), (CAM, "data.spectrum")):
        path = key(mnt, source, name) / "plot.svg"
        text = path.read_text()
        assert len(text.encode()) == path.stat().st_size
        document = xml.dom.minidom.parseString(text)
        assert document.documentElement.tagName == "svg" and source in text
        assert len(document.getElementsByTagName("path")) > 5
    assert not (key(mnt, CAM, "data.pixels") / "plot.svg").exists()
