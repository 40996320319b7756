"""`python -m benchmarks.live`: how many listeners a server can read, each of whom sends five frames a second.

The load comes from a second process on the same machine and shares its cores. A reply's time is measured from the
moment its frame was due, so that a server that falls behind does not look fast. --plot draws the curve.
"""

from __future__ import annotations

import sys

if "--load" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import argparse
import json
import os
import subprocess
import time
import urllib.request
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from benchmarks.support.quota import limited
from benchmarks.support.report import memory_kib, show
from benchmarks.support.serving import PROJECT, REPLY_TIMEOUT_S, Listener, started
from feelharmonic.settings import ASYNC_MODES

RATE_HZ = 5.0
#: A number of listeners is held while the 95th percentile of the replies is within this,
MAX_P95_MS = 150.0
#: and this share of the frames is read: a reply that asks to wait is fast as well.
MIN_RATE_SHARE = 0.95
COUNTS = (1, 2, 5, 10, 20, 40, 50, 100)
PLOT = PROJECT / "docs" / "pictures" / "live.png"
WARM_UP_S = 2.0
#: Multiples of this, modulo one, are spread evenly and never meet.
GOLDEN_RATIO = 0.618034
#: How long idle listeners are measured: a few pings.
IDLE_S = 25.0


# ---------- the second process: the listeners ----------


def visit(listener: Listener, jpegs: list[bytes], start_s: float, seconds: float, result: dict) -> None:
    """Send each frame when it is due, or as soon as the one before was answered."""
    due_s, number, measured_frames = start_s, 0, 0
    while due_s < start_s + WARM_UP_S + seconds:
        time.sleep(max(0.0, due_s - time.monotonic()))
        reply = listener.send_frame(number, jpegs[number % len(jpegs)])
        problem = reply["problem"]["code"] if reply["problem"] else ""
        number += 1
        if due_s >= start_s + WARM_UP_S:
            result["taken_ms"].append((time.monotonic() - due_s) * 1e3)
            result["problems"][problem] = result["problems"].get(problem, 0) + 1
            measured_frames += 1
        # As the page does: frames that were due meanwhile are dropped, and the reply's wait is respected.
        now_s = time.monotonic()
        due_s = max(due_s + max(1.0, np.floor((now_s - due_s) * RATE_HZ)) / RATE_HZ, now_s + reply["wait_ms"] / 1e3)
    result["each"].append(measured_frames)


def idle(url: str, count: int, seconds: float) -> None:
    """``count`` listeners who send nothing, as those whose browser reads their face."""
    import gevent

    listeners = []
    for _ in range(count):
        listeners.append(Listener(url))
        gevent.spawn(listeners[-1].answer_pings_until_closed)
    print("connected", flush=True)
    gevent.sleep(seconds)
    for listener in listeners:
        listener.close()


def load(url: str, count: int, seconds: float) -> None:
    """Print the replies of ``count`` listeners as JSON."""
    import gevent

    from benchmarks.frame import frames_of_a_face

    jpegs = frames_of_a_face()
    listeners = [Listener(url) for _ in range(count)]
    result: dict = {"taken_ms": [], "problems": {}, "each": []}
    start_s = time.monotonic() + 0.5
    # They start within a second, at times that are not multiples of the frame interval.
    offsets = np.arange(count) * GOLDEN_RATIO % 1.0
    visits = [
        gevent.spawn(visit, listener, jpegs, start_s + offset, seconds, result)
        for listener, offset in zip(listeners, offsets, strict=True)
    ]
    gevent.joinall(visits, raise_error=True)
    for listener in listeners:
        listener.close()
    print(json.dumps(result))


# ---------- the first process: server and table ----------


