"""Incomplete uploads: a limited number is received at once, further ones get 503 with a wait, and whoever disconnects
frees a place."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest
import requests

from feelharmonic.web.api.uploads import MAX_ADDRESS_BYTES, MAX_UPLOADS_EACH, UPLOADS_RETRY_S
from tests.support.serving import MODES, Server, needs_proc

HEAD = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
LENGTH = 9_900_000


@pytest.fixture(params=MODES)
def async_mode(request):
    return request.param


@pytest.fixture
def server(async_mode, tmp_path):
    running = Server(tmp_path, ASYNC_MODE=async_mode).start()
    yield running
    running.kill()


def held_back(server: Server) -> socket.socket:
    """A connection whose upload lacks its last byte."""
    line = socket.create_connection(("127.0.0.1", server.port), 20)
    about = f"Host: 127.0.0.1\r\nContent-Length: {LENGTH}\r\nContent-Type: multipart/form-data; boundary=edge\r\n\r\n"
    with contextlib.suppress(OSError):  # sent back meanwhile
        line.sendall(b"POST /api/v1/expressions HTTP/1.1\r\n" + about.encode())
        line.sendall(HEAD + b"\xff" * (LENGTH - len(HEAD) - 1))
    return line


def upload(server: Server, picture: bytes) -> requests.Response:
    return requests.post(f"{server.url}/api/v1/expressions", files={"image": ("a.jpg", picture)}, timeout=20)


@needs_proc
def test_incomplete_uploads_take_bounded_memory(server, wall_jpeg):
    assert upload(server, wall_jpeg).status_code == 200
    before_mb = server.resident_mb()
    lines = [held_back(server) for _ in range(6 * MAX_UPLOADS_EACH)]
    answer = upload(server, bytes(LENGTH // 2))
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert UPLOADS_RETRY_S <= int(answer.headers["Retry-After"]) <= 60
    assert server.resident_mb() - before_mb < 1.5 * MAX_ADDRESS_BYTES / 1e6 + 60
    assert requests.get(f"{server.url}/healthz", timeout=20).ok
    for line in lines:
        line.close()
    deadline = time.monotonic() + 20
    while upload(server, wall_jpeg).status_code != 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "Traceback" not in server.log()
