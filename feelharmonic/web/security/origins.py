"""Origin check: a page of another origin may not change anything here, open a WebSocket or read an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import Response, request
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.web.problems import problem_response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

log = logging.getLogger(__name__)

#: Anybody can make up origins: how many are logged at most, and how long each.
MAX_ORIGINS_LOGGED = 50
MAX_ORIGIN_LETTERS = 100

#: Methods that change nothing: any page may send them.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def refuse_foreign_origin(allowed: tuple[str, ...]) -> PlainResponse | None:
    """A refusal of the current request if a page of a foreign origin sent it and it could change something, else None.
    The browser keeps the answer from such a page, but sends the request all the same."""
    origin = request.headers.get("Origin")
    if request.method in SAFE_METHODS or origin is None:
        return None
    if is_allowed_origin(origin, request.environ, allowed):
        return None
    detail = f"Expected a request from this server's pages, got one from {printable_host(origin)}."
    return problem_response(HTTPStatus.FORBIDDEN, "forbidden", detail, "Load the page from this server.")


def is_allowed_origin(origin: str, environ: WSGIEnvironment, allowed: tuple[str, ...]) -> bool:
    """Whether ``origin`` is this server's own, as the request names it, or one of ``allowed``."""
    return origin in allowed or origin == f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"


def websocket_origins(allowed: tuple[str, ...]) -> Callable[[str, WSGIEnvironment], bool]:
    """The origin check in the form that Engine.IO asks for."""
    return lambda origin, environ: is_allowed_origin(origin, environ, allowed)


class ForeignOriginLog:
    """Logs refused WebSockets once for each pair of origins: to the page the browser tells no reason."""

    def __init__(self) -> None:
        self._logged: set[tuple[str, str]] = set()

    def log_once(self, origin: str, environ: WSGIEnvironment) -> None:
        """Log that the page of ``origin`` was refused under the origin that the request names."""
        own = f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"
        pair = (printable_origin(origin), printable_origin(own))
        if pair in self._logged or len(self._logged) >= MAX_ORIGINS_LOGGED:
            return
        self._logged.add(pair)
        log.warning(
            "Refused a WebSocket: its page is of %s, this server is reached as %s. Behind a proxy, set TRUSTED_PROXIES "
            "to the number of proxies; a page of another server must be named in ALLOWED_ORIGINS.",
            *pair,
        )


def printable_origin(url: str) -> str:
    """``url`` as an origin, safe to repeat in a log."""
    shown = url[:MAX_ORIGIN_LETTERS]
    return shown if shown.isascii() and shown.isprintable() and " " not in shown else "an unreadable origin"


def printable_host(url: str) -> str:
    """The host of ``url``, safe to repeat in a log or an answer."""
    try:
        host = urlsplit(url).hostname or "no name"
    except ValueError:
        return "no name"
    return host[:80] if host.isprintable() else "no name"


def with_cors(response: Response, allowed: tuple[str, ...]) -> Response:
    """``response`` with CORS headers, by which pages of ``allowed`` origins may read it."""
    origin = request.headers.get("Origin")
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    if allowed:
        response.vary.add("Origin")
    return response
