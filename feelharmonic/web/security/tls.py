"""TLS for `HTTPS=1`, where no proxy in front does it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's TLS context. Its handshakes happen with the first read of each connection, and so within that read's
    timeout: done on accept, one silent client would keep everybody else from connecting."""
    import ssl  # here: gevent and eventlet must patch it first

    class Context(ssl.SSLContext):
        def wrap_socket(self, *args: Any, **options: Any) -> ssl.SSLSocket:
            return super().wrap_socket(*args, **{**options, "do_handshake_on_connect": False})

    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
