"""Limits on what one WebSocket may send, leave unread, and how long it may stay outside its namespace."""

from __future__ import annotations

import contextlib
import math
import re
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from flask_socketio import SocketIO
from socketio.packet import BINARY_EVENT, EVENT, Packet

from feelharmonic.web.serving import AsyncMode

#: A client that leaves more answers than this unread is disconnected.
MAX_UNSENT = 64

#: Small answers fit into the kernel's buffers by the thousand. So a client is disconnected as well that takes none for
#: MAX_SEND_S, and one that, MAX_PONG_S after a ping, has sent more than MAX_UNPONGED messages but not its answer.
MAX_SEND_S, MAX_PONG_S, MAX_UNPONGED = 10.0, 4.0, 64

#: How often is looked for WebSockets that are stuck, also where their clients send nothing. One is disconnected when
#: it is found stuck twice: the server itself may have been held up.
SWEEP_S = 0.5

#: Events are objects of a few hundred bytes; pictures come as binary messages.
MAX_TEXT_BYTES = 64 * 1024

#: Before it joins its namespace a client sends a message or two.
MAX_BEFORE_JOINING = 8

#: When this many messages of a client, or bytes of them, wait to be handled, nothing more is read from its connection;
#: checked every UNREAD_POLL_S.
MAX_UNREAD, MAX_UNREAD_BYTES, UNREAD_POLL_S = 16, 512 * 1024, 0.002

#: A frame has one picture; python-socketio would accept and collect billions of attachments.
MAX_ATTACHMENTS = 1

#: Engine.IO's packets begin with their type; Socket.IO's packets inside them with a second one.
ENGINE_PACKET = re.compile(r"[0-6](?:[0-9]|\Z)")

#: Socket.IO's own events: sent as an event's name they would reach the handlers of connecting and disconnecting.
RESERVED_EVENTS = ("connect", "disconnect")


class EventPacket(Packet):
    """A Socket.IO packet. Raises ValueError if it announces more than one attachment, or an event without a name."""

    def decode(self, encoded_packet: str) -> int:
        attachments: int = super().decode(encoded_packet)
        if attachments > MAX_ATTACHMENTS:
            raise ValueError(f"Expected at most {MAX_ATTACHMENTS} attachment, got {attachments}.")
        if self.packet_type in (EVENT, BINARY_EVENT) and not is_event(self.data):
            raise ValueError("Expected a list that begins with an event's name.")
        return attachments


def is_event(data: object) -> bool:
    """Whether ``data`` is the payload of an event: a list that begins with the event's name."""
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in RESERVED_EVENTS


def is_packet(message: str | bytes) -> bool:
    """Whether Engine.IO can read ``message``, and soon: an exception in its parser would leave the connection open."""
    if isinstance(message, bytes):
        return True
    return len(message) <= MAX_TEXT_BYTES and ENGINE_PACKET.match(message) is not None


