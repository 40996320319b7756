"""Where the browsers' Spotify connections are kept: in this process's memory, or in Redis for several workers.

In: a browser's number and plain data. Out: the same data until it expires. Redis sees neither: its keys are digests of
the numbers, and what it holds is encrypted with the server's secret key.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

from cryptography.fernet import Fernet, InvalidToken
from redis import Redis
from redis.exceptions import LockError, RedisError

from feelharmonic.errors import ListenerFault

PREFIX = "feelharmonic:connection:"
#: A Redis that is away is not waited for.
TIMEOUT_S = 0.5
#: As long may one worker act for a listener before another goes ahead without waiting for it.
LOCK_S = 4.0


class Away(ListenerFault):
    """What is shared cannot be reached."""

    code = "connections_away"

    def __init__(self) -> None:
        super().__init__("The server cannot reach its connections now.", "Try again in a moment.")


class Kept(Protocol):
    """Plain data (what JSON holds) by number. Each method may raise Away."""

    def put(self, number: str, data: dict, lasts_s: float) -> None: ...

    def get(self, number: str) -> dict | None: ...

    def renew(self, number: str, lasts_s: float) -> None: ...

    def drop(self, number: str) -> None: ...

    def alone(self, number: str) -> AbstractContextManager[None]:
        """A context in which nobody else is inside for that number."""
        ...


class KeptInMemory:
    """For one process. Safe between threads; ``most`` at once, the least lately used go first."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic):
        self._most = most
        self._clock = clock
        self._rows: OrderedDict[str, tuple[float, dict]] = OrderedDict()  # least lately used first
        self._locks: dict[str, threading.Lock] = {}
        self._door = threading.Lock()

    def put(self, number: str, data: dict, lasts_s: float) -> None:
        with self._door:
            self._forget_old()
            self._rows[number] = (self._clock() + lasts_s, data)
            self._rows.move_to_end(number)
            while len(self._rows) > self._most:
                self._remove(next(iter(self._rows)))

    def get(self, number: str) -> dict | None:
        with self._door:
            self._forget_old()
            return self._rows[number][1] if number in self._rows else None

    def renew(self, number: str, lasts_s: float) -> None:
        with self._door:
            if number in self._rows:
                self._rows[number] = (self._clock() + lasts_s, self._rows[number][1])
                self._rows.move_to_end(number)

    def drop(self, number: str) -> None:
        with self._door:
            self._remove(number)

    @contextmanager
    def alone(self, number: str) -> Iterator[None]:
        with self._door:
            lock = self._locks.setdefault(number, threading.Lock())
        with lock:
            yield

    def __len__(self) -> int:
        return len(self._rows)

    def _forget_old(self) -> None:
        now_s = self._clock()
        for number in [number for number, (ends_s, _) in self._rows.items() if ends_s < now_s]:
            self._remove(number)

    def _remove(self, number: str) -> None:
        self._rows.pop(number, None)
        self._locks.pop(number, None)


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
