"""The tracks nearest to a target: exact search over the leaves of a k-d tree, with lower bounds of their distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from feelharmonic.audio_features import FEATURES, MIN_INSTRUMENTALNESS
from feelharmonic.music.messages import MusicTargets, Wishes

#: Popularity is 0..100; this far from the wished familiarity counts like one spread of a feature.
FAMILIARITY_SPREAD = 15.0

#: Tracks of a liked genre count as nearer: their squared distance is multiplied by this.
LIKED_GENRE_FACTOR = 0.5

#: Maximum rows in a leaf. Tracks that sound alike lie together, so that a search looks into few leaves.
MAX_LEAF_ROWS = 512

#: Leaves searched at a time: few at first, since they are the likeliest, then twice as many each time.
MIN_LEAVES_AT_ONCE, MAX_LEAVES_AT_ONCE = 4, 64

#: The row of ``figures`` that holds the popularity, after the features.
POPULARITY = len(FEATURES)

INSTRUMENTALNESS = FEATURES.index("instrumentalness")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """``rows``: (K,) intp, nearest first; ``distances``: (K,) float64, root mean square of spreads, ascending."""

    rows: np.ndarray
    distances: np.ndarray


def distances(features: np.ndarray, targets: MusicTargets) -> np.ndarray:
    """(N,) float64 spread-scaled distances of ``features``, (N, 9) in FEATURES' order, from ``targets``.

    The root of the mean over the features of ((value - centre) / spread) ** 2.
    """
    centres = np.array([targets.features[name].centre for name in FEATURES])
    spreads = np.array([targets.features[name].spread for name in FEATURES])
    result: np.ndarray = np.sqrt(np.mean(((np.asarray(features, np.float64) - centres) / spreads) ** 2, axis=1))
    return result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """How far a track is from a target: ``centres`` and ``weights``, both (10, 1) float32, one per figure."""

    centres: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, target: MusicTargets, wishes: Wishes) -> Measure:
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
        result: np.ndarray = self.weights[:, 0] @ differences
        return result

    def lower_bounds(self, leaves: Leaves) -> np.ndarray:
        """(B,) float32: the least squared distance that a track in each leaf can have."""
        return self.squares(np.clip(self.centres, leaves.lowest, leaves.highest))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaves:
    """Which rows lie together. ``starts``: (B + 1,) intp, leaf i is rows starts[i] to starts[i + 1]. ``lowest`` and
    ``highest``: (10, B) float32, the box around each leaf."""

    starts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def around(cls, figures: np.ndarray, starts: Sequence[int]) -> Leaves:
        """The leaves of (10, N) figures in the order of `leaf_order`."""
        if not figures.shape[1]:
            nothing = np.empty((len(figures), 0), np.float32)
            return cls(starts=np.zeros(1, np.intp), lowest=nothing, highest=nothing)
        return cls(
            starts=np.array([*starts, figures.shape[1]], np.intp),
            lowest=np.minimum.reduceat(figures, starts, axis=1),
            highest=np.maximum.reduceat(figures, starts, axis=1),
        )

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """(K,) intp: the rows of the leaves ``chosen``, one leaf after the other."""
        return np.concatenate([np.arange(self.starts[leaf], self.starts[leaf + 1]) for leaf in chosen])


def leaf_order(figures: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """An order of (10, N) figures in which near ones lie together, (N,) intp, and where each leaf starts in it.

    Halved at the median of the feature that differs most, until a half is small enough.
    """
    order, starts = np.arange(figures.shape[1]), list[int]()
    if not len(order):
        return order, starts
    scales = figures[:POPULARITY].std(axis=1) + np.float32(1e-6)
    waiting = [(0, len(order))]
    while waiting:
        start, stop = waiting.pop()
        if stop - start <= MAX_LEAF_ROWS:
            starts.append(start)
            continue
        here = order[start:stop]
        sample = figures[:POPULARITY, here[:: len(here) // MAX_LEAF_ROWS]]
        widest = np.argmax(sample.std(axis=1) / scales)
        middle = len(here) // 2
        order[start:stop] = here[np.argpartition(figures[widest, here], middle)]
        waiting += [(start + middle, stop), (start, start + middle)]
    return order, starts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """What a search looks through. ``figures``: (10, N) float32 in the order of ``leaves``. ``may_play``: those of some
    rows that may. ``is_liked``: which of some rows are of a liked genre; None where none is liked."""

    figures: np.ndarray
    leaves: Leaves
    may_play: Callable[[np.ndarray], np.ndarray]
    is_liked: Callable[[np.ndarray], np.ndarray] | None = None

    def nearest(self, measure: Measure, count: int, *, instrumental_only: bool = False) -> Nearest:
        """The ``count`` nearest rows that may play. Exact: goes through the leaves, nearest first, until none of the
        others can hold a nearer row."""
        bounds = measure.lower_bounds(self.leaves) * (LIKED_GENRE_FACTOR if self.is_liked else 1.0)
        if instrumental_only:
            bounds[self.leaves.highest[INSTRUMENTALNESS] <= MIN_INSTRUMENTALNESS] = np.inf
        order = np.argsort(bounds, kind="stable")
        bounds = bounds[order]
        best, seen, at_once = _Smallest(count), 0, MIN_LEAVES_AT_ONCE
        while seen < (end := min(seen + at_once, int(np.searchsorted(bounds, best.bound)))):
            rows = self.may_play(self.leaves.rows(order[seen:end]))
            squares = measure.squares(self.figures[:, rows])
            if self.is_liked:
                squares[self.is_liked(rows)] *= LIKED_GENRE_FACTOR
            best.add(rows, squares)
            seen, at_once = end, min(2 * at_once, MAX_LEAVES_AT_ONCE)
        return best.sorted()


class _Smallest:
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
            smallest = np.argpartition(self._squares, self._count - 1)[: self._count]
            self._rows, self._squares = self._rows[smallest], self._squares[smallest]
            self.bound = self._squares.max()

    def sorted(self) -> Nearest:
        order = np.lexsort((self._rows, self._squares))
        return Nearest(rows=self._rows[order], distances=np.sqrt(self._squares[order].astype(np.float64)))
