"""`python -m benchmarks.abuse.outages`: what thirty listeners notice when a part of the hosted server fails, or when a
thousand others connect at once.

The set-up of deploy/ on loopback ports: nginx with TLS, gunicorn's workers, Redis. Listeners send two frames a second
and connect anew as the page does, 200 ms to 1 s after a connection ends. One row an event; "longest gap" is the longest
time in which a listener got no answer, over all that happened. Needs redis-server and nginx.
"""

from __future__ import annotations

import sys

if "--listen" in sys.argv or "--crowd" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.support.report import memory_kib, show
from benchmarks.support.serving import Listener, piped

LISTENERS, RATE_HZ, WORKERS, CROWD = 30, 2.0, 2, 1000
#: As static/js/live/connection.js connects anew.
RECONNECT_S = (0.2, 1.0)
#: An event comes this long after the listeners; they are measured for as long after it.
BEFORE_S, AFTER_S = 5.0, 15.0
REDIS_AWAY_S, NGINX_AWAY_S = 20.0, 3.0
#: What a run must reach, in seconds, by event; docs/hosting.md tells it.
MAX_GAP_S = {"a worker killed": 3.0, "1,000 connects at once": 2.0, "Redis away for 20 s": 2.0, "nginx for 3 s": 4.5}

# ---------- the listeners ----------


def open_listener(url: str, **options: object) -> Listener:
    import ssl

    return Listener(url, sslopt={"cert_reqs": ssl.CERT_NONE, "check_hostname": False}, **options)


def listen(url: str, seconds: float) -> None:
    """Print, as JSON, each listener's longest time between two answers, and how often they connected anew."""
    import gevent
    import websocket

    from benchmarks.frame import frames_of_a_face

    jpegs = frames_of_a_face()
    gaps_s, again = [0.0] * LISTENERS, [0]
    first = [open_listener(url) for _ in range(LISTENERS)]
    print("connected", flush=True)
    end_s = time.monotonic() + seconds

    def one(number: int) -> None:
        listener, answered_s, count = first[number], time.monotonic(), 0
        while time.monotonic() < end_s:
            try:
                wait_ms = listener.send_frame(count, jpegs[count % len(jpegs)])["wait_ms"]
            except (OSError, websocket.WebSocketException):
                again[0] += 1
                listener, count = connected_anew(url, end_s) or listener, 0
                continue
            now_s = time.monotonic()
            gaps_s[number] = max(gaps_s[number], now_s - answered_s)
            answered_s, count = now_s, count + 1
            time.sleep(max(1 / RATE_HZ, wait_ms / 1e3))
        gaps_s[number] = max(gaps_s[number], time.monotonic() - answered_s - 1 / RATE_HZ)

    gevent.joinall([gevent.spawn(one, number) for number in range(LISTENERS)])
    print(json.dumps({"gaps_s": gaps_s, "again": again[0]}))


def connected_anew(url: str, end_s: float) -> Listener | None:
    """A new listener, when the server is there again; None after ``end_s``."""
    import websocket

    while time.monotonic() < end_s:
        time.sleep(random.uniform(*RECONNECT_S))
        try:
            return open_listener(url)
        except (OSError, websocket.WebSocketException):
            continue
    return None


def crowd(url: str, seconds: float) -> None:
    """Once told to, connect CROWD listeners at once; they stay for ``seconds`` and answer pings."""
    import gevent

    os.nice(5)  # real ones have processors of their own
    print("ready", flush=True)
    sys.stdin.readline()
    came: list[Listener] = []

    def come() -> None:
        with suppress(OSError):
            came.append(open_listener(url))
            came[-1].answer_pings(seconds)

    gevent.joinall([gevent.spawn(come) for _ in range(CROWD)], timeout=seconds)
    print(len(came))


# ---------- the events ----------


class Cluster:
    """The servers of one run, in ``folder``."""

    def __init__(self, folder: Path):
        from feelharmonic.web.security.certificate import own_certificate
        from tests.support.external_servers import Gunicorn, Nginx, Redis

        settings = {"TRUSTED_PROXIES": "1", "ALLOWED_HOSTS": "mood.example", "SECRET_KEY": "x" * 40}
        self.redis = Redis(folder)
        self.gunicorn = Gunicorn(folder, workers=WORKERS, REDIS_URL=self.redis.url, **settings)
        certificate, key = own_certificate(folder, ["127.0.0.1"])
        self.nginx = Nginx(folder, self.gunicorn, certificate, key, connections_each=4000, connections=4096)
        self.url = self.nginx.url
        self.crowd: subprocess.Popen | None = None

    def kill_worker(self) -> None:
        os.kill(random.choice(self.gunicorn.workers()), signal.SIGKILL)

    def redis_away(self) -> None:
        self.redis.kill()
        time.sleep(REDIS_AWAY_S)
        self.redis.start()

    def nginx_away(self) -> None:
        self.nginx.kill()
        time.sleep(NGINX_AWAY_S)
        self.nginx.start()

    def crowd_comes(self) -> None:
        assert self.crowd is not None
        assert self.crowd.stdin is not None
        self.crowd.stdin.write("come\n")
        self.crowd.stdin.flush()


EVENTS: dict[str, tuple[Callable[[Cluster], None], float]] = {
    "a worker killed": (Cluster.kill_worker, 0.0),
    "1,000 connects at once": (Cluster.crowd_comes, 0.0),
    "Redis away for 20 s": (Cluster.redis_away, REDIS_AWAY_S),
    "nginx for 3 s": (Cluster.nginx_away, NGINX_AWAY_S),
}


@contextmanager
def running() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(Path(folder))
        services = (cluster.redis, cluster.gunicorn, cluster.nginx)
        try:
            for service in services:
                service.start()
            yield cluster
        finally:
            for service in reversed(services):
                service.kill()


def measured(name: str) -> dict:
    """One row."""
    act, takes_s = EVENTS[name]
    with running() as cluster:
        seconds = BEFORE_S + takes_s + AFTER_S
        command = [sys.executable, "-m", "benchmarks.abuse.outages", "--url", cluster.url, "--seconds", str(seconds)]
        with piped([*command, "--listen"]) as listeners, piped([*command, "--crowd"]) as cluster.crowd:
            for one in (cluster.crowd, listeners):
                one.stdout.readline()
            time.sleep(BEFORE_S)
            act(cluster)
            result = json.loads(listeners.communicate(timeout=seconds + 90)[0])
            came = cluster.crowd.communicate(timeout=seconds + 90)[0] if act is Cluster.crowd_comes else "0"
            cluster.crowd.kill()
        return {
            "event": name,
            "longest gap s": round(max(result["gaps_s"]), 2),
            "median of the longest": round(statistics.median(result["gaps_s"]), 2),
            "at most": MAX_GAP_S[name],
            "connected anew": result["again"],
            "came": int(came),
            "peak memory MB": round(max(memory_kib(pid, "VmHWM") or 0 for pid in cluster.gunicorn.workers()) / 1024),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=EVENTS, default=list(EVENTS), help="default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--listen", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--crowd", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if arguments.listen:
        listen(arguments.url, arguments.seconds)
    elif arguments.crowd:
        crowd(arguments.url, arguments.seconds)
    else:
        rows = [measured(name) for name in arguments.only]
        load = f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors."
        over = [row["event"] for row in rows if row["longest gap s"] > row["at most"]]
        notes = [load, f"Above the limits: {', '.join(over) or 'none'}."]
        show(f"{LISTENERS} listeners, {WORKERS} workers behind nginx, Redis", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
