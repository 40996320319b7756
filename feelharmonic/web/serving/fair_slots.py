"""Slots for work, given to addresses in turn: one that sends much, or what takes long, waits for its own work.

In: who asks for a slot, and how long the work took. Out: whether there is one now. Weighted by time: of the addresses
that wait, the next slot goes to the one that had least time lately (start-time fair queueing).
"""

from __future__ import annotations

import threading
from collections import Counter, deque

#: Clients whose time is remembered, about.
MAX_REMEMBERED = 1000

#: A client whose work takes this long on average leaves one slot to others: what they do takes a twentieth of it.
COSTLY_S = 0.1

#: Weight of the newest measurement in a moving average, 0..1.
NEWEST_WEIGHT = 0.2


class _Waiter:
    """One caller that waits."""

    __slots__ = ("event", "has_slot")

    def __init__(self) -> None:
        self.event = threading.Event()
        self.has_slot = False


class FairSlots:
    """``slots`` at once, at most ``max_waiting`` that wait. Safe between the async mode's threads.

    When too many wait, the newest of the client with most of them is refused, so that the others still get in.
    """

    def __init__(self, slots: int, max_waiting: int):
        self._slots = self._free = slots
        self._max_waiting = max_waiting
        self._waiting: dict[str, deque[_Waiter]] = {}
        self._running: Counter[str] = Counter()
        # The time that each client has used; a client that was away starts with what the last one served had used.
        self._used_s: dict[str, float] = {}
        self._served_s = 0.0
        self._average_s: dict[str, float] = {}  # what a piece of each client's work takes
        self._lock = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return sum(map(len, self._waiting.values()))

    def acquire(self, client: str = "", timeout_s: float | None = None) -> bool:
        """Wait for a slot. False if too many wait, or after ``timeout_s``."""
        with self._lock:
            if self._free and self._may_work(client):
                self._serve(client)
                return True
            if not self._has_room(client):
                return False
            waiter = _Waiter()
            self._waiting.setdefault(client, deque()).append(waiter)
        waiter.event.wait(timeout_s)
        with self._lock:
            if not waiter.has_slot:
                self._remove(client, waiter)
            return waiter.has_slot

    def release(self, client: str, took_s: float) -> None:
        """Give a slot back after ``took_s`` of work; the next that waits gets it."""
        with self._lock:
            self._used_s[client] += took_s
            average_s = self._average_s.get(client, took_s)
            self._average_s[client] = average_s + (took_s - average_s) * NEWEST_WEIGHT
            self._running -= Counter([client])
            self._free += 1
            while self._free and (allowed := [one for one in self._waiting if self._may_work(one)]):
                self._wake(min(allowed, key=self._start_s))
            self._forget()

    def _may_work(self, client: str) -> bool:
        is_costly = self._average_s.get(client, 0.0) > COSTLY_S
        return not is_costly or self._running[client] < max(1, self._slots - 1)

    def _wake(self, client: str) -> None:
        waiter = self._waiting[client].popleft()
        self._drop_empty(client)
        self._serve(client)
        waiter.has_slot = True
        waiter.event.set()

    def _start_s(self, client: str) -> float:
        return max(self._used_s.get(client, 0.0), self._served_s)

    def _serve(self, client: str) -> None:
        self._free -= 1
        self._used_s[client] = self._served_s = self._start_s(client)
        self._running[client] += 1

    def _has_room(self, client: str) -> bool:
        """Whether one more of ``client`` may wait; where too many do, one of the client with most is sent away."""
        if self.waiting < self._max_waiting:
            return True
        most = max(self._waiting, key=lambda one: len(self._waiting[one]), default=client)
        if len(self._waiting.get(most, ())) <= len(self._waiting.get(client, ())) + 1:
            return False
        self._waiting[most].pop().event.set()
        self._drop_empty(most)
        return True

    def _remove(self, client: str, waiter: _Waiter) -> None:
        if waiter in self._waiting.get(client, ()):
            self._waiting[client].remove(waiter)
            self._drop_empty(client)

    def _drop_empty(self, client: str) -> None:
        if not self._waiting[client]:
            del self._waiting[client]

    def _forget(self) -> None:
        """Forget what was used: all of it while nobody works or waits, else that of clients that are away, when many
        are remembered."""
        if not self._running and not self._waiting:
            self._used_s.clear()
            self._average_s.clear()
            self._served_s = 0.0
        elif len(self._used_s) > MAX_REMEMBERED:
            for client in tuple(self._used_s):
                if not self._running[client] and client not in self._waiting:
                    del self._used_s[client], self._average_s[client]
