"""One mount per run of the catalogue, shared by all tests of that run, removed after the last of them."""

import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Support"))

import oracle
import product
from runs import CATALOGUE


@dataclass
class MountedRun:
    """A run on disk, its mount, and EXtra-data's view of it."""
    name: str
    path: Path
    mount: Path

    @cached_property
    def run(self):
        return oracle.open_run(self.path)

    @cached_property
    def sources(self) -> list[str]:
        return oracle.sources(self.run)

    @property
    def train_ids(self) -> list[int]:
        return [int(t) for t in self.run.train_ids]

    def source_dir(self, source: str) -> Path:
        return self.mount / "sources" / source

    def keys(self) -> list[tuple]:
        """(source, key, its data, its directory in the tree) for every key of every source."""
        return self._keys

    @cached_property
    def _keys(self) -> list[tuple]:
        return [(source, key, self.run[source][key], self.source_dir(source) / "keys" / key)
                for source in self.sources for key in sorted(self.run[source].keys())]

    def keys_of(self, source: str) -> dict:
        """key -> its data, for the keys of one source."""
        return self._keys_by_source.get(source, {})

    @cached_property
    def _keys_by_source(self) -> dict[str, dict]:
        found = {}
        for source, key, data, _ in self._keys:
            found.setdefault(source, {})[key] = data
        return found

    def sampled_keys(self, step: int):
        """Every `step`-th key, starting at a place that differs from run to run, and at least one of each kind."""
        start = sum(self.name.encode()) % step
        seen = set()
        for number, item in enumerate(self.keys()):
            kind = (item[2].dtype.str, item[2].entry_shape, item[2].section)
            if number % step == start or kind not in seen:
                seen.add(kind)
                yield item


@pytest.fixture(scope="session", params=list(CATALOGUE))
def mounted(request, tmp_path_factory):
    """A run of the catalogue, mounted."""
    product.require_fuse()
    product.binary()
    directory = tmp_path_factory.mktemp(request.param, numbered=True)
    try:
        path = CATALOGUE[request.param].make(directory)
        with product.mounted(path, directory / "mnt") as point:
            yield MountedRun(request.param, path, point)
    finally:
        product.lazy_unmount(directory / "mnt")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def made(tmp_path):
    """A function that mounts a run a test has made by hand; everything is unmounted after the test."""
    points = []

    def mount(path: Path, *options) -> MountedRun:
        product.require_fuse()
        point = tmp_path / f"mnt{len(points)}"
        point.mkdir()
        points.append(point)
        result = product.xfelfs("mount", *options, path, point)
        assert result.returncode == 0, f"mount failed ({result.returncode}): {result.stderr}"
        return MountedRun(path.name, path, point)

    yield mount
    left = []
    for point in points:
        product.xfelfs("umount", point)
        if product.is_mounted(point):
            left.append(point)
            product.lazy_unmount(point)
    assert not left, f"umount left {left} mounted"
