"""Host check: a request must ask for this server by an address or one of its names."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from urllib.parse import urlsplit

from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.settings import Settings
from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.origins import shown

#: A request's Host: a name or an address, and a port or none.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d*)?")


class HostCheck:
    """Answers only those who ask for this server by an address or one of its ``names``, pages and sockets alike.

    A foreign page may have its own name lead here (DNS rebinding): to the browser this server would then be of its
    origin. An address cannot be led elsewhere, and needs no entry.
    """

    def __init__(self, wsgi_app: Callable, names: frozenset[str], refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._names = names
        self._refused = refused

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")  # a browser never leaves it out; a check of a proxy's may
        if not host or is_known(host, self._names):
            return self._wsgi_app(environ, start_response)
        self._refused("unknown_host")
        return unknown_name(host)(environ, start_response)


def own_names(settings: Settings) -> frozenset[str]:
    """What this server is called: by its settings, by its machine, and localhost."""
    machine = socket.gethostname()
    urls = (*settings.allowed_origins, settings.spotify_redirect_uri)
    told = (*settings.allowed_hosts, settings.host, *(urlsplit(url).hostname or "" for url in urls))
    given = ("localhost", machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local", *told)
    return frozenset(name.lower() for name in given if name)


def is_known(host: str, names: frozenset[str]) -> bool:
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


def unknown_name(host: str) -> PlainResponse:
    detail = f"Expected this server's address or a name that it knows, got {shown(f'//{host}')}."
    action = "If that name is this server's, have its host add it to ALLOWED_HOSTS; else open the server's address."
    return problem_response(HTTPStatus.MISDIRECTED_REQUEST, "unknown_host", detail, action)
