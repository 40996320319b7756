"""Malformed requests and TLS handshakes that never happen: a clear answer or a closed connection, everybody else is
served meanwhile, and no client's address is logged."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time

import pytest
import requests

from tests.support.external_servers import Gunicorn
from tests.support.serving import GUNICORN_MODES, MODES, SHORT_TIMEOUTS, Server

KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
VERSION = b"Sec-WebSocket-Version: 13\r\n"
UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
WEBSOCKET = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
HTTP = b" HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n"

#: What no browser sends.
MALFORMED = {
    "no request": b"GARBAGE\r\n\r\n",
    "no address": b"GET http://[" + HTTP + b"\r\n",
    "no version": b"GET / HTTP/9.x\r\nHost: localhost\r\n\r\n",
    "another protocol": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no length": b"POST /api/v1/moods" + HTTP + b"Content-Length: abc\r\n\r\n",
    "a length below nothing": b"POST /api/v1/moods" + HTTP + b"Content-Length: -5\r\n\r\n",
    "broken chunks": b"POST /api/v1/moods" + HTTP + b"Content-Type: application/json\r\n" + CHUNKED,
    "a picture in broken chunks": b"POST /api/v1/expressions"
    + HTTP
    + b"Content-Type: multipart/form-data; boundary=x\r\n"
    + CHUNKED,
    "many headers": b"GET /" + HTTP + b"".join(b"X%d: a\r\n" % i for i in range(300)) + b"\r\n",
    "a long header": b"GET /" + HTTP + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
    "a long address": b"GET /" + b"a" * 100_000 + HTTP + b"\r\n",
    "a websocket without a key": WEBSOCKET + UPGRADE + VERSION + b"\r\n",
    "a websocket with half a key": WEBSOCKET + UPGRADE + VERSION + b"Sec-WebSocket-Key: x\r\n\r\n",
    "a websocket without a version": WEBSOCKET + UPGRADE + KEY + b"\r\n",
    "a websocket of another version": WEBSOCKET + UPGRADE + KEY + b"Sec-WebSocket-Version: 7\r\n\r\n",
    "a websocket without an upgrade": WEBSOCKET + KEY + VERSION + b"\r\n",
    "a posted websocket": WEBSOCKET.replace(b"GET", b"POST") + UPGRADE + KEY + VERSION + b"Content-Length: 0\r\n\r\n",
    "a websocket's options": WEBSOCKET.replace(b"GET", b"OPTIONS") + b"\r\n",
}


def asked(server: Server | Gunicorn, request: bytes) -> bytes:
    """What comes back: the answer's head, or all until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), 20) as line:
        came = b""
        with contextlib.suppress(ConnectionError):  # hung up on us while we were sending
            line.sendall(request)
            while b"\r\n\r\n" not in came and (part := line.recv(65536)):
                came += part
        return came


def assert_is_ours(log: str) -> None:
    """Each line is structured, and none tells who asked."""
    for line in log.splitlines():
        if line.strip():
            assert line.startswith("{"), log
            assert json.loads(line)["level"]
    assert "127.0.0.1" not in log
    assert "GARBAGE" not in log


def test_malformed_requests_get_400_and_no_address_is_logged(server):
    started = len(server.log())
    for name, request in MALFORMED.items():
        answer = asked(server, request)
        if "websocket" in name:
            assert answer.startswith(b"HTTP/1.1 400"), name
            assert b"Content-Security-Policy: default-src 'self'" in answer, name
        elif answer.startswith(b"HTTP"):  # some servers answer as HTTP 0.9 did, or close the connection
            assert answer.split(b" ", 2)[1].startswith(b"4"), name
        assert requests.get(f"{server.url}/healthz", timeout=20).ok, name
    assert_is_ours(server.log()[started:])


@pytest.mark.full
@pytest.mark.parametrize("mode", GUNICORN_MODES)
def test_behind_gunicorn_a_broken_body_gets_400(tmp_path, mode):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE=mode, MAX_LISTENERS="20").start()
    try:
        for name in ("broken chunks", "a picture in broken chunks"):
            came = asked(gunicorn, MALFORMED[name])
            assert came.startswith(b"HTTP/1.1 400"), came
        assert '"level": "error"' not in gunicorn.log()
    finally:
        gunicorn.kill()


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
def test_silent_tls_clients_hold_up_nobody(tmp_path, mode):
    server = Server(tmp_path, timeouts=SHORT_TIMEOUTS, HTTPS="1", ASYNC_MODE=mode)
    server.url = f"https://127.0.0.1:{server.port}"
    server.start()
    try:
        started = len(server.log())
        silent = [socket.create_connection(("127.0.0.1", server.port), 20) for _ in range(3)]
        with socket.create_connection(("127.0.0.1", server.port), 20) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with socket.create_connection(("127.0.0.1", server.port), 20) as line, pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(line, server_hostname="localhost")
        for _ in range(3):
            assert requests.get(f"{server.url}/healthz", timeout=20, verify=False).ok
        deadline = time.monotonic() + SHORT_TIMEOUTS.silence_s + 20
        for line in silent:
            line.settimeout(max(deadline - time.monotonic(), 0.1))
            assert line.recv(1) == b""
            line.close()
        assert_is_ours(server.log()[started:])
    finally:
        server.kill()
