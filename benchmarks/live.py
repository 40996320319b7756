"""`python -m benchmarks.live`: how many listeners a server reads for, each sending five frames a second.

The load comes from a second process on the same machine and shares its cores. A reply counts from the moment its frame
was due, so that a server that falls behind cannot look fast. The curve goes to --plot.
"""

from __future__ import annotations

import sys

if "--load" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import argparse
import itertools
import json
import os
import subprocess
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np

from benchmarks.report import show
from benchmarks.serving import PROJECT, started
from feelharmonic.settings import ASYNC_MODES

RATE_HZ = 5.0
DEADLINE_S = 30
#: What counts as held: the 95th percentile of the replies within this.
HELD_MS = 150.0
#: And so much of the rate that they asked for: who is told to wait replies quickly, too.
HELD_SHARE = 0.95
COUNTS = (1, 2, 5, 10, 20, 40, 50, 100)
PLOT = PROJECT / "docs" / "live.png"
WARM_UP_S = 2.0
#: Steps of this length, modulo one, never meet.
GOLDEN_RATIO = 0.618034
#: Idle listeners are watched so long: a few pings.
IDLE_S = 25.0


# ---------- the second process: the listeners ----------


class Listener:
    """A browser's side of the wire by hand: packets of Engine.IO and Socket.IO, pictures as binary attachments."""

    def __init__(self, url: str, frames: list[bytes]):
        import websocket

        self._ended = websocket.WebSocketException
        self._binary, self._text = websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT
        address = url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(address, timeout=DEADLINE_S)
        self._frames = itertools.cycle(frames)
        self._socket.send("40/live,")
        self._until("40/live,")

    def ask(self, number: int) -> tuple[str, float]:
        """The code of the problem with the reply, empty where it was read; the seconds to wait that it asks for."""
        self._socket.send(f'451-/live,{number}["frame",{number},{{"_placeholder":true,"num":0}}]')
        self._socket.send(next(self._frames), self._binary)
        reply = json.loads(self._until(f"43/live,{number}[")[len(f"43/live,{number}") :])[0]
        return reply["problem"]["code"] if reply["problem"] else "", reply["wait_ms"] / 1e3

    def rest(self) -> None:
        """Answer pings, and no more, until it is closed."""
        with suppress(OSError, self._ended):
            while True:
                if self._socket.recv() == "2":
                    self._socket.send("3")

    def close(self) -> None:
        self._socket.shutdown()

    def _until(self, beginning: str) -> str:
        while not (text := self._socket.recv()).startswith(beginning):
            if text == "2":
                self._socket.send("3")
        return text


def visit(listener: Listener, start_s: float, seconds: float, told: dict) -> None:
    """Send each frame when it is due, or as soon as the one before was answered."""
    due_s, number, mine = start_s, 0, 0
    while due_s < start_s + WARM_UP_S + seconds:
        time.sleep(max(0.0, due_s - time.monotonic()))
        problem, wait_s = listener.ask(number)
        number += 1
        if due_s >= start_s + WARM_UP_S:
            told["taken_ms"].append((time.monotonic() - due_s) * 1e3)
            told["problems"][problem] = told["problems"].get(problem, 0) + 1
            mine += 1
        # Frames that fell due meanwhile were dropped by the page: the newest is sent. And it waits as it is told.
        now_s = time.monotonic()
        due_s = max(due_s + max(1.0, np.floor((now_s - due_s) * RATE_HZ)) / RATE_HZ, now_s + wait_s)
    told["each"].append(mine)


def idle(url: str, count: int, seconds: float) -> None:
    """``count`` listeners who only listen, as those do whose browser reads their face by itself."""
    import gevent

    listeners = []
    for _ in range(count):
        listeners.append(Listener(url, [b""]))
        gevent.spawn(listeners[-1].rest)  # at once: pings want their answers
    print("connected", flush=True)
    gevent.sleep(seconds)
    for listener in listeners:
        listener.close()


def load(url: str, count: int, seconds: float) -> None:
    """Print what ``count`` listeners got, as JSON."""
    import gevent

    from benchmarks.frame import frames_of_a_face

    frames = frames_of_a_face()
    listeners = [Listener(url, frames) for _ in range(count)]
    told: dict = {"taken_ms": [], "problems": {}, "each": []}
    start_s = time.monotonic() + 0.5
    # They come within a second, and no two cameras are in step (evenly spaced, every fifth would be).
    offsets = np.arange(count) * GOLDEN_RATIO % 1.0
    visits = [
        gevent.spawn(visit, listener, start_s + offset, seconds, told)
        for listener, offset in zip(listeners, offsets, strict=True)
    ]
    gevent.joinall(visits, raise_error=True)
    for listener in listeners:
        listener.close()
    print(json.dumps(told))


# ---------- the first process: server and table ----------


