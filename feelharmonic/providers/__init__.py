"""The seam for music: what every provider is. One file beside this one per provider, one line in app.py each.

In: a TrackRequest. Out: Tracks, or a ProviderUnavailable that says why not and what to do. A service's own
dictionaries and exceptions stay inside its file. ``reason`` goes on where the provider's name begins ("asks for a
pause"), ``action`` is a sentence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from feelharmonic.messages import MusicTargets, Track, TrackRequest

#: A service that answers one call for one target is asked about so many stages of a journey at most.
MOST_STAGES = 3

#: Spotify: above this a track has no vocals.
LEAST_INSTRUMENTAL = 0.5


class MusicProvider(Protocol):
    """Answers requests for tracks. Safe between threads."""

    #: As in the setting PROVIDERS.
    name: str

    def tracks(self, request: TrackRequest) -> list[Track]:
        """At most ``request.n`` tracks in the order of the request's steps, no artist twice; empty where none fits.

        Raises ProviderUnavailable where the provider cannot answer now; the next one then serves.
        """
        ...


@runtime_checkable
class RemoteProvider(MusicProvider, Protocol):
    """A provider behind a network: it is waited for only so long, and rests after a fault."""

    def probe(self) -> None:
        """One small call in the background at start. Raises ProviderUnavailable as ``tracks`` would."""
        ...


def may_play(track: Track, request: TrackRequest) -> bool:
    """Whether ``track`` is not disliked, not chosen for other emotions only, and all that the wishes ask for."""
    wishes, features = request.wishes, track.features
    return not (
        track.id in request.disliked
        or (track.emotions and not {step.emotion for step in request.steps} & set(track.emotions))
        or track.genre in wishes.genres_barred
        or (wishes.decades and (track.year is None or track.year // 10 * 10 not in wishes.decades))
        or (wishes.explicit is False and track.explicit)
        or (wishes.instrumental_only and (features is None or features["instrumentalness"] <= LEAST_INSTRUMENTAL))
        or (wishes.familiarity is not None and track.popularity is None)
    )


def stages(steps: Sequence[MusicTargets]) -> list[Sequence[MusicTargets]]:
    """The steps in at most MOST_STAGES bunches that follow each other; equal steps are one bunch."""
    count = min(MOST_STAGES, len({id(step) for step in steps}))
    edges = [round(len(steps) * index / count) for index in range(count + 1)]
    return [steps[start:end] for start, end in itertools.pairwise(edges)]
