"""The check of a Redis before the server uses it: nothing that visitors cause may reach a disk, or fill a memory.

It is checked at the start, and on every new connection: after it was away, another one may answer at its address.
"""

from __future__ import annotations

import logging
from typing import Any

from redis import Redis
from redis.exceptions import RedisError, ResponseError
from redis.utils import str_if_bytes

from feelharmonic.errors import SetupFault
from feelharmonic.web.security.rate_limits import storage_options

log = logging.getLogger(__name__)

MEND = "Use the one that deploy/redis.conf starts (redis://127.0.0.1:6380/0), or allow it: REDIS_UNCHECKED=1."


SETTINGS = ("save", "appendonly", "maxmemory", "maxmemory-policy")


class UnsafeRedis(RedisError):
    """This Redis may not be used; the text says why."""


def check_redis(url: str) -> None:
    """Raises SetupFault where the Redis at ``url`` saves to disk, lacks a memory limit or evicts counters.

    A Redis that cannot be reached is not checked: the server starts without it, and checks it when it is there.
    """
    try:
        Redis.from_url(url, **storage_options(url), **checked_connections()).ping()
    except UnsafeRedis as exc:
        raise SetupFault([f"REDIS_URL: this Redis {fault}. {MEND}" for fault in exc.args]) from exc
    except RedisError as exc:
        log.warning("Redis is away (%s): it was not checked", type(exc).__name__)


def checked_connections() -> dict[str, Any]:
    """Options of Redis' client: each connection that it opens is checked before it is used."""
    return {"redis_connect_func": connect_checked}


def connect_checked(connection: Any) -> None:
    """Log in on a new ``connection`` as Redis' client does, then ask for the settings. Raises UnsafeRedis, with every
    fault found."""
    connection.on_connect()
    configured: dict[str, str] = {}
    try:
        for name in SETTINGS:
            connection.send_command("CONFIG", "GET", name)
            configured.update(_pairs(connection.read_response()))
    except ResponseError as exc:  # managed services answer no CONFIG
        raise UnsafeRedis(f"does not show its settings ({type(exc).__name__})") from exc
    faults = problems(configured)
    if faults:
        log.error("This Redis is not used: it %s. %s", "; it ".join(faults), MEND)
        raise UnsafeRedis(*faults)


def _pairs(answer: Any) -> dict[str, str]:
    """CONFIG's answer: a map, or in the older protocol a list of names and values in turn."""
    if not isinstance(answer, dict):
        answer = dict(zip(answer[::2], answer[1::2], strict=True))
    return {str_if_bytes(name): str_if_bytes(value) for name, value in answer.items()}


def problems(configured: dict[str, str]) -> list[str]:
    """What is wrong with a Redis that is ``configured`` so, as ends of sentences."""
    found = []
    if configured.get("save") or configured.get("appendonly") == "yes":
        found.append("saves to disk, and with it visitors' addresses")
    if configured.get("maxmemory") in (None, "", "0"):
        found.append("has no maxmemory")
    elif configured.get("maxmemory-policy") != "noeviction":
        found.append(f"evicts rate counters (maxmemory-policy {configured.get('maxmemory-policy')})")
    return found
