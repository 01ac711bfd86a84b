"""Runs with multi-module detectors, each mounted once for all tests that look at it."""

import sys
from pathlib import Path

# Random data and comparisons are those of the conformance tests.
for folder in ("Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import contextlib
import shutil
import warnings
from dataclasses import dataclass, field

import pytest
from extra_data.components import identify_multimod_detectors

import oracle
import product
from detector_runs import CATALOGUE


@dataclass
class MountedRun:
    """A run on disk, its mount, and EXtra-data's view of it."""
    name: str
    path: Path
    mount: Path
    detectors: dict = field(default_factory=dict)

    def directory(self, name: str) -> Path:
        return self.mount / "detectors" / name


def detectors_of(run) -> dict:
    """Name in the tree -> EXtra-data's detector: the corrected one under the plain name, raw beside it as .raw."""
    found = {}
    for name, cls in identify_multimod_detectors(run):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # falling back to raw data
            found[name] = cls(run, detector_name=name)
            has_both = all(any(f"{name}/{part}/" in source for source in run.instrument_sources - run.legacy_sources.keys())
                           for part in ("DET", "CORR"))
            if has_both:
                with contextlib.suppress(ValueError):   # old names of the corrected data, made real by write_virtual
                    found[f"{name}.raw"] = cls(run, detector_name=name, raw=True)
    return found


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory):
    """Makes a run of the catalogue the first time it is asked for."""
    made = {}

    def make(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            CATALOGUE[name](made[name])
        return made[name]
    yield make
    for path in made.values():
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="session", params=[name for name in CATALOGUE if "unequal" not in name])
def mounted(request, made_runs, tmp_path_factory):
    """A run that EXtra-data can stack, mounted."""
    path = made_runs(request.param)
    with product.mounted(path, tmp_path_factory.mktemp("mnt")) as point:
        yield MountedRun(request.param, path, point, detectors_of(oracle.open_run(path)))


@pytest.fixture
def mount(made_runs, tmp_path):
    """A function that mounts a run of the catalogue with options, for one test."""
    with contextlib.ExitStack() as stack:
        def do(name, *options):
            path = made_runs(name)
            point = stack.enter_context(product.mounted(path, tmp_path / f"mnt{len(list(tmp_path.iterdir()))}", *options))
            return MountedRun(name, path, point)
        yield do