def idle_cost(url: str, pid: int, count: int) -> str:
    """The cost of ``count`` listeners who send nothing."""
    before_mb = memory_mb(pid)
    command = [sys.executable, "-m", "benchmarks.live", "--load", url, "--idle", str(count), "--seconds", str(IDLE_S)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        began_s = cpu_s(pid)
        time.sleep(IDLE_S * 0.8)
        used = (cpu_s(pid) - began_s) / (IDLE_S * 0.8)
        each_kb = (memory_mb(pid) - before_mb) * 1024 / count
        process.wait(REPLY_TIMEOUT_S)
    return f"{count} listeners who only listen: {each_kb:.0f} KB each, {used:.1%} of a processor in all"


def measured(url: str, pid: int, count: int, seconds: float) -> dict:
    """The row of ``count`` listeners."""
    command = [sys.executable, "-m", "benchmarks.live", "--load", url, "--listeners", str(count)]
    began_s = cpu_s(pid)
    ended = subprocess.run(
        [*command, "--seconds", str(seconds)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(f"The load failed with {count} listeners:\n{ended.stderr[-1500:]}")
    result = json.loads(ended.stdout)
    taken_ms, each = np.array(result["taken_ms"]), np.array(result["each"])
    used_s, sent = cpu_s(pid) - began_s, sum(result["problems"].values()) * (seconds + WARM_UP_S) / seconds
    problems = {code: number for code, number in result["problems"].items() if code}
    return {
        "listeners": count,
        **{f"p{share}_ms": round(float(np.percentile(taken_ms, share)), 1) for share in (50, 95, 99)},
        "frames/s": round(result["problems"].get("", 0) / seconds, 1),
        "slowest ÷ median": round(float(each.min() / max(np.median(each), 1)), 2),
        "refused": sum(problems.values()),
        "cpu_ms a frame": round(1e3 * used_s / sent, 2),
        "memory_mb": memory_mb(pid),
    }


def cpu_s(pid: int) -> float:
    """The processor time that a process has used; 0 where there is no /proc."""
    path = Path(f"/proc/{pid}/stat")
    if not path.exists():
        return 0.0
    after_name = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float | None:
    """The memory that a process holds, in MiB; None where there is no /proc."""
    held = memory_kib(pid)
    return None if held is None else round(held / 1024, 1)


def is_held(row: dict) -> bool:
    """Whether the frames of ``row``'s listeners were read in time and at their rate."""
    return row["p95_ms"] <= MAX_P95_MS and row["frames/s"] >= MIN_RATE_SHARE * RATE_HZ * row["listeners"]


def small_machine(pid: int, share: float | None) -> AbstractContextManager[None]:
    """A context in which the process gets ``share`` of one processor; None: what there is."""
    return nullcontext() if share is None else limited([pid], share, core=min(os.sched_getaffinity(0)))


def first_page_s() -> float:
    """Seconds from `python app.py` to the first page."""
    began = time.monotonic()
    with started() as (url, _), urllib.request.urlopen(url, timeout=REPLY_TIMEOUT_S) as answer:
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
    axis.axhline(MAX_P95_MS, color="grey", linewidth=1)
    axis.set(xlabel="listeners at five frames a second", ylabel="reply, ms", yscale="log")
    axis.legend()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listeners", type=int, nargs="+", default=list(COUNTS), help=f"default {COUNTS}")
    parser.add_argument("--async-mode", nargs="+", choices=ASYNC_MODES, default=list(ASYNC_MODES), help="default: all")
    parser.add_argument("--seconds", type=float, default=5.0, help="measured for each number (default 5)")
    parser.add_argument(
        "--plot", type=Path, default=PLOT, help="draw the curve into this PNG (default docs/pictures/live.png)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--share", type=float, help="hold the server to one processor, and to this share of it, to try a small machine"
    )
    parser.add_argument(
        "--idle", type=int, default=0, help="also measure this number of listeners who send nothing (default 0)"
    )
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
        one_processor = {} if arguments.share is None else {"FRAMES_AT_ONCE": "1"}
        with (
            started(ASYNC_MODE=mode, MAX_LISTENERS="6000", **one_processor) as (url, process),
            small_machine(process.pid, arguments.share),
        ):
            notes.append(f"{mode}, memory with nobody there: {memory_mb(process.pid)} MB")
            for count in arguments.listeners:
                rows.append({"async mode": mode, **measured(url, process.pid, count, arguments.seconds)})
            if arguments.idle:
                notes.append(f"{mode}, {idle_cost(url, process.pid, arguments.idle)}")
        held = [row["listeners"] for row in rows if row["async mode"] == mode and is_held(row)]
        notes.append(
            f"{mode}, most listeners at five frames a second with a p95 within {MAX_P95_MS:.0f} ms: "
            f"{max(held, default=0)}"
        )
    draw(rows, arguments.plot)
    show("Replies to listeners who each send five frames a second", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
