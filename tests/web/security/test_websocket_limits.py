"""How one WebSocket is limited, on socket pairs."""

from __future__ import annotations

import itertools
import queue
import socket
import threading
import time
from types import SimpleNamespace

import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.security import websocket_limits
from feelharmonic.web.security.websocket_limits import LimitedWebSocket, ThrottledSocket
from feelharmonic.web.serving.timeouts import Timeouts

#: simple-websocket's fields while no message is being received.
NOTHING = {"incoming_message": None, "incoming_message_len": 0}


def test_closing_wakes_the_waiting_reader():
    """simple-websocket wakes its reader before it says that all is over: who looks in between would wait for ever."""
    ours, theirs = socket.socketpair()
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[], connected=False, **NOTHING)
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
    engine = SimpleNamespace(
        closed=False, last_ping=None, queue=queue.Queue(), server=SimpleNamespace(sleep=time.sleep)
    )
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
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[b"x"] * 1000, connected=True, **NOTHING)
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


@pytest.fixture
def now_s() -> list[float]:
    return [0.0]


@pytest.fixture
def deaf(now_s):
    """A WebSocket whose client sends events without a pause and reads nothing, and Engine.IO's object for it."""
    ours, theirs = socket.socketpair()
    engine = SimpleNamespace(
        closed=False, last_ping=None, queue=queue.Queue(), server=SimpleNamespace(sleep=lambda s: None)
    )
    messages = SimpleNamespace(socket=ours, wait=lambda: '42/live,["goal"]', send=lambda message: None)
    yield LimitedWebSocket(messages, engine, clock=lambda: now_s[0]), engine
    ours.close()
    theirs.close()


def test_who_sends_on_and_does_not_answer_a_ping_is_disconnected(deaf):
    websocket, engine = deaf
    assert all(websocket.wait() for _ in range(1000))
    engine.last_ping = time.time() - websocket_limits.MAX_PONG_S - 1
    taken = sum(websocket.wait() is not None for _ in range(200))
    assert taken == websocket_limits.MAX_UNPONGED


def test_who_answers_a_ping_late_stays(deaf):
    """The server was held up: what came meanwhile is handled before the answer to the ping."""
    websocket, engine = deaf
    engine.last_ping = time.time() - 7
    assert all(websocket.wait() for _ in range(40))
    engine.last_ping = None
    assert all(websocket.wait() for _ in range(1000))


def test_who_takes_no_answer_for_ten_seconds_is_disconnected(deaf, now_s):
    websocket, _ = deaf

    def stuck(message: str) -> None:
        now_s[0] += 9
        assert websocket.wait()
        now_s[0] += 2
        assert websocket.wait() is None

    websocket._websocket.send = stuck
    websocket.send("an answer")


def test_who_sends_on_without_joining_is_disconnected(deaf):
    websocket, _ = deaf
    websocket._has_joined = lambda: False
    assert sum(websocket.wait() is not None for _ in range(100)) == websocket_limits.MAX_BEFORE_JOINING


def test_only_our_namespace_can_be_joined():
    app = create_app(Settings())
    joined = [app.extensions["socketio"].test_client(app, namespace=name).is_connected(name) for name in ("/", "/live")]
    assert joined == [False, True]


def swept(websocket: LimitedWebSocket, times: int = 2) -> bool:
    """Whether the client notices that the connection has ended."""
    for _ in range(times):
        websocket.end_if_stuck()
    return websocket._is_over


def test_who_answers_no_ping_is_disconnected_also_without_sending(deaf):
    websocket, engine = deaf
    engine.server.ping_timeout = 6.0
    engine.last_ping = time.time() - 5
    assert not swept(websocket)
    engine.last_ping = time.time() - 7
    assert not swept(websocket, 1)  # the server may have been held up
    assert swept(websocket)


def test_who_takes_no_answer_is_disconnected_also_without_sending(deaf, now_s):
    websocket, engine = deaf
    engine.server.ping_timeout = 6.0

    def stuck(message: str) -> None:
        now_s[0] += websocket_limits.MAX_SEND_S - 1
        assert not swept(websocket)
        now_s[0] += 2
        assert swept(websocket)

    websocket._websocket.send = stuck
    websocket.send("an answer")


def test_who_was_given_up_by_engine_io_is_disconnected(deaf):
    websocket, engine = deaf
    engine.closed = True
    assert swept(websocket)


def test_who_joins_nothing_is_disconnected_also_without_sending(deaf, now_s):
    websocket, _ = deaf
    websocket._has_joined, websocket._join_s = lambda: False, 15.0
    now_s[0] = 14.0
    assert not swept(websocket)
    now_s[0] = 16.0
    assert swept(websocket)


def test_who_does_not_read_is_found_within_12_s():
    timeouts = Timeouts()
    assert timeouts.ping_interval_s + timeouts.ping_timeout_s + 2 * websocket_limits.SWEEP_S <= 12
    assert websocket_limits.MAX_SEND_S + 2 * websocket_limits.SWEEP_S <= 12


def test_one_task_sweeps_while_any_websocket_is_open():
    tasks, slept = [], []
    engine = SimpleNamespace(start_background_task=tasks.append, sleep=slept.append)
    websockets, one = websocket_limits.OpenWebSockets(engine), SimpleNamespace(end_if_stuck=lambda: looked.append(1))
    looked: list[int] = []
    for sid in ("a", "b"):
        websockets.add(sid, one)
    assert len(tasks) == 1

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            websockets.remove("a")
            websockets.remove("b")

    engine.sleep = sleep
    tasks.pop()()
    assert (len(slept), len(looked)) == (3, 4)
    websockets.add("c", one)
    assert len(tasks) == 1


@pytest.fixture
def throttled():
    """A socket that has a byte to be read, and simple-websocket's object for it."""
    ours, theirs = socket.socketpair()
    theirs.sendall(b"a")
    simple = SimpleNamespace(sock=ours, event=threading.Event(), input_buffer=[], connected=True, **NOTHING)
    yield ThrottledSocket(simple, lambda s: setattr(simple, "connected", False)), simple
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("first", "then", "is_read"),
    [
        ("x" * 100, bytearray(websocket_limits.MAX_TEXT_BYTES), True),
        ("x" * 100, bytearray(websocket_limits.MAX_TEXT_BYTES + 1), False),
        (b"x" * 100, bytearray(websocket_limits.MAX_TEXT_BYTES + 1), True),  # a picture
    ],
)
def test_a_long_text_is_cut_before_it_is_whole(throttled, first, then, is_read):
    sock, simple = throttled
    for part in (first, then):
        simple.incoming_message, simple.incoming_message_len = part, len(part)
        is_text_too_long = sock._is_text_too_long()
    assert is_text_too_long is not is_read
    simple.incoming_message_len -= 1  # as in a recv of its own
    simple.incoming_message_len += 1
    assert (sock.recv(1) == b"a") is is_read


def test_a_picture_after_a_long_text_is_no_text(throttled):
    sock, simple = throttled
    for part in ("x" * 60_000, bytearray(50_000), bytearray(500_000)):  # the third: a picture's first parts at once
        simple.incoming_message, simple.incoming_message_len = part, len(part)
        assert not sock._is_text_too_long()


def test_a_client_whose_messages_wait_is_not_read_also_when_they_are_few(throttled):
    sock, simple = throttled
    simple.input_buffer = [bytes(websocket_limits.MAX_UNREAD_BYTES)]
    assert not sock._is_behind()
    simple.input_buffer.append(b"x")
    assert sock._is_behind()
