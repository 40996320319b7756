"""Backpressure: how many pictures are read at once, how many wait, and how soon each listener may send the next.

In: functions to run, and how late the event loop is. Out: their results, or Overloaded with a wait. When more frames
arrive than the cores can read, every listener gets the same, longer wait between frames: all slow down alike and no
queue grows. Several functions at once run in system threads in every async mode: ONNX Runtime and OpenCV release
Python's lock, so the event loop of gevent or eventlet serves the sockets meanwhile. A single one may run in the loop
itself: a frame takes so little time that a worker for each processor, which reads in its loop, costs less.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from feelharmonic.errors import Overloaded
from feelharmonic.web.serving import Runner
from feelharmonic.web.serving.fair_slots import FairSlots

Result = TypeVar("Result")

#: Maximum queue length per inference slot; at a few milliseconds a frame that is a tenth of a second.
MAX_WAITING_PER_SLOT = 25

#: The server is saturated if every frame waited longer than this, for the event loop and for its slot, and longer than
#: two inferences take.
SATURATED_S = 0.015

#: A saturated server asks for frames this many times further apart than it can read them, so that the queue empties.
HEADROOM = 1.1

#: While not saturated, the time between frames shrinks by these factors ten times a second: the second applies if
#: inference takes less than IDLE_SHARE of the time.
DECAY, IDLE_DECAY, IDLE_SHARE = 0.995, 0.93, 0.3

#: Minimum wait that comes with Overloaded.
MIN_RETRY_MS = 100

#: Maximum wait between two frames.
MAX_RETRY_S = 5.0

#: Weight of the newest measurement in a moving average, 0..1.
NEWEST_WEIGHT = 0.2

#: Maximum time between two frames of anybody, in multiples of one inference: a loop that is late because thirty pages
#: opened at once says little about how much the server can read.
MAX_GAP = 4.0


#: The share of time spent reading is that of the last seconds.
BUSY_WINDOW_S = 10.0


class InferenceQueue:
    """Runs at most ``slots`` functions at once, and lets a bounded number wait. Safe between the async mode's threads.

    ``run``: see `AsyncMode.thread_runner`; without one, functions run where they are called. ``max_wait_s``: a caller
    that waits longer is refused and makes room.
    ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        slots: int,
        run: Runner | None = None,
        *,
        max_waiting: int | None = None,
        max_wait_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._slots = slots
        self._run: Runner = run or (lambda function: function())
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._fair_slots = FairSlots(slots, slots * MAX_WAITING_PER_SLOT if max_waiting is None else max_waiting)
        self._running = 0
        self._waits_s: list[float] = []  # for a slot, since the last tick
        self._inference_s = 0.0  # moving average
        self._ticked_s = clock()
        self._ran: deque[tuple[float, float]] = deque()  # when a function ended, and how long it ran
        self._gap_s = 0.0  # between two frames of anybody
        self._next_s = 0.0  # when the next frame of anybody may be sent

    def run(self, function: Callable[[], Result], client: str = "") -> Result:
        """Wait for a slot, then return or raise what ``function()`` does. Raises Overloaded if too many wait.

        ``client``: the address that asks; see `FairSlots`.
        """
        queued_s = self._clock()
        if not self._fair_slots.acquire(client, self._max_wait_s):
            raise Overloaded(max(MIN_RETRY_MS, self.retry_after_ms()))
        started_s = self._clock()
        self._waits_s.append(started_s - queued_s)
        self._running += 1
        try:
            return self._run(function)
        finally:
            took_s = self._clock() - started_s
            self._inference_s += (took_s - self._inference_s) * (NEWEST_WEIGHT if self._inference_s else 1.0)
            self._running -= 1
            self._ran.append((self._clock(), took_s))
            self._forget_old()
            self._fair_slots.release(client, took_s)

    def busy_share(self) -> float:
        """The share of the last BUSY_WINDOW_S in which the slots were in use, 0..1."""
        self._forget_old()
        return min(1.0, sum(took_s for _, took_s in tuple(self._ran)) / (BUSY_WINDOW_S * self._slots))

    def _forget_old(self) -> None:
        before_s = self._clock() - BUSY_WINDOW_S
        while self._ran and self._ran[0][0] < before_s:
            with suppress(IndexError):  # another thread was quicker
                self._ran.popleft()

    @property
    def running(self) -> int:
        """How many functions run now."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many wait for a slot."""
        return self._fair_slots.waiting

    def retry_after_ms(self) -> int:
        """The wait before the next frame of the listener being answered, in milliseconds.

        Each answer reserves the next free moment, as far apart as the server can read frames: so they arrive one by
        one, and everybody gets the same rate. While the server keeps up the wait is 0.
        """
        now_s = self._clock()
        self._next_s = min(max(self._next_s + self._gap_s, now_s), now_s + MAX_RETRY_S)
        return round(1000 * (self._next_s - now_s))

    def tick(self, late_s: float) -> None:
        """Adapt the time between frames; called ten times a second. The event loop woke ``late_s`` seconds late.

        If even the frame that waited least had to wait, the number of frames read since the last tick is what the
        server can read: that many will be asked for.
        """
        now_s, waits_s = self._clock(), self._waits_s
        elapsed_s, self._ticked_s, self._waits_s = now_s - self._ticked_s, now_s, []
        saturated_s = max(SATURATED_S, 2 * self._inference_s)
        if waits_s and min(waits_s) + late_s > saturated_s:
            gap_s = min(elapsed_s / len(waits_s) * HEADROOM, self._inference_s * MAX_GAP)
            self._gap_s += (gap_s - self._gap_s) * (NEWEST_WEIGHT if self._gap_s > gap_s / 2 else 1.0)
        else:
            is_idle = len(waits_s) * self._inference_s < IDLE_SHARE * elapsed_s * self._slots
            self._gap_s *= IDLE_DECAY if is_idle else DECAY
