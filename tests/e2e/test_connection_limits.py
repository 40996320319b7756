"""Who may open a WebSocket on a real server, and that HTTP is answered when all are taken."""

from __future__ import annotations

import time

import pytest
import requests
import websocket

from feelharmonic.web.serving import load_async_mode
from feelharmonic.web.serving.capacity import RESERVED_FOR_HTTP
from tests.support.external_servers import Gunicorn
from tests.support.raw_websocket import RawListener, is_accepted, open_websocket
from tests.support.serving import MODES, Server

FOREIGN, FRIEND = "https://elsewhere.example", "https://friend.example"
DEADLINE_S = 60


def test_a_websocket_is_for_own_and_allowed_origins(tmp_path):
    server = Server(tmp_path, ALLOWED_ORIGINS=FRIEND).start()
    try:
        assert is_accepted(server.url, server.url)
        assert is_accepted(server.url, FRIEND)
        assert not is_accepted(server.url, FOREIGN)
    finally:
        server.stop()


@pytest.mark.parametrize("mode", MODES)
def test_a_foreign_host_opens_no_websocket(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode).start()
    evil = f"http://evil.example:{server.port}"
    try:
        assert is_accepted(server.url, server.url)
        assert not is_accepted(server.url, evil, host=f"evil.example:{server.port}")
        assert not is_accepted(server.url, evil, header={"X-Forwarded-Host": f"evil.example:{server.port}"})
    finally:
        server.stop()


def max_websockets() -> int:
    """With one place, where each connection is a thread."""
    return load_async_mode("threading").max_connections(1) - RESERVED_FOR_HTTP


@pytest.mark.parametrize("mode", MODES)
def test_http_is_answered_when_all_websockets_are_open(tmp_path, mode):
    """One place: twice as many WebSockets, and the spare ones."""
    most = max_websockets()
    server = Server(tmp_path, ASYNC_MODE=mode, MAX_LISTENERS="1").start()
    websockets = []
    try:
        websockets = [open_websocket(server.url) for _ in range(most)]
        if mode == "threading":
            with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
                open_websocket(server.url)
        else:
            websockets.append(open_websocket(server.url))  # where a WebSocket is no thread there is room for more
        assert requests.get(f"{server.url}/healthz", timeout=10).status_code == 200
    finally:
        for one in websockets:
            one.sock.close()
        server.kill()


@pytest.mark.full
def test_gunicorn_answers_http_when_all_websockets_are_open(tmp_path):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE="threading", MAX_LISTENERS="1").start()
    websockets = []
    try:
        websockets = [RawListener(gunicorn.url) for _ in range(max_websockets())]
        with pytest.raises(websocket.WebSocketBadStatusException, match="503"):
            open_websocket(gunicorn.url)
        assert requests.get(f"{gunicorn.url}/healthz", timeout=10).status_code == 200
        websockets.pop().vanish()
        deadline = time.monotonic() + DEADLINE_S
        while not is_accepted(gunicorn.url, gunicorn.url):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        for one in websockets:
            one.vanish()
        gunicorn.kill()
