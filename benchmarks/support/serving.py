"""A server, a browser and listeners for the benchmarks that need them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Playwright

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
START_TIMEOUT_S = 60
REPLY_TIMEOUT_S = 30


@contextmanager
def server(**settings: str) -> Iterator[str]:
    """The address of a server on a free loopback port with the catalogue as its only provider, and ``settings``."""
    with started(**settings) as (url, _):
        yield url


@contextmanager
def started(
    command: Sequence[str] = (), *, under: Sequence[str] = (), **settings: str
) -> Iterator[tuple[str, subprocess.Popen]]:
    """As ``server``, and its process; ``command`` starts another program than `app.py`, ``under`` is one that starts it
    and becomes it."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # All listeners come from one address.
    fixed = {"PORT": str(port), "HOST": "127.0.0.1", "PROVIDERS": "catalogue", "SHARE_PER_ADDRESS": "100"}
    environ = {**os.environ, "PYTHONPATH": str(PROJECT), **fixed, **settings}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [*under, *(command or (sys.executable, str(PROJECT / "app.py")))],
            cwd=folder,
            env=environ,
            stdout=subprocess.DEVNULL,
        )
        try:
            deadline = time.monotonic() + START_TIMEOUT_S
            while not answers(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("The server did not start: run `python app.py` to see why.")
                time.sleep(0.1)
            yield url, process
        finally:
            process.send_signal(signal.SIGTERM)
            _end(process)


def free_port() -> int:
    """A loopback port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether something listens on the loopback ``port``."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def piped(command: list[str]) -> subprocess.Popen:
    """A process that is told and tells what is to be done by its standard input and output."""
    return subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


def answers(url: str) -> bool:
    """Whether the server at ``url`` answers its health check."""
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen) -> None:
    """Wait for the end; kill a server that takes too long to disconnect thousands, so that no figures are lost."""
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(20)


def launch_chromium(playwright: Playwright, *options: str) -> Browser:
    """The machine's Chromium, headless; Playwright's own where there is none."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *options])


class Listener:
    """A listener on the namespace /live that writes Engine.IO and Socket.IO packets itself: no client library's time is
    measured. ``options`` of websocket-client's create_connection. Raises OSError or websocket.WebSocketException where
    the connection fails."""

    def __init__(self, url: str, **options: object):
        import websocket  # here: gevent must have patched sockets first

        self._timeout, self._closed = websocket.WebSocketTimeoutException, websocket.WebSocketException
        self._binary = websocket.ABNF.OPCODE_BINARY
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(address, timeout=REPLY_TIMEOUT_S, **options)
        self._socket.send("40/live,")
        self._until("40/live,")

    def send_frame(self, number: int, jpeg: bytes) -> dict:
        """The reply to a frame; ``number`` counts this listener's frames."""
        self._socket.send(f'451-/live,{number}["frame",{number},{{"_placeholder":true,"num":0}}]')
        self._socket.send(jpeg, self._binary)
        return self._reply(number)

    def request_tracks(self, emotion: str) -> dict:
        """The reply to a request for tracks."""
        self._socket.send('42/live,1["snap",' + json.dumps({"emotion": emotion}) + "]")
        return self._reply(1)

    def answer_pings(self, seconds: float) -> None:
        """Answer the server's pings, and do nothing else."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._pong(self._socket.recv())
            except self._timeout:
                break
        self._socket.settimeout(REPLY_TIMEOUT_S)

    def answer_pings_until_closed(self) -> None:
        """Answer the server's pings until another greenlet closes the connection."""
        with suppress(OSError, self._closed):
            while True:
                self._pong(self._socket.recv())

    def close(self) -> None:
        self._socket.shutdown()

    def _reply(self, number: int) -> dict:
        beginning = f"43/live,{number}"
        return json.loads(self._until(f"{beginning}[")[len(beginning) :])[0]

    def _until(self, beginning: str) -> str:
        while not (text := self._socket.recv()).startswith(beginning):
            self._pong(text)
        return text

    def _pong(self, text: str) -> None:
        if text == "2":
            self._socket.send("3")
