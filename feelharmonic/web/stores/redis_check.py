"""The check of a Redis before the server uses it: nothing that visitors cause may reach a disk, or fill a memory."""

from __future__ import annotations

import logging
from typing import cast

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from feelharmonic.errors import SetupFault
from feelharmonic.web.security.rate_limits import storage_options

log = logging.getLogger(__name__)

MEND = "Use the one that deploy/redis.conf starts (redis://127.0.0.1:6380/0), or allow it: REDIS_UNCHECKED=1."


def check_redis(url: str) -> None:
    """Raises SetupFault where the Redis at ``url`` saves to disk, lacks a memory limit or evicts counters.

    A Redis that cannot be reached is not checked: the server starts without it.
    """
    try:
        client = Redis.from_url(url, decode_responses=True, **storage_options(url))
        configured: dict[str, str] = {}
        for name in ("save", "appendonly", "maxmemory", "maxmemory-policy"):
            configured.update(cast("dict[str, str]", client.config_get(name)))
    except ResponseError as exc:  # managed services answer no CONFIG
        raise SetupFault([f"REDIS_URL: this Redis does not show its settings ({type(exc).__name__}). {MEND}"]) from exc
    except RedisError as exc:
        log.warning("Redis is away (%s): it was not checked", type(exc).__name__)
        return
    faults = problems(configured)
    if faults:
        raise SetupFault([f"REDIS_URL: this Redis {fault}. {MEND}" for fault in faults])


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
