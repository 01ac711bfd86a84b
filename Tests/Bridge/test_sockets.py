"""What happens around the trains: sockets, clients that ask for nonsense or go away, interruptions, wrong words."""

import shutil
import threading
import time

import h5py
import msgpack
import pytest
import zmq
from karabo_bridge import Client

import product
from conftest import SECONDS, expected_trains


@pytest.fixture
def context():
    made = zmq.Context()
    yield made
    made.destroy(linger=0)


def train_ids(client, count):
    return [next(iter(client.next()[1].values()))["timestamp.tid"] for _ in range(count)]


def ids_of(run):
    return [tid for tid, _ in expected_trains(run, "*", "*")]


@pytest.fixture(scope="session")
def run(made_runs):
    """Small trains, ten of them."""
    return made_runs("fxe_da-v0.5")


def request(context, server, body=b"next"):
    socket = context.socket(zmq.REQ)
    socket.setsockopt(zmq.RCVTIMEO, SECONDS * 1000)
    socket.connect(server.endpoint)
    socket.send(body)
    return socket


def tid_of(parts):
    return msgpack.unpackb(parts[0])["metadata"]["timestamp.tid"]


def test_push(serve, run, tmp_path):
    expected = ids_of(run)
    server = serve(run, "-z", "PUSH", endpoint=f"ipc://{tmp_path}/socket")
    time.sleep(0.2)                 # nothing is lost while nobody listens
    assert train_ids(server.client("PULL"), len(expected)) == expected
    assert server.end()[0] == 0
    assert not (tmp_path / "socket").exists()


def test_publish_waits_for_subscribers(serve, run):
    expected = ids_of(run)
    server = serve(run, "--socket", "PUB", "--wait-for-subscribers", 2)
    first = server.client("SUB")
    time.sleep(0.3)
    assert server.process.poll() is None
    second = server.client("SUB")
    for client in (first, second):
        assert train_ids(client, len(expected)) == expected
    assert server.end()[0] == 0


def test_publish_without_subscribers_ends(serve, run):
    server = serve(run, "-z", "PUB")
    assert server.end()[0] == 0


def test_slow_subscriber_holds_up_nobody(serve, made_runs):
    """One that reads nothing: the other gets all trains."""
    run = made_runs("lpd")
    server = serve(run, "-z", "PUB", "--wait-for-subscribers", 2)
    slow, quick = server.client("SUB"), server.client("SUB")
    assert train_ids(quick, 3) == ids_of(run)
    del slow


def test_clients_share_the_trains(serve, run):
    server = serve(run)
    clients = [server.client() for _ in range(2)]
    expected = ids_of(run)
    got = [train_ids(clients[number % 2], 1)[0] for number in range(len(expected))]
    assert got == expected
    assert server.end()[0] == 0


def test_a_bad_request_costs_no_train(serve, run, context):
    expected = ids_of(run)
    server = serve(run)
    bad = request(context, server, b"hello")
    assert bad.recv_multipart() == [b"Error: bad request hello"]
    bad.send(b"next")
    assert tid_of(bad.recv_multipart()) == expected[0]
    assert train_ids(server.client(), len(expected) - 1) == expected[1:]
    status, _, err = server.end()
    assert status == 0 and "hello" in err


def test_a_client_that_is_gone_costs_no_train(serve, run, context):
    """It asks while the next train is not due yet, and goes away."""
    expected = ids_of(run)
    server = serve(run, "--rate", 2)
    first = request(context, server)
    assert tid_of(first.recv_multipart()) == expected[0]
    first.send(b"next")
    time.sleep(0.1)
    first.close(linger=0)
    assert train_ids(server.client(), 2) == expected[1:3]
    server.interrupt()


def test_proxies(serve, run, context):
    """EXtra-foam's: a DEALER between the clients and the server."""
    server = serve(run)
    front, back = context.socket(zmq.ROUTER), context.socket(zmq.DEALER)
    port = front.bind_to_random_port("tcp://127.0.0.1")
    back.connect(server.endpoint)

    def forward():
        try:
            zmq.proxy(front, back)
        except zmq.ZMQError:        # the context is at its end
            pass
        finally:
            front.close(0), back.close(0)
    thread = threading.Thread(target=forward, daemon=True)
    thread.start()
    expected = ids_of(run)
    assert train_ids(Client(f"tcp://127.0.0.1:{port}", timeout=SECONDS), len(expected)) == expected
    assert server.end()[0] == 0


def test_loop_and_interrupt(serve, run):
    expected = ids_of(run)
    server = serve(run, "--loop")
    assert train_ids(server.client(), len(expected) + 2) == expected + expected[:2]
    status, out, _ = server.interrupt()
    assert status == 0 and f"Sent {len(expected) + 2}/" in out and out.endswith("Stopped.\n")


def test_interrupt_while_nobody_asks(serve, run):
    for pattern in ("REP", "PUSH"):
        status, out, _ = serve(run, "-z", pattern).interrupt()
        assert status == 0 and out.endswith("Stopped.\n")


def test_rate(serve, run):
    server = serve(run, "--rate", 10)
    client = server.client()
    train_ids(client, 1)
    start = time.monotonic()
    train_ids(client, 5)
    assert 0.4 <= time.monotonic() - start < 2
    server.interrupt()


@pytest.mark.parametrize("arguments, status, words", [
    (["abc"], 1, "abc"),
    (["99999"], 1, "65535"),
    (["0", "--source", "nobody*"], 64, "nobody*"),
    (["0", "--key", "nothing"], 64, "nothing"),
    (["0", "--rate", "0"], 64, "--rate"),
    (["0", "--online-axes"], 64, "--append-detector-modules"),
    (["0", "--wait-for-subscribers", "2"], 64, "PUB"),
    (["0", "-z", "DEALER"], 64, "DEALER"),
    (["0", "--protocol", "2.1"], 64, "2.1"),
])
def test_wrong_words(run, arguments, status, words):
    result = product.xfelfs("serve", run, *arguments, timeout=SECONDS)
    assert result.returncode == status and words in result.stderr
    assert len(result.stderr.splitlines()) == 1 and not result.stdout


def test_a_port_that_is_taken(serve, run):
    port = serve(run).endpoint.rpartition(":")[2]
    result = product.xfelfs("serve", run, port)
    assert result.returncode == 1 and "Address already in use" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_cannot_be_read_ends_the_stream(serve, made_runs, tmp_path):
    """No train is sent without a value that it has."""
    broken = tmp_path / "run"
    shutil.copytree(made_runs("agipd_corrected"), broken)
    path = sorted(broken.glob("*AGIPD01*"))[0]
    with h5py.File(path, "r+") as file:
        group = file["INSTRUMENT/SPB_DET_AGIPD1M-1/CORR/1CH0:output/image"]
        pixels = group["data"][()]
        del group["data"]
        data = group.create_dataset("data", data=pixels, chunks=(1, *pixels.shape[1:]), compression="gzip")
        file.flush()
        place = data.id.get_chunk_info_by_coord((5, 0, 0))     # the only frame of the last train
    with open(path, "r+b") as file:
        file.seek(place.byte_offset)
        file.write(b"\xff" * 64)
    server = serve(broken)
    client = server.client()
    trains = [tid for tid, _ in expected_trains(made_runs("agipd_corrected"))]
    for tid in trains[:-1]:
        assert train_ids(client, 1) == [tid]
    status, out, err = server.end()
    assert status == 1 and "image/data" in err and str(path) in err
