"""The example run of the program and a small made run, each mounted through the kernel."""

import sys
from pathlib import Path

import pytest

for folder in ("Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import product  # noqa: E402
from cases_index import CAM, XGM, one  # noqa: E402
from daemon import Foreground  # noqa: E402
from handmade import ramp  # noqa: E402

IMAGE = (400, 300)


@pytest.fixture(scope="session")
def example(tmp_path_factory):
    """The run that `xfelfs example DIR` writes."""
    product.binary()
    directory = tmp_path_factory.mktemp("example") / "run"
    result = product.xfelfs("example", directory)
    assert result.returncode == 0, result.stderr
    assert list(directory.glob("*.h5")), "xfelfs example wrote no HDF5 file"
    return directory


def write_small_run(directory: Path) -> dict:
    """A camera in gzip chunks over two files and an XGM; returns the arrays by (source, key)."""
    directory.mkdir()
    arrays = {}
    for sequence in range(2):
        file = one(directory, range(10000 + 5 * sequence, 10005 + 5 * sequence), f"RAW-R0001-DA01-S0000{sequence}.h5")
        file.control(XGM, {"energy": ramp(5, start=10 * sequence)})
        file.instrument(CAM, "data", {"pixels": ramp(10, IMAGE, "<u4", sequence * 1_200_000)},
                        first=[0, 2, 4, 6, 8], count=[2] * 5,
                        write={"chunks": (1, 100, 300), "compression": "gzip", "compression_opts": 1})
        file.close()
    arrays[XGM, "energy.value"] = ramp(5).tolist() + ramp(5, start=10).tolist()
    arrays[CAM, "data.pixels"] = ramp(20, IMAGE, "<u4")
    return arrays


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The path of the small made run, and its camera's pixels as they have to appear."""
    directory = tmp_path_factory.mktemp("small") / "run"
    return directory, write_small_run(directory)[CAM, "data.pixels"]


@pytest.fixture
def mnt(example, tmp_path):
    """The example run, mounted for one test."""
    with product.mounted(example, tmp_path / "mnt") as point:
        yield point


@pytest.fixture
def small_mnt(small, tmp_path):
    """The small run, mounted for one test."""
    with product.mounted(small[0], tmp_path / "mnt") as point:
        yield point


@pytest.fixture
def pixels(small_mnt) -> Path:
    return small_mnt / "sources" / CAM / "keys" / "data.pixels" / "array.npy"


@pytest.fixture
def foreground(tmp_path):
    """A function that mounts in the foreground; what is left of it is removed after the test."""
    started = []

    def start(run, *options, name="mnt") -> Foreground:
        started.append(Foreground(run, tmp_path / name, *options))
        return started[-1]

    yield start
    for daemon in started:
        daemon.clean_up()
