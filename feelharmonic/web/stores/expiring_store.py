"""A key-value store whose entries expire: connected Spotify accounts.

Here in this process's memory; for several workers in Redis (`expiring_store_redis.py`).
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from feelharmonic.errors import AccountFault

#: How long `lock` waits for its turn; shorter than a listener waits for an answer.
LOCK_WAIT_S = 2.0


def locked_too_long() -> AccountFault:
    """What `lock` raises if others hold the lock for LOCK_WAIT_S."""
    return AccountFault("spotify_busy", "Another request is using your account.", "Try again in a moment.")


class ExpiringStore(Protocol):
    """Plain data (what JSON can hold) by key. Each method may raise StoreUnavailable."""

    def set(self, key: str, data: dict, ttl_s: float) -> None:
        """Store ``data`` for ``ttl_s`` seconds."""
        ...

    def replace(self, key: str, data: dict, ttl_s: float) -> None:
        """As `set`, but only if the key exists, in one step: what was deleted meanwhile stays deleted."""
        ...

    def get(self, key: str) -> dict | None:
        """What was stored; None if it was deleted or has expired."""
        ...

    def renew(self, key: str, ttl_s: float) -> None:
        """Let the entry expire ``ttl_s`` seconds from now. Without an entry nothing happens."""
        ...

    def delete(self, key: str) -> bool:
        """Whether there was an entry. Returns True for exactly one concurrent caller."""
        ...

    def lock(self, key: str) -> AbstractContextManager[None]:
        """A context that one caller at a time enters for each key. Raises AccountFault after LOCK_WAIT_S."""
        ...


class InMemoryStore:
    """For one process. Safe between threads. Above ``max_entries`` the least recently used are deleted."""

    def __init__(self, max_entries: int, *, clock: Callable[[], float] = time.monotonic):
        self._max_entries = max_entries
        self._clock = clock
        self._entries: OrderedDict[str, tuple[float, dict]] = OrderedDict()  # least recently used first
        self._key_locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()  # for both dictionaries

    def set(self, key: str, data: dict, ttl_s: float) -> None:
        with self._lock:
            self._delete_expired()
            self._entries[key] = (self._clock() + ttl_s, data)
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._delete(next(iter(self._entries)))

    def replace(self, key: str, data: dict, ttl_s: float) -> None:
        with self._lock:
            self._delete_expired()
            if key in self._entries:
                self._entries[key] = (self._clock() + ttl_s, data)

    def get(self, key: str) -> dict | None:
        with self._lock:
            self._delete_expired()
            return self._entries[key][1] if key in self._entries else None

    def renew(self, key: str, ttl_s: float) -> None:
        with self._lock:
            if key in self._entries:
                self._entries[key] = (self._clock() + ttl_s, self._entries[key][1])
                self._entries.move_to_end(key)

    def delete(self, key: str) -> bool:
        with self._lock:
            self._delete_expired()
            existed = key in self._entries
            self._delete(key)
            return existed

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        with self._lock:
            # Without an entry there is nothing to protect, and its lock would never be deleted.
            exists = key in self._entries
            lock = self._key_locks.setdefault(key, threading.Lock()) if exists else threading.Lock()
        if not lock.acquire(timeout=LOCK_WAIT_S):
            raise locked_too_long()
        try:
            yield
        finally:
            lock.release()

    def __len__(self) -> int:
        return len(self._entries)

    def _delete_expired(self) -> None:
        now_s = self._clock()
        for key in [key for key, (expires_s, _) in self._entries.items() if expires_s < now_s]:
            self._delete(key)

    def _delete(self, key: str) -> None:
        self._entries.pop(key, None)
        self._key_locks.pop(key, None)
