"""Rate limits per address, for HTTP and for the events of /live, counted in memory or in Redis."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Flask, g, request
from flask import Response as FlaskResponse
from limits import parse
from limits.storage import Storage, storage_from_string
from werkzeug.wrappers import Response

from feelharmonic.web.problems import problem_response

log = logging.getLogger(__name__)

#: The page's own files and health checks do not count against the limit.
UNLIMITED_ENDPOINTS = ("static", "pages.healthz", "api.healthz")

MEMORY = "memory://"

#: Timeout of a call to Redis, and the cooldown after one that failed.
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


class Standing(NamedTuple):
    """What counting answered: whether it was allowed, and how much is left in this window."""

    allowed: bool
    remaining: int


class RateLimiter:
    """Counts what each address, or each IPv6 /64, costs. Safe between threads. ``clock``: monotonic seconds.

    While Redis is away or refuses to count (its memory is full), each process counts alone; nothing goes uncounted.
    """

    def __init__(self, rate: str, storage: str, *, name: str = "events", clock: Callable[[], float] = time.monotonic):
        self._rate = parse(rate)
        self._name = name
        self.window_s = self._rate.get_expiry()
        self._shared = storage_of(storage)
        self._alone = storage_of(MEMORY)
        self._clock = clock
        self._retry_s: float | None = None  # while counting alone: when to try Redis again
        self._lock = threading.Lock()  # one thread tries; the others would all wait for a Redis that may still be away

    @property
    def limit(self) -> int:
        """How much one address may cost in a window."""
        return self._rate.amount

    def allows(self, address: str, cost: int = 1) -> bool:
        """Count what ``address`` does now; False if it is too much in this window."""
        return self.count(address, cost).allowed

    def count(self, address: str, cost: int = 1) -> Standing:
        key = self._rate.key_for(self._name, network_of(address))
        if self._may_try():
            try:
                used = self._shared.incr(key, self.window_s, amount=cost)
            except Exception as exc:  # each storage raises its own client's exceptions
                self._failed(type(exc).__name__)
            else:
                self._succeeded()
                return self._standing(used)
        return self._standing(self._alone.incr(key, self.window_s, amount=cost))

    def _standing(self, used: int) -> Standing:
        return Standing(used <= self.limit, max(0, self.limit - used))

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
                log.warning("Redis is away (%s): each process counts %s alone", fault, self._name)
            self._retry_s = self._clock() + REDIS_COOLDOWN_S

    def _succeeded(self) -> None:
        with self._lock:
            if self._retry_s is not None:
                log.info("Redis is back: processes count %s together", self._name)
            self._retry_s = None


def limit_http(app: Flask, limiter: RateLimiter) -> None:
    """Count every request to ``app`` but those to UNLIMITED_ENDPOINTS, and tell each address what is left."""

    def refuse_above_limit() -> Response | None:
        if request.endpoint in UNLIMITED_ENDPOINTS:
            return None
        g.standing = limiter.count(client_address())
        return None if g.standing.allowed else _rate_limited(limiter)

    def with_standing(response: FlaskResponse) -> FlaskResponse:
        if "standing" in g:
            response.headers["X-RateLimit-Limit"] = str(limiter.limit)
            response.headers["X-RateLimit-Remaining"] = str(g.standing.remaining)
        return response

    app.before_request(refuse_above_limit)
    app.after_request(with_standing)


def _rate_limited(limiter: RateLimiter) -> Response:
    detail = f"Too many requests from your IP address: at most {limiter.limit} in {limiter.window_s} s are allowed."
    headers = {"Retry-After": str(limiter.window_s)}
    return problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.", headers)


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
