"""Connections kept in Redis, for several workers.

In and out: as `kept.py`. Redis sees neither numbers nor data: its keys are digests of the numbers, and what it holds is
encrypted with the server's secret key. Imported only where REDIS_URL is set: Redis' client costs memory.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from cryptography.fernet import Fernet, InvalidToken
from redis import Redis
from redis.exceptions import LockError, RedisError

from feelharmonic.errors import StoreUnavailable
from feelharmonic.web.security.rate_limits import storage_options
from feelharmonic.web.stores.expiring_store import WAIT_S, in_use

PREFIX = "feelharmonic:connection:"

#: A worker that dies while it refreshes an account keeps the others from that so long. Longer than a refresh takes: who
#: went ahead meanwhile could spend the same refresh token.
LOCK_S = 10.0


class RedisStore:
    """For several workers: each row under its own key, with its expiry."""

    def __init__(self, url: str, secret_key: str):
        self._redis = Redis.from_url(url, **storage_options(url))
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"connections:" + secret_key.encode()).digest()))

    def put(self, number: str, data: dict, lasts_s: float) -> None:
        self._set(number, data, lasts_s)

    def replace(self, number: str, data: dict, lasts_s: float) -> None:
        self._set(number, data, lasts_s, only_kept=True)

    def get(self, number: str) -> dict | None:
        with _or_away():
            hidden = self._redis.get(self._key(number))
        try:
            place, data = (None, None) if hidden is None else json.loads(self._fernet.decrypt(hidden))
        except InvalidToken:  # written under another secret key
            return None
        return data if place == self._key(number) else None

    def renew(self, number: str, lasts_s: float) -> None:
        with _or_away():
            self._redis.expire(self._key(number), max(1, round(lasts_s)))

    def drop(self, number: str) -> bool:
        with _or_away():
            return bool(self._redis.delete(self._key(number)))

    @contextmanager
    def alone(self, number: str) -> Iterator[None]:
        lock = self._redis.lock(f"{self._key(number)}:lock", timeout=LOCK_S, blocking_timeout=WAIT_S, sleep=0.02)
        with _or_away():
            is_alone = lock.acquire()
        if not is_alone:
            raise in_use()
        try:
            yield
        finally:
            with suppress(LockError, RedisError):  # it may have ended by itself
                lock.release()

    def _set(self, number: str, data: dict, lasts_s: float, *, only_kept: bool = False) -> None:
        key = self._key(number)
        # With its place inside: who can write to Redis cannot hand one listener's account to another's cookie.
        hidden = self._fernet.encrypt(json.dumps([key, data]).encode())
        with _or_away():
            self._redis.set(key, hidden, ex=max(1, round(lasts_s)), xx=only_kept)

    @staticmethod
    def _key(number: str) -> str:
        return PREFIX + hashlib.sha256(number.encode()).hexdigest()


@contextmanager
def _or_away() -> Iterator[None]:
    try:
        yield
    except RedisError as exc:
        raise StoreUnavailable from exc
