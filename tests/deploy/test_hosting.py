"""docs/hosting.md, typed; the systemd units and `make deploy-check`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.external_servers import DEPLOY, program
from tests.support.serving import PROJECT, QUIET, free_port

TEXT = (PROJECT / "docs" / "hosting.md").read_text(encoding="utf-8")
UNITS = sorted(DEPLOY.glob("*.service"))

HARDENING = (
    "DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes", "PrivateTmp=yes", "CapabilityBoundingSet=",
    "MemoryMax=", "SystemCallFilter=@system-service",
)  # fmt: skip


def typed(after: str) -> str:
    """The first block of commands behind ``after``."""
    match = re.search(r"^```\n(.*?)^```$", TEXT[TEXT.index(after) :], re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


@pytest.mark.full  # as is the document typed as a whole
def test_the_commands_without_systemd_start_a_server_that_is_ready(tmp_path):
    program("redis-server")
    program("curl")
    redis_port, port = free_port(), free_port()
    config = (DEPLOY / "redis.conf").read_text(encoding="utf-8").replace("port 6380", f"port {redis_port}")
    config += f"\ndir {tmp_path}\npidfile {tmp_path}/redis.pid\n"
    (tmp_path / "redis.conf").write_text(config, encoding="utf-8")
    commands = typed("without systemd and nginx, in the background")
    changes = {
        "deploy/redis.conf": str(tmp_path / "redis.conf"),
        "6380": str(redis_port),
        ":8000": f":{port}",
        "--daemon\n": f"--daemon --pid {tmp_path}/gunicorn.pid\n",
        ".venv/bin/gunicorn": f"{sys.executable} -m gunicorn",
    }
    for given, ours in changes.items():
        assert given in commands
        commands = commands.replace(given, ours)
    environ = {name: value for name, value in os.environ.items() if name not in QUIET}
    environ |= {"PORT": str(port), "WEB_CONCURRENCY": "1", "PROVIDERS": "catalogue", "INSTANCE_DIR": str(tmp_path)}
    try:
        ended = subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=PROJECT,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert '"redis":true' in ended.stdout.replace(" ", "")
    finally:
        for name in ("gunicorn.pid", "redis.pid"):
            path = tmp_path / name
            if path.exists():
                os.kill(int(path.read_text()), signal.SIGTERM)


def test_every_file_that_is_typed_is_there():
    commands = typed("## On one machine")
    for name in re.findall(r"(?<![\w/.])(?:deploy/[\w.-]+|requirements\.txt)", commands):
        assert (PROJECT / name).exists(), name
    installed = next(line for line in commands.splitlines() if line.startswith("apt-get install")).split()
    assert {"make", "python3-venv", "nodejs", "npm", "redis-server", "nginx", "certbot"} <= set(installed)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_hardened(path):
    text = path.read_text(encoding="utf-8")
    assert [line for line in HARDENING if line not in text] == []


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian: apt-get install systemd)")
    ended = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    complaints = [line for line in ended.stderr.splitlines() if path.name in line and "not executable" not in line]
    assert complaints == []


def test_deploy_check_says_what_is_missing_and_what_to_type():
    ended = subprocess.run(
        [sys.executable, str(DEPLOY / "check.py")],
        env={"PATH": "", "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "missing names in deploy/nginx.conf: write your own at the lines marked CHANGE" in ended.stdout
    assert re.search(r"missing Redis at \S+: systemctl start feelharmonic-redis", ended.stdout)
    assert all(re.match(r"(ok      |missing )\S", line) for line in ended.stdout.splitlines())


def test_deploy_check_passes_where_all_is_there(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("deploy_check", DEPLOY / "check.py")
    assert spec
    assert spec.loader
    check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(check)
    for name in (".venv/bin/gunicorn", "static/vendor/socket.io.esm.min.js", "certificate.pem", "key.pem"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "deploy").mkdir()
    text = (
        f"server_name a.example;\nssl_certificate {tmp_path}/certificate.pem;\nssl_certificate_key {tmp_path}/key.pem;"
    )
    (tmp_path / "deploy/nginx.conf").write_text(text, encoding="utf-8")
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example")
    monkeypatch.setattr(check, "answers", lambda url: True)
    monkeypatch.setattr(check.shutil, "which", lambda name, path: f"/usr/bin/{name}")
    assert [name for name, is_there, _ in check.checks(Path(tmp_path)) if not is_there] == []
