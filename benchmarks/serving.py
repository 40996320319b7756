"""A server and a browser for those benchmarks that need them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_DEADLINE_S = 60


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """The address of a server on a free loopback port that plays from the catalogue only; ``settings`` add to it."""
    with started(**settings) as (url, _):
        yield url


@contextmanager
def started(**settings: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """As ``server``, with its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environ = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", "PROVIDERS": "catalogue", **settings}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "app.py")], cwd=folder, env=environ, stdout=subprocess.DEVNULL
        )
        try:
            deadline = time.monotonic() + START_DEADLINE_S
            while not answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The server did not start: run `python app.py` to see why.")
                time.sleep(0.1)
            yield url, process
        finally:
            process.send_signal(signal.SIGTERM)
            _end(process)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen) -> None:
    """What was measured must not be lost with a server that takes long to say goodbye to thousands."""
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)
