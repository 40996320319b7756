"""Requests in work: how many are being answered, so that the server does not end before them.

In: every request of the pages and of REST, from its head to the last byte of its answer. Out: how many. The live wires
are not among them: they are as long as their pages are open, and what is read for them is counted by its turns.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from werkzeug.wsgi import ClosingIterator


class InFlightRequests:
    """``wsgi_app``, with its requests counted. Safe between threads."""

    def __init__(self, wsgi_app: Callable):
        self._wsgi_app = wsgi_app
        self._count = 0
        self._lock = threading.Lock()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        self._add(1)
        try:
            answer = self._wsgi_app(environ, start_response)
        except BaseException:
            self._add(-1)
            raise
        return ClosingIterator(answer, lambda: self._add(-1))

    @property
    def count(self) -> int:
        return self._count

    def _add(self, count: int) -> None:
        with self._lock:
            self._count += count
