"""Pace: how far apart frames are asked for, so that they arrive one by one and no queue grows.

In: how long frames waited and took, and how late the event loop is. Out: the wait before a listener's next frame. When
more frames arrive than the processors can read, every listener of one pace gets the same, longer wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: The server is saturated if every frame waited longer than this, for the event loop and for its slot, and longer than
#: two inferences take.
SATURATED_S = 0.015

#: A saturated server asks for frames this many times further apart than it can read them, so that the queue empties.
HEADROOM = 1.1

#: While not saturated, the time between frames shrinks by these factors ten times a second: the second applies if
#: inference takes less than IDLE_SHARE of the time.
DECAY, IDLE_DECAY, IDLE_SHARE = 0.995, 0.93, 0.3

#: Maximum wait between two frames.
MAX_RETRY_S = 5.0

#: Weight of the newest measurement in a moving average, 0..1.
NEWEST_WEIGHT = 0.2

#: Maximum time between two frames of anybody, in multiples of one inference: a loop that is late because thirty pages
#: opened at once says little about how much the server can read.
MAX_GAP = 4.0


class Pace:
    """The pace of listeners that wait alike. ``slots``: how many frames are read at once. ``clock``: monotonic
    seconds."""

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic):
        self._slots = slots
        self._clock = clock
        self._waits_s: list[float] = []  # for a slot, since the last tick
        self.inference_s = 0.0  # moving average of what a frame takes
        self._ticked_s = clock()
        self._gap_s = 0.0  # between two frames of anybody
        self._next_s = 0.0  # when the next frame of anybody may be sent

    def waited(self, wait_s: float) -> None:
        """A frame waited this long for its slot."""
        self._waits_s.append(wait_s)

    def took(self, took_s: float) -> None:
        """A frame took this long."""
        self.inference_s += (took_s - self.inference_s) * (NEWEST_WEIGHT if self.inference_s else 1.0)

    def retry_after_ms(self) -> int:
        """The wait before the next frame of the listener being answered, in milliseconds.

        Each answer reserves the next free moment, as far apart as the server can read frames: so they arrive one by
        one, and everybody gets the same rate. While the server keeps up the wait is 0.
        """
        now_s = self._clock()
        self._next_s = min(max(self._next_s + self._gap_s, now_s), now_s + MAX_RETRY_S)
        return round(1000 * (self._next_s - now_s))

    def tick(self, late_s: float, slowest_s: float = 0.0) -> None:
        """Adapt the time between frames; called ten times a second. The event loop woke ``late_s`` seconds late;
        ``slowest_s``: what a frame takes at the slowest pace, which those of others may have to wait for.

        If even the frame that waited least had to wait, the number of frames read since the last tick is what the
        server can read: that many will be asked for.
        """
        now_s, waits_s = self._clock(), self._waits_s
        elapsed_s, self._ticked_s, self._waits_s = now_s - self._ticked_s, now_s, []
        saturated_s = max(SATURATED_S, 2 * max(self.inference_s, slowest_s))
        if waits_s and min(waits_s) + late_s > saturated_s:
            gap_s = min(elapsed_s / len(waits_s) * HEADROOM, self.inference_s * MAX_GAP)
            self._gap_s += (gap_s - self._gap_s) * (NEWEST_WEIGHT if self._gap_s > gap_s / 2 else 1.0)
        else:
            is_idle = len(waits_s) * self.inference_s < IDLE_SHARE * elapsed_s * self._slots
            self._gap_s *= IDLE_DECAY if is_idle else DECAY
