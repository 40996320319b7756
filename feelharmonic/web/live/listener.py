"""What is held for one connection of /live."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator

from feelharmonic.reading import Networks, Pipeline

#: How many ids are held for a listener, the newest: tracks given, and each of liked and disliked.
MAX_GIVEN, MAX_JUDGED = 200, 100


class NewestIds:
    """The ``max_ids`` newest of a listener's track ids, oldest first. Safe between threads: events run in several."""

    def __init__(self, max_ids: int):
        self._max_ids = max_ids
        self._ids: dict[str, None] = {}
        self._lock = threading.Lock()

    def add(self, track_id: str) -> None:
        with self._lock:
            self._ids.pop(track_id, None)
            self._ids[track_id] = None
            if len(self._ids) > self._max_ids:
                del self._ids[next(iter(self._ids))]

    def discard(self, track_id: str) -> None:
        with self._lock:
            self._ids.pop(track_id, None)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._ids))


class Listener:
    """What is held for one connection: the pipeline's state, the goal, the ids of the tracks already given."""

    def __init__(self, networks: Networks, note_stage: Callable[[str, float], None], *, network: str = ""):
        """``note_stage`` receives the seconds that each stage of each frame takes; ``network``: what the connection's
        address counts as."""
        self.network = network
        self.pipeline = Pipeline(networks, note_stage)
        self.goal = "match"
        self.given = NewestIds(MAX_GIVEN)
        self.liked, self.disliked = NewestIds(MAX_JUDGED), NewestIds(MAX_JUDGED)
        self.chance = random.Random()
        # Events of one connection run in several threads: held while the listener's one frame is read.
        self.reading = threading.Lock()
        self.choosing = threading.Lock()  # the same for their one list of tracks
        self.next_frame_s = 0.0  # the earliest time of the next frame, as the last answer said
