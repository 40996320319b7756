"""Request bodies that never end: their connections are closed in time, and nobody else is kept out."""

from __future__ import annotations

import socket
import sys
import threading
import time

import pytest
import requests
from requests.adapters import HTTPAdapter

from feelharmonic.web.serving.timeouts import Timeouts
from tests.support.serving import MODES, Server

JSON = b"Content-Type: application/json\r\n"
PICTURE = b"Content-Type: multipart/form-data; boundary=edge\r\n"
PART = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
#: Shorter than those of a real server; trickling bytes keep all but these from expiring.
TIMEOUTS = Timeouts(body_grace_s=4.0, discard_s=2.0)
#: Machines under test are slow.
MARGIN_S = 6.0

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no second loopback address")


@pytest.fixture(scope="module", params=MODES)
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    limits = {"MAX_LISTENERS": "20", "REQUESTS_PER_ADDRESS": "30"}
    running = Server(folder, timeouts=TIMEOUTS, ASYNC_MODE=request.param, **limits).start()
    yield running
    running.kill()


class FromElsewhere(HTTPAdapter):
    def init_poolmanager(self, *given: object, **named: object) -> None:
        super().init_poolmanager(*given, source_address=("127.0.0.9", 0), **named)


@pytest.fixture
def elsewhere():
    with requests.Session() as session:
        session.mount("http://", FromElsewhere())
        yield session


def trickling(server: Server, path: str, headers: bytes, begins: bytes = b"{", address: str = "127.0.0.1"):
    """A POST whose body came in part; its socket."""
    line = socket.create_connection(("127.0.0.1", server.port), 60, source_address=(address, 0))
    line.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n".encode() + headers + b"\r\n" + begins)
    return line


def trickle(lines: list[socket.socket], ends: threading.Event) -> None:
    """Another byte on each, twice a second."""
    while not ends.wait(0.5):
        for line in lines:
            try:
                line.sendall(b" ")
            except OSError:
                continue


def closed_after_s(line: socket.socket, began_s: float) -> tuple[float, bytes]:
    """When the server closed it, and what it had answered."""
    answer = b""
    try:
        while part := line.recv(65536):
            answer += part
    except ConnectionError:
        pass
    return time.monotonic() - began_s, answer


@pytest.mark.parametrize(
    ("path", "headers", "begins"),
    [
        ("/api/v1/tracks/moods", JSON + b"Content-Length: 99999\r\n", b"{"),
        pytest.param("/api/v1/expressions", PICTURE + b"Content-Length: 99999\r\n", PART, marks=pytest.mark.full),
        pytest.param("/nowhere", JSON + b"Content-Length: 99999\r\n", b"{", marks=pytest.mark.full),
        ("/socket.io/?EIO=4&transport=websocket", JSON + b"Content-Length: 99999\r\n", b"{"),
    ],
)
def test_a_byte_now_and_then_does_not_keep_a_connection(server, path, headers, begins):
    began_s = time.monotonic()
    line = trickling(server, path, headers, begins)
    ends = threading.Event()
    sender = threading.Thread(target=trickle, args=([line], ends))
    sender.start()
    took_s, answer = closed_after_s(line, began_s)
    ends.set()
    sender.join(20)
    assert took_s < TIMEOUTS.body_grace_s + TIMEOUTS.discard_s + MARGIN_S
    if path.startswith("/api/v1"):
        assert answer.split()[1] == b"408"
        assert b"Expected the whole body in time" in answer
    assert "Traceback" not in server.log()


@pytest.mark.full
def test_hundreds_of_slow_bodies_of_one_address_keep_out_nobody_else(server, elsewhere, wall_jpeg):
    lines = [trickling(server, "/api/v1/tracks/moods", JSON + b"Content-Length: 99999\r\n") for _ in range(150)]
    ends = threading.Event()
    sender = threading.Thread(target=trickle, args=(lines, ends))
    sender.start()
    for _ in range(5):
        asked_s = time.monotonic()
        assert elsewhere.get(f"{server.url}/api/v1/emotions", timeout=20).status_code == 200
        assert time.monotonic() - asked_s < MARGIN_S
    deadline_s = time.monotonic() + 2 * (TIMEOUTS.body_grace_s + TIMEOUTS.discard_s) + MARGIN_S
    while requests.get(f"{server.url}/api/v1/emotions", timeout=20).status_code == 429:
        assert time.monotonic() < deadline_s
        time.sleep(0.5)
    ends.set()
    sender.join(20)
    for line in lines:
        line.close()


@pytest.mark.full
def test_slow_uploads_of_two_addresses_keep_out_no_photograph(server, elsewhere, wall_jpeg):
    headers = PICTURE + b"Content-Length: 999999\r\n"
    lines = [
        trickling(server, "/api/v1/expressions", headers, PART, address)
        for address in ("127.0.0.2", "127.0.0.3")
        for _ in range(20)
    ]
    time.sleep(1)
    answer = elsewhere.post(f"{server.url}/api/v1/expressions", files={"image": ("a.jpg", wall_jpeg)}, timeout=20)
    assert answer.status_code == 200
    for line in lines:
        line.close()


def test_an_unread_body_is_thrown_away_and_the_connection_goes_on(server):
    with requests.Session() as session:
        for _ in range(3):
            assert session.post(f"{server.url}/nowhere", data=bytes(50_000), timeout=20).status_code == 404
            assert session.post(f"{server.url}/api/v1/tracks/moods", json={"tracks": []}, timeout=20).ok
