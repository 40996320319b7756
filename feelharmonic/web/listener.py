"""What is held for one connection of /live."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

from feelharmonic.reading import Networks, Pipeline

#: So many tracks, the newest, are held for a listener: given, and each of liked and disliked.
MOST_GIVEN, MOST_JUDGED = 200, 100


class Newest:
    """The ``most`` newest of a listener's track ids, oldest first. Safe between threads: events run in several."""

    def __init__(self, most: int):
        self._most = most
        self._ids: dict[str, None] = {}
        self._lock = threading.Lock()

    def add(self, track_id: str) -> None:
        with self._lock:
            self._ids.pop(track_id, None)
            self._ids[track_id] = None
            if len(self._ids) > self._most:
                del self._ids[next(iter(self._ids))]

    def discard(self, track_id: str) -> None:
        with self._lock:
            self._ids.pop(track_id, None)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._ids))


class Listener:
    """What is held for one connection: the pipeline's state, the goal, the ids of the tracks already given."""

    def __init__(self, parts: Networks):
        # What took how long is noted while the frame is read and told afterwards, outside of the reading's thread.
        self.stages: list[tuple[str, float]] = []
        self.pipeline = Pipeline(parts, lambda stage, seconds: self.stages.append((stage, seconds)))
        self.goal = "match"
        self.given = Newest(MOST_GIVEN)
        self.liked, self.disliked = Newest(MOST_JUDGED), Newest(MOST_JUDGED)
        self.chance = random.Random()
        # Events of one connection run in several threads: this is the one frame that is held per listener.
        self.reading = threading.Lock()
        self.welcome_s = 0.0  # when the next frame may come, as the last answer said
