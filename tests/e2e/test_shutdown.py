"""SIGTERM: listeners are told, what is in flight is answered, the process ends by itself; under gunicorn as well."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
import socketio

from tests.support.external_servers import Gunicorn
from tests.support.samples import encode
from tests.support.serving import GUNICORN_MODES, MODES, Server

DEADLINE_S = 20


class Client:
    """A listener who notes what it is told."""

    def __init__(self, url: str):
        self.said: list[str] = []
        self.client = socketio.Client(reconnection=False)
        self.client.on("leaving", lambda *given: self.said.append("leaving"), namespace="/live")
        self.client.on("disconnect", lambda *given: self.said.append("disconnect"), namespace="/live")
        self.client.connect(url, namespaces=["/live"], transports=["websocket"], wait_timeout=20)

    def reads(self, jpeg: bytes) -> bool:
        return bool(self.client.call("frame", (0, jpeg), namespace="/live", timeout=20)["faces"])

    def shows(self, jpeg: bytes) -> list[dict]:
        """Sends a frame without waiting: where its answer will be."""
        answers: list[dict] = []
        self.client.emit("frame", (1, jpeg), namespace="/live", callback=answers.append)
        return answers

    def heard(self, said: list[str]) -> bool:
        return soon(lambda: self.said == said)


def soon(holds) -> bool:
    deadline = time.monotonic() + DEADLINE_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.005)
    return holds()


class Upload:
    """A photograph on its way: its head is sent, and the server has asked for the rest."""

    def __init__(self, url: str, jpeg: bytes):
        boundary = b"a-boundary"
        disposition = b'Content-Disposition: form-data; name="image"; filename="a.jpg"'
        self._body = b"--%b\r\n%b\r\n\r\n%b\r\n--%b--\r\n" % (boundary, disposition, jpeg, boundary)
        host, _, port = url.removeprefix("http://").partition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=DEADLINE_S)
        head = [
            "POST /api/v1/expressions HTTP/1.1",
            f"Host: {host}:{port}",
            f"Content-Type: multipart/form-data; boundary={boundary.decode()}",
            f"Content-Length: {len(self._body)}",
            "Connection: close",
            "Expect: 100-continue",
        ]
        self._socket.sendall("\r\n".join([*head, "", ""]).encode())
        asked = b"HTTP/1.1 100 Continue\r\n\r\n"
        assert self._socket.recv(len(asked), socket.MSG_WAITALL) == asked

    def answer(self) -> tuple[int, dict]:
        """Sends the rest: the answer's status and body."""
        self._socket.sendall(self._body)
        response = http.client.HTTPResponse(self._socket)
        response.begin()
        return response.status, json.loads(response.read())


def assert_work_is_finished(server: Server | Gunicorn, large: np.ndarray) -> None:
    """A SIGTERM comes while frames are read and a photograph arrives: everybody is answered, then the process ends."""
    listeners = [Client(server.url) for _ in range(6)]
    photograph = encode(cv2.resize(large, (3200, 2400)))
    uploads = [Upload(server.url, photograph) for _ in range(2)]
    frames = [listener.shows(encode(large)) for listener in listeners]
    assert soon(lambda: any(frames))  # the others are in work or wait for their turn
    server.process.send_signal(signal.SIGTERM)
    assert all(soon(lambda told=listener: "leaving" in told.said) for listener in listeners)
    for status, answer in [upload.answer() for upload in uploads]:
        assert (status, len(answer["faces"])) == (200, 1)
    for frame in frames:
        assert soon(lambda answers=frame: answers)
        (answer,) = frame
        # Who came after the signal hears when to come again.
        assert len(answer["faces"]) == 1 or answer["problem"]["code"] == "busy"
    assert all(listener.heard(["leaving", "disconnect"]) for listener in listeners)
    assert server.process.wait(30) == 0
    assert "Traceback" not in server.log()


