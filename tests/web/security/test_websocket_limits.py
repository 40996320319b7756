"""How one WebSocket is limited, on socket pairs."""

from __future__ import annotations

import itertools
import queue
import socket
import threading
import time
from types import SimpleNamespace

import pytest

from feelharmonic.web.security.websocket_limits import LimitedWebSocket, ThrottledSocket


def test_closing_wakes_the_waiting_reader():
    """simple-websocket wakes its reader before it says that all is over: who looks in between would wait for ever."""
    ours, theirs = socket.socketpair()
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[], connected=False)
    ThrottledSocket(simple, time.sleep).close()
    assert simple.event.is_set()
    assert theirs.recv(1) == b""
    theirs.close()


@pytest.mark.parametrize(
    ("joined", "taken"),
    [
        ([True] * 4, 4),
        ([False, True, True, True], 4),  # the network is slow
        ([False] * 4, 2),
        ([True, True, False, False], 3),  # it left
    ],
)
def test_a_websocket_outside_its_namespace_is_closed_after_join_s(joined, taken):
    """Its messages come every ten seconds."""
    clock, states = itertools.count(0, 10), iter(joined)

    def has_joined() -> bool:
        now.append(next(clock))
        return next(states)

    now = [0]
    ours, theirs = socket.socketpair()
    engine = SimpleNamespace(closed=False, queue=queue.Queue(), server=SimpleNamespace(sleep=time.sleep))
    messages = SimpleNamespace(socket=ours, wait=lambda: "3")
    websocket = LimitedWebSocket(messages, engine, has_joined=has_joined, join_s=15.0, clock=lambda: now[-1])
    assert [websocket.wait() for _ in joined[:taken]] == ["3"] * taken
    if taken < len(joined):
        assert websocket.wait() is None
        assert theirs.recv(1) == b""
    ours.close()
    theirs.close()


def test_closing_a_broken_websocket_raises_nothing():
    class Gone:
        socket = None

        def close(self) -> None:
            raise ConnectionResetError(104, "Connection reset by peer")

    LimitedWebSocket(Gone(), SimpleNamespace()).close()


def test_shutdown_unblocks_a_throttled_reader():
    ours, theirs = socket.socketpair()
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[b"x"] * 1000, connected=True)
    unhurried = ThrottledSocket(simple, time.sleep)
    theirs.sendall(b"more")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(unhurried.recv(100)), daemon=True)
    reader.start()
    reader.join(0.2)
    assert reader.is_alive()
    unhurried.shutdown(socket.SHUT_RDWR)
    reader.join(20)
    assert read == [b""]
    ours.close()
    theirs.close()
