"""Serving by eventlet's greenlets. Its maintainers plan to retire it, and gunicorn 26 dropped its worker."""

from __future__ import annotations

import logging
import signal
import socket
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from feelharmonic.web.serving import Certificate, Runner, capacity, run_in
from feelharmonic.web.serving.places import AddressConnections
from feelharmonic.web.serving.timeouts import Timeouts

log = logging.getLogger(__name__)


class Mode:
    """See `AsyncMode`."""

    gunicorn_worker = None

    def patch_standard_library(self) -> None:
        # It warns at import that it is being retired: docs/hosting.md says that, a start needs no warning.
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet

        eventlet.monkey_patch()

    def thread_runner(self, threads: int) -> Runner:
        from eventlet import tpool

        return run_in(tpool.execute)  # its own pool: EVENTLET_THREADPOOL_SIZE, 20 threads by default

    def max_connections(self, listeners: int) -> int:
        return capacity.max_connections(listeners)

    def server_options(
        self,
        timeouts: Timeouts,
        listeners: int,
        certificate: Certificate | None,
        connections: AddressConnections | None = None,
    ) -> dict[str, Any]:
        tls = {"certfile": str(certificate[0]), "keyfile": str(certificate[1])} if certificate else {}
        return {
            # By default eventlet serves 1,024 connections at once and lets the others wait without an answer.
            "max_size": self.max_connections(listeners),
            "socket_timeout": timeouts.silence_s,
            "protocol": _http_protocol(),
            **tls,
        }

    def install_signal_handlers(self, drain: Callable[[], None], stop: Callable[[], None]) -> None:
        import eventlet
        from eventlet import patcher
        from greenlet import getcurrent

        main_greenlet = getcurrent()

        def drain_and_exit() -> None:
            drain()
            eventlet.kill(main_greenlet, SystemExit)

        # A signal does not end the event loop's wait for the next connection or timer, and its handler may interrupt
        # the loop itself, which must not wait for anything: the handler writes a byte, on which a greenlet waits.
        reader, writer = socket.socketpair()
        write = patcher.original("os").write  # eventlet's own would wait until it may write
        signal.signal(signal.SIGTERM, lambda number, frame: write(writer.fileno(), b"\0"))
        eventlet.spawn(_run_on_bytes, reader, drain_and_exit)

    def limit_websocket(self, websocket: Any, max_bytes: int) -> None:
        websocket.Message = _message_class(max_bytes)
        websocket._apply_mask = unmasked


def _run_on_bytes(reader: socket.socket, run: Callable[[], None]) -> None:
    """Run ``run`` in a greenlet of its own for each byte: a second signal ends the wait of the first."""
    import eventlet

    while reader.recv(1):
        eventlet.spawn(run)


def _message_class(max_bytes: int) -> type:
    """eventlet's WebSocket message, refused once its fragments have more than ``max_bytes`` in all: eventlet's own
    limit holds for each fragment."""
    from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

    class Message(RFC6455WebSocket.Message):
        def __init__(self, *args: object, **kwargs: object):
            super().__init__(*args, **kwargs)
            self.data = [bytearray()]  # one buffer: eventlet's list would grow by an object with the smallest fragment

        def push(self, data: bytes, final: bool = False) -> None:
            (collected,) = self.data
            if len(collected) + len(data) > max_bytes:
                raise FailedConnectionError(1009, f"Expected a message of at most {max_bytes} bytes.")
            collected.extend(data)
            self.finished = final

    return Message


def unmasked(data: bytes, mask: Sequence[int], length: int, offset: int = 0) -> bytes:
    """``data`` without the mask that browsers apply (RFC 6455, 5.3). eventlet's own function makes an object of each
    byte: 100 MB for a message of 1 MB."""
    turned = offset % 4
    key = bytes([*mask[turned:], *mask[:turned]]) * (length // 4 + 1)
    return (int.from_bytes(data, "big") ^ int.from_bytes(key[:length], "big")).to_bytes(length, "big")


def _http_protocol() -> type:
    from eventlet import wsgi

    class Protocol(wsgi.HttpProtocol):
        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # the client left, or the TLS handshake failed: eventlet would print a traceback
                self.close_connection = True
            except Exception:
                log.exception("A request failed")

        def log_message(self, *args: object) -> None:
            """Log nothing: eventlet's lines hold the client's address and repeat what it sent."""

    return Protocol
