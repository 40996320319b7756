"""The command `camera`, and its old name `watch`. tests/e2e/test_server_camera.py runs it for real."""

from __future__ import annotations

import importlib

import pytest
from flask import Flask

from feelharmonic import cli
from feelharmonic.cli.camera import is_loopback


class Reader:
    """Stands in for CameraReader: tells what it was made with and whether it runs."""

    def __init__(self, networks: object, source: str, **options: object):
        self.source, self.options, self.calls = source, options, []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self) -> None:
        self.calls.append("stop")


class Server:
    server_port = 4711

    def serve_forever(self) -> None:
        raise KeyboardInterrupt


@pytest.fixture
def shown() -> list[object]:
    return []


@pytest.fixture
def run(monkeypatch, shown):
    module = importlib.import_module("feelharmonic.cli.camera")  # by name it is the command
    monkeypatch.setattr(module, "CameraReader", Reader)
    monkeypatch.setattr(module, "load_networks", lambda: None)
    monkeypatch.setattr(module, "make_server", lambda *args, **options: Server())
    app = Flask("feelharmonic")
    cli.bind(app, shown.append)
    return lambda *words: app.test_cli_runner().invoke(args=list(words))


@pytest.mark.parametrize("name", ["camera", "watch"])
def test_the_camera_is_shown_while_the_server_runs_and_stopped_with_it(run, shown, name):
    result = run(name, "--source", "0", "--rate", "2", "--group", "--once")
    assert result.exit_code == 0, result.output
    (reader,) = shown
    assert (reader.source, reader.options) == ("0", {"rate_hz": 2.0, "group": True, "once": True})
    assert reader.calls == ["start", "stop"]
    assert "Watching 0 at http://127.0.0.1:4711/watch" in result.output


def test_the_old_name_says_the_new_one(run):
    note = "`watch` is now called `camera`"
    assert note in run("watch", "--source", "0").output
    assert note not in run("camera", "--source", "0").output


def test_the_help_names_the_new_command_alone(run):
    listed = {line.split()[0] for line in run("--help").output.splitlines() if line.startswith("  ") and line.split()}
    assert "camera" in listed
    assert "watch" not in listed


@pytest.mark.parametrize(("host", "warns"), [("127.0.0.1", False), ("0.0.0.0", True), ("::1", False)])
def test_an_address_that_others_reach_is_warned_of(run, host, warns):
    result = run("camera", "--source", "0", "--host", host)
    assert (f"anybody who reaches {host} sees this camera" in result.output) == warns


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("192.168.1.2", False), ("example.org", False)],
)
def test_loopback_addresses(host, expected):
    assert is_loopback(host) == expected


def test_a_source_file_that_does_not_exist_is_said_at_once(run, shown, tmp_path):
    result = run("camera", "--source", str(tmp_path / "none.mp4"))
    assert result.exit_code == 2
    assert "There is no file" in result.output
    assert shown == []
