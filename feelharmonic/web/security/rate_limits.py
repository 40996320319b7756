"""Rate limits per address, for HTTP and for the events of /live, counted in memory or in Redis."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Mapping
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

#: What an event costs of its address's rate, and each track of a list, by an event or by HTTP: up to 2 ms of the
#: processor.
EVENT_COST, TRACK_COST = 1, 50

#: Timeout of a call to Redis, and the cooldown after one that failed.
REDIS_TIMEOUT_S, REDIS_COOLDOWN_S = 0.5, 5.0

IPV6_NETWORK_BITS = 64

#: What connections cost is told to the store after this time, or when it is this share of what is left.
SETTLE_S, SETTLE_SHARE = 1.0, 0.01


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


def client_network() -> str:
    """What the current request's client counts as."""
    return network_of(client_address())


class Standing(NamedTuple):
    """What counting answered: whether it was allowed, and how much is left in this window."""

    allowed: bool
    remaining: int


class RateLimiter:
    """Counts what each address, or each IPv6 /64, costs. Safe between threads. ``clock``: monotonic seconds.

    While Redis is away or refuses to count (its memory is full), each process counts alone; nothing goes uncounted.
    ``redis_options``: of its client, beside timeouts.
    """

    def __init__(
        self,
        rate: str,
        storage: str,
        *,
        name: str = "events",
        redis_options: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._rate = parse(rate)
        self._name = name
        self.window_s = self._rate.get_expiry()
        self._shared = storage_of(storage, redis_options)
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


class NetworkCount:
    """What the connections of one network have cost since ``rates`` last settled. Safe between threads."""

    __slots__ = ("connections", "lock", "network", "remaining", "settled_s", "unsettled")

    def __init__(self, network: str, remaining: int, settled_s: float):
        self.network = network
        self.remaining = remaining  # as the store said when it was asked last
        self.settled_s = settled_s
        self.unsettled = 0
        self.connections = 0
        self.lock = threading.Lock()

    def allows(self, cost: int = 1) -> bool:
        """Count what a connection of this network does now; False if it is too much."""
        with self.lock:
            self.unsettled += cost
            return self.unsettled <= self.remaining


class ConnectionRates:
    """Counts in memory what connections cost, and settles with ``limiter``: a frame needs no call to the store.

    `settle` is to be called ten times a second. It settles what comes near the limit, and the rest after SETTLE_S: so
    several processes together allow no more than that share of the limit too much. ``clock``: monotonic seconds.
    """

    def __init__(self, limiter: RateLimiter, *, clock: Callable[[], float] = time.monotonic):
        self._limiter = limiter
        self._clock = clock
        self._counts: dict[str, NetworkCount] = {}  # by network
        self._count_of: dict[str, NetworkCount] = {}  # by connection
        self._lock = threading.Lock()  # connections come and go in several threads

    def join(self, connection: str, address: str) -> None:
        """``connection``, an id, counts for the network of ``address`` from now on."""
        network = network_of(address)
        remaining = self._limiter.count(address, 0).remaining
        with self._lock:
            count = self._counts.setdefault(network, NetworkCount(network, remaining, self._clock()))
            count.connections += 1
            self._count_of[connection] = count

    def leave(self, connection: str) -> None:
        with self._lock:
            count = self._count_of.pop(connection, None)
            if count is None:
                return
            count.connections -= 1
            is_last = not count.connections
            if is_last:
                del self._counts[count.network]
        if is_last:
            self._settle(count)

    def allows(self, connection: str, address: str, cost: int = 1) -> bool:
        """Count what ``connection`` does now, or ``address`` where it has not joined; False if it is too much."""
        count = self._count_of.get(connection)
        return self._limiter.allows(address, cost) if count is None else count.allows(cost)

    def settle(self) -> None:
        """Tell the store what has come to a share of the limit, or is a while old."""
        before_s = self._clock() - SETTLE_S
        with self._lock:
            counts = list(self._counts.values())
        for count in counts:
            due = count.unsettled and count.settled_s <= before_s
            if due or count.unsettled > SETTLE_SHARE * count.remaining:
                self._settle(count)

    def _settle(self, count: NetworkCount) -> None:
        cost = count.unsettled
        if not cost:
            return
        remaining = self._limiter.count(count.network, cost).remaining
        with count.lock:  # what came meanwhile is settled next time
            count.unsettled -= cost
            count.remaining = remaining
        count.settled_s = self._clock()


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


def storage_of(url: str, redis_options: Mapping[str, Any] | None = None) -> Storage:
    """Where `limits` counts: memory, or the Redis at ``url``, whose client gets ``redis_options``."""
    options = {} if url == MEMORY else {**storage_options(url), **(redis_options or {})}
    storage = storage_from_string(storage_url(url), **options)
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