class LimitedWebSocket:
    """One WebSocket as Engine.IO uses it, disconnected when it breaks a limit.

    Engine.IO alone forgets a client that answers no ping or reads no answers, but leaves the connection open and goes
    on reading. Nor does it ask whether a WebSocket ever joins a namespace: ``has_joined`` says so, and ``join_s`` is
    how long it may stay outside. ``connection``: Engine.IO's own object for it. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        websocket: Any,
        connection: Any,
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
        self._last_joined_s = clock()  # when it was last seen in its namespace; at first when it was opened
        self._sending_since_s: float | None = None
        self._before_joining = 0
        self._unponged = 0
        self._is_over = False
        self._was_stuck = False
        # simple-websocket's own object, under gevent and threading.
        self._simple = getattr(websocket, "ws", None)
        if self._simple is not None:
            self._simple.sock = ThrottledSocket(self._simple, connection.server.sleep)

    def wait(self) -> str | bytes | None:
        """The next message; None if the connection has ended."""
        # A client that sends without a pause must let other clients in, and the handlers of its own events.
        self._connection.server.sleep(0)
        message: str | bytes | None = None if self._is_over else self._websocket.wait()
        is_over = self._connection.closed or self._connection.queue.qsize() > MAX_UNSENT or not self._reads_answers()
        if is_over or self._is_late_to_join() or (message is not None and not is_packet(message)):
            self._disconnect()
            return None
        return message

    def send(self, message: str | bytes) -> None:
        """Send one message; how long it takes shows whether the client reads."""
        self._sending_since_s = self._clock()
        try:
            self._websocket.send(message)
        finally:
            self._sending_since_s = None

    def _reads_answers(self) -> bool:
        """Whether the client seems to read what it is sent. Called with each of its messages."""
        began_s = self._sending_since_s
        if began_s is not None and self._clock() - began_s > MAX_SEND_S:
            return False
        pinged_s = self._connection.last_ping  # by time.time(); None while no answer is due
        if not pinged_s:
            self._unponged = 0
            return True
        self._unponged += 1
        return self._unponged <= MAX_UNPONGED or time.time() - pinged_s <= MAX_PONG_S

    def end_if_stuck(self) -> None:
        """Disconnect a client that for longer than is allowed takes no answer, answers no ping or joins nothing, or
        that Engine.IO has given up: blocked reads and writes end with the socket alone. Called every SWEEP_S."""
        connection, sending_s = self._connection, self._sending_since_s
        is_stuck = (
            connection.closed
            or (sending_s is not None and self._clock() - sending_s > MAX_SEND_S)
            or bool(connection.last_ping and time.time() - connection.last_ping > connection.server.ping_timeout)
            or (not self._has_joined() and self._clock() - self._last_joined_s > self._join_s)
        )
        if is_stuck and self._was_stuck and not self._is_over:
            self.end()
        self._was_stuck = is_stuck

    def end(self) -> None:
        """Disconnect, and handle nothing more, not even what has arrived already."""
        self._is_over = True
        self._disconnect()

    def close(self) -> None:
        """Close with a closing frame. If the client is gone, each implementation raises its own exception, which
        Engine.IO's thread would print as a traceback."""
        with contextlib.suppress(Exception):
            self._websocket.close()

    def _is_late_to_join(self) -> bool:
        if self._has_joined():
            self._last_joined_s = self._clock()
            self._before_joining = 0
            return False
        self._before_joining += 1  # its messages are not counted as events
        if self._before_joining > MAX_BEFORE_JOINING:
            return True
        return self._clock() - self._last_joined_s > self._join_s

    def _disconnect(self) -> None:
        """Shut the socket below the WebSocket: a closing frame would queue behind everything that is not read."""
        raw = self._websocket.socket if self._simple is None else self._simple.sock
        with contextlib.suppress(OSError):  # it has ended already
            raw.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._websocket, name)


