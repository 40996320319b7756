"""How many requests and events are in flight, so that a shutdown can wait for them.

An HTTP request is in flight from its head to the last byte of its answer, an event of /live while its handler runs.
Open WebSockets do not count: they stay open as long as their pages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from werkzeug.wsgi import ClosingIterator


class InFlight:
    """A count of what is in flight. Safe between threads."""

    def __init__(self) -> None:
        self._count = 0
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        return self._count

    def begin(self) -> None:
        with self._lock:
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1

    @contextmanager
    def counted(self) -> Iterator[None]:
        """A context that counts as one in flight."""
        self.begin()
        try:
            yield
        finally:
            self.end()


class CountRequests:
    """WSGI middleware: each request to ``wsgi_app`` counts in ``in_flight``."""

    def __init__(self, wsgi_app: Callable, in_flight: InFlight):
        self._wsgi_app = wsgi_app
        self._in_flight = in_flight

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        self._in_flight.begin()
        try:
            answer = self._wsgi_app(environ, start_response)
        except BaseException:
            self._in_flight.end()
            raise
        return ClosingIterator(answer, self._in_flight.end)
