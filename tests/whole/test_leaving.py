"""SIGTERM: listeners are told, what is read is finished, the process ends by itself; and gunicorn's other worker."""

from __future__ import annotations

import json
import signal
import subprocess
import time

import pytest
import socketio
from services import Gunicorn
from serving import Server

from feelharmonic.settings import ASYNC_MODES


class Told:
    """A listener who notes what it is told."""

    def __init__(self, url: str):
        self.said: list[str] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on("leaving", lambda *given: self.said.append("leaving"), namespace="/live")
        self.client.on("disconnect", lambda *given: self.said.append("disconnect"), namespace="/live")
        self.client.connect(url, namespaces=["/live"], transports=["websocket"], wait_timeout=20)

    def reads(self, jpeg: bytes) -> bool:
        return bool(self.client.call("frame", (0, jpeg), namespace="/live", timeout=20)["faces"])

    def heard(self, said: list[str]) -> bool:
        deadline = time.monotonic() + 20
        while self.said != said and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.said == said


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_listeners_are_told_and_the_server_ends_by_itself(tmp_path, mode, astronaut_jpeg):
    server = Server(tmp_path, ASYNC_MODE=mode).start()
    try:
        listeners = [Told(server.url) for _ in range(3)]
        assert all(listener.reads(astronaut_jpeg) for listener in listeners)
        server.process.send_signal(signal.SIGTERM)
        assert all(listener.heard(["leaving", "disconnect"]) for listener in listeners)
        assert server.process.wait(20) == 0
    finally:
        server.kill()
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines] == ["The server ends; 3 listeners are told"]
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("mode", ["gevent", "threading"])
def test_gunicorns_workers_serve_and_take_their_leave(tmp_path, mode, astronaut_jpeg):
    gunicorn = Gunicorn(tmp_path, workers=2, ASYNC_MODE=mode, MAX_LISTENERS="20").start()
    try:
        listeners = [Told(gunicorn.url) for _ in range(6)]
        assert all(listener.reads(astronaut_jpeg) for listener in listeners)
        gunicorn.process.send_signal(signal.SIGTERM)
        assert all(listener.heard(["leaving", "disconnect"]) for listener in listeners)
        assert gunicorn.process.wait(30) == 0
    finally:
        gunicorn.kill()
    assert "Traceback" not in gunicorn.log()
    assert all(json.loads(line) for line in gunicorn.log().splitlines() if line.startswith("{"))


def test_under_gunicorn_eventlet_is_refused_with_the_way_out(tmp_path):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE="eventlet")
    command, environ = gunicorn.command(), gunicorn.environ()
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "Use gevent or threading." in ended.stderr
