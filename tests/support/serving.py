"""A real server for tests: `python app.py` in a process of its own on a free loopback port."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest
import requests
import socketio

from feelharmonic.settings import ASYNC_MODES, NAMES
from feelharmonic.web.serving.timeouts import Timeouts

PROJECT = Path(__file__).resolve().parents[2]

#: `app.py` with other timeouts.
SERVE = Path(__file__).with_name("serve.py")

#: A few seconds in the place of half a minute: for tests of who is silent, slow or gone. Long enough that a client on a
#: busy machine answers its pings.
SHORT_TIMEOUTS = Timeouts(silence_s=5.0, ping_interval_s=1.0, ping_timeout_s=4.0, join_s=1.5)

#: Pages are tested two at a time, beside servers: what reads on the device may be slow (`min_rate_hz`).
SLOW_DEVICE_HZ = 0.5

#: Tests that read a process's memory.
needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from Linux's /proc")

#: From the project's own settings only what a test sets: the developer's environment must not leak in.
QUIET = (*NAMES, "REDIS_URL")
START_DEADLINE_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


#: Each async mode; but for gevent only in `make test-all`.
MODES = tuple(mode if mode == "gevent" else pytest.param(mode, marks=pytest.mark.full) for mode in ASYNC_MODES)

#: Those that gunicorn has a worker for.
GUNICORN_MODES = ("gevent", pytest.param("threading", marks=pytest.mark.full))


class Server:
    """Starts, kills and restarts the app on one port. ``environ`` adds settings; ``project``: where the app lies;
    ``under``: a program that starts it and becomes it; ``timeouts``: others than a household's server has;
    ``min_rate_hz``: see `serve.py`."""

    def __init__(
        self,
        folder: Path,
        *,
        project: Path = PROJECT,
        under: tuple[str, ...] = (),
        timeouts: Timeouts | None = None,
        min_rate_hz: float | None = None,
        **environ: str,
    ):
        self._under = under
        self._command = [sys.executable, str(project / "app.py")]
        if timeouts is not None or min_rate_hz is not None:
            given = dataclasses.asdict(timeouts or Timeouts())
            given |= {} if min_rate_hz is None else {"min_rate_hz": min_rate_hz}
            self._command = [sys.executable, str(SERVE), json.dumps(given)]
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder  # started in an empty folder: no .env of the developer's is read
        self._environ = environ
        self.mode = environ.get("ASYNC_MODE", "gevent")
        self.process: subprocess.Popen | None = None

    def start(self) -> Server:
        environ = {name: value for name, value in os.environ.items() if name not in QUIET}
        # Everybody comes from one address.
        environ.update({"PROVIDERS": "catalogue", "SHARE_PER_ADDRESS": "100", **self._environ, "PORT": str(self.port)})
        log_path = self._folder / "server.log"
        with log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*self._under, *self._command],
                cwd=self._folder,
                env=environ,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_DEADLINE_S
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not start:\n{log_path.read_text()}")
            time.sleep(0.1)
        return self

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def log(self) -> str:
        return (self._folder / "server.log").read_text()

    def resident_mb(self) -> float:
        """The process's memory (Linux)."""
        return self._memory_kb("VmRSS") / 1024

    def peak_mb(self) -> float:
        """The most memory that the process has had since `reset_peak` (Linux)."""
        return self._memory_kb("VmHWM") / 1024

    def reset_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def _memory_kb(self, name: str) -> int:
        lines = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(name))

    def assert_serves(self, jpeg: bytes) -> None:
        """A new listener connects, sends a frame and gets its faces."""
        with self.listener() as listener:
            assert listener.call("frame", 0, jpeg)["faces"]

    def listener(self) -> Listener:
        return Listener(self.url)

    def _answers(self) -> bool:
        try:
            # HTTPS=1 has a certificate that nobody vouches for; the address is this machine's.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return requests.get(f"{self.url}/healthz", timeout=1, verify=False).ok
        except requests.RequestException:
            return False

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(by)
            self.process.wait(20)


class Listener:
    """A browser's side of /live: WebSocket only, every event waits for its acknowledgement, frames until the last
    answer says that they are welcome."""

    def __init__(self, url: str):
        self._welcome_s = 0.0
        self.client = socketio.Client(reconnection=False)
        self.client.connect(url, namespaces=["/live"], transports=["websocket"], wait_timeout=20)

    def call(self, event: str, *arguments: object, timeout_s: float = 20) -> dict:
        if event == "frame":
            time.sleep(max(self._welcome_s - time.monotonic(), 0))
        # python-socketio sends a tuple as several arguments.
        answer = self.client.call(event, arguments, namespace="/live", timeout=timeout_s)
        if event == "frame":
            self._welcome_s = time.monotonic() + answer["wait_ms"] / 1000
        return answer

    def close(self) -> None:
        """Say goodbye and go, as a closed tab does: under gevent pywsgi may take the closing frame for the next
        request, and websocket-client would wait 3 s for the answer."""
        websocket = self.client.eio.ws
        websocket.close = functools.partial(websocket.close, timeout=0)
        self.client.disconnect()

    def __enter__(self) -> Listener:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
