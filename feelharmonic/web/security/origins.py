"""Origin check: a page of another origin may not change anything here or open a socket."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Response, request

from feelharmonic.web.problems import problem_response

#: Methods that change nothing, which any page may send.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def refuse_foreign(allowed: tuple[str, ...]) -> Response | None:
    """A page of another origin may not change anything here, even where it could not read the answer."""
    origin = request.headers.get("Origin")
    if request.method in SAFE_METHODS or origin is None or origin in allowed or origin == own_origin():
        return None
    detail = f"Expected a request of this page, got one of {shown(origin)}."
    return problem_response(HTTPStatus.FORBIDDEN, "forbidden", detail, "Load the page from this server.")


def socket_origins(allowed: tuple[str, ...]) -> Callable[[str, dict], bool]:
    """Engine.IO's question whether a page of ``origin`` may open a socket: this server's own, and ``allowed``."""

    def may(origin: str, environ: dict) -> bool:
        return origin in allowed or origin == f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"

    return may


def own_origin() -> str:
    return f"{request.scheme}://{request.host}"


def shown(origin: str) -> str:
    """An origin as a log or an answer may repeat it."""
    try:
        host = urlsplit(origin).hostname or "no name"
    except ValueError:
        return "no name"
    return host[:80] if host.isprintable() else "no name"


def with_origin(response: Response, allowed: tuple[str, ...]) -> Response:
    """Lets the pages of ``allowed`` origins read the answer; all others may not, which is what browsers assume."""
    origin = request.headers.get("Origin")
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    if allowed:
        response.vary.add("Origin")
    return response
