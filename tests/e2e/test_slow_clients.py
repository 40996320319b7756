"""Clients that are slow, silent, do not read or vanish: they are disconnected, everybody else is served, and nothing
stays behind. And a network file that is cut short."""

from __future__ import annotations

import os
import shutil
import socket
import time

import pytest
import requests
import websocket

from feelharmonic.errors import SetupFault
from feelharmonic.reading.expression import WEIGHTS_PATH, ExpressionReader
from feelharmonic.reading.faces.face_finder import REFINER_PATH, FaceFinder
from feelharmonic.reading.faces.face_finder import WEIGHTS_PATH as FINDER_PATH
from tests.support.raw_websocket import RawListener
from tests.support.serving import PROJECT, SHORT_TIMEOUTS, Server, needs_proc

#: Pings find out within 5 s that nobody is there; machines under test are slow.
GONE_S = 45


def figure(server: Server, name: str) -> float:
    lines = requests.get(f"{server.url}/metrics", timeout=20).text.splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.rpartition(" ")[0] == name), 0.0)


def assert_soon(holds, within_s: float = GONE_S) -> None:
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_silent_connections_are_closed_and_idle_listeners_stay(server, astronaut_jpeg):
    headers = b"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
    half = b"POST /api/v1/tracks/moods HTTP/1.1\r\n" + headers + b"{"
    with server.listener() as idle:
        silent = []
        for text in (b"", b"GET / HTT", half) * 10:
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=SHORT_TIMEOUTS.silence_s + GONE_S)
            connection.sendall(text)
            silent.append(connection)
        server.assert_serves(astronaut_jpeg)
        for connection in silent:
            answer = b""
            while part := connection.recv(65536):  # ends when the server closes
                answer += part
            assert answer == b"" or answer.split()[1] in (b"400", b"408")
            connection.close()
        assert idle.call("frame", 0, astronaut_jpeg)["faces"]
    assert "127.0.0.1 -" not in server.log()


def test_slow_senders_hold_up_nobody(server, astronaut_jpeg):
    slow = [RawListener(server.url) for _ in range(10)]
    frame = websocket.ABNF.create_frame(astronaut_jpeg, websocket.ABNF.OPCODE_BINARY).format()
    for listener in slow:
        listener.socket.send('451-/live,7["frame",7,{"_placeholder":true,"num":0}]')
        listener.socket.sock.sendall(frame[: len(frame) // 2])
    taken_s = []
    with server.listener() as quick:
        for number in range(10):
            start_s = time.monotonic()
            assert quick.call("frame", number, astronaut_jpeg)["faces"]
            taken_s.append(time.monotonic() - start_s)
            for listener in slow:
                listener.socket.sock.sendall(frame[len(frame) // 2 + number :][:1])
    assert sorted(taken_s)[5] < 1
    for listener in slow:
        listener.socket.sock.sendall(frame[len(frame) // 2 + 10 :])
        assert '"seq":7' in listener.receive().replace(" ", "")
        listener.vanish()


def send_for(seconds: float, listener: RawListener) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        listener.send(7, b"no picture")


@pytest.mark.full
@needs_proc
def test_a_listener_that_reads_no_answers_is_disconnected(server, astronaut_jpeg):
    server.assert_serves(astronaut_jpeg)
    before_mb = server.resident_mb()
    deaf = RawListener(server.url, receives_bytes=4096)
    deaf.socket.sock.settimeout(GONE_S)
    with pytest.raises((OSError, websocket.WebSocketException)):
        send_for(2 * GONE_S, deaf)
    assert_soon(lambda: figure(server, "feelharmonic_listeners") == 0)
    assert server.resident_mb() - before_mb < 30
    server.assert_serves(astronaut_jpeg)


def test_a_half_open_connection_frees_its_place(server, astronaut_jpeg):
    assert_soon(lambda: figure(server, "feelharmonic_listeners") == 0)
    frozen = RawListener(server.url)
    assert frozen.ask(0, astronaut_jpeg)["faces"]
    assert figure(server, "feelharmonic_listeners") == 1
    assert_soon(lambda: figure(server, "feelharmonic_listeners") == 0)  # it answers no ping
    server.assert_serves(astronaut_jpeg)


@needs_proc
@pytest.mark.full
def test_a_thousand_connects_and_drops_leave_nothing_behind(server, astronaut_jpeg):
    def come_and_go(times: int) -> None:
        for number in range(times):
            listener = RawListener(server.url)
            if number % 10 == 0:
                assert listener.ask(0, astronaut_jpeg)["faces"]
            listener.vanish()

    come_and_go(100)
    assert_soon(lambda: figure(server, "feelharmonic_listeners") == 0)
    before_mb, before_files = server.resident_mb(), len(os.listdir(f"/proc/{server.process.pid}/fd"))
    come_and_go(1000 if server.mode == "gevent" else 300)
    assert_soon(lambda: figure(server, "feelharmonic_listeners") == 0)
    assert_soon(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before_files + 5)
    assert server.resident_mb() - before_mb < 15
    server.assert_serves(astronaut_jpeg)


@pytest.mark.parametrize(
    ("load", "path"),
    [
        (lambda cut: FaceFinder.load_files(cut, REFINER_PATH), FINDER_PATH),
        (lambda cut: FaceFinder.load_files(FINDER_PATH, cut), REFINER_PATH),
        (lambda cut: ExpressionReader.load(path=cut), WEIGHTS_PATH),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.5, 0.999])
def test_a_truncated_network_file_is_named(tmp_path, load, path, kept):
    cut = tmp_path / path.name
    cut.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(SetupFault) as raised:
        load(cut)
    (text,) = raised.value.faults
    assert path.name in text


@pytest.mark.full
def test_with_a_truncated_network_the_server_does_not_start(tmp_path):
    copy = tmp_path / "project"
    shutil.copytree(
        PROJECT, copy, ignore=lambda folder, names: [n for n in names if n.startswith(".") or n == "node_modules"]
    )
    network = copy / "feelharmonic" / "reading" / "weights" / FINDER_PATH.name
    network.write_bytes(network.read_bytes()[:1000])
    server = Server(tmp_path, project=copy)
    with pytest.raises(AssertionError, match="the server did not start"):
        server.start()
    assert server.process.returncode == 2
    assert "Feelharmonic cannot start:" in server.log()
    assert network.name in server.log()
    assert "Traceback" not in server.log()
