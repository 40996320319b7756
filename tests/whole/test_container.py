"""The container file: what it copies is there, nobody gets rights; and the server runs as one who may write nothing."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rawwire import RawListener
from services import DEPLOY, Gunicorn
from serving import PROJECT

NOBODY = 65534


def instructions() -> list[tuple[str, str]]:
    """The container file's (instruction, rest) pairs, continued lines joined."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def test_what_is_copied_is_there_and_not_ignored():
    kept = {line[1:] for line in (PROJECT / ".containerignore").read_text().splitlines() if line.startswith("!")}
    for rest in (rest for name, rest in instructions() if name == "COPY" and "--from" not in rest):
        *sources, _ = shlex.split(rest)
        for source in sources:
            assert (PROJECT / source).exists(), source
            assert any(source == one or source.startswith(f"{one}/") for one in kept), source


def test_the_image_runs_as_somebody_without_rights_and_holds_no_secret():
    named = dict(instructions())
    assert named["USER"] == "10001"
    names = [name for name, _ in instructions()]
    assert names.index("USER") < names.index("CMD")
    given = [rest for name, rest in instructions() if name in ("ENV", "ARG")]
    assert not any(word in rest for rest in given for word in ("SECRET", "KEY"))


def test_composed_services_are_read_only_without_rights_and_reached_from_this_machine_alone():
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for service in composed.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert composed["feelharmonic"]["ports"] == ["127.0.0.1:8000:8000"]
    assert "ports" not in composed["redis"]
    assert composed["feelharmonic"]["environment"]["SECRET_KEY"].startswith("${SECRET_KEY:?")


AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
AS_NOBODY += ["--no-new-privs", "--bounding-set=-all"]


class Unprivileged(Gunicorn):
    """As the container runs it: nobody's process, whose project belongs to somebody else."""

    def __init__(self, folder: Path, project: Path, **settings: str):
        super().__init__(folder, workers=2, **settings)
        self._project = project

    def command(self) -> list[str]:
        config = str(self._project / "deploy" / "gunicorn.conf.py")
        return [*AS_NOBODY, sys.executable, "-B", "-m", "gunicorn", "--config", config]


def files_of(folder: Path) -> dict[str, tuple[int, float]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime) for path in folder.rglob("*")}


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root may become nobody (by util-linux' setpriv)",
)
def test_it_serves_as_nobody_from_a_project_that_it_cannot_write(tmp_path_factory, astronaut_jpeg):
    probe = [*AS_NOBODY, sys.executable, "-B", "-c", "import sys, flask, gunicorn; print(sys.version)"]
    told = subprocess.run(probe, capture_output=True, text=True, check=False)
    if told.stdout.strip() != sys.version:
        pytest.skip(f"nobody may not run this Python here: {(told.stderr or told.stdout).strip()[-100:]}")
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
    server = Unprivileged(folder, project, SECRET_KEY="x" * 40, TMPDIR=str(own), HOME="/nonexistent").start()
    try:
        listener = RawListener(server.url)
        assert listener.ask(0, astronaut_jpeg)["faces"]
        listener.vanish()
        for worker in server.workers():
            status = Path(f"/proc/{worker}/status").read_text()
            assert f"Uid:\t{NOBODY}\t{NOBODY}" in status
            assert "CapEff:\t0000000000000000" in status
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.port)) == 0
    finally:
        server.stop()
    assert files_of(project) == before
    assert "Traceback" not in server.log()
