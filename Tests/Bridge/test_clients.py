"""The real clients: every value of every train is that of `run.trains()`."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import zmq
from extra_data import stack_detector_data
from karabo_bridge import Client

import oracle
import product
from conftest import SECONDS, assert_same_train, assert_same_values, expected_trains, quiet

RUNS = ["spb_raw-v1.3", "fxe_da-v0.5", "remi", "agipd_raw", "agipd_corrected", "lpd", "jungfrau",
        "example_modern_spb_proc_run_format_version_1.3"]


@pytest.mark.parametrize("name", RUNS)
def test_every_value_of_every_train(made_runs, serve, name):
    run = made_runs(name)
    server = serve(run)
    client = server.client()
    count = 0
    for tid, expected in expected_trains(run):
        data, meta = client.next()
        assert {m["timestamp.tid"] for m in meta.values()} == {tid}
        assert all(meta[source]["source"] == source for source in data)
        assert_same_train(data, expected)
        count += 1
    status, out, err = server.end()
    assert status == 0 and f"Sent {count}/{count} trains" in out and out.endswith("Stopped.\n")


@pytest.mark.parametrize("name", ["spb_raw-v1.3", "agipd_corrected"])
def test_protocol_1(made_runs, serve, name):
    run = made_runs(name)
    server = serve(run, "--protocol", "1.0")
    client = server.client()
    for tid, expected in expected_trains(run):
        data, meta = client.next()
        assert {m["timestamp.tid"] for m in meta.values()} == {tid}
        assert_same_train(data, expected)
    assert server.end()[0] == 0


def test_time_stamps_are_those_of_the_run(made_runs, serve):
    run = made_runs("spb_raw-v1.3")
    with quiet():
        times = oracle.open_run(run).train_timestamps()
    server = serve(run)
    client = server.client()
    _, meta = client.next()
    nanoseconds = int(times[0].astype("int64"))
    for values in meta.values():
        assert int(values["timestamp.sec"]) == nanoseconds // 10**9
        assert values["timestamp.frac"] == f"{nanoseconds % 10**9:09}" + 9 * "0"
        assert values["timestamp"] == pytest.approx(nanoseconds / 1e9)
    server.interrupt()


def test_runs_without_times_have_none(made_runs, serve):
    server = serve(made_runs("fxe_da-v0.5"))
    _, meta = server.client().next()
    assert all("timestamp" not in values for values in meta.values())
    server.interrupt()
    server = serve(made_runs("fxe_da-v0.5"), "--dummy-timestamps")
    _, meta = server.client().next()
    assert all(values["timestamp"] > 1.7e9 and len(values["timestamp.frac"]) == 18 for values in meta.values())
    server.interrupt()


@pytest.mark.parametrize("options, selection", [
    (["--source", "*XGM*"], ("*XGM*", "*")),
    (["--source", "*XGM*MAIN", "--key", "*.ixPos"], ("*XGM*MAIN", "*.ixPos")),
    (["--source", "*/DET/[0-3]CH*", "--key", "image.*"], ("*/DET/[0-3]CH*", "image.*")),
])
def test_selection(made_runs, serve, options, selection):
    run = made_runs("spb_raw-v1.3")
    server = serve(run, *options)
    client = server.client()
    for _, expected in list(expected_trains(run, *selection))[:2]:
        assert_same_train(client.next()[0], expected)
    server.interrupt()


@pytest.mark.parametrize("name", ["agipd_raw", "agipd_corrected", "lpd", "agipd500k"])
def test_appended_modules(made_runs, serve, name):
    """Pixels as `stack_detector_data` stacks them, the rest of the first module that has data."""
    run = made_runs(name)
    server = serve(run, "--append-detector-modules")
    client = server.client()
    for tid, train in expected_trains(run):
        data, _ = client.next()
        [source] = [source for source in data if source.endswith("/DET/APPEND")]
        modules = {int(s.rpartition("/")[2].partition("CH")[0]): values for s, values in train.items() if "image.data" in values}
        others = {s: values for s, values in train.items() if "CH0:" not in s}
        assert sorted(set(data) - {source}) == sorted(others)
        if not modules:
            assert not data[source]
            continue
        reference = dict(modules[min(modules)])
        width = 8 if "500K" in source else 16
        for key in {"image.data", "image.gain", "image.mask"} & set(reference):
            # EXtra-data finds module numbers in names of raw data alone.
            renamed = {f"X/DET/{number}CH0": {key: values[key]} for number, values in modules.items()}
            reference[key] = stack_detector_data(renamed, key, modules=width)
        assert_same_values(data[source], reference, source)
    assert server.end()[0] == 0


def test_online_axes(made_runs, serve):
    """What OM reads: frames last, and (3, 0, 2, 1) brings them back."""
    run = made_runs("lpd")
    server = serve(run, "--append-detector-modules", "--online-axes")
    plain = serve(run, "--append-detector-modules")
    online, offline = server.client().next()[0], plain.client().next()[0]
    [source] = [source for source in online if source.endswith("/DET/APPEND")]
    got, expected = online[source]["image.data"], offline[source]["image.data"]
    assert got.shape == (16, 256, 256, 4)
    np.testing.assert_array_equal(got.transpose(3, 0, 2, 1), expected[:, 0])
    server.interrupt(), plain.interrupt()


def test_glimpse(made_runs, serve):
    server = serve(made_runs("spb_raw-v1.3"))
    glimpse = Path(sys.executable).parent / "karabo-bridge-glimpse"
    result = subprocess.run([glimpse, server.endpoint], capture_output=True, text=True, timeout=SECONDS)
    assert result.returncode == 0, result.stderr
    assert "SA1_XTD2_XGM/DOOCS/MAIN" in result.stdout and "No timestamp" not in result.stdout
    server.interrupt()


@pytest.fixture(scope="session")
def cpp_client(tmp_path_factory):
    program = tmp_path_factory.mktemp("client") / "client"
    source = Path(__file__).parent / "client.cpp"
    subprocess.run(["g++", "-std=c++17", "-Wall", "-Werror", "-o", program, source, "-lzmq"], check=True)
    return program


def test_cpp_client(made_runs, serve, cpp_client):
    """A client without Python: what it decodes, summed up by value."""
    run = made_runs("agipd_corrected")
    trains = list(expected_trains(run))
    server = serve(run)
    result = subprocess.run([cpp_client, server.endpoint, str(len(trains))], capture_output=True, text=True,
                            timeout=SECONDS)
    assert result.returncode == 0, result.stderr
    got = {tuple(line.split("\t")[:3]): line.split("\t")[3] for line in result.stdout.splitlines()}
    expected = {}
    for tid, train in trains:
        for source, values in train.items():
            for key, value in values.items():
                if isinstance(value, np.ndarray):
                    text = f"{value.dtype} {list(value.shape)} {sum(value.tobytes())}".replace(" ", "")
                elif isinstance(value, bytes):
                    text = value.decode()
                else:
                    text = f"{float(value):.17g}"
                expected[str(tid), source, key] = text
    assert got == expected
    assert server.end()[0] == 0


def test_name_of_the_python_command(made_runs, tmp_path):
    """The program by the name of Python's server is the same command."""
    link = tmp_path / "karabo-bridge-serve-files"
    link.symlink_to(product.binary())
    process = subprocess.Popen([link, str(made_runs("lpd")), f"ipc://{tmp_path}/socket", "--source", "*/DET/1CH*"],
                               stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == f"Streamer started on: ipc://{tmp_path}/socket\n"
        data, _ = Client(f"ipc://{tmp_path}/socket", timeout=SECONDS).next()
        assert list(data) == ["FXE_DET_LPD1M-1/DET/1CH0:xtdf"]
    finally:
        process.terminate()
        assert process.wait(SECONDS) == 0
