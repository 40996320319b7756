"""Redis, nginx and gunicorn for tests, each in a process of its own on free loopback ports, its files in ``folder``."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.support.serving import PROJECT, QUIET, START_DEADLINE_S, free_port

DEPLOY = PROJECT / "deploy"


def program(name: str) -> str:
    """The path of a Debian package's program. Without it the test is skipped; in CI it fails."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        missing = f"{name} is not installed (Debian: apt-get install redis-server nginx-light icecast2)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return path


class Service:
    """A process that listens on ``port``; ``kill`` and ``start`` again as often as a test wants."""

    def __init__(self, folder: Path, name: str):
        self.port = free_port()
        self.process: subprocess.Popen | None = None
        self._folder, self._name = folder, name

    def command(self) -> list[str]:
        raise NotImplementedError

    def environ(self) -> dict[str, str]:
        return dict(os.environ)

    def start(self) -> Service:
        with (self._folder / f"{self._name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self._folder, env=self.environ(), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self._name} did not start:\n{self.log()}")
            time.sleep(0.05)
        return self

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        return (self._folder / f"{self._name}.log").read_text()

    def kill(self) -> None:
        """The process and all that it started, at once."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)


class Redis(Service):
    """With the configuration that deploy/ gives."""

    def __init__(self, folder: Path):
        super().__init__(folder, "redis")
        self._program = program("redis-server")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        return [self._program, str(DEPLOY / "redis.conf"), "--port", str(self.port), "--dir", str(self._folder)]


class Gunicorn(Service):
    """``workers`` of the app, with the configuration that deploy/ gives; ``settings`` add to it."""

    def __init__(self, folder: Path, *, workers: int, **settings: str):
        super().__init__(folder, "gunicorn")
        self._settings = {
            "WEB_CONCURRENCY": str(workers),
            "PROVIDERS": "catalogue",
            "SHARE_PER_ADDRESS": "100",
            **settings,
        }
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "gunicorn", "--config", str(DEPLOY / "gunicorn.conf.py")]

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in QUIET}
        return {**kept, **self._settings, "PORT": str(self.port)}

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=1).ok
        except requests.RequestException:
            return False

    def workers(self) -> list[int]:
        """The workers' process numbers."""
        told = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True, check=False
        )
        return [int(line) for line in told.stdout.split()]


class Nginx(Service):
    """With the configuration that deploy/ gives, in front of ``gunicorn``, under a certificate (PEM files).
    ``connections_each``: another limit on connections of one address; ``connections``: those of each nginx process."""

    def __init__(
        self,
        folder: Path,
        gunicorn: Gunicorn,
        certificate: Path,
        key: Path,
        *,
        connections_each: int = 400,
        connections: int = 512,
    ):
        super().__init__(folder, "nginx")
        self._program = program("nginx")
        self.url = f"https://127.0.0.1:{self.port}"
        spooled = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        self.http_port = free_port()
        changes = {
            "listen 80 default_server;": f"listen 127.0.0.1:{self.http_port} default_server;",
            "listen [::]:80 default_server;": "",
            "listen 80;": f"listen 127.0.0.1:{self.http_port};",
            "listen [::]:80;": "",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "listen [::]:443 ssl http2;": "",
            "/run/nginx.pid": f"{folder}/nginx.pid",
            "/etc/feelharmonic/certificate.pem": str(certificate),
            "/etc/feelharmonic/certificate-key.pem": str(key),
            "127.0.0.1:8000": f"127.0.0.1:{gunicorn.port}",
            "limit_conn senders 400;": f"limit_conn senders {connections_each};",
            "worker_rlimit_nofile 65536;": "",
            "worker_connections 32768;": f"worker_connections {connections};",
            "http {": f"http {{ client_body_temp_path {folder}/body; {spooled}",
        }
        text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
        for given, ours in changes.items():
            assert given in text, f"deploy/nginx.conf no longer has {given!r}"
            text = text.replace(given, ours)
        (folder / "nginx.conf").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        return [self._program, "-c", str(self._folder / "nginx.conf"), "-p", str(self._folder), "-g", "daemon off;"]


class NginxUnderPath(Service):
    """Serves the app on ``app_port`` at https://127.0.0.1:PORT/music/, as a proxy does that has other programs, too."""

    def __init__(self, folder: Path, app_port: int, certificate: Path, key: Path):
        super().__init__(folder, "nginx")
        self._program = program("nginx")
        self.url = f"https://127.0.0.1:{self.port}/music"
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
        text = f"""
            pid {folder}/nginx.pid; error_log stderr;
            events {{ worker_connections 128; }}
            http {{ access_log off; client_body_temp_path {folder}/body; {temporary} client_max_body_size 11m;
              server {{ listen 127.0.0.1:{self.port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                location /music/ {{ proxy_request_buffering off; proxy_http_version 1.1;
                  proxy_pass http://127.0.0.1:{app_port}/;
                  proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $http_host;
                  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto https;
                  proxy_set_header X-Forwarded-Prefix /music; proxy_set_header Upgrade $http_upgrade;
                  proxy_set_header Connection "upgrade"; }}
                location / {{ return 404; }} }} }}"""
        (folder / "nginx.conf").write_text(text, encoding="utf-8")

    def command(self) -> list[str]:
        return [self._program, "-c", str(self._folder / "nginx.conf"), "-p", str(self._folder), "-g", "daemon off;"]
