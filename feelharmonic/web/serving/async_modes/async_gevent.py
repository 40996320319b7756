"""Serving by gevent's greenlets: the default."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from typing import Any

from feelharmonic.web.serving import Certificate, Runner, capacity, run_in
from feelharmonic.web.serving.places import AddressConnections
from feelharmonic.web.serving.request_bodies import CONNECTION
from feelharmonic.web.serving.timeouts import Timeouts

log = logging.getLogger(__name__)

#: Connections that wait to be accepted. In a full queue the next one would be dropped, and come again a second later.
BACKLOG = 4096

#: A request's headers; Python's parser would take 6 MB.
MAX_HEADER_BYTES = 32 * 1024


class Mode:
    """See `AsyncMode`."""

    gunicorn_worker = "gevent"

    def patch_standard_library(self) -> None:
        from gevent import monkey

        monkey.patch_all()

    def thread_runner(self, threads: int) -> Runner:
        from gevent.threadpool import ThreadPool

        return run_in(ThreadPool(threads).apply)

    def max_connections(self, listeners: int) -> int:
        return capacity.max_connections(listeners)

    def server_options(
        self,
        timeouts: Timeouts,
        listeners: int,
        certificate: Certificate | None,
        connections: AddressConnections | None = None,
    ) -> dict[str, Any]:
        from feelharmonic.web.security.tls import server_context

        tls = {"ssl_context": server_context(*certificate)} if certificate else {}
        # As if it were one of several processes, the server accepts one connection at a time, not a hundred: those that
        # are open are served in between, however many knock.
        environ = {"wsgi.multiprocess": True}
        handler = _request_handler(timeouts.silence_s, connections)
        return {"handler_class": handler, "environ": environ, "backlog": BACKLOG, **tls}

    def install_signal_handlers(self, drain: Callable[[], None], stop: Callable[[], None]) -> None:
        import gevent

        def drain_and_stop() -> None:
            drain()
            stop()

        def stop_at_once() -> None:
            print()  # the terminal has ^C in this line
            stop()

        gevent.signal_handler(signal.SIGTERM, drain_and_stop)
        # As a KeyboardInterrupt, Ctrl+C would end the request that runs, and not the server.
        gevent.signal_handler(signal.SIGINT, stop_at_once)

    def limit_websocket(self, websocket: Any, max_bytes: int) -> None:
        """simple-websocket has a limit of its own, which `websocket_limits.py` sets."""


class LimitedLines:
    """The lines of ``file``. Raises ValueError after ``max_bytes`` of them."""

    def __init__(self, file: Any, max_bytes: int):
        self._file, self._left = file, max_bytes

    def readline(self, size: int) -> bytes:
        line: bytes = self._file.readline(min(size, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise ValueError("Expected fewer headers.")
        return line


def _request_handler(silence_s: float, connections: AddressConnections | None) -> type:
    from gevent import pywsgi

    class Handler(pywsgi.WSGIHandler):
        """Closes silent connections; open WebSockets are watched by pings instead."""

        def read_requestline(self) -> str:
            self.socket.settimeout(silence_s)
            return super().read_requestline()

        def read_request(self, raw_requestline: str) -> bool:
            whole: Any = self.rfile
            self.rfile: Any = LimitedLines(whole, MAX_HEADER_BYTES)
            try:
                return super().read_request(raw_requestline)
            finally:
                self.rfile = whole

        def handle_one_response(self) -> None:
            is_websocket = bool(self.environ.get("HTTP_UPGRADE"))
            if is_websocket:
                self.socket.settimeout(None)
            super().handle_one_response()
            if is_websocket:
                # What is left on a WebSocket that ended is no request: it may be a picture.
                self.close_connection = True

        def get_environ(self) -> dict:
            return {**super().get_environ(), CONNECTION: self.socket}

        def log_error(self, *args: object) -> None:
            """Log nothing: gevent's lines hold the client's address and the bytes that it sent."""

        def _log_error(self, *exc_info: Any) -> None:
            """Without the environment, which gevent would print and which holds that address."""
            log.error("A request failed", exc_info=exc_info)

        def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
            """As a ValueError: for some others gevent prints a traceback."""
            return super()._handle_client_error(ex if isinstance(ex, ValueError) else ValueError(type(ex).__name__))

        def handle(self) -> None:
            if connections is None:
                self.handle_requests()
            elif connections.open(self.client_address[0]):
                try:
                    self.handle_requests()
                finally:
                    connections.close(self.client_address[0])

        def handle_requests(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):  # the client left before the answer, or its body is broken
                self.close_connection = True

    return Handler
