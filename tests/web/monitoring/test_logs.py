"""The log: JSON lines with what failed and where, and nothing that a client sent."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys

import requests

from feelharmonic.app import create_app
from feelharmonic.errors import SetupFault
from feelharmonic.web.monitoring import logs
from tests.support.raw_websocket import RawListener
from tests.support.serving import PROJECT, Server


def logged(act) -> dict:
    """The line that ``act`` writes to a logger of ours."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    log = logging.getLogger("feelharmonic.test")
    log.propagate, log.handlers = False, [handler]
    log.setLevel(logging.INFO)
    act(log)
    (line,) = stream.getvalue().splitlines()
    return json.loads(line)


def test_a_line_has_time_logger_and_message():
    line = logged(lambda log: log.info("%d listeners are told", 3))
    assert set(line) == {"time", "level", "logger", "process", "message"}
    assert (line["level"], line["logger"], line["message"]) == ("info", "feelharmonic.test", "3 listeners are told")
    assert line["time"].endswith("+00:00")


def test_an_exception_is_logged_without_its_text():
    def act(log: logging.Logger) -> None:
        try:
            raise ValueError("Jane Doe, 192.0.2.1, her song")
        except ValueError:
            log.exception("snap failed")

    line = logged(act)
    assert line["fault"] == "ValueError"
    assert line["where"][-1].startswith("test_logs.py:")
    assert "Jane" not in json.dumps(line)
    assert "192.0.2.1" not in json.dumps(line)


def test_a_setup_fault_is_logged_with_its_text():
    def act(log: logging.Logger) -> None:
        try:
            raise SetupFault(["PORT: expected a whole number."])
        except SetupFault:
            log.exception("Exception in worker process")

    assert "PORT: expected a whole number." in logged(act)["text"]


def test_gunicorns_lines_with_addresses_are_dropped():
    def record(message: str) -> logging.LogRecord:
        return logging.LogRecord("gunicorn.error", logging.WARNING, "", 0, message, (), None)

    assert not logs.has_no_address(record("Invalid request from ip=192.0.2.1: nonsense"))
    assert logs.has_no_address(record("Booting worker with pid: 7"))


def test_no_name_of_an_uploaded_file_is_logged(caplog, astronaut_jpeg):
    client = create_app().test_client()
    client.post("/api/v1/expressions", data={"image": (io.BytesIO(astronaut_jpeg[:2000]), "secret-name.jpg")})
    assert "secret-name" not in caplog.text


def test_every_line_of_a_servers_log_is_json(tmp_path, astronaut_jpeg):
    """Broken pictures and broken packets: OpenCV, Engine.IO and python-socketio have something to say about them."""
    server = Server(tmp_path).start()
    try:
        for broken in (astronaut_jpeg[:3000], b"\x89PNG\r\n\x1a\n" + bytes(100), b"RIFF0000WEBP"):
            url = f"{server.url}/api/v1/expressions"
            requests.post(url, files={"image": ("a.jpg", broken)}, timeout=20)
        for packet in ("40/elsewhere,", "42/live,[", "4" + "[" * 1000):
            RawListener(server.url).socket.send(packet)
        with server.listener() as listener:
            assert listener.call("goal", {"goal": "match"})["ok"]
    finally:
        server.stop()
    lines = [line for line in server.log().splitlines() if not line.startswith("Feelharmonic is at")]
    for line in lines:
        json.loads(line)


def test_python_socketio_logs_by_our_handler():
    """With a level of its own it adds none."""
    program = (
        "from feelharmonic.web.monitoring import logs; logs.set_up(); "
        "from feelharmonic.app import create_app; create_app(); "
        "import logging; print(logging.getLogger('socketio.server').handlers)"
    )
    told = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
