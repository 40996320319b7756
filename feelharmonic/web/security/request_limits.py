"""How long a request's headers may be, and how many HTTP requests one address may have in flight, so that nobody can
occupy every connection."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.connection_limits import WEBSOCKET_PATH
from feelharmonic.web.security.rate_limits import network_of
from feelharmonic.web.serving.request_bodies import BODY, body_length

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: An address above its limit should wait this long before it tries again.
REQUESTS_RETRY_S = 5

#: How long the body of a refused request is read and discarded, so that a well-behaved client reads its answer.
REFUSED_DISCARD_S = 0.5

#: Health checks, which a proxy sends for everybody.
PROBES = ("/healthz", "/readyz")


#: All headers of a request together; nginx passes on 32 KB at most. Browsers send one or two, and cookies.
MAX_HEADER_CHARS = 16 * 1024

#: A longer list of what a client accepts is ignored: sorting 60 KB of it would take 80 ms of the event loop.
MAX_ACCEPT_CHARS = 1000


class HeaderLimiter:
    """WSGI middleware: refuses requests with more headers than any browser sends."""

    def __init__(self, wsgi_app: WSGIApplication, refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._refused = refused

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        headers = [(name, value) for name, value in environ.items() if name.startswith("HTTP_")]
        if sum(len(value) for _, value in headers) > MAX_HEADER_CHARS:
            self._refused("bad_request")
            return _too_long_headers()(environ, start_response)
        for name, value in headers:
            if name.startswith("HTTP_ACCEPT") and len(value) > MAX_ACCEPT_CHARS:
                del environ[name]
        return self._wsgi_app(environ, start_response)


class RequestLimiter:
    """WSGI middleware: at most ``max_requests`` of one address, or one IPv6 /64, are in flight at a time, from their
    heads to the last bytes of their answers. Open WebSockets do not count. Safe between threads."""

    def __init__(self, wsgi_app: WSGIApplication, max_requests: int, refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._max_requests = max_requests
        self._refused = refused
        self._in_flight: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path, has_body = environ.get("PATH_INFO", ""), body_length(environ) != 0
        if not has_body and (path in PROBES or path.startswith(WEBSOCKET_PATH)):
            return self._wsgi_app(environ, start_response)
        client = network_of(environ.get("REMOTE_ADDR") or "unknown")
        if not self._begin(client):
            self._refused("busy")
            if BODY in environ:  # its connection is wanted back soon
                environ[BODY].discard_s = REFUSED_DISCARD_S
            return _too_many_requests(self._max_requests)(environ, start_response)
        try:
            answer = self._wsgi_app(environ, start_response)
        except BaseException:
            self._end(client)
            raise
        return ClosingIterator(answer, lambda: self._end(client))

    def _begin(self, client: str) -> bool:
        with self._lock:
            is_allowed = self._in_flight[client] < self._max_requests
            self._in_flight[client] += is_allowed
            return is_allowed

    def _end(self, client: str) -> None:
        with self._lock:
            self._in_flight[client] -= 1
            if not self._in_flight[client]:
                del self._in_flight[client]


def _too_many_requests(max_requests: int) -> Response:
    detail = f"At most {max_requests} requests of one IP address are answered at a time."
    headers = {"Retry-After": str(REQUESTS_RETRY_S)}
    action = "Wait for the answers to the others."
    return problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, action, headers)


def _too_long_headers() -> Response:
    detail = f"Expected headers of at most {MAX_HEADER_CHARS // 1024} KB, got more."
    action = "Delete this site's cookies, or send fewer headers."
    return problem_response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "bad_request", detail, action)
