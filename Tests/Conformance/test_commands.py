"""xfelfs ls, cat and cp on a run that is not mounted, against the mount."""

import filecmp
import os

import pytest

import product
from cases_index import CAM, XGM, one
from handmade import ramp


@pytest.fixture
def small(tmp_path, made):
    """A small run, mounted."""
    directory = tmp_path / "run"
    directory.mkdir()
    file = one(directory)
    file.control(XGM, {"energy": ramp(5)})
    file.instrument(CAM, "data", {"x": ramp(9, (3,))}, first=[0, 2, 2, 5, 8], count=[2, 0, 3, 3, 1])
    file.close()
    return made(directory)


PATHS = ["README.txt", "info.json", f"sources/{XGM}/counts.csv", f"sources/{XGM}/table.csv", f"sources/{XGM}/run.csv",
         f"sources/{CAM}/keys/data.x/array.npy", f"sources/{CAM}/keys/data.x/trains/10002.npy",
         f"sources/{CAM}/keys/data.x/array@1:3,0.npy", f"trains/10003/{CAM}/data.x.npy",
         f"sources/{CAM}/keys/data.x/trains/10000:10003.npy", f"sources/{CAM}/keys/data.x/info.txt"]


@pytest.mark.parametrize("path", PATHS)
def test_cat(small, path):
    """cat gives the bytes a reader of the mount gets."""
    result = product.xfelfs("cat", small.path, path, text=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout == (small.mount / path).read_bytes() and result.stdout


@pytest.mark.parametrize("path", ["", "sources", f"sources/{CAM}", f"sources/{CAM}/keys/data.x",
                                  f"sources/{CAM}/keys/data.x/trains", "trains", "trains/10002", "files"])
def test_ls(small, path):
    """ls lists the names of the mount, one a line."""
    result = product.xfelfs("ls", small.path, *([path] if path else ["/"]))
    assert result.returncode == 0, result.stderr
    assert sorted(line.rstrip("/@") for line in result.stdout.splitlines()) == sorted(os.listdir(small.mount / path))


def test_cp_of_a_file(small, tmp_path):
    """cp of a file writes its bytes to a new path, or under its name into a directory."""
    path = f"sources/{CAM}/keys/data.x/array.npy"
    result = product.xfelfs("cp", small.path, path, tmp_path / "copy.npy")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "copy.npy").read_bytes() == (small.mount / path).read_bytes()
    (tmp_path / "into").mkdir()
    result = product.xfelfs("cp", small.path, path, tmp_path / "into")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "into" / "array.npy").read_bytes() == (small.mount / path).read_bytes()


def test_cp_of_a_directory(small, tmp_path):
    """cp of a directory copies everything below it."""
    path = f"sources/{CAM}"
    result = product.xfelfs("cp", small.path, path, tmp_path / "copy")
    assert result.returncode == 0, result.stderr
    compared = 0
    for base, _, names in os.walk(small.mount / path):
        for name in names:
            copy = tmp_path / "copy" / os.path.relpath(base, small.mount / path) / name
            assert filecmp.cmp(os.path.join(base, name), copy, shallow=False), copy
            compared += 1
    assert compared >= 8


def test_a_single_file_is_a_run(small, tmp_path, made):
    """RUN may be one file; its tree has the same arrays."""
    path = next(small.path.glob("*.h5"))
    single = made(path)
    for name in ("train_ids.npy", f"sources/{CAM}/keys/data.x/array.npy", "trains.csv", "keys.csv"):
        assert (single.mount / name).read_bytes() == (small.mount / name).read_bytes(), name
    assert os.listdir(single.mount / "files") == [path.name]
