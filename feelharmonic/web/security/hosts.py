"""Host check: a request must name this server by an address or one of its names."""

from __future__ import annotations

import ipaddress
import math
import re
import socket
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from feelharmonic.settings import Settings
from feelharmonic.web.problems import problem_response
from feelharmonic.web.security.addresses import machine_addresses
from feelharmonic.web.security.origins import printable_host

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: A Host header: a name or an address, with or without a port.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d*)?")

#: Addresses change when a machine joins another network: how long they are remembered.
ADDRESSES_TTL_S = 10.0


class HostCheck:
    """WSGI middleware: answers pages and WebSockets only under an address or one of ``names``.

    It stops DNS rebinding: a foreign page whose name is made to resolve to this server would be same-origin with it.
    Loopback addresses and those of this machine's networks need no entry. ``refused`` counts refusals; ``page`` is the
    refusal for a person, None for a program.
    """

    def __init__(
        self,
        wsgi_app: WSGIApplication,
        names: frozenset[str],
        refused: Callable[[str], None],
        *,
        page: Callable[[str, WSGIEnvironment], Response | None] = lambda host, environ: None,
        addresses: Callable[[], Iterable[str]] = machine_addresses,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._wsgi_app = wsgi_app
        self._names = names
        self._addresses = addresses
        self._clock = clock
        self._own_addresses: frozenset[str] = frozenset()
        self._read_s = -math.inf
        self._refused = refused
        self._page = page

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")  # browsers always send it; a proxy's health check may not
        if not host or self._is_known(host):
            return self._wsgi_app(environ, start_response)
        self._refused("unknown_host")
        shown = printable_host(f"//{host}")
        return (self._page(shown, environ) or _misdirected(shown))(environ, start_response)

    def _is_known(self, host: str) -> bool:
        name = host_name(host)
        return name is not None and (name in self._names or self._is_own_address(name))

    def _is_own_address(self, name: str) -> bool:
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        if address.is_loopback:
            return True
        if name not in self._own_addresses and self._clock() - self._read_s > ADDRESSES_TTL_S:
            self._own_addresses = frozenset(map(str, map(ipaddress.ip_address, self._addresses())))
            self._read_s = self._clock()
        return name in self._own_addresses


def own_names(settings: Settings) -> frozenset[str]:
    """The names of this server: from its settings, its machine's, and localhost."""
    machine = socket.gethostname()
    short = machine.partition(".")[0]
    urls = (*settings.allowed_origins, settings.spotify_redirect_uri)
    configured = (*settings.allowed_hosts, settings.host, *(urlsplit(url).hostname or "" for url in urls))
    names = ("localhost", machine, short, f"{short}.local", *configured)
    return frozenset(name.lower() for name in names if name)


def host_name(host: str) -> str | None:
    """The name or address in the Host header ``host``, lower case, an address in its shortest form; None without."""
    parts = HOST.fullmatch(host)
    if parts is None:
        return None
    name = parts[1].strip("[]").lower().removesuffix(".")
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def _misdirected(host: str) -> Response:
    detail = f"Expected an address or a known name of this machine, got {host}."
    action = "If it is the server's name or public address, add it to ALLOWED_HOSTS; otherwise open its own address."
    return problem_response(HTTPStatus.MISDIRECTED_REQUEST, "unknown_host", detail, action)
