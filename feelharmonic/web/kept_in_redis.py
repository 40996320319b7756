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

from feelharmonic.web.kept import Away

PREFIX = "feelharmonic:connection:"
#: A Redis that is away is not waited for.
TIMEOUT_S = 0.5
#: As long may one worker refresh an account before another goes ahead without waiting for it.
LOCK_S = 4.0


class KeptInRedis:
    """For several workers: each row under its own key, with its expiry."""

    def __init__(self, url: str, secret_key: str):
        self._redis = Redis.from_url(url, socket_connect_timeout=TIMEOUT_S, socket_timeout=TIMEOUT_S)
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"connections:" + secret_key.encode()).digest()))

    def put(self, number: str, data: dict, lasts_s: float) -> None:
        hidden = self._fernet.encrypt(json.dumps(data).encode())
        with _or_away():
            self._redis.set(self._key(number), hidden, ex=max(1, round(lasts_s)))

    def get(self, number: str) -> dict | None:
        with _or_away():
            hidden = self._redis.get(self._key(number))
        try:
            return None if hidden is None else json.loads(self._fernet.decrypt(hidden))
        except InvalidToken:  # written under another secret key
            return None

    def renew(self, number: str, lasts_s: float) -> None:
        with _or_away():
            self._redis.expire(self._key(number), max(1, round(lasts_s)))

    def drop(self, number: str) -> None:
        with _or_away():
            self._redis.delete(self._key(number))

    @contextmanager
    def alone(self, number: str) -> Iterator[None]:
        lock = self._redis.lock(f"{self._key(number)}:lock", timeout=LOCK_S, blocking_timeout=LOCK_S, sleep=0.02)
        with _or_away():
            lock.acquire()
        try:
            yield
        finally:
            with suppress(LockError, RedisError):  # it may have ended by itself
                lock.release()

    @staticmethod
    def _key(number: str) -> str:
        return PREFIX + hashlib.sha256(number.encode()).hexdigest()


@contextmanager
def _or_away() -> Iterator[None]:
    try:
        yield
    except RedisError as exc:
        raise Away from exc
