"""A journey's tracks chosen together: even steps, no turning back, no artist twice."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.music.smooth_path import MAX_STEP, smooth_path

STEPS = 8


def random_candidates(seed: int, count: int = 40, scatter: float = 0.03):
    chance = np.random.default_rng(seed)
    waypoints = np.linspace((0.2, 0.2), (0.85, 0.8), STEPS)
    places = [point + chance.normal(0, scatter, (count, 2)) for point in waypoints]
    costs = [chance.random(count) for _ in waypoints]
    artists = [chance.integers(0, 60, count).tolist() for _ in waypoints]
    return waypoints, places, costs, artists


@pytest.mark.parametrize("seed", range(20))
def test_no_step_is_much_larger_than_the_mean_and_none_turns_back(seed):
    waypoints, places, costs, artists = random_candidates(seed)
    path = smooth_path(waypoints, places, costs, artists)
    taken = np.array([own[place] for own, place in zip(places, path, strict=True)])
    steps = np.linalg.norm(np.diff(taken, axis=0), axis=1)
    assert steps.max() <= MAX_STEP * steps.mean()
    assert (np.maximum.accumulate(taken, axis=0) - taken).max() <= 0.05
    names = [own[place] for own, place in zip(artists, path, strict=True)]
    assert len(set(names)) == len(names)


def test_each_step_by_itself_would_jump():
    """What is tested above is not so for the cheapest candidate of each step."""
    jumps = 0
    for seed in range(20):
        _, places, costs, _ = random_candidates(seed)
        taken = np.array([own[cost.argmin()] for own, cost in zip(places, costs, strict=True)])
        steps = np.linalg.norm(np.diff(taken, axis=0), axis=1)
        jumps += steps.max() > MAX_STEP * steps.mean()
    assert jumps > 5


def test_a_step_without_candidates_is_left_out():
    waypoints, places, costs, artists = random_candidates(0)
    places[3], costs[3], artists[3] = np.empty((0, 2)), np.empty(0), []
    path = smooth_path(waypoints, places, costs, artists)
    assert path[3] is None
    assert None not in path[:3] + path[4:]


def test_of_one_artist_one_track_plays():
    waypoints, places, costs, _ = random_candidates(1)
    path = smooth_path(waypoints, places, costs, [["the same"] * 40] * STEPS)
    assert sum(place is not None for place in path) == 1
