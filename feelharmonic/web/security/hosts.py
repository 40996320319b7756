"""Host check: a request must name this server by an address or one of its names."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from feelharmonic.settings import Settings
from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.origins import printable_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A Host header: a name or an address, with or without a port.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d*)?")


class HostCheck:
    """WSGI middleware: answers pages and WebSockets only under an address or one of ``names``.

    It stops DNS rebinding: a foreign page whose name is made to resolve to this server would be same-origin with it. An
    address cannot be rebound, so addresses need no entry. ``refused`` counts refusals.
    """

    def __init__(self, wsgi_app: WSGIApplication, names: frozenset[str], refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._names = names
        self._refused = refused

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")  # browsers always send it; a proxy's health check may not
        if not host or is_known(host, self._names):
            return self._wsgi_app(environ, start_response)
        self._refused("unknown_host")
        return _misdirected(host)(environ, start_response)


def own_names(settings: Settings) -> frozenset[str]:
    """The names of this server: from its settings, its machine's, and localhost."""
    machine = socket.gethostname()
    short = machine.partition(".")[0]
    urls = (*settings.allowed_origins, settings.spotify_redirect_uri)
    configured = (*settings.allowed_hosts, settings.host, *(urlsplit(url).hostname or "" for url in urls))
    names = ("localhost", machine, short, f"{short}.local", *configured)
    return frozenset(name.lower() for name in names if name)


def is_known(host: str, names: frozenset[str]) -> bool:
    """Whether the Host header ``host`` is an address or one of ``names``."""
    parts = HOST.fullmatch(host)
    if parts is None:
        return False
    name = parts[1].strip("[]").lower().removesuffix(".")
    return name in names or is_address(name)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _misdirected(host: str) -> Response:
    detail = f"Expected an address or a known name of this server, got {printable_host(f'//{host}')}."
    action = "If this name is the server's, add it to ALLOWED_HOSTS; otherwise open the server's address."
    return problem_response(HTTPStatus.MISDIRECTED_REQUEST, "unknown_host", detail, action)
