"""A deadline for request bodies: one slower than MIN_BODY_BYTES_PER_S gets 408, and its connection is closed.

A socket's own timeout is not enough: a byte now and then keeps it from ever expiring. Only the time in which the server
waits for bytes counts.
"""

from __future__ import annotations

import _socket  # not patched by gevent or eventlet: used for one call that never waits
import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.exceptions import RequestTimeout
from werkzeug.wsgi import ClosingIterator

from feelharmonic.web.serving.timeouts import Timeouts

if TYPE_CHECKING:
    from _typeshed import SupportsRead

#: Half a megabit a second: 10 MB may take 170 s.
MIN_BODY_BYTES_PER_S = 64 * 1024
#: Bodies are read in pieces of this size, each with the time that is left.
PIECE_BYTES = 16 * 1024
#: How often overdue bodies are looked for. The thread that does so ends when it found no body IDLE_SWEEPS times.
SWEEP_S, IDLE_SWEEPS = 0.25, 40

#: Where a request's RequestBody is found in its environment, and a connection that gevent's handler puts there.
BODY, CONNECTION = "feelharmonic.body", "feelharmonic.connection"


class Watchdog:
    """Shuts the receiving side of connections whose bytes are overdue. Safe between threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._overdue_s: dict[RequestBody, float] = {}
        self._lock = threading.Lock()
        self._is_looking = False

    @contextlib.contextmanager
    def watching(self, body: RequestBody, max_s: float) -> Iterator[None]:
        """Shut ``body``'s connection if the block takes longer than ``max_s``."""
        with self._lock:
            self._overdue_s[body] = self._clock() + max_s
            starts, self._is_looking = not self._is_looking, True
        if starts:
            threading.Thread(target=self._look, daemon=True, name="request bodies").start()
        try:
            yield
        finally:
            with self._lock:
                del self._overdue_s[body]

    def _look(self) -> None:
        idle = 0
        while True:
            time.sleep(SWEEP_S)
            with self._lock:
                idle = 0 if self._overdue_s else idle + 1
                if idle > IDLE_SWEEPS:
                    self._is_looking = False
                    return
                now_s = self._clock()
                overdue = [body for body, overdue_s in self._overdue_s.items() if overdue_s < now_s]
            for body in overdue:
                body.give_up()


class RequestBody:
    """``stream`` (a server's wsgi.input, of ``length`` bytes, None where chunked) read in pieces and in time.

    ``connection``: the socket behind it, if known.
    """

    def __init__(
        self,
        stream: SupportsRead,
        length: int | None,
        connection: socket.socket | None,
        watchdog: Watchdog,
        timeouts: Timeouts,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._timeouts = timeouts
        self._stream = stream
        self._left = length
        self._connection = connection
        self._watchdog = watchdog
        self._clock = clock
        self._credit_s = timeouts.body_grace_s
        self._is_too_late = False
        self._is_over = length == 0
        #: How long the rest of the body may take after the response.
        self.discard_s = timeouts.discard_s
        #: Called with the number of bytes as they arrive; what it raises ends the reading.
        self.charge: Callable[[int], None] = lambda count: None

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes, perhaps fewer; all that is left without a size. Raises RequestTimeout."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(PIECE_BYTES), b""))
        wanted = min(size, PIECE_BYTES, PIECE_BYTES if self._left is None else self._left)
        if self._is_over or wanted <= 0:
            return b""
        data = self._receive(wanted)
        self._is_over = not data
        if self._left is not None:
            self._left -= len(data)
            self._is_over |= self._left <= 0
        self.charge(len(data))
        return data

    def give_up(self) -> None:
        """End the reading: its bytes are overdue."""
        self._is_too_late = True
        self._shut(socket.SHUT_RD)

    def finish(self, *, discards: bool = True) -> None:
        """Discard what the response left unread; close the connection where the client does not send that now."""
        if self._is_over or self._connection is None:
            return
        self.charge = lambda count: None
        self._credit_s = min(self._credit_s, self.discard_s)
        ends_s = self._clock() + self.discard_s
        with contextlib.suppress(Exception):  # each server has its own for a body that breaks off
            while discards and not self._is_over and self._clock() < ends_s:
                self.read(PIECE_BYTES)
        if not self._is_over or self._is_too_late:
            self._shut(socket.SHUT_RDWR)

    def _receive(self, wanted: int) -> bytes:
        began_s = self._clock()
        data = b""
        try:
            if self._credit_s > 0:
                with self._watchdog.watching(self, self._credit_s):
                    data = self._stream.read(wanted)
        except Exception:
            if not self._is_too_late:
                raise
        self._credit_s -= self._clock() - began_s
        if self._is_too_late or self._credit_s <= 0:
            self._is_too_late = True
            raise RequestTimeout("Expected the whole body in time, got it too slowly.")
        self._credit_s = min(self._credit_s + len(data) / MIN_BODY_BYTES_PER_S, self._timeouts.body_pause_s)
        return data

    def _shut(self, how: int) -> None:
        # By a copy of the file's number: under TLS a socket's own method would go on without TLS.
        with contextlib.suppress(OSError, AttributeError, ValueError):  # it has ended already
            copy = _socket.socket(fileno=os.dup(self._connection.fileno()))  # type: ignore[union-attr]
            try:
                copy.shutdown(how)
            finally:
                copy.close()


class TimedBodies:
    """``wsgi_app`` with a deadline for its requests' bodies."""

    def __init__(self, wsgi_app: Callable, timeouts: Timeouts):
        self._wsgi_app = wsgi_app
        self._timeouts = timeouts
        self._watchdog = Watchdog()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        length = body_length(environ)
        if length == 0:
            return self._wsgi_app(environ, start_response)
        body = RequestBody(environ["wsgi.input"], length, connection_of(environ), self._watchdog, self._timeouts)
        environ["wsgi.input"] = environ[BODY] = body
        # A client that waits for `100 Continue` sends no body after another answer.
        discards = "HTTP_EXPECT" not in environ
        try:
            answer = self._wsgi_app(environ, start_response)
        except BaseException:
            body.finish(discards=False)
            raise
        return ClosingIterator(answer, lambda: body.finish(discards=discards))


def body_length(environ: dict) -> int | None:
    """How many bytes a request's body has; None where only its end will tell, 0 where there is none."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def connection_of(environ: dict) -> socket.socket | None:
    """The socket on which a request came, as far as its server tells."""
    for name in (CONNECTION, "werkzeug.socket", "gunicorn.socket"):
        if name in environ:
            return environ[name]
    return environ["eventlet.input"].get_socket() if "eventlet.input" in environ else None
