"""The tracks nearest to a target: exact search over the leaves of a k-d tree, with lower bounds of their distances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from feelharmonic.audio_features import FEATURES, MIN_INSTRUMENTALNESS
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.columns import FIRST_FELT, NUMERIC_COUNT, POPULARITY
from feelharmonic.music.felt_mood import FELT
from feelharmonic.music.messages import MusicTargets, Wishes

#: Popularity is 0..100; this far from the wished familiarity counts like one spread of a feature.
FAMILIARITY_SPREAD = 15.0

#: How much the fit to an emotion counts (its square from a perfect fit, 0..1), and the place on the plane of felt
#: valence and arousal (squares of 0..1), beside the mean square of the features' distances in spreads. Fits come
#: first: among tracks that fit alike the features decide.
FIT_WEIGHT = 120.0
FELT_WEIGHT = 72.0

#: How much it counts that a track is little known, where nobody wished otherwise: the square of what it lacks from a
#: popularity of 100, in hundreds.
POPULARITY_WEIGHT = 9.0

#: Tracks that somebody chose for the emotion by hand count as nearer: their squared distance is multiplied by this.
PICKED_FACTOR = 0.6

#: Tracks of a liked genre count as nearer: their squared distance is multiplied by this.
LIKED_GENRE_FACTOR = 0.5

#: Maximum rows in a leaf. Tracks that sound alike lie together, so that a search looks into few leaves.
MAX_LEAF_ROWS = 512

#: Leaves searched at a time: few at first, since they are the likeliest, then twice as many each time.
MIN_LEAVES_AT_ONCE, MAX_LEAVES_AT_ONCE = 4, 64

#: What a track feels like differs this much more than its features, for the tree's halving.
FELT_SPLITS = 3.0

INSTRUMENTALNESS = FEATURES.index("instrumentalness")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """``rows``: (K,) intp, nearest first; ``distances``: (K,) float64, root mean square of spreads, ascending."""

    rows: np.ndarray
    distances: np.ndarray


def distances(features: np.ndarray, targets: MusicTargets, felt: np.ndarray | None = None) -> np.ndarray:
    """(N,) float64 distances of ``features``, (N, 9) in FEATURES' order, from ``targets``.

    The root of the mean over the features of ((value - centre) / spread) ** 2; with ``felt``, (N, 9) in FELT's order,
    and targets that say so, how well the tracks fit the emotions is added before the root.
    """
    centres = np.array([targets.features[name].centre for name in FEATURES])
    spreads = np.array([targets.features[name].spread for name in FEATURES])
    squares = np.mean(((np.asarray(features, np.float64) - centres) / spreads) ** 2, axis=1)
    if felt is not None:
        wanted, weights = _felt_target(targets)
        squares = squares + ((np.asarray(felt, np.float64) - wanted) ** 2) @ weights
    result: np.ndarray = np.sqrt(squares)
    return result


def _felt_target(targets: MusicTargets) -> tuple[np.ndarray, np.ndarray]:
    """What ``targets`` ask of each of FELT, (9,), and how much it counts, (9,)."""
    wanted, weights = np.ones(len(FELT)), np.zeros(len(FELT))
    if targets.fits:
        weights[: len(EMOTIONS)] = FIT_WEIGHT * np.array(targets.fits)
    if targets.felt is not None:
        wanted[len(EMOTIONS) :] = targets.felt
        weights[len(EMOTIONS) :] = FELT_WEIGHT
    return wanted, weights


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """How far a track is from a target: ``centres`` and ``weights``, both (19, 1) float32, one per numeric column."""

    centres: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, target: MusicTargets, wishes: Wishes) -> Measure:
        centres, weights = np.zeros((NUMERIC_COUNT, 1), np.float32), np.zeros((NUMERIC_COUNT, 1), np.float32)
        centres[:POPULARITY, 0] = [target.features[name].centre for name in FEATURES]
        weights[:POPULARITY, 0] = [target.features[name].spread ** -2 / len(FEATURES) for name in FEATURES]
        centres[FIRST_FELT:, 0], weights[FIRST_FELT:, 0] = _felt_target(target)
        if wishes.familiarity is not None:
            centres[POPULARITY] = 100 * wishes.familiarity
            weights[POPULARITY] = FAMILIARITY_SPREAD**-2 / len(FEATURES)
        elif target.fits:
            centres[POPULARITY], weights[POPULARITY] = 100, POPULARITY_WEIGHT / 100**2
        return cls(centres=centres, weights=weights)

    def squares(self, numeric: np.ndarray) -> np.ndarray:
        """(19, K) numeric columns → (K,) float32 squared distances."""
        differences = numeric - self.centres
        np.square(differences, out=differences)
        result: np.ndarray = self.weights[:, 0] @ differences
        return result

    def lower_bounds(self, leaves: Leaves) -> np.ndarray:
        """(B,) float32: the least squared distance that a track in each leaf can have."""
        return self.squares(np.clip(self.centres, leaves.lowest, leaves.highest))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaves:
    """Which rows lie together. ``starts``: (B + 1,) intp, leaf i is rows starts[i] to starts[i + 1]. ``lowest`` and
    ``highest``: (19, B) float32, the box around each leaf."""

    starts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def around(cls, numeric: np.ndarray, starts: Sequence[int]) -> Leaves:
        """The leaves of (19, N) numeric columns in the order of `leaf_order`."""
        if not numeric.shape[1]:
            nothing = np.empty((len(numeric), 0), np.float32)
            return cls(starts=np.zeros(1, np.intp), lowest=nothing, highest=nothing)
        return cls(
            starts=np.array([*starts, numeric.shape[1]], np.intp),
            lowest=np.minimum.reduceat(numeric, starts, axis=1),
            highest=np.maximum.reduceat(numeric, starts, axis=1),
        )

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """(K,) intp: the rows of the leaves ``chosen``, one leaf after the other."""
        return np.concatenate([np.arange(self.starts[leaf], self.starts[leaf + 1]) for leaf in chosen])


def leaf_order(numeric: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """An order of (19, N) numeric columns in which near ones lie together, (N,) intp, and where each leaf starts in it.

    Halved at the median of the column that differs most, until a half is small enough. What a track feels like counts
    more than its features, as in the distances.
    """
    order, starts = np.arange(numeric.shape[1]), list[int]()
    if not len(order):
        return order, starts
    scales = numeric.std(axis=1) + np.float32(1e-6)
    scales[FIRST_FELT:] /= FELT_SPLITS
    scales[POPULARITY] = np.inf
    waiting = [(0, len(order))]
    while waiting:
        start, stop = waiting.pop()
        if stop - start <= MAX_LEAF_ROWS:
            starts.append(start)
            continue
        here = order[start:stop]
        sample = numeric[:, here[:: len(here) // MAX_LEAF_ROWS]]
        widest = np.argmax(sample.std(axis=1) / scales)
        middle = len(here) // 2
        order[start:stop] = here[np.argpartition(numeric[widest, here], middle)]
        waiting += [(start + middle, stop), (start, start + middle)]
    return order, starts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Search:
    """What a search looks through. ``numeric``: (19, N) float32 in the order of ``leaves``. ``may_play``: those of some
    rows that may, without ``picked``: the rows that somebody chose by hand, which may, too. ``is_liked``: which of some
    rows are of a liked genre; None where none is liked."""

    numeric: np.ndarray
    leaves: Leaves
    may_play: Callable[[np.ndarray], np.ndarray]
    picked: np.ndarray
    is_liked: Callable[[np.ndarray], np.ndarray] | None = None

    def nearest(self, measure: Measure, count: int, *, instrumental_only: bool = False) -> Nearest:
        """The ``count`` nearest rows that may play. Exact: goes through the leaves, the nearest first, until none that
        is left can hold a nearer row."""
        bounds = measure.lower_bounds(self.leaves) * (LIKED_GENRE_FACTOR if self.is_liked else 1.0)
        if instrumental_only:
            bounds[self.leaves.highest[INSTRUMENTALNESS] <= MIN_INSTRUMENTALNESS] = np.inf
        order = np.argsort(bounds, kind="stable")
        bounds = bounds[order]
        best, seen, at_once = _Smallest(count), 0, MIN_LEAVES_AT_ONCE
        best.add(self.picked, self._squares(measure, self.picked) * np.float32(PICKED_FACTOR))
        while seen < (end := min(seen + at_once, int(np.searchsorted(bounds, best.bound)))):
            rows = self.may_play(self.leaves.rows(order[seen:end]))
            best.add(rows, self._squares(measure, rows))
            seen, at_once = end, min(2 * at_once, MAX_LEAVES_AT_ONCE)
        return best.sorted()

    def _squares(self, measure: Measure, rows: np.ndarray) -> np.ndarray:
        squares = measure.squares(self.numeric[:, rows])
        if self.is_liked and len(rows):
            squares[self.is_liked(rows)] *= LIKED_GENRE_FACTOR
        return squares


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
