"""Taking turns: how many pictures are read at once, how many wait, and how soon each listener may send the next.

In: readings to be done, and how far behind the server is. Out: their results, or an Overloaded with a wait. Beyond
what the cores can read every listener is asked for the same, longer pause between frames, so that all slow down alike
and no queue grows. Reading runs in threads of the system's in every async mode: ONNX Runtime and OpenCV let go of
Python's lock, so the loop of gevent or eventlet serves the sockets meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from feelharmonic.errors import Overloaded

Result = TypeVar("Result")

#: Calls a function somewhere else and returns what it returns.
Runner = Callable[[Callable[[], object]], object]

#: For each picture being read so many may wait; at a few milliseconds each that is a tenth of a second.
MOST_WAITING_EACH = 25

#: Where every frame waited so long, for the loop and for its turn, and for two readings, the server reads as many as it
#: can.
SATURATED_S = 0.015

#: Of what it can read so much more time is given to each frame that the queue empties again.
SPARE = 1.1

#: While the server keeps up it tries for more, ten times a second; sooner where it reads for a small share of the time.
DECAY, IDLE_DECAY, IDLE_SHARE = 0.995, 0.93, 0.3

#: Who finds no room to wait comes back no sooner than this.
LEAST_WAIT_MS = 100

#: Nobody is asked to wait longer than this between two frames.
LONGEST_PAUSE_S = 5.0

#: How much of the newest measurement enters the average, 0..1.
NEWEST_SHARE = 0.2

#: Of the reading itself at most so many times as long may go by between two frames: a loop that is late because thirty
#: pages came at once says little of what can be read.
LONGEST_GAP = 4.0


class InferenceQueue:
    """At most ``at_once`` readings at a time, a bounded number in wait. Safe between the async mode's threads."""

    def __init__(
        self,
        at_once: int,
        run: Runner | None = None,
        *,
        most_waiting: int | None = None,
        longest_wait_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        """``longest_wait_s``: who waited for so long is sent back, and makes room for others to wait."""
        self._run = run or _directly
        self._longest_wait_s = longest_wait_s
        self._at_once = at_once
        self._clock = clock
        self._most_waiting = at_once * MOST_WAITING_EACH if most_waiting is None else most_waiting
        self._free = threading.Semaphore(at_once)
        self._waiting = 0
        self._reading = 0
        self._waits_s: list[float] = []  # for a turn, since the last tick
        self._took_s = 0.0  # one reading, on average
        self._ticked_s = clock()
        self._gap_s = 0.0  # between two frames of anybody
        self._next_s = 0.0  # when the next frame of anybody is welcome

    def read(self, reading: Callable[[], Result]) -> Result:
        """What ``reading()`` returns, when it is its turn. Raises Overloaded where too many wait already."""
        came_s = self._clock()
        if self._waiting >= self._most_waiting:
            raise Overloaded(max(LEAST_WAIT_MS, self.retry_after_ms()))
        self._waiting += 1
        try:
            if not self._free.acquire(timeout=self._longest_wait_s):
                raise Overloaded(max(LEAST_WAIT_MS, self.retry_after_ms()))
        finally:
            self._waiting -= 1
        self._waits_s.append(self._clock() - came_s)
        self._reading += 1
        began_s = self._clock()
        try:
            return self._run(reading)
        finally:
            self._took_s += (self._clock() - began_s - self._took_s) * (NEWEST_SHARE if self._took_s else 1.0)
            self._reading -= 1
            self._free.release()

    @property
    def in_work(self) -> int:
        """Readings under way."""
        return self._reading

    @property
    def waiting(self) -> int:
        """Readings that wait for their turn."""
        return self._waiting

    def retry_after_ms(self) -> int:
        """How long the listener who is being answered shall wait before the next frame, in milliseconds.

        The answers' next frames are given times one behind the other, as far apart as the server can read: so they
        come one by one, and everybody gets the same rate. While the server keeps up that is no wait at all.
        """
        now_s = self._clock()
        self._next_s = min(max(self._next_s + self._gap_s, now_s), now_s + LONGEST_PAUSE_S)
        return round(1000 * (self._next_s - now_s))

    def tick(self, late_s: float) -> None:
        """Ten times a second: the loop woke ``late_s`` seconds after it was due.

        Where even the luckiest frame had to wait, as many were read as can be: that many will be asked for.
        """
        now_s, waits_s = self._clock(), self._waits_s
        taken_s, self._ticked_s, self._waits_s = now_s - self._ticked_s, now_s, []
        saturated_s = max(SATURATED_S, 2 * self._took_s)
        if waits_s and min(waits_s) + late_s > saturated_s:
            gap_s = min(taken_s / len(waits_s) * SPARE, self._took_s * LONGEST_GAP)
            self._gap_s += (gap_s - self._gap_s) * (NEWEST_SHARE if self._gap_s > gap_s / 2 else 1.0)
        else:
            is_idle = len(waits_s) * self._took_s < IDLE_SHARE * taken_s * self._at_once
            self._gap_s *= IDLE_DECAY if is_idle else DECAY


def runner(async_mode: str, threads: int) -> Runner:
    """What runs a reading in a thread of the system's under ``async_mode``; under threading it is in one already."""
    if async_mode == "gevent":
        from gevent.threadpool import ThreadPool

        pool = ThreadPool(threads)
        return lambda reading: _unpacked(pool.apply(_packed, (reading,)))
    if async_mode == "eventlet":
        from eventlet import tpool

        return lambda reading: _unpacked(tpool.execute(_packed, reading))
    return _directly


def _packed(reading: Callable[[], object]) -> tuple[object, Exception | None]:
    """What ``reading`` returns or raises: gevent's threads would print a traceback of every picture refused."""
    try:
        return reading(), None
    except Exception as exc:
        return None, exc


def _unpacked(packed: tuple[object, Exception | None]) -> object:
    result, fault = packed
    if fault is not None:
        raise fault
    return result


def _directly(reading: Callable[[], Result]) -> Result:
    return reading()
