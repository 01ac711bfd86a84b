"""Killed, interrupted, or without room: nothing half-written stands under the final name."""

import resource
import signal
import subprocess
import time

import h5py
import pytest

import product
from detector_runs import CATALOGUE


@pytest.fixture(scope="module")
def large_run(tmp_path_factory):
    """A run with gigabytes that take no room here: never written, in one piece."""
    run = tmp_path_factory.mktemp("run")
    CATALOGUE["lpd_solo"](run)
    [path] = run.glob("*.h5")
    with h5py.File(path, "r+") as file:
        [group] = file["INSTRUMENT/FXE_DET_LPD_SOLO/DET"].values()
        image = group["image"]
        rows = image["trainId"].shape[0]
        del image["data"]
        image.create_dataset("data", shape=(rows, 1, 8192, 8192), dtype="u2")
    return run


def start(run, output):
    """The program, when it has begun to write."""
    process = subprocess.Popen([product.binary(), "write", run, "-o", output, "--force"], stderr=subprocess.PIPE)
    product.wait_until(lambda: any(path.stat().st_size > 20_000_000 for path in drafts(output)), what="a draft")
    return process


def drafts(output):
    return [path for path in output.parent.iterdir() if path.name.startswith(".xfelfs")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(large_run, tmp_path, number):
    output = tmp_path / "out.h5"
    output.write_text("mine")
    process = start(large_run, output)
    process.send_signal(number)
    assert process.wait(20) == -number
    assert output.read_text() == "mine" and not drafts(output)


def test_killed(large_run, tmp_path):
    """What is left has another name, and grows no more: the worker sees that it is alone."""
    output = tmp_path / "out.h5"
    process = start(large_run, output)
    process.kill()
    process.wait(20)
    assert not output.exists()
    [draft] = drafts(output)
    time.sleep(0.5)
    size = draft.stat().st_size
    time.sleep(0.3)
    assert draft.stat().st_size == size


def test_without_room(large_run, tmp_path):
    """As on a full disk: one sentence, and nothing left."""
    limit = 30_000_000
    result = subprocess.run(
        [product.binary(), "write", large_run, "-o", tmp_path / "out.h5"], capture_output=True, text=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert result.returncode == 1 and "File too large" in result.stderr and len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())
