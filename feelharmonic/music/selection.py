"""Which candidates may play, and for which step of a journey."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from feelharmonic.music.messages import MusicTargets, Track, TrackRequest

#: A service that answers one call for one target is asked about so many stages of a journey at most.
MOST_STAGES = 3

#: Spotify: above this a track has no vocals.
LEAST_INSTRUMENTAL = 0.5


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
