"""`python -m benchmarks.tracks`: how many connected listeners a server holds that only request tracks.

This is the server's load where faces are read on devices: a WebSocket each, and one list of tracks a minute. Server and
listeners run on this machine and share its cores. The limit of open files is raised to the system's maximum; a host
does the same (`ulimit -n`, systemd's LimitNOFILE): one file for each listener and some more.
"""

from __future__ import annotations

# ruff: noqa: E402 - thousands of listeners in one process: gevent patches before sockets are imported
from gevent import monkey

monkey.patch_all()

import argparse
import itertools
import random
import resource
import time

import gevent
import numpy as np
import websocket
from gevent.pool import Pool

from benchmarks.support.report import show, spread
from benchmarks.support.serving import Listener, server
from feelharmonic.emotions import EMOTIONS
from feelharmonic.settings import ASYNC_MODES

PERIOD_S = 60.0
#: Listeners that connect at the same time.
CONNECTING = 40


def connected(url: str) -> Listener | Exception:
    """A connected listener, or why the connection failed."""
    try:
        return Listener(url)
    except (OSError, websocket.WebSocketException) as exc:
        return exc


def visit(listener: Listener, periods: int, taken_ms: list[float], failed: list[object]) -> None:
    """Request tracks once a period, each listener at its own time."""
    try:
        listener.answer_pings(random.uniform(0, PERIOD_S))
        for _ in range(periods):
            start_s = time.perf_counter()
            reply = listener.request_tracks(random.choice(EMOTIONS))
            took_s = time.perf_counter() - start_s
            taken_ms.append(took_s * 1e3)
            if reply["problem"] or not reply["tracks"]:
                failed.append("no tracks")
            listener.answer_pings(PERIOD_S - took_s)
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
    parser.add_argument("--lists", type=int, default=1, help="requests of each listener, one a minute (default 1)")
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
