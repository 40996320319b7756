"""The tracks nearest to a target: exact search over bunches of rows with lower bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.messages import MusicTargets, Wishes

#: Popularity is 0..100; so far from the wished familiarity counts like one spread of a feature.
FAMILIARITY_SPREAD = 15.0

#: Tracks of a liked genre count as so much nearer (their squared distance is multiplied by it).
LIKED_GENRE_FACTOR = 0.5

#: Rows in a bunch at most. Tracks that sound alike lie together, so that a search looks into few bunches.
BUNCH_ROWS = 512

#: How many bunches a search looks into at a time: few at first, since they are the likeliest, then ever more.
FEWEST_BUNCHES, MOST_BUNCHES = 4, 64

POPULARITY = len(FEATURES)

INSTRUMENTALNESS = FEATURES.index("instrumentalness")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """``rows``: (K,) intp, nearest first; ``distances``: (K,) float64, root mean square of spreads, ascending."""

    rows: np.ndarray
    distances: np.ndarray


class _Best:
    """The ``count`` smallest of many squared distances that come part by part."""

    def __init__(self, count: int):
        self._count = count
        self._rows = np.empty(0, np.intp)
        self._squares = np.empty(0, np.float32)
        #: No row from here up can be among them.
        self.bound = np.float32(np.inf)

    def add(self, rows: np.ndarray, squares: np.ndarray) -> None:
        near = np.flatnonzero(squares < self.bound)
        self._rows = np.concatenate((self._rows, rows[near]))
        self._squares = np.concatenate((self._squares, squares[near]))
        if len(self._rows) > self._count:
            kept = np.argpartition(self._squares, self._count - 1)[: self._count]
            self._rows, self._squares = self._rows[kept], self._squares[kept]
            self.bound = self._squares.max()

    def sorted(self) -> Nearest:
        order = np.lexsort((self._rows, self._squares))
        return Nearest(rows=self._rows[order], distances=np.sqrt(self._squares[order].astype(np.float64)))


def distances(features: np.ndarray, targets: MusicTargets) -> np.ndarray:
    """(N,) float64 spread-scaled distances of ``features``, (N, 9) in FEATURES' order, from ``targets``.

    The root of the mean over the features of ((value - centre) / spread) ** 2.
    """
    centres = np.array([targets.features[name].centre for name in FEATURES])
    spreads = np.array([targets.features[name].spread for name in FEATURES])
    return np.sqrt(np.mean(((np.asarray(features, np.float64) - centres) / spreads) ** 2, axis=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measure:
    """How far a track is from a target: ``centres`` and ``weights``, both (10, 1) float32, one per figure."""

    centres: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, target: MusicTargets, wishes: Wishes) -> _Measure:
        centres = [target.features[name].centre for name in FEATURES]
        weights = [target.features[name].spread ** -2 / len(FEATURES) for name in FEATURES]
        if wishes.familiarity is None:
            centres, weights = [*centres, 0.0], [*weights, 0.0]
        else:
            centres.append(100 * wishes.familiarity)
            weights.append(FAMILIARITY_SPREAD**-2 / len(FEATURES))
        return cls(centres=np.array(centres, np.float32)[:, None], weights=np.array(weights, np.float32)[:, None])

    def squares(self, figures: np.ndarray) -> np.ndarray:
        """(10, K) figures → (K,) float32 squared distances."""
        differences = figures - self.centres
        np.square(differences, out=differences)
        return self.weights[:, 0] @ differences

    def floors(self, bunches: _Bunches) -> np.ndarray:
        """(B,) float32: the least squared distance that a track in each bunch can have."""
        return self.squares(np.clip(self.centres, bunches.lowest, bunches.highest))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bunches:
    """Which rows lie together. ``starts``: (B + 1,) intp, bunch i is rows starts[i] to starts[i + 1]. ``lowest`` and
    ``highest``: (10, B) float32, the box around each bunch."""

    starts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def around(cls, figures: np.ndarray, starts: Sequence[int]) -> _Bunches:
        if not figures.shape[1]:
            nothing = np.empty((len(figures), 0), np.float32)
            return cls(starts=np.zeros(1, np.intp), lowest=nothing, highest=nothing)
        return cls(
            starts=np.array([*starts, figures.shape[1]], np.intp),
            lowest=np.minimum.reduceat(figures, starts, axis=1),
            highest=np.maximum.reduceat(figures, starts, axis=1),
        )

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """(K,) intp: the rows of the bunches ``chosen``, one bunch after the other."""
        return np.concatenate([np.arange(self.starts[bunch], self.starts[bunch + 1]) for bunch in chosen])


def _bunched(figures: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """An order of (10, N) figures in which near ones lie together, (N,) intp, and where each bunch starts in it.

    A k-d tree's leaves: halved at the median of the feature that differs most, until a half is small enough.
    """
    order, starts = np.arange(figures.shape[1]), []
    if not len(order):
        return order, starts
    scales = figures[:POPULARITY].std(axis=1) + np.float32(1e-6)
    waiting = [(0, len(order))]
    while waiting:
        start, stop = waiting.pop()
        if stop - start <= BUNCH_ROWS:
            starts.append(start)
            continue
        here = order[start:stop]
        sample = figures[:POPULARITY, here[:: len(here) // BUNCH_ROWS]]
        widest = np.argmax(sample.std(axis=1) / scales)
        middle = len(here) // 2
        order[start:stop] = here[np.argpartition(figures[widest, here], middle)]
        waiting += [(start + middle, stop), (start, start + middle)]
    return order, starts