def idle_cost(url: str, pid: int, count: int) -> str:
    """What ``count`` listeners cost who send nothing."""
    before_mb = memory_mb(pid)
    command = [sys.executable, "-m", "benchmarks.live", "--load", url, "--idle", str(count), "--seconds", str(IDLE_S)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        began_s = cpu_s(pid)
        time.sleep(IDLE_S * 0.8)
        used = (cpu_s(pid) - began_s) / (IDLE_S * 0.8)
        each_kb = (memory_mb(pid) - before_mb) * 1024 / count
        process.wait(DEADLINE_S)
    return f"{count} listeners who only listen: {each_kb:.0f} KB each, {used:.1%} of a processor in all"


def measured(url: str, pid: int, count: int, seconds: float) -> dict:
    command = [sys.executable, "-m", "benchmarks.live", "--load", url, "--listeners", str(count)]
    began_s = cpu_s(pid)
    ended = subprocess.run(
        [*command, "--seconds", str(seconds)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(f"The load failed with {count} listeners:\n{ended.stderr[-1500:]}")
    told = json.loads(ended.stdout)
    taken_ms, each = np.array(told["taken_ms"]), np.array(told["each"])
    used_s, sent = cpu_s(pid) - began_s, sum(told["problems"].values()) * (seconds + WARM_UP_S) / seconds
    problems = {code: number for code, number in told["problems"].items() if code}
    return {
        "listeners": count,
        **{f"p{share}_ms": round(float(np.percentile(taken_ms, share)), 1) for share in (50, 95, 99)},
        "frames/s": round(told["problems"].get("", 0) / seconds, 1),
        "slowest ÷ median": round(float(each.min() / max(np.median(each), 1)), 2),
        "refused": sum(problems.values()),
        "cpu_ms a frame": round(1e3 * used_s / sent, 2),
        "memory_mb": memory_mb(pid),
    }


def cpu_s(pid: int) -> float:
    """The processor's time that a process has used; 0 where there is no /proc."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    after_name = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float | None:
    """What a process holds; None where there is no /proc."""
    path = Path(f"/proc/{pid}/status")
    if not path.exists():
        return None
    line = next(line for line in path.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return round(int(line.split()[1]) / 1024, 1)


def is_held(row: dict) -> bool:
    """Whether the listeners of ``row`` got what they sent answered in time, at the rate that they wanted."""
    return row["p95_ms"] <= HELD_MS and row["frames/s"] >= HELD_SHARE * RATE_HZ * row["listeners"]


def first_page_s() -> float:
    """Seconds from `python app.py` to the first page."""
    began = time.monotonic()
    with started() as (url, _), urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        answer.read()
        return round(time.monotonic() - began, 2)


def draw(rows: list[dict], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
    for mode in dict.fromkeys(row["async mode"] for row in rows):
        own = [row for row in rows if row["async mode"] == mode]
        for name, style in (("p50_ms", "--"), ("p95_ms", "o-")):
            axis.plot([row["listeners"] for row in own], [row[name] for row in own], style, label=f"{mode} {name[:3]}")
    axis.axhline(HELD_MS, color="grey", linewidth=1)
    axis.set(xlabel="listeners at five frames a second", ylabel="reply, ms", yscale="log")
    axis.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, nargs="+", default=list(COUNTS), help=f"default {COUNTS}")
    parser.add_argument("--async-mode", nargs="+", choices=ASYNC_MODES, default=list(ASYNC_MODES), help="default: all")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured for each number (default 5)")
    parser.add_argument("--plot", type=Path, default=PLOT, help="draw the curve into this PNG (default docs/live.png)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--idle", type=int, default=0, help="also so many listeners who only listen (default 0)")
    parser.add_argument("--load", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load and arguments.idle:
        idle(arguments.load, arguments.idle, arguments.seconds)
        return
    if arguments.load:
        load(arguments.load, arguments.listeners[0], arguments.seconds)
        return
    rows, notes = [], [f"from `python app.py` to the first page: {first_page_s()} s"]
    for mode in arguments.async_mode:
        with started(ASYNC_MODE=mode, MAX_LISTENERS="6000") as (url, process):
            notes.append(f"{mode}, memory with nobody there: {memory_mb(process.pid)} MB")
            for count in arguments.listeners:
                rows.append({"async mode": mode, **measured(url, process.pid, count, arguments.seconds)})
            if arguments.idle:
                notes.append(f"{mode}, {idle_cost(url, process.pid, arguments.idle)}")
        held = [row["listeners"] for row in rows if row["async mode"] == mode and is_held(row)]
        notes.append(
            f"{mode}, most listeners at five frames a second with a p95 within {HELD_MS:.0f} ms: {max(held, default=0)}"
        )
    draw(rows, arguments.plot)
    show("Replies to listeners who each send five frames a second", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
