"""What a WebSocket may send: sizes, fragments, attachments, packets. Everybody else is served meanwhile."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable, Iterator

import pytest
import websocket

from feelharmonic.app import MAX_MESSAGE_BYTES
from tests.support.raw_websocket import RawListener, open_websocket
from tests.support.serving import needs_proc

#: Pings come every second; a busy machine may take this long to close a connection.
REFUSED_S = 30

#: After this time without its bytes being taken, a sender checks whether the server has closed the connection.
BLOCKED_S = 2


def is_closed_by(sender: websocket.WebSocket, frames: Iterable[websocket.ABNF]) -> bool:
    """Whether the server closes the socket instead of taking ``frames``; pings are answered meanwhile."""
    deadline = time.monotonic() + REFUSED_S
    sender.settimeout(BLOCKED_S)
    try:
        for frame in frames:
            sender.send_frame(frame)
        sender.settimeout(REFUSED_S)
        while time.monotonic() < deadline:
            if not (text := sender.recv()):
                return True
            if text == "2":
                sender.send("3")
    except (TimeoutError, websocket.WebSocketTimeoutException):
        return has_ended(sender.sock)
    except (OSError, websocket.WebSocketException):
        return True
    return False


def has_ended(line: socket.socket) -> bool:
    """Whether the server has closed the connection: a client that sends into a full window is not told."""
    line.settimeout(REFUSED_S)
    try:
        while line.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


def in_one_frame(size: int) -> Iterator[websocket.ABNF]:
    yield websocket.ABNF.create_frame(bytes(size), websocket.ABNF.OPCODE_BINARY)


def in_fragments(size: int, each: int) -> Iterator[websocket.ABNF]:
    """One message of at least ``size`` bytes, in frames of ``each``; the last one says that it is."""
    yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_BINARY, 0)
    for sent in range(each, size, each):
        yield websocket.ABNF.create_frame(bytes(each), websocket.ABNF.OPCODE_CONT, int(sent + each >= size))


TOO_LARGE = {
    "one frame": lambda: in_one_frame(50 * MAX_MESSAGE_BYTES),
    "fragments": lambda: in_fragments(50 * MAX_MESSAGE_BYTES, 900_000),
    "small fragments": lambda: in_fragments(MAX_MESSAGE_BYTES + 100, 100),
}


@needs_proc
@pytest.mark.parametrize("kind", TOO_LARGE)
def test_a_message_above_the_limit_is_refused_before_it_is_buffered(server, kind, astronaut_jpeg):
    server.reset_peak()
    before_mb = server.resident_mb()
    assert is_closed_by(open_websocket(server.url), TOO_LARGE[kind]())
    assert server.peak_mb() - before_mb < 20
    server.assert_serves(astronaut_jpeg)


def test_a_picture_in_fragments_is_read(server, astronaut_jpeg):
    listener = RawListener(server.url)
    listener.socket.send('451-/live,7["frame",7,{"_placeholder":true,"num":0}]')
    half = len(astronaut_jpeg) // 2
    for opcode, part, last in (("BINARY", astronaut_jpeg[:half], 0), ("CONT", astronaut_jpeg[half:], 1)):
        listener.socket.send_frame(websocket.ABNF.create_frame(part, getattr(websocket.ABNF, f"OPCODE_{opcode}"), last))
    assert '"seq":7' in listener.socket.recv()
    listener.vanish()


@pytest.mark.full
def test_a_websocket_that_never_joins_is_closed(server, astronaut_jpeg):
    outside = [open_websocket(server.url) for _ in range(3)]
    closed: list[bool] = []
    watching = [threading.Thread(target=lambda one=one: closed.append(is_closed_by(one, ()))) for one in outside]
    for thread in watching:
        thread.start()
    with server.listener() as listener:
        for thread in watching:
            thread.join(REFUSED_S + 10)
        assert listener.call("frame", 0, astronaut_jpeg)["faces"]  # who joined stays
    assert closed == [True] * len(outside)


def packets(text: str, attachments: int = 0, size: int = 900_000) -> Iterator[websocket.ABNF]:
    yield websocket.ABNF.create_frame(text, websocket.ABNF.OPCODE_TEXT)
    for _ in range(attachments):
        yield websocket.ABNF.create_frame(bytes(size), websocket.ABNF.OPCODE_BINARY)


@needs_proc
@pytest.mark.parametrize("announced", [2, 999_999_999])
def test_more_than_one_attachment_closes_the_connection(server, announced, astronaut_jpeg):
    sender = RawListener(server.url)
    server.reset_peak()
    before_mb = server.resident_mb()
    text = f'45{announced}-/live,7["frame",7,{{"_placeholder":true,"num":0}}]'
    assert is_closed_by(sender.socket, packets(text, min(announced, 50)))
    assert server.peak_mb() - before_mb < 20
    server.assert_serves(astronaut_jpeg)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "4",
        "4" + "[" * 100_000,
        "b4AAAA",
        "49/live,",
        "4299999999999-/live,[]",
        "42/live,",
        "42/live,{}",
        "42/live,[]",
        '42/live,[{"frame":1}]',
        '42/live,["connect"]',
        '42/live,["disconnect"]',
        '42/live,["goal"',
        '450-/live,1["frame",1]',
        '451-/live,1["frame",1,{"_placeholder":true,"num":7}]',
        '451-/live,1["frame",1,{"_placeholder":true,"num":"x"}]',
        '451-/elsewhere,1["frame",1,{"_placeholder":true,"num":0}]',
        "42/live," + "[" * 100_000,
        '42/live,["goal",{"goal":"' + "x" * 70_000 + '"}]',
        '42/live,["' + "x" * 70_000 + '"]',
        "40/,",
    ],
)
def test_an_invalid_packet_closes_the_connection(server, text, astronaut_jpeg):
    assert is_closed_by(RawListener(server.url).socket, packets(text, 1, 100))
    server.assert_serves(astronaut_jpeg)
    assert "Traceback" not in server.log()
