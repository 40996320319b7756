"""What serving under Werkzeug's threads needs beyond the others."""

from __future__ import annotations

import io
import logging

from feelharmonic.web.serving.timeouts import SILENCE_S

log = logging.getLogger(__name__)


#: Whoever wants more than the first at once discards what it reads, and gets no more than the second.
MOST_AT_ONCE_BYTES, SIP_BYTES = 2**20, 2**16


def _werkzeug_handler() -> type:
    from werkzeug.serving import WSGIRequestHandler

    class Sips(io.BufferedReader):
        """What comes in. Werkzeug discards a refused body 10 MB at a time: each of many would take as much memory."""

        def read(self, size: int | None = -1) -> bytes:
            return self.read1(SIP_BYTES) if size is not None and size > MOST_AT_ONCE_BYTES else super().read(size)

    class Handler(WSGIRequestHandler):
        timeout = SILENCE_S

        def setup(self) -> None:
            super().setup()
            self.rfile = Sips(self.rfile.detach())

        def handle(self) -> None:
            try:
                super().handle()
            except Exception:  # socketserver's own answer to it is a traceback with the address of who asks
                log.exception("A request failed")

        def log(self, *said: object) -> None:
            """Werkzeug's lines begin with the address of who asks: none is written."""

    return Handler


def _hush_werkzeug() -> None:
    """No lines with addresses in the log, and no words of Flask's own beside ours at the start."""
    from flask import cli

    cli.show_server_banner = lambda *about: None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
