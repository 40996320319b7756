"""Starting: every setup fault is printed before the port opens, with exit status 2."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings
from feelharmonic.web.services import Services
from feelharmonic.web.serving.capacity import raise_file_limit
from feelharmonic.web.serving.server import VENDOR, VENDOR_FILES, check_vendor, serve
from feelharmonic.web.serving.timeouts import Timeouts
from tests.support.serving import MODES, QUIET, Server


@pytest.fixture
def copy(project, tmp_path) -> Path:
    """The program in a folder of its own, to be broken."""
    for name in ("app.py", "spotifyaccess.py", "emotion_params.json"):
        if (project / name).is_file():
            shutil.copy(project / name, tmp_path)
    for name in ("feelharmonic", "templates", "static"):
        shutil.copytree(project / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def start(folder: Path, **environ: str) -> subprocess.CompletedProcess:
    clean = {name: value for name, value in os.environ.items() if name not in QUIET}
    return subprocess.run(
        [sys.executable, "app.py"], cwd=folder, env={**clean, **environ}, capture_output=True, text=True, timeout=60
    )


def faults(done: subprocess.CompletedProcess) -> list[str]:
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "Feelharmonic is at" not in done.stdout
    lines = done.stderr.splitlines()
    assert "Feelharmonic cannot start:" in lines
    return [line.removeprefix("  - ") for line in lines if line.startswith("  - ")]


def test_setup_faults_of_all_kinds_are_named_together(copy):
    (copy / "emotion_params.json").unlink()
    (copy / "feelharmonic" / "reading" / "weights" / "expression.onnx").unlink()
    found = faults(start(copy, PORT="eighty"))
    assert len(found) == 3
    assert found[0].startswith("PORT: expected a whole number")
    assert found[1].startswith("emotion_params.json: cannot be read")
    assert found[2].startswith("expression.onnx: ")


@pytest.mark.parametrize("damage", [b"", b"not a model", None])
def test_a_damaged_network_is_named(copy, damage):
    path = copy / "feelharmonic" / "reading" / "weights" / "expression.onnx"
    path.write_bytes(path.read_bytes()[:10_000] if damage is None else damage)
    (fault,) = faults(start(copy))
    assert fault.startswith("expression.onnx: ")


def test_a_damaged_params_file_is_named(copy):
    (copy / "emotion_params.json").write_text('{"version": 1}')
    found = faults(start(copy))
    assert "emotion_params.json: emotions: is missing." in found


def test_missing_browser_libraries_name_the_command_that_fetches_them(copy):
    shutil.rmtree(copy / "static" / "vendor", ignore_errors=True)
    (fault,) = faults(start(copy))
    assert "Run `make vendor`" in fault


@pytest.mark.parametrize("name", VENDOR_FILES)
def test_each_missing_browser_library_is_named(tmp_path, name):
    (tmp_path / VENDOR).mkdir(parents=True)
    for other in VENDOR_FILES:
        if other != name:
            (tmp_path / VENDOR / other).touch()
    with pytest.raises(SetupFault) as caught:
        check_vendor(tmp_path)
    assert caught.value.faults == (f"Missing: {VENDOR / name}. Run `make vendor` (or `npm run vendor`).",)


@pytest.mark.parametrize(
    ("limits", "listeners", "set_to"),
    [
        ((1024, 8192), 2000, 5024),
        ((1024, 2500), 2000, 2500),
        ((1024, -1), 5000, 11_024),
        ((20_000, 20_000), 2000, None),
    ],
)
def test_the_limit_on_open_files_is_raised(monkeypatch, limits, listeners, set_to):
    resource = pytest.importorskip("resource")
    asked = []
    monkeypatch.setattr(resource, "getrlimit", lambda which: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda which, pair: asked.append(pair))
    raise_file_limit(listeners)
    assert asked == ([] if set_to is None else [(set_to, limits[1])])


def test_a_hard_limit_on_open_files_below_max_listeners_is_named(monkeypatch):
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 1024))
    with pytest.raises(SetupFault, match="MAX_LISTENERS: 2000 listeners need 2064 open files, the system allows 1024"):
        raise_file_limit(2000)


class ServingStandIn:
    """Takes the options that it is served with, and ends at once."""

    stop = None

    def run(self, app, **options):
        self.options = options


@pytest.mark.parametrize(("mode", "most"), [("eventlet", 2 * 5000 + 1024), ("gevent", None)])
def test_eventlets_connection_limit_has_room_for_all_listeners(mode, most, monkeypatch):
    # This process is pytest's.
    monkeypatch.setattr(
        f"feelharmonic.web.serving.async_modes.async_{mode}.Mode.install_signal_handlers", lambda *args: None
    )
    app = Flask("nothing")
    app.extensions["socketio"] = ServingStandIn()
    Services.of(app).drain = SimpleNamespace(run=None)
    serve(app, Settings(async_mode=mode, max_listeners=5000), Timeouts())
    assert app.extensions["socketio"].options.get("max_size") == most


def test_a_taken_port_suggests_another(project):
    if not (project / "static" / "vendor").is_dir():
        pytest.skip("static/vendor is not there: run `make vendor`")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (fault,) = faults(start(project, PORT=str(port)))
    assert f"`make run PORT={port + 1}`" in fault


def test_a_start_prints_the_address_and_sigterm_ends_it(tmp_path):
    server = Server(tmp_path).start()
    server.stop()
    assert f"Feelharmonic is at {server.url}" in server.log()
    assert "Traceback" not in server.log()


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_ends_it_without_an_error(tmp_path, mode):
    # Shells start background programs with SIGINT ignored, which a child inherits.
    heeding = (
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    )
    server = Server(tmp_path, under=(sys.executable, "-c", heeding), ASYNC_MODE=mode).start()
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=20) == 0
    assert server.log().strip() == f"Feelharmonic is at {server.url} (Ctrl+C stops it)"
