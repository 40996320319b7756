"""`python -m benchmarks.abuse`: what honest listeners notice while another address attacks the server.

Loopback only, for seconds each. Twenty listeners at 127.0.0.1 send two frames a second; the attacker comes from
127.0.0.2, as one of many addresses, under the limits that every server has. One row an attack; "longest gap" is the
longest time in which a listener got no answer.
"""

from __future__ import annotations

import sys

if "--attack" in sys.argv or "--honest" in sys.argv:
    from gevent import monkey

    monkey.patch_all()

import argparse
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from benchmarks.support.report import show
from benchmarks.support.serving import PROJECT, Listener, started

ATTACKER = "127.0.0.2"
LISTENERS, RATE_HZ = 20, 2.0
HEALTH_EVERY_S, HEALTH_TIMEOUT_S = 0.25, 20.0
WEBSOCKET = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)

# ---------- the attacks, each one connection's part ----------


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30, source_address=(ATTACKER, 0))


def post(port: int, path: str, body: bytes, kind: str) -> None:
    """Post once and read the answer."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    with connected(port) as line:
        line.sendall(f"{head}Connection: close\r\n\r\n".encode() + body)
        while line.recv(65536):
            pass


def slow_body(port: int) -> None:
    """A byte each second."""
    with connected(port) as line:
        line.sendall(b"POST /api/v1/moods HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\n")
        while True:
            line.sendall(b" ")
            time.sleep(1)


def masked(text: str) -> bytes:
    """A WebSocket's text frame under the mask 0."""
    data = text.encode()
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 127]) + len(data).to_bytes(8, "big")
    return b"\x81" + size + bytes(4) + data


def flood(port: int, text: str, *, pause_s: float = 0.0, reads: bool = False) -> None:
    """Join, then send ``text`` all the time; without a text do nothing."""
    with connected(port) as line:
        line.sendall(WEBSOCKET.encode() + masked("40/live,"))
        line.recv(65536)
        while True:
            if text:
                line.sendall(masked(text))
            if reads:
                line.recv(65536)
            time.sleep(pause_s)


def login(port: int) -> None:
    with connected(port) as line:
        line.sendall(b"GET /connect/spotify?moved=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        while line.recv(65536):
            pass


PLAYLIST = json.dumps({"text": "\n".join(["a – " + 990 * "("] * 600), "emotion": "sad", "goal": "match"}).encode()
GOAL = '42/live,7["goal",{"goal":"lift"}]'
SNAP = '42/live,7["snap",{"emotion":"sad","goal":"lift","n":50}]'


def many_scans(port: int) -> None:
    """Photographs whose decoding takes long for their bytes."""
    from tests.support.costly_pictures import scans

    boundary = "b"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    body = head.encode() + scans(512, 512_000) + f"\r\n--{boundary}--\r\n".encode()
    while True:
        post(port, "/api/v1/expressions", body, f"multipart/form-data; boundary={boundary}")


#: By name: how many connections, and what each does again and again.
ATTACKS: dict[str, tuple[int, Callable[[int], None]]] = {
    "nobody": (0, slow_body),
    "playlists of brackets": (6, lambda port: post(port, "/api/v1/playlists/sorted", PLAYLIST, "application/json")),
    "bodies of a byte a second": (400, slow_body),
    "JPEG files of many scans": (8, many_scans),
    "joined and idle": (420, partial(flood, text="", pause_s=1.0)),
    "lists of 50 tracks": (40, partial(flood, text=SNAP, reads=True)),
    "events of 0.9 MB": (10, partial(flood, text='42/live,7["' + "x" * 900_000 + '"]')),
    "answers never read": (40, partial(flood, text=GOAL)),
    "logins": (20, login),
}


def attack(name: str, port: int, seconds: float) -> None:
    import gevent

    count, act = ATTACKS[name]
    end_s = time.monotonic() + seconds

    def again() -> None:
        while time.monotonic() < end_s:
            with suppress(OSError):
                act(port)
            time.sleep(0.05)

    gevent.joinall([gevent.spawn(again) for _ in range(count)], timeout=seconds)


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


# ---------- the table ----------


def measured(name: str, seconds: float) -> dict:
    """One row: a server of its own, the listeners, the attack, and the health check meanwhile."""
    spotify = {"SPOTIFY_CLIENT_ID": "0" * 32}
    with started(SHARE_PER_ADDRESS="25", **spotify) as (url, process):
        command = [sys.executable, "-m", "benchmarks.abuse", "--url", url, "--seconds", str(seconds)]
        with subprocess.Popen([*command, "--honest"], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as listeners:
            assert listeners.stdout is not None
            listeners.stdout.readline()
            with subprocess.Popen([*command, "--attack", name], cwd=PROJECT, stderr=subprocess.DEVNULL) as attacker:
                health_s = longest_health_check_s(url, seconds - 2)
                said, _ = listeners.communicate(timeout=seconds + 90)
                attacker.kill()
        result = json.loads(said)
        return {
            "attack": name,
            "longest gap s": round(result["gap_s"], 2),
            "disconnected": result["lost"],
            "health check s": round(health_s, 2),
            "peak memory MB": peak_mb(process.pid),
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


def peak_mb(pid: int) -> int:
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="for each attack (default 20)")
    parser.add_argument("--only", nargs="+", choices=ATTACKS, default=list(ATTACKS), help="default: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--attack", choices=ATTACKS, help=argparse.SUPPRESS)
    parser.add_argument("--honest", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.attack:
        attack(arguments.attack, int(arguments.url.rpartition(":")[2]), arguments.seconds)
    elif arguments.honest:
        honest(arguments.url, arguments.seconds)
    else:
        rows = [measured(name, arguments.seconds) for name in arguments.only]
        title = f"{LISTENERS} listeners while another address attacks, one worker"
        show(title, rows, as_json=arguments.json, notes=["A full disk and a slow Redis: tests of their own."])


if __name__ == "__main__":
    main()
