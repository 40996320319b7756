"""`python -m benchmarks.profile`: milliseconds of processor time a frame, by layer, while listeners send frames.

Three servers take turns, each with the same load: Flask-SocketIO alone with a handler that answers at once (socket and
Socket.IO), the program without hand-over and reading, and the whole program, whose functions count their own processor
time. Limits of connections and messages, and the hand-over, are what is left between them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.live import measured
from benchmarks.profile.layers import LAYERS
from benchmarks.profile.server import KINDS
from benchmarks.support.report import show
from benchmarks.support.serving import started
from feelharmonic.settings import ASYNC_MODES

#: The layers of reading itself, which run on the other side of the hand-over.
READING = ("decode", "search", "following", "crop", "expression", "mood")


def round_of(kind: str, listeners: int, seconds: float, mode: str) -> tuple[float, dict[str, float], float]:
    """One server under load: its processor time a frame, that of each layer counted, and the p95 of the replies."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layers.json"
        command = [sys.executable, "-m", "benchmarks.profile.server", kind, str(path)]
        with started(command, ASYNC_MODE=mode, MAX_LISTENERS="1000") as (url, process):
            row = measured(url, process.pid, listeners, seconds)
        counted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"ms": {}, "calls": {}}
    frames = max(1, counted["calls"].get("answer", 0))
    return row["cpu_ms a frame"], {name: counted["ms"].get(name, 0.0) / frames for name in LAYERS}, row["p95_ms"]


def rows_of(whole_ms: dict[str, float], layers_ms: dict[str, dict[str, float]]) -> list[dict]:
    """A row for each layer out of the medians: ``whole_ms`` by kind of server, ``layers_ms`` of what each counted."""
    whole, unread = layers_ms["whole"], layers_ms["unread"]
    reading_ms = sum(whole[name] for name in READING)
    ms = {
        "socket and Socket.IO": whole_ms["packets"],
        "limits": whole_ms["unread"] - whole_ms["packets"] - unread["metrics"] - unread["answer"],
        "hand-over": whole_ms["whole"] - whole_ms["unread"] - reading_ms - (whole["metrics"] - unread["metrics"]),
        **{name: whole[name] for name in (*READING, "metrics", "answer")},
        "all": whole_ms["whole"],
    }
    return [{"layer": name, "processor ms a frame": round(value, 3)} for name, value in ms.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, default=40, help="each sends five frames a second (default 40)")
    parser.add_argument("--seconds", type=float, default=6, help="measured for each server (default 6)")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each server; medians are shown (default 3)")
    parser.add_argument("--async-mode", choices=ASYNC_MODES, default="gevent", help="default gevent")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    turns = [
        {kind: round_of(kind, arguments.listeners, arguments.seconds, arguments.async_mode) for kind in KINDS}
        for _ in range(arguments.rounds)
    ]
    whole_ms = {kind: float(np.median([turn[kind][0] for turn in turns])) for kind in KINDS}
    layers_ms = {
        kind: {name: float(np.median([turn[kind][1][name] for turn in turns])) for name in LAYERS} for kind in KINDS
    }
    p95_ms = float(np.median([turn["whole"][2] for turn in turns]))
    show(
        f"{arguments.listeners} listeners, five frames a second each, {arguments.async_mode}",
        rows_of(whole_ms, layers_ms),
        as_json=arguments.json,
        notes=[f"p95 of the whole program's replies: {p95_ms:.1f} ms"],
    )


if __name__ == "__main__":
    main()
