"""What serving under gevent needs beyond the others."""

from __future__ import annotations

import logging

from feelharmonic.web.serving.timeouts import SILENCE_S

log = logging.getLogger(__name__)


def _gevent_handler() -> type:
    from gevent import pywsgi

    class Handler(pywsgi.WSGIHandler):
        """Lets nobody hold a connection by saying nothing; open wires are watched by pings instead."""

        def read_requestline(self) -> str:
            self.socket.settimeout(SILENCE_S)
            return super().read_requestline()

        def handle_one_response(self) -> None:
            is_wire = bool(self.environ.get("HTTP_UPGRADE"))
            if is_wire:
                self.socket.settimeout(None)
            super().handle_one_response()
            if is_wire:
                # What is left on a wire that ended is no request: it may be a picture.
                self.close_connection = True

        def log_error(self, *said: object) -> None:
            """gevent's lines hold the address of who asks and the bytes that came: none is written."""

        def _log_error(self, *fault: object) -> None:
            """gevent's own would print the environment, and with it that address."""
            log.error("A request failed", exc_info=fault)

        def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
            """For some of them gevent's own prints a traceback."""
            return super()._handle_client_error(ex if isinstance(ex, ValueError) else ValueError(type(ex).__name__))

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):  # gone before the answer; the rest of a broken body, read to be discarded
                self.close_connection = True

    return Handler
