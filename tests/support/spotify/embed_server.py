"""open.spotify.com on loopback: the iFrame API's script and the embedded player's page, by HTTPS.

A browser started with ``EmbedServer.options`` finds the name there, so that the pages' policies, frames and origins are
those of the real one. The script (`iframe_api_stand_in.js`) has the real one's methods and events, and its faults.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from feelharmonic.web.security.certificate import own_certificate

HOST = "open.spotify.com"
SCRIPT = Path(__file__).with_name("iframe_api_stand_in.js")
LOOK = "margin:0;font:14px sans-serif;background:#282828;color:#fff;padding:30px 16px"
#: The embedded player's page.
PAGE = f"<!doctype html><html lang=en><title>player</title><body style='{LOOK}'>Spotify’s player</body>"


class EmbedServer:
    """The server; use it as a context. ``asked``: the paths that were asked for, oldest first."""

    def __init__(self, folder: Path):
        self.asked: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = own_certificate(folder, ["127.0.0.1"])
        context.load_cert_chain(certificate, key)
        self._key_hash = _key_hash(certificate)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self.asked))
        self._server.daemon_threads = True
        # The handshake in the connection's own thread: a browser opens connections that it does not use at once.
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)

    def __enter__(self) -> EmbedServer:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def options(self) -> tuple[str, str]:
        """Chromium's options that lead it here and trust this certificate alone."""
        return (
            f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{self._server.server_port}",
            f"--ignore-certificate-errors-spki-list={self._key_hash}",
        )


def _key_hash(certificate: Path) -> str:
    """The public key's SHA-256 in base64, as Chromium's option takes it."""
    public = x509.load_pem_x509_certificate(certificate.read_bytes()).public_key()
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


def _handler(asked: list[str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path.startswith("/embed/iframe-api/"):
                self._send("text/javascript", SCRIPT.read_bytes())
            elif self.path.startswith("/embed/track/"):
                self._send("text/html", PAGE.encode())
            else:
                self.send_error(404)

        def _send(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
