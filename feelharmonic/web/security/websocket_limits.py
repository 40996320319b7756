"""Limits on what one WebSocket may send, leave unread or never join."""

from __future__ import annotations

import contextlib
import math
import re
import socket
import time
from collections.abc import Callable

from flask_socketio import SocketIO
from socketio.packet import BINARY_EVENT, EVENT, Packet

from feelharmonic.web.serving.async_mode import AsyncMode

#: So many answers may wait until the listener takes them.
MOST_UNTAKEN = 64

#: So many messages of a listener may wait to be read; until then nothing more is taken from the network.
MOST_UNREAD, UNREAD_WAIT_S = 16, 0.002

#: A frame has one picture; python-socketio would collect thousands of millions of attachments.
MOST_ATTACHMENTS = 1

#: Engine.IO's packets begin with their kind; in one of Socket.IO's that packet's own follows.
ENGINE_PACKET = re.compile(r"[0-6](?:[0-9]|\Z)")

#: Socket.IO's own events: as the name of a listener's they would reach the handlers of coming and going.
RESERVED_EVENTS = ("connect", "disconnect")


class EventPacket(Packet):
    """A Socket.IO packet. Raises ValueError where it announces more than one attachment, or an event without a name."""

    def decode(self, encoded_packet: str) -> int:
        attachments = super().decode(encoded_packet)
        if attachments > MOST_ATTACHMENTS:
            raise ValueError(f"Expected at most {MOST_ATTACHMENTS} attachment, got {attachments}.")
        if self.packet_type in (EVENT, BINARY_EVENT) and not is_event(self.data):
            raise ValueError("Expected a list that begins with an event's name.")
        return attachments


def is_event(data: object) -> bool:
    """Whether ``data`` is what an event's packet carries: a list, first the event's name."""
    is_named = isinstance(data, list) and bool(data) and isinstance(data[0], str)
    return is_named and data[0] not in RESERVED_EVENTS


def is_packet(message: str | bytes) -> bool:
    """Whether Engine.IO can read ``message``: where it falls over one, it leaves the connection open."""
    return isinstance(message, bytes) or ENGINE_PACKET.match(message) is not None


class LimitedWebSocket:
    """One WebSocket as Engine.IO uses it, which ends when it should: by itself Engine.IO forgets who answers no ping or
    takes no answers, but leaves their connection open, and reads on. Nor does it ask whether a wire ever joins its
    namespace: ``has_joined`` says so. ``clock`` gives steady seconds."""

    def __init__(
        self,
        websocket: object,
        connection: object,
        *,
        has_joined: Callable[[], bool] = lambda: True,
        join_s: float = math.inf,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._websocket = websocket
        self._connection = connection
        self._has_joined = has_joined
        self._join_s = join_s
        self._clock = clock
        self._joined_s = clock()  # when it was last seen to have joined; at first when it was opened
        self._ended = False
        self._simple = getattr(websocket, "ws", None)  # simple-websocket's own, under gevent and threading
        if self._simple is not None:
            self._simple.sock = ThrottledSocket(self._simple, connection.server.sleep)

    def wait(self) -> object:
        """The next message; None where the connection has ended."""
        # Who sends without a break must let others in, and the handlers of their own events: these would pile up.
        self._connection.server.sleep(0)
        message = None if self._ended else self._websocket.wait()
        is_over = self._connection.closed or self._connection.queue.qsize() > MOST_UNTAKEN
        if is_over or self._stays_outside() or (message is not None and not is_packet(message)):
            self._cut()
            return None
        return message

    def end(self) -> None:
        """Take nothing more, not even what came already."""
        self._ended = True
        self._cut()

    def close(self) -> None:
        """Say goodbye, unless the other side went without one: each WebSocket raises faults of its own for that, which
        Engine.IO's thread would print as a traceback."""
        with contextlib.suppress(Exception):
            self._websocket.close()

    def _stays_outside(self) -> bool:
        if self._has_joined():
            self._joined_s = self._clock()
        return self._clock() - self._joined_s > self._join_s

    def _cut(self) -> None:
        """End the connection below the WebSocket: a goodbye would wait behind all that is not taken."""
        raw = self._websocket.socket if self._simple is None else self._simple.sock
        with contextlib.suppress(OSError):  # it has ended already
            raw.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> object:
        return getattr(self._websocket, name)


class ThrottledSocket:
    """The socket of a simple-websocket, read no faster than its messages are taken: it would collect them all."""

    def __init__(self, simple: object, sleep: Callable[[float], None]):
        self._simple = simple
        self._sock = simple.sock
        self._sleep = sleep
        self._ended = False

    def recv(self, *given: object) -> bytes:
        while len(self._simple.input_buffer) >= MOST_UNREAD and self._simple.connected and not self._ended:
            self._sleep(UNREAD_WAIT_S)
        return b"" if self._ended else self._sock.recv(*given)

    def shutdown(self, how: int) -> None:
        """Nobody takes what came already: its reader must not wait for that, and who still sends must be hung up."""
        self._ended = True
        self._sock.shutdown(how)

    def close(self) -> None:
        """Called last of all. The reader may have looked just before it was told that the connection ends."""
        self._sock.close()
        self._simple.event.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)


def limit_messages(socketio: SocketIO, mode: AsyncMode, most_bytes: int, *, join_s: float) -> None:
    """Have a WebSocket message above ``most_bytes`` refused before it is buffered, and hang up on who sends what is no
    packet, takes no answers or joins no namespace.

    Engine.IO hands its limit to eventlet's WebSocket only, which holds each frame to it; under gevent and threads
    simple-websocket would collect whatever comes. It has a limit of its own, which is set here where Engine.IO makes
    the socket. And a malformed packet would leave a connection open that its server has lost track of.
    """
    engine = socketio.server.eio
    make: Callable = engine._async["websocket"]
    take: Callable = engine.handlers["message"]
    wires: dict[str, LimitedWebSocket] = {}

    def has_joined(sid: str) -> bool:
        spaces = socketio.server.namespace_handlers
        return any(socketio.server.manager.sid_from_eio_sid(sid, space) is not None for space in spaces)

    def limited(handler: Callable, server: object) -> object:
        connection = handler.__self__  # Engine.IO's own, whose method the handler is

        def served(opened: object) -> object:
            mode.limit_websocket(opened, most_bytes)
            wires[connection.sid] = LimitedWebSocket(
                opened, connection, has_joined=lambda: has_joined(connection.sid), join_s=join_s
            )
            try:
                return handler(wires[connection.sid])
            finally:
                del wires[connection.sid]

        websocket = make(served, server)
        if hasattr(websocket, "server_args"):
            websocket.server_args["max_message_size"] = most_bytes
        return websocket

    def taken(sid: str, message: str | bytes) -> None:
        try:
            take(sid, message)
        except Exception:  # a malformed packet raises whatever its decoder stumbles over
            if sid in wires:
                wires[sid].end()

    engine._async = {**engine._async, "websocket": limited}
    engine.on("message", taken)
