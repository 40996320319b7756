"""How often an address may open a WebSocket, how many are open at once, how many requests an address has in work."""

from __future__ import annotations

import base64
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus

from werkzeug.wrappers import Response as PlainResponse
from werkzeug.wsgi import ClosingIterator

from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.origins import socket_origins
from feelharmonic.web.security.rate_limits import EventCounter, network_of
from feelharmonic.web.serving.request_bodies import BODY, body_length

#: Where Engine.IO opens wires.
WIRE_PATH = "/socket.io/"

#: A WebSocket's handshake has a key of so many bytes.
KEY_BYTES = 16

#: A wire for which there is no room is to be tried again so much later.
NO_ROOM_WAIT_S = 5

#: Who has as many requests in work as one address may have is to come again after so long.
REQUESTS_RETRY_S = 5

#: What such an address sent is discarded for so long, so that a well-meaning client reads its answer.
REFUSED_DISCARD_S = 0.5

#: Health checks, which a proxy sends for everybody.
PROBES = ("/healthz", "/readyz")


class RequestLimiter:
    """``wsgi_app``, with at most ``most`` requests of one address, or one IPv6 /64, in work at a time: from their heads
    to the last bytes of their answers. Open WebSockets are counted elsewhere. Safe between threads."""

    def __init__(self, wsgi_app: Callable, most: int, refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._most = most
        self._refused = refused
        self._in_work: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        path, has_body = environ.get("PATH_INFO", ""), body_length(environ) != 0
        if not has_body and (path in PROBES or path.startswith(WIRE_PATH)):
            return self._wsgi_app(environ, start_response)
        who = network_of(environ.get("REMOTE_ADDR") or "unknown")
        if not self._begins(who):
            self._refused("busy")
            if BODY in environ:  # its connection is wanted back
                environ[BODY].discard_s = REFUSED_DISCARD_S
            return too_many_requests(self._most)(environ, start_response)
        try:
            answer = self._wsgi_app(environ, start_response)
        except BaseException:
            self._ends(who)
            raise
        return ClosingIterator(answer, lambda: self._ends(who))

    def _begins(self, who: str) -> bool:
        with self._lock:
            is_admitted = self._in_work[who] < self._most
            self._in_work[who] += is_admitted
            return is_admitted

    def _ends(self, who: str) -> None:
        with self._lock:
            self._in_work[who] -= 1
            if not self._in_work[who]:
                del self._in_work[who]


class ConnectionLimiter:
    """Lets each address open wires as often as ``counter`` admits, and ``most_open`` be open at once: beside these HTTP
    still answers. ``refused`` is told of each that is not opened, here or by Engine.IO."""

    def __init__(
        self,
        wsgi_app: Callable,
        allowed: tuple[str, ...],
        *,
        counter: EventCounter,
        most_open: int,
        refused: Callable[[str], None],
    ):
        self._wsgi_app = wsgi_app
        self._is_ours = socket_origins(allowed)
        self._counter = counter
        self._most_open = most_open
        self._refused = refused
        self._open = 0
        self._lock = threading.Lock()  # wires come and go in several threads

    def __call__(self, environ: dict, start_response: Callable) -> object:
        if not environ.get("PATH_INFO", "").startswith(WIRE_PATH):
            return self._wsgi_app(environ, start_response)
        if not self._counter.admits(environ.get("REMOTE_ADDR") or "unknown"):
            self._refused("busy")
            return too_many_wires(self._counter.window_s)(environ, start_response)
        if not self._takes_place():
            self._refused("full")
            return no_room(self._most_open)(environ, start_response)

        def started(status: str, *given: object) -> object:
            if status.startswith("4"):
                origin = environ.get("HTTP_ORIGIN")
                self._refused("bad_request" if origin is None or self._is_ours(origin, environ) else "forbidden")
            return start_response(status, *given)

        try:
            if not is_handshake(environ):
                # Engine.IO would hold a connection for it until its first ping is due.
                self._refused("bad_request")
                return no_handshake()(environ, start_response)
            return self._wsgi_app(environ, started)  # for as long as the wire is open
        finally:
            with self._lock:
                self._open -= 1

    def _takes_place(self) -> bool:
        with self._lock:
            is_free = self._open < self._most_open
            self._open += is_free
            return is_free


def is_handshake(environ: dict) -> bool:
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


def no_handshake() -> PlainResponse:
    detail = "Expected the handshake of a WebSocket of version 13, got another request."
    return problem_response(
        HTTPStatus.BAD_REQUEST, "bad_request", detail, "Open a WebSocket, as Socket.IO's client does."
    )


def too_many_wires(window_s: int) -> PlainResponse:
    detail = "Expected fewer wires and events from one address."
    response = problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.")
    response.headers["Retry-After"] = str(window_s)
    return response


def too_many_requests(most: int) -> PlainResponse:
    detail = f"Expected at most {most} requests of one address at a time."
    response = problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait for the answers to the others.")
    response.headers["Retry-After"] = str(REQUESTS_RETRY_S)
    return response


def no_room(most_open: int) -> PlainResponse:
    detail = f"All {most_open} wires of this server are open, those that wait for a place among them."
    response = problem_response(HTTPStatus.SERVICE_UNAVAILABLE, "full", detail, "Try again in a while.")
    response.headers["Retry-After"] = str(NO_ROOM_WAIT_S)
    return response