class ThrottledSocket:
    """The socket of a simple-websocket, read no faster than its messages are handled: otherwise they would pile up in
    memory."""

    def __init__(self, simple: Any, sleep: Callable[[float], None]):
        self._simple = simple
        self._sock = simple.sock
        self._sleep = sleep
        self._is_over = False
        self._is_text, self._received = False, 0

    def recv(self, *args: Any) -> bytes:
        if self._is_text_too_long():
            self.shutdown(socket.SHUT_RDWR)
        while self._is_behind() and self._simple.connected and not self._is_over:
            self._sleep(UNREAD_POLL_S)
        return b"" if self._is_over else self._sock.recv(*args)

    def _is_behind(self) -> bool:
        messages = self._simple.input_buffer
        return len(messages) >= MAX_UNREAD or sum(map(len, tuple(messages))) > MAX_UNREAD_BYTES

    def _is_text_too_long(self) -> bool:
        """Whether the text message that is being received is longer than any event, before it is whole.

        simple-websocket collects a message in `incoming_message`: its first part as it is, all parts as a bytearray.
        """
        received, part = self._simple.incoming_message_len, self._simple.incoming_message
        if received < self._received or not isinstance(part, bytearray):  # another message, or its first part
            self._is_text = isinstance(part, str)
        self._received = received
        return self._is_text and received > MAX_TEXT_BYTES

    def shutdown(self, how: int) -> None:
        """Also unblock the reader: nobody handles what has arrived, and a client that still sends must notice."""
        self._is_over = True
        self._sock.shutdown(how)

    def close(self) -> None:
        """Also wake the reader: it may have looked just before the connection was marked as closed."""
        self._sock.close()
        self._simple.event.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class OpenWebSockets:
    """The open WebSockets by Engine.IO's id; while there is any, a task of ``engine`` looks for those that are stuck.
    Safe between threads."""

    def __init__(self, engine: Any):
        self._engine = engine
        self._open: dict[str, LimitedWebSocket] = {}
        self._is_sweeping = False
        self._lock = threading.Lock()

    def add(self, sid: str, websocket: LimitedWebSocket) -> None:
        with self._lock:
            self._open[sid] = websocket
            starts, self._is_sweeping = not self._is_sweeping, True
        if starts:
            self._engine.start_background_task(self._sweep)

    def remove(self, sid: str) -> None:
        with self._lock:
            del self._open[sid]

    def end(self, sid: str) -> None:
        """Disconnect the WebSocket ``sid``, if it is open."""
        websocket = self._open.get(sid)
        if websocket is not None:
            websocket.end()

    def _sweep(self) -> None:
        while True:
            self._engine.sleep(SWEEP_S)
            with self._lock:
                websockets = tuple(self._open.values())
                if not websockets:
                    self._is_sweeping = False
                    return
            for websocket in websockets:
                websocket.end_if_stuck()


def limit_websockets(socketio: SocketIO, mode: AsyncMode, max_bytes: int, *, join_s: float) -> Callable[[str], None]:
    """Refuse WebSocket messages above ``max_bytes`` before they are buffered, and disconnect clients that send invalid
    packets, read no answers or do not join a namespace within ``join_s``. Returns a function that
    disconnects one, by Engine.IO's id of it.

    Engine.IO passes its size limit on to eventlet's WebSocket only. simple-websocket has a limit of its own, which is
    set here, where Engine.IO makes the object. And an invalid packet would leave a connection open that Engine.IO has
    lost track of.
    """
    engine = socketio.server.eio
    make_websocket: Callable = engine._async["websocket"]
    handle_message: Callable = engine.handlers["message"]
    open_websockets = OpenWebSockets(engine)

    def has_joined(sid: str) -> bool:
        namespaces = socketio.server.namespace_handlers
        return any(socketio.server.manager.sid_from_eio_sid(sid, namespace) is not None for namespace in namespaces)

    def make_limited(handler: Any, server: object) -> object:
        connection = handler.__self__  # Engine.IO's own object, whose method the handler is

        def handle(websocket: Any) -> object:
            mode.limit_websocket(websocket, max_bytes)
            limited = LimitedWebSocket(
                websocket, connection, has_joined=lambda: has_joined(connection.sid), join_s=join_s
            )
            open_websockets.add(connection.sid, limited)
            try:
                return handler(limited)
            finally:
                open_websockets.remove(connection.sid)

        websocket = make_websocket(handle, server)
        if hasattr(websocket, "server_args"):
            websocket.server_args["max_message_size"] = max_bytes
        return websocket

    def handle_or_end(sid: str, message: str | bytes) -> None:
        try:
            handle_message(sid, message)
        except Exception:  # an invalid packet raises whatever its decoder stumbles over
            open_websockets.end(sid)

    engine._async = {**engine._async, "websocket": make_limited}
    engine.on("message", handle_or_end)
    return open_websockets.end
