"""Rate limits per address for HTTP and for the events of /live, in memory or in Redis."""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable
from http import HTTPStatus

from flask import Response, request
from flask_limiter.errors import RateLimitExceeded
from limits import parse
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter

from feelharmonic.web.problems import problem_response

log = logging.getLogger(__name__)


#: What is asked by the page's files and by probes is not counted.
UNCOUNTED = ("static", "pages.healthz", "api.healthz")

MEMORY = "memory://"

#: A Redis that is away is not waited for, and not asked again for so long.
REDIS_TIMEOUT_S, ALONE_S = 0.5, 5.0

IPV6_NETWORK_BITS = 64


def address() -> str:
    """The address that asks; behind proxies that are trusted, the one that they tell."""
    return request.remote_addr or "unknown"


def network_of(address: str) -> str:
    """The name under which ``address`` is counted: itself, or the IPv6 /64 that it is in, which providers give to a
    household."""
    try:
        read = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(read, ipaddress.IPv6Address):
        return str(read.ipv4_mapped or ipaddress.ip_network((read, IPV6_NETWORK_BITS), strict=False))
    return str(read)


def too_many(fault: RateLimitExceeded) -> Response:
    detail = f"Expected at most {fault.limit.limit} from one address."
    response = problem_response(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.")
    response.headers["Retry-After"] = str(fault.limit.limit.get_expiry())
    return response


class EventCounter:
    """Counts what an address sends over the wire; safe between threads. ``clock`` gives steady seconds."""

    def __init__(self, rate: str, storage: str, *, clock: Callable[[], float] = time.monotonic):
        self._rate = parse(rate)
        self.window_s = self._rate.get_expiry()
        self._limits = FixedWindowRateLimiter(storage_of(storage))
        self._alone = FixedWindowRateLimiter(storage_of(MEMORY))
        self._clock = clock
        self._ask_again_s: float | None = None  # while counting alone: when to try again
        self._lock = threading.Lock()  # one tries; all the others would wait for a Redis that may still be away

    def admits(self, who: str) -> bool:
        """Count one event of ``who``; False where it is one too many for this minute."""
        if self._may_ask():
            try:
                admitted = self._limits.hit(self._rate, who)
            except Exception as exc:  # each storage raises its client's own faults
                self._goes_alone(type(exc).__name__)
            else:
                self._is_back()
                return admitted
        return self._alone.hit(self._rate, who)

    def _may_ask(self) -> bool:
        with self._lock:
            if self._ask_again_s is None:
                return True
            if self._clock() < self._ask_again_s:
                return False
            self._ask_again_s = self._clock() + ALONE_S
            return True

    def _goes_alone(self, fault: str) -> None:
        with self._lock:
            if self._ask_again_s is None:
                log.warning("Events are counted in this process alone until Redis answers again (%s)", fault)
            self._ask_again_s = self._clock() + ALONE_S

    def _is_back(self) -> None:
        with self._lock:
            if self._ask_again_s is not None:
                log.info("Redis answers again: events are counted together")
            self._ask_again_s = None


def storage_of(url: str) -> Storage:
    """Where `limits` counts: in the Redis of ``url``, which is not waited for, or in memory."""
    return storage_from_string(storage_url(url), **storage_options(url))


def storage_url(url: str) -> str:
    """``url`` as `limits` writes it."""
    return f"redis+{url}" if url.startswith("unix:") else url


def storage_options(storage: str) -> dict[str, float]:
    """How long a counter waits for where it is kept."""
    if storage == MEMORY:
        return {}
    options = {"socket_timeout": REDIS_TIMEOUT_S}
    if not storage.startswith("unix:"):  # redis-py 5 has no such option there
        options["socket_connect_timeout"] = REDIS_TIMEOUT_S
    return options
