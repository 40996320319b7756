"""Where the browsers' Spotify connections are kept: here in this process's memory; for several workers, in Redis
(`kept_in_redis.py`).

In: a browser's number and plain data. Out: the same data until it expires.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from feelharmonic.errors import AccountFault

#: Who waits longer for the others is told to try again. Shorter than what a listener waits for an answer.
WAIT_S = 2.0


def in_use() -> AccountFault:
    return AccountFault("spotify_busy", "Your account is in use at this moment.", "Try again in a moment.")


class ExpiringStore(Protocol):
    """Plain data (what JSON holds) by number. Each method may raise Away."""

    def put(self, number: str, data: dict, lasts_s: float) -> None: ...

    def replace(self, number: str, data: dict, lasts_s: float) -> None:
        """As `put`, in one step with the look whether there still is something: what was dropped stays so."""
        ...

    def get(self, number: str) -> dict | None: ...

    def renew(self, number: str, lasts_s: float) -> None: ...

    def drop(self, number: str) -> bool:
        """Whether there was something; of several who drop it at once only one hears True."""
        ...

    def alone(self, number: str) -> AbstractContextManager[None]:
        """A context in which nobody else is inside for that number. Raises AccountFault where others stay too long."""
        ...


class InMemoryStore:
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

    def replace(self, number: str, data: dict, lasts_s: float) -> None:
        with self._door:
            self._forget_old()
            if number in self._rows:
                self._rows[number] = (self._clock() + lasts_s, data)

    def get(self, number: str) -> dict | None:
        with self._door:
            self._forget_old()
            return self._rows[number][1] if number in self._rows else None

    def renew(self, number: str, lasts_s: float) -> None:
        with self._door:
            if number in self._rows:
                self._rows[number] = (self._clock() + lasts_s, self._rows[number][1])
                self._rows.move_to_end(number)

    def drop(self, number: str) -> bool:
        with self._door:
            self._forget_old()
            was_there = number in self._rows
            self._remove(number)
            return was_there

    @contextmanager
    def alone(self, number: str) -> Iterator[None]:
        with self._door:
            # Of what is not kept there is nothing to protect, and a lock for it would stay for ever.
            is_kept = number in self._rows
            lock = self._locks.setdefault(number, threading.Lock()) if is_kept else threading.Lock()
        if not lock.acquire(timeout=WAIT_S):
            raise in_use()
        try:
            yield
        finally:
            lock.release()

    def __len__(self) -> int:
        return len(self._rows)

    def _forget_old(self) -> None:
        now_s = self._clock()
        for number in [number for number, (ends_s, _) in self._rows.items() if ends_s < now_s]:
            self._remove(number)

    def _remove(self, number: str) -> None:
        self._rows.pop(number, None)
        self._locks.pop(number, None)
