"""`python -m benchmarks.abuse`: what honest listeners notice while another address attacks the server.

Loopback only, for seconds each. Twenty listeners at 127.0.0.1 send two frames a second; the attacker comes from
127.0.0.2, as one of many addresses, under the limits that every server has, at a lower priority: a real one has its own
processors. One row an attack: "tries" counts its requests and connections, "longest gap" is the longest time in which a
listener got no answer. `attacks.py` has the attacks.
"""

from __future__ import annotations

import sys

if "--attack" in sys.argv or "--honest" in sys.argv or "--slow-redis" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import argparse
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from benchmarks.abuse.attacks import ATTACKS, attack, delay_answers
from benchmarks.support.report import memory_kib, show
from benchmarks.support.serving import PROJECT, Listener, free_port, listens, piped, started

LISTENERS, RATE_HZ = 20, 2.0
HEALTH_EVERY_S, HEALTH_TIMEOUT_S = 0.25, 20.0
#: What a run must reach; docs/hosting.md tells it.
MAX_GAP_S, MAX_HEALTH_S, MAX_MB = 2.0, 1.0, 300

# ---------- the listeners ----------


def honest(url: str, seconds: float) -> None:
    """Print, as JSON, the longest time between two answers of any listener, and how many lost their connection."""
    import gevent

    from benchmarks.frame import frames_of_a_face

    jpegs = frames_of_a_face()
    gaps_s, lost = [0.0], []
    listeners = [Listener(url) for _ in range(LISTENERS)]
    print("connected", flush=True)
    end_s = time.monotonic() + seconds

    def listen(listener: Listener, number: int) -> None:
        answered_s, count = time.monotonic(), 0
        try:
            while time.monotonic() < end_s:
                wait_ms = listener.send_frame(count, jpegs[count % len(jpegs)])["wait_ms"]
                now_s = time.monotonic()
                gaps_s.append(now_s - answered_s)
                answered_s, count = now_s, count + 1
                time.sleep(max(1 / RATE_HZ, wait_ms / 1e3))
        except Exception:
            lost.append(number)

    gevent.joinall([gevent.spawn(listen, one, number) for number, one in enumerate(listeners)])
    print(json.dumps({"gap_s": max(gaps_s), "lost": len(lost)}))


# ---------- the server ----------


@contextmanager
def server_for(name: str) -> Iterator[tuple[str, subprocess.Popen]]:
    """A server under what the attack ``name`` needs, and its process."""
    with ExitStack() as stack:
        settings = {"SPOTIFY_CLIENT_ID": "0" * 32, "SHARE_PER_ADDRESS": "25"}
        under: tuple[str, ...] = ()
        if name == "figures on a full disk":
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            settings["PROMETHEUS_MULTIPROC_DIR"] = folder
            under = ("unshare", "--user", "--map-root-user", "--mount", "sh", "-c")
            under += (f'mount -t tmpfs -o size=16k tmpfs "{folder}" && exec "$@"', "sh")
        if name == "a burst while Redis is slow":
            settings["REDIS_URL"] = stack.enter_context(slow_redis())
        yield stack.enter_context(started(under=under, **settings))


@contextmanager
def slow_redis() -> Iterator[str]:
    """The address of deploy/'s Redis behind a delay."""
    port, slow_port = free_port(), free_port()
    program = shutil.which("redis-server") or "redis-server"
    with tempfile.TemporaryDirectory() as folder:
        redis = [program, str(PROJECT / "deploy" / "redis.conf"), "--port", str(port), "--dir", folder]
        delay = [sys.executable, "-m", "benchmarks.abuse", "--slow-redis", str(port), str(slow_port)]
        with (
            subprocess.Popen(redis, stdout=subprocess.DEVNULL) as server,
            subprocess.Popen(delay, cwd=PROJECT, stdout=subprocess.DEVNULL) as proxy,
        ):
            try:
                while not listens(port) or not listens(slow_port):
                    time.sleep(0.1)
                yield f"redis://127.0.0.1:{slow_port}/0"
            finally:
                proxy.kill()
                server.kill()


# ---------- the table ----------


def measured(name: str, seconds: float) -> dict:
    """One row: a server of its own, the listeners, the attack, and the health check meanwhile."""
    with server_for(name) as (url, process):
        command = [sys.executable, "-m", "benchmarks.abuse", "--url", url, "--seconds", str(seconds)]
        with piped([*command, "--attack", name]) as attacker, piped([*command, "--honest"]) as listeners:
            for one in (attacker, listeners):
                one.stdout.readline()  # its pictures are made; all are connected
            attacker.stdin.write("begin\n")
            attacker.stdin.flush()
            health_s = longest_health_check_s(url, seconds - 1)
            result = json.loads(listeners.communicate(timeout=seconds + 90)[0])
            tries = int(attacker.communicate(timeout=seconds + 90)[0])
        return {
            "attack": name,
            "tries": tries,
            "longest gap s": round(result["gap_s"], 2),
            "disconnected": result["lost"],
            "health check s": round(health_s, 2),
            "peak memory MB": round((memory_kib(process.pid, "VmHWM") or 0) / 1024),
            "server faults": server_faults(url),
        }


def longest_health_check_s(url: str, seconds: float) -> float:
    longest_s, end_s = 0.0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        began_s = time.monotonic()
        with suppress(OSError), urllib.request.urlopen(f"{url}/healthz", timeout=HEALTH_TIMEOUT_S):
            pass
        longest_s = max(longest_s, time.monotonic() - began_s)
        time.sleep(HEALTH_EVERY_S)
    return longest_s


def server_faults(url: str) -> int | None:
    """How many answers were a fault of the server's own; None where it tells no more."""
    name = 'feelharmonic_refused_total{reason="server_fault"} '
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=HEALTH_TIMEOUT_S) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return None
    return sum(round(float(line.removeprefix(name))) for line in lines if line.startswith(name))


def exceeds(row: dict) -> bool:
    """Whether a row shows more than may be."""
    return bool(
        row["longest gap s"] > MAX_GAP_S
        or row["health check s"] > MAX_HEALTH_S
        or row["peak memory MB"] > MAX_MB
        or row["disconnected"]
        or row["server faults"] != 0
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each attack (default 20)")
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS), help="default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--attack", choices=ATTACKS, help=argparse.SUPPRESS)
    parser.add_argument("--honest", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--slow-redis", nargs=2, type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard if soft < hard else soft, hard))
    if arguments.slow_redis:
        delay_answers(*arguments.slow_redis)
    elif arguments.attack:
        os.nice(5)
        attack(arguments.attack, int(arguments.url.rpartition(":")[2]), arguments.seconds)
    elif arguments.honest:
        honest(arguments.url, arguments.seconds)
    else:
        rows = [measured(name, arguments.seconds) for name in arguments.only]
        title = f"{LISTENERS} listeners while another address attacks, one worker"
        over = [row["attack"] for row in rows if exceeds(row)]
        load = f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."
        notes = [load, f"Above the limits: {', '.join(over) or 'none'}."]
        show(title, rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
