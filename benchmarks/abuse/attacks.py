"""The attacks of `python -m benchmarks.abuse`: what one address sends that stays inside of every limit.

Each is one connection's part, done again and again on a number of connections, from 127.0.0.2. Run under gevent.
"""

from __future__ import annotations

import functools
import json
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

ATTACKER = "127.0.0.2"
WEBSOCKET = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
#: How long a slow Redis takes for an answer; every twentieth takes longer than its client waits.
DELAY_S, LONG_DELAY_S, LONG_EVERY = 0.3, 1.0, 20


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 30, source_address=(ATTACKER, 0))


def send(port: int, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
    """Send one request and read the answer."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
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


def masked(data: str | bytes) -> bytes:
    """A WebSocket's frame under the mask 0: text, or binary for bytes."""
    kind = b"\x81" if isinstance(data, str) else b"\x82"
    data = data.encode() if isinstance(data, str) else data
    length = len(data)
    if length < 126:
        size = bytes([0x80 | length])
    elif length < 65536:
        size = bytes([0x80 | 126]) + length.to_bytes(2, "big")
    else:
        size = bytes([0x80 | 127]) + length.to_bytes(8, "big")
    return kind + size + bytes(4) + data


def idle_socket(port: int) -> None:
    """A WebSocket that joins nothing."""
    with connected(port) as line:
        line.sendall(WEBSOCKET.encode())
        while line.recv(65536):
            pass


def flood(port: int, *texts: str | bytes, pause_s: float = 0.0, reads: bool = False) -> None:
    """Join, then send ``texts`` all the time; without any do nothing."""
    message = b"".join(map(masked, texts))
    with connected(port) as line:
        line.sendall(WEBSOCKET.encode())
        line.recv(65536)
        line.sendall(masked("40/live,"))
        while b"40/live," not in line.recv(65536):
            time.sleep(0.01)
        while True:
            if message:
                line.sendall(message)
            if reads and not line.recv(65536):
                return
            time.sleep(pause_s)


PLAYLIST = json.dumps({"text": "\n".join(["a – " + 990 * "("] * 600), "emotion": "sad", "goal": "match"}).encode()
GOAL = '42/live,7["goal",{"goal":"lift"}]'
SNAP = '42/live,7["snap",{"emotion":"sad","goal":"lift","n":50}]'
FRAME = '451-/live,7["frame",1,{"_placeholder":true,"num":0}]'
LOGIN = "/connect/spotify?moved=1"


@functools.cache
def many_scans() -> bytes:
    """The body of an upload whose decoding would take long for its bytes."""
    from tests.support.costly_pictures import scans

    return upload(scans(512, 512_000))


@functools.cache
def largest_photograph() -> bytes:
    """The body of an upload that takes as much time as any that is read."""
    from tests.support.costly_pictures import PHOTOGRAPH_BYTES, PHOTOGRAPH_SIDE_PX, scans

    return upload(scans(PHOTOGRAPH_SIDE_PX, PHOTOGRAPH_BYTES, most=10))


def upload(picture: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
    return head + picture + b"\r\n--b--\r\n"


@functools.cache
def costly_frame() -> bytes:
    """A frame that takes as much time as any that is read."""
    from tests.support.costly_pictures import FRAME_SIDE_PX, png

    return png(FRAME_SIDE_PX, FRAME_SIDE_PX, depth=16, colour=6, interlaced=1)


def photographs(port: int, body: Callable[[], bytes]) -> None:
    send(port, "POST", "/api/v1/expressions", body(), "multipart/form-data; boundary=b")


#: By name: how many connections, and what each does again and again.
ATTACKS: dict[str, tuple[int, Callable[[int], None]]] = {
    "nobody": (0, slow_body),
    "playlists of brackets": (6, partial(send, method="POST", path="/api/v1/playlists/sorted", body=PLAYLIST)),
    "bodies of a byte a second": (2900, slow_body),
    "JPEG files of many scans": (8, partial(photographs, body=many_scans)),
    "the largest photographs": (8, partial(photographs, body=largest_photograph)),
    "the costliest frames": (40, lambda port: flood(port, FRAME, costly_frame(), reads=True)),
    "sockets that join nothing": (2828, idle_socket),
    "joined and idle": (420, partial(flood, pause_s=1.0)),
    "lists of 50 tracks": (40, lambda port: flood(port, SNAP, reads=True)),
    "lists of 50 tracks by HTTP": (40, partial(send, method="GET", path="/api/v1/tracks?n=50&goal=lift&emotion=sad")),
    "events of 0.9 MB": (10, lambda port: flood(port, '42/live,7["' + "x" * 900_000 + '"]')),
    "answers never read": (40, lambda port: flood(port, GOAL)),
    "figures on a full disk": (20, partial(send, method="POST", path="/nowhere")),
    "logins": (20, partial(send, method="GET", path=LOGIN)),
    "a burst while Redis is slow": (100, partial(send, method="GET", path="/api/v1/emotions")),
}


#: What takes time to make, by attack.
PICTURES = {
    "JPEG files of many scans": many_scans,
    "the largest photographs": largest_photograph,
    "the costliest frames": costly_frame,
}


def attack(name: str, port: int, seconds: float) -> None:
    """Make what is to be sent, say so, and once told to attack the server at ``port`` for a while. Prints how often."""
    import gevent

    count, act = ATTACKS[name]
    PICTURES.get(name, lambda: b"")()
    print("ready", flush=True)
    sys.stdin.readline()
    tries, end_s = [0], time.monotonic() + seconds

    def again() -> None:
        while time.monotonic() < end_s:
            tries[0] += 1
            with suppress(OSError):
                act(port)
            time.sleep(0.05)

    gevent.joinall([gevent.spawn(again) for _ in range(count)], timeout=seconds)
    print(tries[0])


def delay_answers(port: int, slow_port: int) -> None:
    """Pass on what comes to ``slow_port`` to ``port``, and each answer late."""
    import gevent
    from gevent.server import StreamServer

    count = [0]

    def ask(client: socket.socket, redis: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(65536):
                redis.sendall(data)
        redis.close()

    def serve(client: socket.socket, _address: object) -> None:
        redis = socket.create_connection(("127.0.0.1", port))
        gevent.spawn(ask, client, redis)
        with suppress(OSError):
            while data := redis.recv(65536):
                count[0] += 1
                time.sleep(LONG_DELAY_S if count[0] % LONG_EVERY == 0 else DELAY_S)
                client.sendall(data)

    StreamServer(("127.0.0.1", slow_port), serve).serve_forever()
