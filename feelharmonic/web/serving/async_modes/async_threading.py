"""Serving by Werkzeug's threads, one for each connection: good for a household."""

from __future__ import annotations

import io
import logging
import signal
from collections.abc import Callable
from typing import Any

from feelharmonic.web.serving import Certificate, Runner, capacity
from feelharmonic.web.serving.places import AddressConnections
from feelharmonic.web.serving.timeouts import Timeouts

log = logging.getLogger(__name__)

#: Reads above the first come from Werkzeug discarding a body; they get at most the second.
MAX_READ_BYTES, DISCARD_READ_BYTES = 2**20, 2**16


class Mode:
    """See `AsyncMode`."""

    gunicorn_worker = "gthread"

    def patch_standard_library(self) -> None:
        """Threads need no patch."""

    def thread_runner(self, threads: int) -> Runner:
        """The caller is in a thread of its own already."""
        return lambda function: function()

    def max_connections(self, listeners: int) -> int:
        return capacity.max_threads(listeners)

    def server_options(
        self,
        timeouts: Timeouts,
        listeners: int,
        certificate: Certificate | None,
        connections: AddressConnections | None = None,
    ) -> dict[str, Any]:
        from feelharmonic.web.security.tls import server_context

        _silence_werkzeug()
        tls = {"ssl_context": server_context(*certificate)} if certificate else {}
        # What a public server needs instead of Werkzeug is in deploy/.
        return {"allow_unsafe_werkzeug": True, "request_handler": _request_handler(timeouts.silence_s), **tls}

    def install_signal_handlers(self, drain: Callable[[], None], stop: Callable[[], None]) -> None:
        def drain_and_exit(number: int, frame: object) -> None:
            drain()
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, drain_and_exit)

    def limit_websocket(self, websocket: Any, max_bytes: int) -> None:
        """simple-websocket has a limit of its own, which `websocket_limits.py` sets."""


def _request_handler(silence_s: float) -> type:
    from werkzeug.serving import WSGIRequestHandler

    class SmallReads(io.BufferedReader):
        """Werkzeug discards a refused body 10 MB at a time: each of many connections would take as much memory."""

        def read(self, size: int | None = -1) -> bytes:
            if size is not None and size > MAX_READ_BYTES:
                return self.read1(DISCARD_READ_BYTES)
            return super().read(size)

    class Handler(WSGIRequestHandler):
        timeout = silence_s

        def setup(self) -> None:
            super().setup()
            self.rfile = SmallReads(self.rfile.detach())

        def handle(self) -> None:
            try:
                super().handle()
            except Exception:  # socketserver would print a traceback with the client's address
                log.exception("A request failed")

        def log(self, *args: object) -> None:
            """Log nothing: Werkzeug's lines begin with the client's address."""

    return Handler


def _silence_werkzeug() -> None:
    """No lines with addresses in the log, and no banner of Flask's beside ours at the start."""
    from flask import cli

    cli.show_server_banner = lambda *args: None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
