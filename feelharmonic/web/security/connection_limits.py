"""How often an address may open a WebSocket, and how many may be open at once."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.origins import ForeignOriginLog, is_allowed_origin
from feelharmonic.web.security.rate_limits import RateLimiter, network_of
from feelharmonic.web.serving.places import has_room

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Where Engine.IO opens WebSockets.
WEBSOCKET_PATH = "/socket.io/"

#: The length of the key in a WebSocket's handshake.
KEY_BYTES = 16

#: When the connection limit is reached, a client should wait this long before it tries again.
FULL_RETRY_S = 5


class ConnectionLimiter:
    """WSGI middleware. At most ``max_open`` WebSockets are open at once, so that HTTP is still answered; of those
    that others left free one address gets ``share``, and opens them as often as ``limiter`` allows.

    ``make_room`` disconnects an idle WebSocket and returns whether there was one. ``refused`` counts those not opened,
    here or by Engine.IO.
    """

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        allowed_origins: tuple[str, ...],
        *,
        limiter: RateLimiter,
        max_open: int,
        refused: Callable[[str], None],
        share: float = 1.0,
        make_room: Callable[[], bool] = lambda: False,
    ):
        self._wsgi_app = wsgi_app
        self._allowed_origins = allowed_origins
        self._limiter = limiter
        self._max_open = max_open
        self._refused = refused
        self._share = share
        self._make_room = make_room
        self._foreign_origins = ForeignOriginLog()
        self._open: Counter[str] = Counter()  # by network
        self._open_in_all = 0
        self._lock = threading.Lock()  # WebSockets open and close in several threads

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").startswith(WEBSOCKET_PATH):
            return self._wsgi_app(environ, start_response)
        if not self._limiter.allows(environ.get("REMOTE_ADDR") or "unknown"):
            self._refused("busy")
            return _rate_limited(self._limiter.window_s)(environ, start_response)
        client = network_of(environ.get("REMOTE_ADDR") or "unknown")
        # A disconnected client frees its connection in a moment; in between there may be one too many.
        if not self._reserve(client) and not (self._make_room() and self._reserve(client, extra=1)):
            self._refused("full")
            return _full(self._max_open)(environ, start_response)
        try:
            if not is_handshake(environ):
                # Engine.IO would hold a connection for it until its first ping is due.
                self._refused("bad_request")
                return _invalid_handshake()(environ, start_response)
            return self._wsgi_app(environ, self._counting(environ, start_response))  # until the WebSocket closes
        finally:
            with self._lock:
                self._open_in_all -= 1
                self._open[client] -= 1
                if not self._open[client]:
                    del self._open[client]

    def _reserve(self, client: str, extra: int = 0) -> bool:
        with self._lock:
            is_free = has_room(self._open[client], self._open_in_all, self._max_open + extra, self._share)
            if is_free:
                self._open_in_all += 1
                self._open[client] += 1
            return is_free

    def _counting(self, environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
        """``start_response`` that counts what Engine.IO refuses."""

        def started(status: str, *args: Any) -> Any:
            if status.startswith("4"):
                origin = environ.get("HTTP_ORIGIN")
                is_ours = origin is None or is_allowed_origin(origin, environ, self._allowed_origins)
                self._refused("bad_request" if is_ours else "forbidden")
                if origin is not None and not is_ours:
                    self._foreign_origins.log_once(origin, environ)
            return start_response(status, *args)

        return started


def is_handshake(environ: WSGIEnvironment) -> bool:
    """Whether a request may become a WebSocket (RFC 6455, 4.2.1)."""
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip(), validate=True)
    except ValueError:
        return False
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_UPGRADE", "").strip().lower() == "websocket"
        and "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() == "13"
        and len(key) == KEY_BYTES
    )


def _invalid_handshake() -> Response:
    detail = "Expected a WebSocket handshake of version 13, got another request."
    return problem_response(HTTPStatus.BAD_REQUEST, "bad_request", detail, "Connect as Socket.IO's client does.")


def _rate_limited(window_s: int) -> Response:
    detail = "Too many WebSockets and events from your IP address."
    headers = {"Retry-After": str(window_s)}
    return problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.", headers)


def _full(max_open: int) -> Response:
    detail = f"Connection limit ({max_open}), or your IP address's share of it, reached."
    headers = {"Retry-After": str(FULL_RETRY_S)}
    return problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "full", detail, "Try again in a few seconds.", headers)
