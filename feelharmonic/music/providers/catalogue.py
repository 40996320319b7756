"""Tracks from the catalogue at hand: always there, the last resort, no network, no account.

In: a TrackRequest. Out: as many Tracks as are asked for, or as there are. Nothing is remembered between requests:
what was given, liked and disliked in a visit comes with each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.nearest import Nearest
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest

#: So many candidates are looked at for each step at least, however short the list.
FEWEST_CANDIDATES = 60

#: How far down the candidates chance reaches, as multiples of the list's length for ``match``, where every
#: track serves the same target, and as ranks for a journey, where each serves its own step.
MATCH_REACH = 1.0

JOURNEY_REACH = 1.5

#: "More like this" moves the targets so far towards what was liked (0 not at all .. 1 all the way).
LIKED_PULL = 0.4

#: "Not this" pushes away tracks within about one spread of it: so much is added to the distance right beside it.
DISLIKED_PUSH = 1.5

#: A journey's track should lie as far from the one before as the steps do, in these above all.
SMOOTH_FEATURES = ("loudness", "tempo")

SMOOTH_WEIGHT = 0.5


class CatalogueProvider:
    """Chooses from ``catalogue``; safe between threads."""

    name = "catalogue"

    def __init__(self, catalogue: Catalogue):
        self._catalogue = catalogue

    @classmethod
    def load(cls, database: Path | None = None) -> CatalogueProvider:
        """From the starter table and, where it is there, the file of imported tracks."""
        return cls(Catalogue.load(database))

    def tracks(self, request: TrackRequest) -> list[Track]:
        """One track for each step, no artist twice; those of ``avoid`` only when all others are used up."""
        rows = _Choice(self._catalogue, request).rows()
        return self._catalogue.tracks(rows)


@dataclass(slots=True, kw_only=True)
class _Chosen:
    """The rows chosen so far, by step, and their artists."""

    rows: dict[int, int] = field(default_factory=dict)
    artists: set[int] = field(default_factory=set)


class _Choice:
    """One request on its way to rows."""

    def __init__(self, catalogue: Catalogue, request: TrackRequest):
        self._catalogue = catalogue
        self._request = request
        self._emotions = frozenset(step.emotion for step in request.steps)
        self._avoided = self._ordered_rows(request.avoid)
        self._disliked = self._ordered_rows(request.disliked)
        self._steps = self._towards_liked(request.steps)
        self._chosen = _Chosen()

    def rows(self) -> list[int]:
        """The rows in the steps' order."""
        self._take_fresh()
        self._take_oldest_given()
        return [self._chosen.rows[step] for step in sorted(self._chosen.rows)]

    def _take_fresh(self) -> None:
        candidates = self._candidates()
        before: int | None = None
        for index, step in enumerate(self._steps):
            row = self._pick(index, candidates[id(step)], before)
            if row is not None:
                self._take(index, row)
                before = row

    def _take_oldest_given(self) -> None:
        """Fill what is missing with the tracks that were given longest ago."""
        missing = [index for index in range(self._request.n) if index not in self._chosen.rows]
        if not missing or not self._avoided:
            return
        for row in self._catalogue.playable(np.array(self._avoided), self._request.wishes, self._emotions):
            if missing and self._is_new(row) and row not in self._disliked:
                self._take(missing.pop(0), int(row))

    def _candidates(self) -> dict[int, Nearest]:
        """The nearest tracks that were not given yet, by the identity of the step's targets."""
        # One artist can fill the whole neighbourhood; several times the list's length leaves room for others.
        count = max(FEWEST_CANDIDATES, 6 * self._request.n)
        different = list({id(step): step for step in self._steps}.values())
        found = self._catalogue.nearest(
            different,
            count,
            wishes=self._request.wishes,
            emotions=self._emotions,
            without=[*self._avoided, *self._disliked],
        )
        return {id(step): nearest for step, nearest in zip(different, found, strict=True)}

    def _pick(self, index: int, candidates: Nearest, before: int | None) -> int | None:
        """A row for step ``index``: one of the best, by chance; None where no candidate is left."""
        left = np.array([self._is_new(row) for row in candidates.rows], bool)
        if not left.any():
            return None
        rows, costs = candidates.rows[left], candidates.distances[left].copy()
        costs += self._push_from_disliked(rows, self._steps[index])
        if before is not None and self._request.goal != "match":
            costs += self._jump(rows, before, index)
        ranked = rows[np.argsort(costs, kind="stable")]
        return int(ranked[self._by_chance(len(ranked))])

    def _by_chance(self, count: int) -> int:
        """A place among ``count`` ranked candidates, each about as likely as the rank before it, or a bit less."""
        reach = MATCH_REACH * self._request.n if self._request.goal == "match" else JOURNEY_REACH
        # An exponential draw: rank 0 is the likeliest, ranks far beyond the reach hardly ever come.
        return int(self._request.chance.expovariate(1 / reach)) % count

    def _take(self, index: int, row: int) -> None:
        self._chosen.rows[index] = row
        self._chosen.artists.add(int(self._catalogue.columns.artist[row]))

    def _is_new(self, row: int) -> bool:
        return int(self._catalogue.columns.artist[row]) not in self._chosen.artists

    def _jump(self, rows: np.ndarray, before: int, index: int) -> np.ndarray:
        """(K,): how far each row departs from the even step after ``before``, in spreads."""
        step, last = self._steps[index], self._steps[index - 1]
        values, from_values = self._catalogue.features(rows), self._catalogue.features([before])[0]
        jump = np.zeros(len(rows))
        for name in SMOOTH_FEATURES:
            place = FEATURES.index(name)
            expected = from_values[place] + step.features[name].centre - last.features[name].centre
            jump += np.abs(values[:, place] - expected) / step.features[name].spread
        return SMOOTH_WEIGHT * jump / len(SMOOTH_FEATURES)

    def _push_from_disliked(self, rows: np.ndarray, step: MusicTargets) -> np.ndarray:
        """(K,): what is added to the distance of tracks beside those that were disliked."""
        push = np.zeros(len(rows))
        if not self._disliked:
            return push
        spreads = np.array([step.features[name].spread for name in FEATURES])
        values = self._catalogue.features(rows) / spreads  # (K, 9)
        for disliked in self._catalogue.features(self._disliked) / spreads:
            push += DISLIKED_PUSH * np.exp(-np.mean((values - disliked) ** 2, axis=1))
        return push

    def _towards_liked(self, steps: Sequence[MusicTargets]) -> list[MusicTargets]:
        """The steps, their centres moved towards the mean of the liked tracks that the catalogue knows."""
        liked = self._ordered_rows(self._request.liked)
        if not liked:
            return list(steps)
        mean = dict(zip(FEATURES, self._catalogue.features(liked).mean(axis=0), strict=True))
        moved = {id(step): replace(step, features=_pulled(step.features, mean)) for step in steps}
        return [moved[id(step)] for step in steps]

    def _ordered_rows(self, ids: Sequence[str]) -> list[int]:
        rows = self._catalogue.rows(list(dict.fromkeys(ids)))
        return [rows[track_id] for track_id in dict.fromkeys(ids) if track_id in rows]


def _pulled(features: dict[str, FeatureTarget], mean: dict[str, float]) -> dict[str, FeatureTarget]:
    return {
        name: replace(target, centre=target.centre + LIKED_PULL * (mean[name] - target.centre))
        for name, target in features.items()
    }
