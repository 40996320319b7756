"""What serving under eventlet needs beyond the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


def eventlet_message(most_bytes: int) -> type:
    """eventlet's WebSocket message while it comes; refused where its fragments have more than ``most_bytes`` in all."""
    from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

    class Message(RFC6455WebSocket.Message):
        def __init__(self, *given: object, **named: object):
            super().__init__(*given, **named)
            self.data = [bytearray()]  # one buffer: eventlet's list would grow by an object with the smallest fragment

        def push(self, data: bytes, final: bool = False) -> None:
            (collected,) = self.data
            if len(collected) + len(data) > most_bytes:
                raise FailedConnectionError(1009, f"Expected a message of at most {most_bytes} bytes.")
            collected.extend(data)
            self.finished = final

    return Message


def unmasked(data: bytes, mask: Sequence[int], length: int, offset: int = 0) -> bytes:
    """``data`` without the mask that browsers put on it. eventlet's own way makes an object of each byte: a hundred
    megabytes for a message of one."""
    turned = offset % 4
    key = bytes([*mask[turned:], *mask[:turned]]) * (length // 4 + 1)
    return (int.from_bytes(data, "big") ^ int.from_bytes(key[:length], "big")).to_bytes(length, "big")


def _eventlet_protocol() -> type:
    from eventlet import wsgi

    class Protocol(wsgi.HttpProtocol):
        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # gone, or no TLS came to terms: eventlet's own answer is a traceback
                self.close_connection = True
            except Exception:
                log.exception("A request failed")

        def log_message(self, *said: object) -> None:
            """Its lines begin with the address of who asks and repeat what came: none is written."""

    return Protocol
