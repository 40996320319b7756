"""A journey's tracks chosen together: the cheapest path through the candidates of all steps that moves evenly.

In: for each step its candidates' places on a plane (valence and energy), their costs and artists, and where the steps
should be. Out: one candidate a step. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

#: No step may be larger than this many mean steps.
MAX_STEP = 1.6

#: What is aimed at: a little less, since the mean is known only in the end.
AIMED_STEP = 1.35

#: A coordinate that should rise may fall by this much at most, and the other way round; what is promised is 0.05.
MAX_REVERSAL = 0.015

#: Tracks lie within this of where their step should be, in each coordinate, so that small reversals do not add up.
CORRIDOR = 0.02

#: A journey whose ends are closer than steps of this length would be leads nowhere: its tracks lie around one place.
MIN_STEP = 0.03

#: What a fault adds to a path's cost, times how large it is. Far above what candidates cost.
FAULT_COST = 1e4

#: Steps that differ from the even one cost a little, in squares of its length.
UNEVEN_COST = 0.5


def smooth_path(
    waypoints: np.ndarray,
    places: Sequence[np.ndarray],
    costs: Sequence[np.ndarray],
    artists: Sequence[Sequence[Hashable]],
) -> list[int | None]:
    """For each of n steps which candidate plays, or None where it has none left.

    ``waypoints``: (n, 2). ``places``: a (K, 2) array for each step. ``costs``: (K,) each. No artist comes twice, no
    step is longer than MAX_STEP mean ones and no coordinate turns back, as far as the candidates allow it.
    """
    usable = [np.ones(len(own), bool) for own in costs]
    for _ in range(len(waypoints) + 1):
        path = _cheapest(waypoints, places, costs, usable)
        double = _double(path, artists)
        if double is None:
            return path
        _bar_artist(usable, artists, path, double)
    return path


def _cheapest(
    waypoints: np.ndarray, places: Sequence[np.ndarray], costs: Sequence[np.ndarray], usable: Sequence[np.ndarray]
) -> list[int | None]:
    """The cheapest path by dynamic programming: the best way to each candidate of a step from those of the one
    before."""
    length = max(
        float(np.linalg.norm(np.diff(waypoints, axis=0), axis=1).mean()) if len(waypoints) > 1 else 0, MIN_STEP
    )
    direction = np.sign(np.round(waypoints[-1] - waypoints[0], 3))
    steps = [step for step in range(len(waypoints)) if usable[step].any()]
    best: np.ndarray | None = None
    before: int | None = None
    ways: dict[int, np.ndarray] = {}
    for step in steps:
        astray = np.maximum(np.abs(places[step] - waypoints[step]) - CORRIDOR, 0).sum(axis=1)
        own = np.where(usable[step], costs[step] + FAULT_COST * astray, np.inf)
        if best is None or before is None:
            best = own
        else:
            moves = (places[step][None] - places[before][:, None]).astype(np.float32)  # (K before, K here, 2)
            total = best[:, None] + _move_costs(moves, length * (step - before), direction)
            ways[step] = total.argmin(axis=0)
            best = total.min(axis=0) + own
        before = step
    path: list[int | None] = [None] * len(waypoints)
    if best is None:
        return path
    here = int(best.argmin())
    for step in reversed(steps):
        path[step] = here
        if step in ways:
            here = int(ways[step][here])
    return path


def _move_costs(moves: np.ndarray, length: float, direction: np.ndarray) -> np.ndarray:
    """(K, K): what a move of (K, K, 2) costs where even ones have ``length``."""
    size = np.sqrt(moves[..., 0] ** 2 + moves[..., 1] ** 2)
    too_long = np.maximum(size - AIMED_STEP * length, 0)
    faults = too_long
    for axis in range(2):
        move = moves[..., axis]
        back = np.abs(move) - 2 * MAX_REVERSAL if direction[axis] == 0 else -direction[axis] * move - MAX_REVERSAL
        faults = faults + np.maximum(back, 0)
    costs: np.ndarray = FAULT_COST * faults + UNEVEN_COST * ((size - length) / length) ** 2
    return costs


def _double(path: Sequence[int | None], artists: Sequence[Sequence[Hashable]]) -> int | None:
    """The first step whose artist came before; None where none did."""
    seen: set[Hashable] = set()
    for step, place in enumerate(path):
        if place is not None:
            if artists[step][place] in seen:
                return step
            seen.add(artists[step][place])
    return None


def _bar_artist(
    usable: Sequence[np.ndarray], artists: Sequence[Sequence[Hashable]], path: Sequence[int | None], double: int
) -> None:
    """Leave the artist of step ``double`` to the step where it came first."""
    place = path[double]
    if place is None:
        return
    artist = artists[double][place]
    first = next(step for step, own in enumerate(path) if own is not None and artists[step][own] == artist)
    for step, own in enumerate(usable):
        if step != first:
            own &= np.array([name != artist for name in artists[step]], bool)
