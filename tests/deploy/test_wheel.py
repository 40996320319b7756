"""The wheel: built from the project, installed into an empty environment or run by pipx, it serves the page and reads
a picture."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import venv
import zipfile
from pathlib import Path

import pytest
import requests

from feelharmonic.music.catalogue.database import DATABASE_NAME
from feelharmonic.music.catalogue.starter import STARTER_PATH
from tests.support.serving import PROJECT, QUIET, free_port

pytestmark = pytest.mark.full

INSTALL_S = 400
COMMAND_S = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def program(wheel, tmp_path_factory) -> Path:
    """The command `feelharmonic` of an environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    command = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel]
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S)
    assert done.returncode == 0, done.stderr
    return folder / "bin" / "feelharmonic"


@pytest.fixture(scope="module")
def pipx(tmp_path_factory) -> list[str]:
    """The command `pipx`: this machine's, else one of an environment of its own."""
    if found := shutil.which("pipx"):
        return [found]
    folder = tmp_path_factory.mktemp("pipx")
    venv.create(folder, with_pip=True)
    install = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pipx"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=INSTALL_S)
    assert done.returncode == 0, done.stderr
    return [str(folder / "bin" / "python"), "-m", "pipx"]


@pytest.fixture
def environ(tmp_path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in QUIET and name != "PYTHONPATH"}
    return {**kept, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data"), "PROVIDERS": "catalogue"}


def test_it_holds_the_page_and_no_module_called_app(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {"feelharmonic/files/templates/index.html", "feelharmonic/files/emotion_params.json"} <= set(names)
    assert {"feelharmonic/files/static/vendor/socket.io.esm.min.js", "feelharmonic/py.typed"} <= set(names)
    tops = {name.split("/")[0] for name in names if not name.startswith("feelharmonic-")}
    assert tops == {"feelharmonic", "spotifyaccess.py"}


@pytest.mark.timeout(INSTALL_S + COMMAND_S)
def test_installed_it_serves_the_page_and_keeps_its_data_where_the_users_data_belong(program, environ, tmp_path):
    port = free_port()
    process = subprocess.Popen([program, "serve"], cwd=tmp_path, env={**environ, "PORT": str(port)})
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/healthz")
        page = requests.get(f"http://127.0.0.1:{port}/", timeout=10)
        assert page.status_code == 200
        script = requests.get(f"http://127.0.0.1:{port}/static/vendor/socket.io.esm.min.js", timeout=10)
        assert script.status_code == 200
        assert (tmp_path / "data" / "feelharmonic" / "secret_key").is_file()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(COMMAND_S) == 0


@pytest.mark.timeout(INSTALL_S + COMMAND_S)
def test_installed_it_reads_a_picture(program, environ, tmp_path, astronaut_jpeg):
    (tmp_path / "face.jpg").write_bytes(astronaut_jpeg)
    done = subprocess.run(
        [program, "read", "face.jpg"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=COMMAND_S
    )
    assert done.returncode == 0, done.stderr
    assert "face.jpg" in done.stdout.splitlines()[1]


@pytest.mark.timeout(2 * INSTALL_S + COMMAND_S)
def test_pipx_run_reads_a_picture_and_leaves_the_users_data_alone(pipx, wheel, environ, tmp_path, astronaut_jpeg):
    """`pipx run` makes an environment that it may remove: data kept inside would vanish with it."""
    (tmp_path / "face.jpg").write_bytes(astronaut_jpeg)
    shutil.copy(STARTER_PATH, tmp_path / "tracks.csv")
    environ = {**environ, "PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin")}

    def run(*words: str) -> str:
        command = [*pipx, "run", "--python", sys.executable, "--spec", str(wheel), "feelharmonic", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=INSTALL_S)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "face.jpg" in run("read", "face.jpg").splitlines()[1]
    run("catalogue", "import", "tracks.csv")
    assert (tmp_path / "data" / "feelharmonic" / DATABASE_NAME).is_file()


def wait_until_it_answers(url: str) -> None:
    """Raises AssertionError after COMMAND_S seconds without an answer."""
    deadline_s = time.monotonic() + COMMAND_S
    while time.monotonic() < deadline_s:
        try:
            requests.get(url, timeout=2).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {COMMAND_S} s")
