"""`python -m benchmarks.tracks`: how many connected listeners a server holds that only ask for tracks.

That is what is left for it where faces are read on devices: a WebSocket each, and one list of tracks a minute. Server
and listeners run on this machine and share its cores. The limit of open files is raised to what the system allows; a
host does the same (`ulimit -n`, systemd's LimitNOFILE): one file for each listener and some more.
"""

from __future__ import annotations

# ruff: noqa: E402 - thousands of listeners in one process: gevent patches before sockets are imported
from gevent import monkey

monkey.patch_all()

import argparse
import itertools
import json
import random
import resource
import time

import gevent
import numpy as np
import websocket
from gevent.pool import Pool

from benchmarks.report import show, spread
from benchmarks.serving import server
from feelharmonic.emotions import EMOTIONS
from feelharmonic.settings import ASYNC_MODES

PERIOD_S = 60.0
#: So many connect at the same time.
CONNECTING = 40
DEADLINE_S = 30


class Listener:
    """A browser's side of the wire by hand: Engine.IO's and Socket.IO's packets as text."""

    def __init__(self, url: str):
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(address, timeout=DEADLINE_S)
        self._socket.send("40/live,")
        self._until("40/live,")

    def ask(self, emotion: str) -> tuple[float, bool]:
        """Milliseconds that tracks took, and whether they came."""
        start = time.perf_counter()
        self._socket.send('42/live,1["snap",' + json.dumps({"emotion": emotion}) + "]")
        answer = self._until("43/live,1")
        taken_ms = (time.perf_counter() - start) * 1e3
        (reply,) = json.loads(answer[len("43/live,1") :])
        return taken_ms, reply["problem"] is None and len(reply["tracks"]) > 0

    def rest(self, seconds: float) -> None:
        """Answer the server's pings for a while."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                self._answer(self._socket.recv())
            except websocket.WebSocketTimeoutException:
                break
        self._socket.settimeout(DEADLINE_S)

    def close(self) -> None:
        self._socket.shutdown()

    def _until(self, beginning: str) -> str:
        while not (text := self._socket.recv()).startswith(beginning):
            self._answer(text)
        return text

    def _answer(self, text: str) -> None:
        if text == "2":
            self._socket.send("3")


def connected(url: str) -> Listener | Exception:
    """A listener, or why there is none."""
    try:
        return Listener(url)
    except (OSError, websocket.WebSocketException) as exc:
        return exc


def visit(listener: Listener, periods: int, taken_ms: list[float], failed: list[object]) -> None:
    """Ask once a period, at a moment of one's own."""
    own_s = random.uniform(0, PERIOD_S)
    try:
        listener.rest(own_s)
        for _ in range(periods):
            took_ms, came = listener.ask(random.choice(EMOTIONS))
            taken_ms.append(took_ms)
            if not came:
                failed.append("no tracks")
            listener.rest(PERIOD_S - took_ms / 1e3)
    except (OSError, websocket.WebSocketException) as exc:
        failed.append(exc)


def measured(url: str, count: int, periods: int) -> dict:
    """The figures for ``count`` listeners that each ask ``periods`` times."""
    began = time.monotonic()
    tried = Pool(CONNECTING).map(lambda _: connected(url), range(count))
    connected_s = time.monotonic() - began
    listeners = [listener for listener in tried if isinstance(listener, Listener)]
    taken_ms: list[float] = []
    failed: list[object] = [fault for fault in tried if isinstance(fault, Exception)]
    gevent.joinall([gevent.spawn(visit, listener, periods, taken_ms, failed) for listener in listeners])
    for listener in listeners:
        listener.close()
    return {
        "listeners": count,
        "connected in s": round(connected_s, 1),
        "lists": len(taken_ms),
        **spread(np.array(taken_ms)),
        "worst_ms": round(max(taken_ms), 1),
        "failed": len(failed),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, nargs="+", default=[500, 2000], help="default 500 2000")
    parser.add_argument("--lists", type=int, default=1, help="how often each asks, once a minute (default 1)")
    parser.add_argument("--async-mode", choices=ASYNC_MODES, nargs="+", default=["gevent"], help="default gevent")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = []
    for mode, count in itertools.product(arguments.async_mode, arguments.listeners):
        with server(MAX_LISTENERS=str(count), ASYNC_MODE=mode) as url:
            rows.append({"async mode": mode, **measured(url, count, arguments.lists)})
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    notes = [
        f"open files allowed: {hard} (before: {soft})",
        f"the largest server held {used.ru_maxrss / 1024:.0f} MiB",
        f"all servers together took {used.ru_utime + used.ru_stime:.0f} s of CPU, their start included",
    ]
    show("Listeners who each ask for tracks once a minute", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
