"""Backpressure: how many pictures are read at once, how many wait, and how soon each listener may send the next.

In: functions to run, and how late the event loop is. Out: their results, or Overloaded with a wait. When more frames
arrive than the cores can read, every listener gets the same, longer wait between frames (`pace.py`): all slow down
alike and no queue grows; but an address that takes much more than others slows down by itself. Functions run in system
threads in every async mode: ONNX Runtime and OpenCV release Python's lock, so the event loop of gevent or eventlet
serves the sockets meanwhile. With one slot, a quick one may run in the loop itself: a frame takes so little time that a
worker for each processor, which reads in its loop, costs less.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from feelharmonic.errors import Overloaded
from feelharmonic.web.serving import Runner
from feelharmonic.web.serving.fair_slots import COSTLY_S, FairSlots
from feelharmonic.web.serving.pace import Pace

Result = TypeVar("Result")

#: Maximum queue length per inference slot; at a few milliseconds a frame that is a tenth of a second.
MAX_WAITING_PER_SLOT = 25

#: Minimum wait that comes with Overloaded.
MIN_RETRY_MS = 100

#: The share of time spent reading is that of the last seconds.
BUSY_WINDOW_S = 10.0

#: From this share of time spent reading on, an address that takes this many times what each address takes on average
#: has a pace of its own; both of the last seconds.
HEAVY_FROM_LOAD, HEAVY_TIMES, HEAVY_WINDOW_S = 0.5, 1.5, 2.0

#: So has, at once and for BUSY_WINDOW_S, one whose frame took this many times what frames take, and COSTLY_S.
COSTLY_TIMES = 5.0


class InferenceQueue:
    """Runs at most ``slots`` functions at once, and lets a bounded number wait. Safe between the async mode's threads.

    ``run``: see `AsyncMode.thread_runner`; without one, functions run where they are called, as quick ones do with
    ``quick_here``. ``max_wait_s``: a caller that waits longer is refused and makes room. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        slots: int,
        run: Runner | None = None,
        *,
        quick_here: bool = False,
        max_waiting: int | None = None,
        max_wait_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._slots = slots
        self._run: Runner = run or (lambda function: function())
        self._quick_here = quick_here
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._fair_slots = FairSlots(slots, slots * MAX_WAITING_PER_SLOT if max_waiting is None else max_waiting)
        self._running = 0
        # When a function ended, how long it ran, and for whom.
        self._ran: deque[tuple[float, float, str]] = deque()
        self._pace = Pace(slots, clock)
        self._own_paces: dict[str, Pace] = {}  # of addresses that take much more than others
        self._costly_until_s: dict[str, float] = {}  # until when an address has its own at least

    def run(self, function: Callable[[], Result], client: str = "", *, is_quick: bool = False) -> Result:
        """Wait for a slot, then return or raise what ``function()`` does. Raises Overloaded if too many wait.

        ``client``: the address that asks; see `FairSlots`. ``is_quick``: whether it takes no more than a few
        milliseconds.
        """
        queued_s = self._clock()
        if not self._fair_slots.acquire(client, self._max_wait_s):
            raise Overloaded(max(MIN_RETRY_MS, self.retry_after_ms(client)))
        started_s = self._clock()
        self._pace_of(client).waited(started_s - queued_s)
        self._running += 1
        try:
            return function() if is_quick and self._quick_here else self._run(function)
        finally:
            ended_s = self._clock()
            took_s = ended_s - started_s
            if took_s > max(COSTLY_S, COSTLY_TIMES * self._pace.inference_s) and self._pace.inference_s:
                self._costly_until_s[client] = ended_s + BUSY_WINDOW_S
                self._own_paces = {client: Pace(self._slots, self._clock), **self._own_paces}
            self._pace_of(client).took(took_s)
            self._running -= 1
            self._ran.append((ended_s, took_s, client))
            self._forget_old()
            self._fair_slots.release(client, took_s)

    def busy_share(self) -> float:
        """The share of the last BUSY_WINDOW_S in which the slots were in use, 0..1."""
        self._forget_old()
        return min(1.0, sum(took_s for _, took_s, _ in tuple(self._ran)) / (BUSY_WINDOW_S * self._slots))

    @property
    def running(self) -> int:
        """How many functions run now."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return self._fair_slots.waiting

    def retry_after_ms(self, client: str = "") -> int:
        """The wait before the next frame of the listener of ``client`` being answered; see `Pace`."""
        return self._pace_of(client).retry_after_ms()

    def tick(self, late_s: float) -> None:
        """Adapt the time between frames; called ten times a second. The event loop woke ``late_s`` seconds late."""
        now_s = self._clock()
        self._costly_until_s = {client: until_s for client, until_s in self._costly_until_s.items() if until_s > now_s}
        heavy = self._heavy_clients() | self._costly_until_s.keys()
        if heavy - self._own_paces.keys():
            self._pace = Pace(self._slots, self._clock)  # theirs was part of it
        self._own_paces = {client: self._own_paces.get(client) or Pace(self._slots, self._clock) for client in heavy}
        paces = (self._pace, *self._own_paces.values())
        slowest_s = max(pace.inference_s for pace in paces)
        for pace in paces:
            pace.tick(late_s, slowest_s)

    def _pace_of(self, client: str) -> Pace:
        return self._own_paces.get(client, self._pace)

    def _heavy_clients(self) -> set[str]:
        """The addresses that take much more than others while the server has little time left."""
        used_s: dict[str, float] = {}
        from_s = self._clock() - HEAVY_WINDOW_S
        for ended_s, took_s, client in reversed(tuple(self._ran)):
            if ended_s < from_s:
                break
            used_s[client] = used_s.get(client, 0.0) + took_s
        in_all_s = sum(used_s.values())
        if in_all_s < HEAVY_FROM_LOAD * HEAVY_WINDOW_S * self._slots:
            return set()
        return {client for client, its_s in used_s.items() if its_s * len(used_s) > HEAVY_TIMES * in_all_s}

    def _forget_old(self) -> None:
        before_s = self._clock() - BUSY_WINDOW_S
        while self._ran and self._ran[0][0] < before_s:
            with suppress(IndexError):  # another thread was quicker
                self._ran.popleft()