@pytest.fixture(scope="module")
def large_bgr(astronaut_bgr) -> np.ndarray:
    """(960, 1280, 3) uint8: a frame that takes a while."""
    return cv2.resize(astronaut_bgr, (1280, 960), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("mode", MODES)
def test_frames_and_uploads_in_flight_are_answered(tmp_path, mode, large_bgr):
    server = Server(tmp_path, ASYNC_MODE=mode, FRAMES_AT_ONCE="1").start()
    try:
        assert_work_is_finished(server, large_bgr)
    finally:
        server.kill()


#: Becomes the server whose command follows, with a slow provider.
SLOW_PROVIDER = """
import runpy, sys
sys.path.insert(0, sys.argv[2].removesuffix("app.py"))
from feelharmonic.web.serving.server import patch_standard_library
patch_standard_library()
import time
from feelharmonic.music.providers.catalogue import CatalogueProvider
candidates = CatalogueProvider.candidates
def slowly(*given, **named):
    time.sleep(1.5)
    return candidates(*given, **named)
CatalogueProvider.candidates = slowly
runpy.run_path(sys.argv[2], run_name="__main__")
"""


@pytest.mark.full
@pytest.mark.parametrize("mode", MODES)
def test_a_snap_in_flight_is_answered(tmp_path, mode):
    program = tmp_path / "slow.py"
    program.write_text(SLOW_PROVIDER)
    server = Server(tmp_path, ASYNC_MODE=mode, under=(sys.executable, str(program))).start()
    try:
        listener, answers = Client(server.url), []
        listener.client.emit("snap", {"emotion": "sad"}, namespace="/live", callback=answers.append)
        time.sleep(0.5)
        assert not answers
        server.process.send_signal(signal.SIGTERM)
        assert soon(lambda: answers)
        assert len(answers[0]["tracks"]) > 0
        assert listener.heard(["leaving", "disconnect"])
        assert server.process.wait(20) == 0
    finally:
        server.kill()


@pytest.mark.full
@pytest.mark.parametrize("mode", GUNICORN_MODES)
def test_frames_and_uploads_in_flight_are_answered_under_gunicorn(tmp_path, mode, large_bgr):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE=mode, MAX_LISTENERS="20", FRAMES_AT_ONCE="1").start()
    try:
        assert_work_is_finished(gunicorn, large_bgr)
    finally:
        gunicorn.kill()


@pytest.mark.parametrize("mode", MODES)
def test_listeners_are_notified_and_the_process_ends(tmp_path, mode, astronaut_jpeg):
    server = Server(tmp_path, ASYNC_MODE=mode).start()
    try:
        listeners = [Client(server.url) for _ in range(3)]
        assert all(listener.reads(astronaut_jpeg) for listener in listeners)
        server.process.send_signal(signal.SIGTERM)
        assert all(listener.heard(["leaving", "disconnect"]) for listener in listeners)
        assert server.process.wait(20) == 0
    finally:
        server.kill()
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines] == ["Shutting down; 3 clients are notified"]
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("mode", MODES)
def test_an_idle_server_ends_soon(tmp_path, mode):
    server = Server(tmp_path, ASYNC_MODE=mode).start()
    try:
        waiting = socket.create_connection(("127.0.0.1", server.port))  # as a browser's connection for its next request
        time.sleep(3)  # nothing is left to do: the event loop sleeps until its next timer
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(5) == 0
        waiting.close()
    finally:
        server.kill()


@pytest.mark.full
@pytest.mark.parametrize("mode", GUNICORN_MODES)
def test_listeners_of_every_gunicorn_worker_are_notified(tmp_path, mode, astronaut_jpeg):
    gunicorn = Gunicorn(tmp_path, workers=2, ASYNC_MODE=mode, MAX_LISTENERS="20").start()
    try:
        listeners = [Client(gunicorn.url) for _ in range(6)]
        assert all(listener.reads(astronaut_jpeg) for listener in listeners)
        gunicorn.process.send_signal(signal.SIGTERM)
        assert all(listener.heard(["leaving", "disconnect"]) for listener in listeners)
        assert gunicorn.process.wait(30) == 0
    finally:
        gunicorn.kill()
    assert "Traceback" not in gunicorn.log()
    assert all(json.loads(line) for line in gunicorn.log().splitlines() if line.startswith("{"))


def test_gunicorn_refuses_eventlet_and_names_the_alternatives(tmp_path):
    gunicorn = Gunicorn(tmp_path, workers=1, ASYNC_MODE="eventlet")
    command, environ = gunicorn.command(), gunicorn.environ()
    ended = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode != 0
    assert "Use gevent or threading." in ended.stderr
