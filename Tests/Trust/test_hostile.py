"""Every hostile file beside a sound one: the mount lives, the sound file is right, the report names the other.

What is in the corpus stands in hostile.py.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import hostile
import product
import trials
from daemon import run_bounded
from handmade import VLEN_BYTES, HandFile

CORPUS = [f"{folder}/{name}" for folder in ("named", "files") for name in hostile.names(folder)]
# So many are tried at a time: a trial waits for its processes most of the time.
AT_A_TIME = 2
# Seconds for the validation of two small files, one of them hostile.
VALIDATION = 30


@pytest.fixture(scope="session")
def sound(corpus, tmp_path_factory):
    """Digests of the arrays of SOUND.h5 in the tree, which have been held against h5py."""
    return trials.sound_digests(corpus.seed("SOUND.h5"), tmp_path_factory.mktemp("sound"))


class Trials:
    """The trials of the files that were chosen, begun in their order, a few at a time."""

    def __init__(self, corpus, sound, directory: Path, names: list[str]):
        self.pool = ThreadPoolExecutor(AT_A_TIME)
        self.hostile, self.runs, self.futures = {}, {}, {}
        for name in names:
            work = directory / name
            self.runs[name] = work / "run"
            self.hostile[name] = corpus.make_run(name, work / "run")
            self.futures[name] = self.pool.submit(trials.attempt, self.runs[name], work, sound)

    def result(self, name: str) -> trials.Trial:
        return self.futures[name].result()


@pytest.fixture(scope="session")
def attempts(request, corpus, sound, tmp_path_factory):
    chosen = [item.callspec.params["name"] for item in request.session.items if "attempts" in item.fixturenames]
    made = Trials(corpus, sound, tmp_path_factory.mktemp("trials"), list(dict.fromkeys(chosen)))
    yield made
    made.pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", CORPUS)
def test_mount(name, attempts):
    """Mounted, walked and unmounted, the hostile file costs itself only."""
    trial = attempts.result(name)
    if trial.failures:
        pytest.fail(f"{name}: {trial.describe()}\nlog of the daemon: {trial.log[:2500]}")


def assert_blamed(report: bytes | str, name: str, file: str):
    """A report names the hostile file."""
    problems = json.loads(report)["problems"]
    blamed = {Path(problem["attributes"].get("file", "")).name for problem in problems}
    if Path(name).name not in hostile.HARMLESS:
        assert file in blamed, f"the report has nothing against {file}: {problems or 'no problems found'}"


@pytest.mark.parametrize("name", CORPUS)
def test_report(name, attempts):
    """The mount's validation.json names the hostile file."""
    report = attempts.result(name).report
    assert report is not None, f"{trials.REPORT} was not read"
    assert_blamed(report, name, attempts.hostile[name])


@pytest.mark.parametrize("name", [name for name in CORPUS if name.startswith("named/")])
def test_validate(name, attempts):
    """So does `xfelfs validate`, and it lives."""
    done = run_bounded("validate", "--json", attempts.runs[name], seconds=VALIDATION)
    assert done is not None, f"validate did not end within {VALIDATION} s"
    assert done.returncode in (0, 1), f"validate ended with status {done.returncode}: {done.stderr[-500:]}"
    assert_blamed(done.stdout, name, attempts.hostile[name])


def write_virtual_strings(directory: Path) -> Path:
    """A run whose strings are virtual datasets that lead back to themselves, made by the program's own write-virtual:
    its file, copied over the file of the run that it shows."""
    run, out = directory / "run", directory / "virtual.h5"
    run.mkdir()
    name = "RAW-R0001-DA01-S00000.h5"
    file = HandFile(run / name, list(range(10000, 10005)))
    texts = np.array([b"one", b"two", b"three", b"four", b"five"], dtype=object)
    file.control("CTRL/STRINGS/A", {"state": texts, "name": texts},
                 write=lambda h5, path, value: h5.create_dataset(path, data=value, dtype=VLEN_BYTES))
    file.instrument("INST/NUMBERS/B:output", "data", {"x": np.arange(5.0)})
    file.close()
    done = product.xfelfs("write-virtual", run, "-o", out)
    assert done.returncode == 0, f"write-virtual failed: {done.stderr}"
    (run / name).unlink()
    out.rename(run / name)
    return run


def test_virtual_strings_that_lead_back_to_themselves(corpus, sound, tmp_path):
    """libhdf5 follows them until its stack or the memory is used up: that is an error of these keys and no more."""
    run = write_virtual_strings(tmp_path)
    (run / "SOUND.h5").write_bytes(corpus.seed("SOUND.h5"))
    (tmp_path / "work").mkdir()
    trial = trials.attempt(run, tmp_path / "work", sound)
    if trial.failures:
        pytest.fail(f"{trial.describe()}\nlog of the daemon: {trial.log[:2500]}")
