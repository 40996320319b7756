"""Rate limits per address, for HTTP and for the events of /live, counted in memory or in Redis."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import request
from flask_limiter.errors import RateLimitExceeded
from limits import parse
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.wrappers import Response

from feelharmonic.web.problems import problem_response

log = logging.getLogger(__name__)

#: The page's own files and health checks do not count against the limit.
UNLIMITED_ENDPOINTS = ("static", "pages.healthz", "api.healthz")

MEMORY = "memory://"

#: How long a Redis that is away is waited for, and how long it is then left alone.
REDIS_TIMEOUT_S, REDIS_COOLDOWN_S = 0.5, 5.0

IPV6_NETWORK_BITS = 64


def client_address() -> str:
    """The address of the current request's client; behind trusted proxies, as they report it."""
    return request.remote_addr or "unknown"


def network_of(address: str) -> str:
    """What ``address`` counts as: itself, or its IPv6 /64, which is what providers give to a household."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((ip, IPV6_NETWORK_BITS), strict=False))
    return str(ip)


def rate_limit_exceeded(fault: RateLimitExceeded) -> Response:
    limit = fault.limit.limit
    detail = f"Too many requests from your IP address: at most {limit} are allowed."
    headers = {"Retry-After": str(limit.get_expiry())}
    return problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.", headers)


class RateLimiter:
    """Counts what each address sends over WebSockets. Safe between threads. ``clock``: monotonic seconds.

    While Redis is away each process counts alone.
    """

    def __init__(self, rate: str, storage: str, *, clock: Callable[[], float] = time.monotonic):
        self._rate = parse(rate)
        self.window_s = self._rate.get_expiry()
        self._shared = FixedWindowRateLimiter(storage_of(storage))
        self._alone = FixedWindowRateLimiter(storage_of(MEMORY))
        self._clock = clock
        self._retry_s: float | None = None  # while counting alone: when to try Redis again
        self._lock = threading.Lock()  # one thread tries; the others would all wait for a Redis that may still be away

    def allows(self, address: str) -> bool:
        """Count one event of ``address``; False if it is one too many in this window."""
        if self._may_try():
            try:
                allowed = self._shared.hit(self._rate, address)
            except Exception as exc:  # each storage raises its own client's exceptions
                self._failed(type(exc).__name__)
            else:
                self._succeeded()
                return allowed
        return self._alone.hit(self._rate, address)

    def _may_try(self) -> bool:
        with self._lock:
            if self._retry_s is None:
                return True
            if self._clock() < self._retry_s:
                return False
            self._retry_s = self._clock() + REDIS_COOLDOWN_S
            return True

    def _failed(self, fault: str) -> None:
        with self._lock:
            if self._retry_s is None:
                log.warning("Redis is away (%s): each process counts events alone", fault)
            self._retry_s = self._clock() + REDIS_COOLDOWN_S

    def _succeeded(self) -> None:
        with self._lock:
            if self._retry_s is not None:
                log.info("Redis is back: processes count events together")
            self._retry_s = None


def storage_of(url: str) -> Storage:
    """Where `limits` counts: memory, or the Redis at ``url``."""
    storage = storage_from_string(storage_url(url), **storage_options(url))
    assert isinstance(storage, Storage)  # only async+… URLs give another kind
    return storage


def storage_url(url: str) -> str:
    """``url`` as `limits` spells it."""
    return f"redis+{url}" if url.startswith("unix:") else url


def storage_options(storage: str) -> dict[str, Any]:
    """Timeouts of Redis' client."""
    if storage == MEMORY:
        return {}
    options: dict[str, Any] = {"socket_timeout": REDIS_TIMEOUT_S}
    if not storage.startswith("unix:"):  # redis-py 5 has no such option there
        options["socket_connect_timeout"] = REDIS_TIMEOUT_S
    return options
