"""One address that opens as many WebSockets as it can leaves room for everybody else."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests
import websocket

from tests.support.raw_websocket import DEADLINE_S
from tests.support.serving import MODES, Server

ATTACKER, VISITOR = "127.0.0.2", "127.0.0.1"


@contextlib.contextmanager
def sockets(server: Server, address: str, count: int) -> Iterator[list[websocket.WebSocket]]:
    """At most ``count`` WebSockets from ``address``, all joined, as many as the server takes."""
    opened = []
    try:
        for _ in range(count):
            with contextlib.suppress(websocket.WebSocketBadStatusException):
                opened.append(joined(server, address))
        yield opened
    finally:
        for one in opened:
            one.sock.close()


def joined(server: Server, address: str) -> websocket.WebSocket:
    line = socket.create_connection(("127.0.0.1", server.port), DEADLINE_S, source_address=(address, 0))
    url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
    one = websocket.create_connection(url, timeout=DEADLINE_S, socket=line)
    one.send("40/live,")
    until(one, "40/live,")
    return one


def until(one: websocket.WebSocket, beginning: str) -> str:
    while not (text := one.recv()).startswith(beginning):
        assert text, "the server closed the connection"
        if text == "2":
            one.send("3")
    return text


def ask(one: websocket.WebSocket, event: str, value: object) -> dict:
    one.send(f"42/live,7{json.dumps([event, value])}")
    return json.loads(until(one, "43/live,7")[len("43/live,7") :])[0]


@pytest.mark.parametrize("mode", MODES)
def test_an_address_gets_its_share_of_connections_and_places(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode, MAX_LISTENERS="20", SHARE_PER_ADDRESS="25").start()
    try:
        with sockets(server, ATTACKER, 30) as held:
            codes = [ask(one, "goal", {"goal": "lift"})["problem"] for one in held]
            assert sum(problem is None for problem in codes) == 5
            assert {problem["code"] for problem in codes if problem} <= {"full"}
            with sockets(server, VISITOR, 3) as others:
                assert len(others) == 3
                assert all(ask(one, "goal", {"goal": "lift"})["ok"] for one in others)
                assert requests.get(f"{server.url}/readyz", timeout=5).ok
    finally:
        server.kill()


def test_an_address_gets_its_share_of_connections_that_say_nothing(tmp_path):
    """Before a request is read: under gevent, without a proxy in front."""
    server = Server(tmp_path, MAX_LISTENERS="20", SHARE_PER_ADDRESS="25", REQUESTS_PER_ADDRESS="20").start()
    lines = []
    try:
        for _ in range(320):
            lines.append(socket.create_connection(("127.0.0.1", server.port), 20, source_address=(ATTACKER, 0)))
        assert requests.get(f"{server.url}/healthz", timeout=20).ok
        deadline_s = time.monotonic() + 20
        closed = 0
        while closed < 320 - 286 and time.monotonic() < deadline_s:
            time.sleep(0.2)
            closed = sum(has_ended(line) for line in lines)
        assert closed == 320 - 286  # a quarter of 1,064, and 20
    finally:
        for line in lines:
            line.close()
        server.kill()


def has_ended(line: socket.socket) -> bool:
    line.settimeout(0.0)
    try:
        return line.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
