"""docs/hosting.md, "On one machine", typed from top to bottom, and the server asked by https at the end.

`stand_ins.py` stands in for what a test must not do: installing packages, a certificate authority, systemd. All else is
run: the files are copied and linked where the document says, Redis, gunicorn and nginx start with them, and
`make deploy-check` has to pass.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from contextlib import suppress

import pytest
import requests

from tests.deploy.test_hosting import typed
from tests.support.external_servers import program
from tests.support.serving import PROJECT, free_port

pytestmark = pytest.mark.full

NAME = "typed.example"
STAND_INS = ("apt-get", "git", "python3", "make", "certbot", "systemctl")
DEADLINE_S = 60


@pytest.fixture
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("feelharmonic-redis", "feelharmonic", "nginx", "http")}


@pytest.fixture
def typing(tmp_path, ports):
    """Types commands as on a fresh machine whose / is a folder; ends what they started."""
    for folder in ("bin", "opt", "etc/systemd/system", "etc/nginx", "var/www/html", "run"):
        (tmp_path / folder).mkdir(parents=True)
    script = tmp_path / "stand_in"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} {PROJECT}/tests/deploy/stand_ins.py "${{0##*/}}" "$@"\n')
    script.chmod(0o755)
    for name in STAND_INS:
        (tmp_path / "bin" / name).symlink_to(script)
    temporary = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    here = {
        "/opt/feelharmonic": f"{tmp_path}/opt/feelharmonic",
        "/etc/feelharmonic": f"{tmp_path}/etc/feelharmonic",
        "/var/lib/feelharmonic": f"{tmp_path}/var/lib/feelharmonic",
        "/run/": f"{tmp_path}/run/",
        "6380": str(ports["feelharmonic-redis"]),
        "127.0.0.1:8000": f"127.0.0.1:{ports['feelharmonic']}",
        "listen 80": f"listen 127.0.0.1:{ports['http']}",
        "listen 443": f"listen 127.0.0.1:{ports['nginx']}",
        "listen [::]:80 default_server;": "",
        "listen [::]:80;": "",
        "listen [::]:443 ssl http2;": "",
        "worker_connections 32768": "worker_connections 512",
        "http {": f"http {{ client_body_temp_path {tmp_path}/body; {temporary}",
    }
    given = {
        "root": str(tmp_path),
        "project": str(PROJECT),
        "python": sys.executable,
        "changes": here,
        "ports": ports,
        "environ": {"PORT": str(ports["feelharmonic"]), "WEB_CONCURRENCY": "1", "PROVIDERS": "catalogue"},
    }
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}:/usr/sbin", "HOME": str(tmp_path)}
    environ["STAND_INS"] = json.dumps(given)

    def type_in(commands: str, folder: str = ".") -> subprocess.CompletedProcess:
        return subprocess.run(
            ["bash", "-e", "-c", commands],
            cwd=tmp_path / folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    yield type_in
    pids = tmp_path / "pids"
    for pid in pids.read_text().split()[::-1] if pids.exists() else ():
        with suppress(ProcessLookupError):
            os.killpg(int(pid), signal.SIGKILL)


@pytest.mark.timeout(300)
def test_the_document_typed_line_by_line_serves_the_page(typing, tmp_path, ports):
    for name in ("redis-server", "nginx", "make"):
        program(name)
    commands = typed("## On one machine")
    assert commands.count("mood.example") == 5
    commands = commands.replace("mood.example", NAME)
    for folder in ("/opt/feelharmonic", "/etc/", "/var/www/html"):
        assert folder in commands
        commands = commands.replace(f" {folder}", f" {tmp_path}{folder}")
    commands = commands.replace("> /etc", f"> {tmp_path}/etc")
    ended = typing(commands)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "missing" not in ended.stdout
    assert f"ok      {tmp_path}/etc/feelharmonic/certificate.pem" in ended.stdout
    assert soon(f"https://127.0.0.1:{ports['nginx']}/", Host=NAME).status_code == 200
    assert soon(f"https://127.0.0.1:{ports['nginx']}/", Host="evil.example").status_code == 421
    to = soon(f"http://127.0.0.1:{ports['http']}/page", Host=NAME).headers["Location"]
    assert to == f"https://{NAME}/page"
    assert soon(f"http://127.0.0.1:{ports['feelharmonic']}/readyz").json()["checks"]["redis"]
    told = typed("To tell all listeners").replace("6380", str(ports["feelharmonic-redis"]))
    ended = typing(told, "opt/feelharmonic")
    assert ended.returncode == 0, ended.stderr
    assert list((tmp_path / "var" / "lib" / "feelharmonic").iterdir())  # the secret key


def soon(url: str, **headers: str) -> requests.Response:
    """The answer, as soon as there is one that is no 502."""
    ends_s = time.monotonic() + DEADLINE_S
    while True:
        with suppress(requests.ConnectionError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the certificate is the test's own
            answer = requests.get(url, headers=headers, timeout=20, verify=False, allow_redirects=False)
            if answer.status_code != 502 or time.monotonic() > ends_s:
                return answer
        assert time.monotonic() < ends_s
        time.sleep(0.2)
