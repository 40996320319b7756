"""Providers and a clock for the tests of the fallback: small, and true to the protocol."""

from __future__ import annotations

import random
import threading
import time

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest
from feelharmonic.music.selection import Candidates, Found, rank_found

TARGETS = MusicTargets(
    emotion="happy", goal="match", features={name: FeatureTarget(centre=0.5, spread=0.1) for name in FEATURES}
)
REQUEST = TrackRequest(steps=(TARGETS,), chance=random.Random(1))
TRACK = Track(key="0" * 22, title="Song", artist="Artist")
THREE = tuple(Track(key=str(number) * 22, title="Song", artist=f"Artist {number}") for number in range(3))


class Local:
    """A provider at hand."""

    def __init__(self, name: str = "catalogue", tracks: tuple[Track, ...] = (TRACK,)):
        self.name = name
        self.given = list(tracks)
        self.asked = 0

    def candidates(self, request: TrackRequest) -> Candidates:
        self.asked += 1
        found = [Found(track=track, artist=track.artist, steps=range(request.n)) for track in self.given]
        return rank_found(request, found, lambda ids: {})


class Remote(Local):
    """A provider behind a network, which raises ``fault`` while there is one, or waits for ``gate``."""

    def __init__(self, name: str = "spotify-search", fault: Exception | None = None):
        super().__init__(name)
        self.fault = fault
        self.gate: threading.Event | None = None

    def candidates(self, request: TrackRequest) -> Candidates:
        candidates = super().candidates(request)
        self.probe()
        return candidates

    def probe(self) -> None:
        if self.gate is not None:
            self.gate.wait(20)
        if self.fault is not None:
            raise self.fault


class Notes:
    """An observer who notes what it is told."""

    def __init__(self):
        self.calls: list[tuple[str, str]] = []
        self.lists: list[str] = []
        self.rested: list[tuple[str, float | None, bool]] = []

    def called(self, provider: str, outcome: str) -> None:
        self.calls.append((provider, outcome))

    def served(self, provider: str) -> None:
        self.lists.append(provider)

    def cooldown(self, provider: str, cooldown_s: float | None, *, is_new: bool) -> None:
        self.rested.append((provider, cooldown_s, is_new))


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def until(condition) -> None:
    """Wait for a thread in the background, not longer than a test may take."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        threading.Event().wait(0.005)
