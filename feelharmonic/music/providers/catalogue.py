"""Candidates from the catalogue at hand: always there, the last resort, no network, no account.

In: a TrackRequest. Out: Candidates, the nearest tracks for each step. Nothing is remembered between requests: what was
given, liked and disliked in a visit comes with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.current import CatalogueSource
from feelharmonic.music.messages import MusicTargets, TrackRequest
from feelharmonic.music.selection import Candidates, Journey, Ranking

#: Candidates for each step at least, however short the list.
MIN_CANDIDATES = 100

#: Candidates for each step of a journey: its path needs many to move evenly without the same tracks every time.
PATH_CANDIDATES, STAY_CANDIDATES = 200, 280

#: More candidates than tracks: one artist can fill the whole neighbourhood.
CANDIDATES_PER_TRACK = 6

#: "More like this" moves the targets this far towards what was liked (0 not at all .. 1 all the way).
LIKED_PULL = 0.6

#: "Not this" pushes away tracks within about one spread of it: this is added to the distance right beside it.
DISLIKED_PUSH = 1.5


class CatalogueProvider:
    """Finds candidates in ``catalogue``; safe between threads."""

    name = "catalogue"

    def __init__(self, catalogue: CatalogueSource):
        self._source = catalogue

    @classmethod
    def load(cls, database: Path | None = None) -> CatalogueProvider:
        """From the starter table and, where it is there, the file of imported tracks."""
        return cls(Catalogue.load(database))

    def candidates(self, request: TrackRequest) -> Candidates:
        """The tracks nearest to each step, in reach of chance; a candidate's place is its row in the catalogue."""
        return _Search(self._source.current(), request).candidates()


class _Search:
    """One request to one catalogue: rows are the same only within it."""

    def __init__(self, catalogue: Catalogue, request: TrackRequest):
        self._catalogue = catalogue
        self._request = request

    def candidates(self) -> Candidates:
        catalogue, request = self._catalogue, self._request
        steps = self._towards_liked(request)
        return Candidates(
            rankings=self._rankings(request, steps),
            given=self._given(request),
            artists=catalogue.columns.artist,
            tracks=catalogue.tracks,
            by_chance=True,
            journey=Journey(steps=steps, features=catalogue.features),
        )

    def _rankings(self, request: TrackRequest, steps: Sequence[MusicTargets]) -> list[Ranking]:
        """The nearest tracks that were not given yet, those beside disliked ones further down."""
        disliked = self._ordered_rows(request.disliked)
        different = list({id(step): step for step in steps}.values())
        found = self._catalogue.nearest(
            different,
            _candidates(request),
            wishes=request.wishes,
            emotions=_emotions(request),
            without=[*self._ordered_rows(request.avoid), *disliked],
        )
        by_step = {
            id(step): Ranking(
                places=nearest.rows,
                costs=nearest.distances + self._push_from_disliked(nearest.rows, disliked, step),
            )
            for step, nearest in zip(different, found, strict=True)
        }
        return [by_step[id(step)] for step in steps]

    def _given(self, request: TrackRequest) -> list[int]:
        """The rows given before that may play, oldest first."""
        rows = self._ordered_rows(request.avoid)
        disliked = set(self._ordered_rows(request.disliked))
        if not rows:
            return []
        playable = self._catalogue.playable(np.array(rows), request.wishes, _emotions(request))
        return [int(row) for row in playable if row not in disliked]

    def _push_from_disliked(self, rows: np.ndarray, disliked: Sequence[int], step: MusicTargets) -> np.ndarray:
        """(K,): what is added to the distance of tracks beside those that were disliked."""
        push = np.zeros(len(rows))
        if not disliked:
            return push
        spreads = np.array([step.features[name].spread for name in FEATURES])
        values = self._catalogue.features(rows) / spreads  # (K, 9)
        for other in self._catalogue.features(disliked) / spreads:
            push += DISLIKED_PUSH * np.exp(-np.mean((values - other) ** 2, axis=1))
        return push

    def _towards_liked(self, request: TrackRequest) -> list[MusicTargets]:
        """The steps, their centres moved towards the mean of the liked tracks that the catalogue knows."""
        liked = self._ordered_rows(request.liked)
        if not liked:
            return list(request.steps)
        mean = dict(zip(FEATURES, self._catalogue.features(liked).mean(axis=0), strict=True))
        valence, arousal = self._catalogue.felt(liked).mean(axis=0)[-2:]
        moved = {
            id(step): replace(step, features=_pulled(step.features, mean), felt=(float(valence), float(arousal)))
            for step in request.steps
        }
        return [moved[id(step)] for step in request.steps]

    def _ordered_rows(self, ids: Sequence[str]) -> list[int]:
        rows = self._catalogue.rows(list(dict.fromkeys(ids)))
        return [rows[track_id] for track_id in dict.fromkeys(ids) if track_id in rows]


def _candidates(request: TrackRequest) -> int:
    """How many candidates each step needs."""
    if request.goal == "match":
        return max(MIN_CANDIDATES, CANDIDATES_PER_TRACK * request.n)
    # A journey that leads nowhere takes all its tracks from the same place.
    return PATH_CANDIDATES if len({id(step) for step in request.steps}) > 1 else STAY_CANDIDATES


def _emotions(request: TrackRequest) -> frozenset[str]:
    return frozenset(step.emotion for step in request.steps)


def _pulled(features: dict[str, FeatureTarget], mean: dict[str, float]) -> dict[str, FeatureTarget]:
    return {
        name: replace(target, centre=target.centre + LIKED_PULL * (mean[name] - target.centre))
        for name, target in features.items()
    }
