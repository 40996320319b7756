"""The expiring store in Redis, for several workers.

Redis sees neither keys nor data: its keys are digests, and the data is encrypted with the server's secret key. Imported
only with REDIS_URL: Redis' client and `cryptography` cost memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from redis import Redis
from redis.exceptions import LockError, RedisError

from feelharmonic.errors import StoreUnavailable
from feelharmonic.web.security.rate_limits import storage_options
from feelharmonic.web.stores.expiring_store import LOCK_WAIT_S, locked_too_long

PREFIX = "feelharmonic:connection:"

#: A lock expires after this time, in case its worker dies. It must outlast a refresh of an account's tokens: two
#: workers at once could spend the same refresh token.
LOCK_TTL_S = 10.0


class RedisStore:
    """An `ExpiringStore` for several workers. ``url``: redis://…; ``options``: of Redis' client, beside timeouts."""

    def __init__(self, url: str, secret_key: str, options: Mapping[str, Any] | None = None):
        self._redis = Redis.from_url(url, **storage_options(url), **(options or {}))
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"connections:" + secret_key.encode()).digest()))

    def set(self, key: str, data: dict, ttl_s: float) -> None:
        self._set(key, data, ttl_s)

    def replace(self, key: str, data: dict, ttl_s: float) -> None:
        self._set(key, data, ttl_s, only_existing=True)

    def get(self, key: str) -> dict | None:
        redis_key = _redis_key(key)
        with _translated():
            encrypted = self._redis.get(redis_key)
        if not isinstance(encrypted, bytes):
            return None
        try:
            stored_key, data = json.loads(self._fernet.decrypt(encrypted))
        except InvalidToken:  # written under another secret key
            return None
        return data if stored_key == redis_key else None

    def renew(self, key: str, ttl_s: float) -> None:
        with _translated():
            self._redis.expire(_redis_key(key), max(1, round(ttl_s)))

    def delete(self, key: str) -> bool:
        with _translated():
            return bool(self._redis.delete(_redis_key(key)))

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        lock = self._redis.lock(f"{_redis_key(key)}:lock", timeout=LOCK_TTL_S, blocking_timeout=LOCK_WAIT_S, sleep=0.02)
        with _translated():
            is_acquired = lock.acquire()
        if not is_acquired:
            raise locked_too_long()
        try:
            yield
        finally:
            with suppress(LockError, RedisError):  # it may have expired
                lock.release()

    def _set(self, key: str, data: dict, ttl_s: float, *, only_existing: bool = False) -> None:
        redis_key = _redis_key(key)
        # The key is encrypted as well: write access to Redis is not enough to give one listener's account to another.
        encrypted = self._fernet.encrypt(json.dumps([redis_key, data]).encode())
        with _translated():
            self._redis.set(redis_key, encrypted, ex=max(1, round(ttl_s)), xx=only_existing)


def _redis_key(key: str) -> str:
    return PREFIX + hashlib.sha256(key.encode()).hexdigest()


@contextmanager
def _translated() -> Iterator[None]:
    """Redis' exceptions as StoreUnavailable."""
    try:
        yield
    except RedisError as exc:
        raise StoreUnavailable from exc
