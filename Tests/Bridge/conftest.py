"""Runs, and servers that stream them."""

import sys
from pathlib import Path

# Runs and random data are those of the other suites.
for folder in ("Detectors", "Conformance", "Support"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

import contextlib
import shutil
import signal
import subprocess
import warnings

import numpy as np
import pytest
import zmq
from karabo_bridge import Client

import oracle
import product
import runs
from detector_runs import CATALOGUE

SECONDS = 20


@pytest.fixture(scope="session")
def made_runs(tmp_path_factory):
    """Makes a run the first time it is asked for: of the detectors' catalogue, or of the conformance tests'."""
    made = {}

    def make(name: str) -> Path:
        if name not in made:
            directory = tmp_path_factory.mktemp(name)
            if name in CATALOGUE:
                CATALOGUE[name](directory)
                made[name] = directory
            else:
                made[name] = runs.CATALOGUE[name].make(directory)
        return made[name]
    yield make
    for path in made.values():
        shutil.rmtree(path, ignore_errors=True)


class Server:
    """`xfelfs serve` while it runs."""

    def __init__(self, run, *options, endpoint="0"):
        self.process = subprocess.Popen(
            [product.binary(), "serve", str(run), endpoint, *map(str, options)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("Streamer started on: "):
            self.process.kill()
            pytest.fail(f"serve said {line!r} {self.process.communicate()[1]}")
        self.endpoint = line.removeprefix("Streamer started on: ").strip()
        if self.endpoint.startswith("tcp://"):
            self.endpoint = "tcp://127.0.0.1:" + self.endpoint.rpartition(":")[2]

    def client(self, sock="REQ"):
        # One context for all: of those of clients that are gone, the next may get nothing.
        return Client(self.endpoint, sock=sock, timeout=SECONDS, context=zmq.Context.instance())

    def end(self):
        """What it has said once it is at an end by itself."""
        try:
            out, err = self.process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail("serve did not end")
        return self.process.returncode, out, err

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)
        return self.end()


@pytest.fixture
def serve():
    """A function that starts servers; those that still run at the end are killed."""
    servers = []

    def start(*arguments, **options):
        servers.append(Server(*arguments, **options))
        return servers[-1]
    yield start
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@contextlib.contextmanager
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def expected_trains(run, *selection):
    """(train id, what EXtra-data has of it) without what the protocol has no form for."""
    with quiet():
        data = oracle.open_run(run)
        if selection:
            data = data.select(*selection)
        for tid, train in data.trains():
            yield tid, {source: {key: value for key, value in values.items()
                                 if key != "metadata" and np.asarray(value).dtype.kind not in "OV"}
                        for source, values in train.items()}


def assert_same_train(got, expected):
    """The same sources and keys, and the same values of the same types."""
    assert sorted(got) == sorted(expected)
    for source, values in expected.items():
        assert_same_values({key: value for key, value in got[source].items() if key != "metadata"}, values, source)


def assert_same_values(got, expected, source=""):
    assert sorted(got) == sorted(expected), source
    for key, value in expected.items():
        if isinstance(value, np.ndarray):
            assert isinstance(got[key], np.ndarray), (source, key)
            assert got[key].dtype == value.dtype and got[key].shape == value.shape, (source, key)
        np.testing.assert_array_equal(got[key], value, err_msg=f"{source} {key}")
