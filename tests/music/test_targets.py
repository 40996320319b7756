"""Mood and goal → targets: the mood's own, or equal steps to the goal's end."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.music.messages import MusicTargets
from feelharmonic.music.targets import GOAL_ENDS, journey, targets_for
from feelharmonic.params import Params


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.load()


def centres(targets: MusicTargets) -> np.ndarray:
    return np.array([targets.features[name].centre for name in FEATURES])


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_match_is_the_moods_own_targets(params, emotion):
    targets = targets_for(params, emotion)
    assert targets.features == params.emotions[emotion].targets
    assert (targets.emotion, targets.goal, targets.genres) == (emotion, "match", params.emotions[emotion].genres)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_match_repeats_the_mood(params, emotion):
    assert journey(params, emotion, "match", 5) == [targets_for(params, emotion)] * 5


@pytest.mark.parametrize(("emotion", "goal"), list(itertools.product(EMOTIONS, GOAL_ENDS)))
def test_a_journey_leads_from_the_mood_to_the_goal(params, emotion, goal):
    steps = journey(params, emotion, goal, 7)
    np.testing.assert_allclose(centres(steps[0]), centres(targets_for(params, emotion)))
    np.testing.assert_allclose(centres(steps[-1]), centres(targets_for(params, emotion, goal)))
    assert steps[0].emotion == emotion
    assert steps[-1].emotion == GOAL_ENDS[goal].emotion
    assert {step.goal for step in steps} == {goal}


@pytest.mark.parametrize(("emotion", "goal"), list(itertools.product(EMOTIONS, GOAL_ENDS)))
def test_all_steps_of_a_journey_are_equal(params, emotion, goal):
    path = np.array([centres(step) for step in journey(params, emotion, goal, 9)])
    steps = np.diff(path, axis=0)
    np.testing.assert_allclose(steps, np.tile(steps[0], (8, 1)), atol=1e-9)


@pytest.mark.parametrize("goal", GOAL_ENDS)
def test_a_journey_of_one_step_is_its_end(params, goal):
    (only,) = journey(params, "sad", goal, 1)
    np.testing.assert_allclose(centres(only), centres(targets_for(params, "sad", goal)))


@pytest.mark.parametrize("goal", GOAL_ENDS)
def test_a_journey_of_two_steps_is_its_start_and_its_end(params, goal):
    first, last = journey(params, "sad", goal, 2)
    assert first.features == targets_for(params, "sad").features
    np.testing.assert_allclose(centres(last), centres(targets_for(params, "sad", goal)))


def test_the_step_half_way_carries_the_words_and_genres_of_the_end(params):
    start, middle, end = journey(params, "sad", "lift", 3)
    assert (middle.emotion, middle.genres, middle.search) == (end.emotion, end.genres, end.search)
    assert middle.search != start.search


@pytest.mark.parametrize("step", range(5))
def test_centres_and_spreads_of_a_journey_are_mixed_alike(params, step):
    mixed = journey(params, "angry", "calm", 5)[step].features
    start, end = targets_for(params, "angry").features, targets_for(params, "angry", "calm").features
    for name in FEATURES:
        assert mixed[name].centre == pytest.approx(start[name].centre * (4 - step) / 4 + end[name].centre * step / 4)
        assert mixed[name].spread == pytest.approx(start[name].spread * (4 - step) / 4 + end[name].spread * step / 4)


@pytest.mark.parametrize(
    ("goal", "emotion", "lender", "lent"),
    [
        ("lift", "happy", "happy", ()),
        ("calm", "neutral", "neutral", ()),
        ("energise", "happy", "angry", ("energy", "loudness", "tempo")),
    ],
)
def test_a_goals_end_is_an_emotions_targets_but_for_what_another_lends(params, goal, emotion, lender, lent):
    end = targets_for(params, "sad", goal)
    for name in FEATURES:
        source = params.emotions[lender if name in lent else emotion]
        assert end.features[name] == source.targets[name], name


@pytest.mark.parametrize(
    ("goal", "feature", "direction"),
    [
        ("lift", "valence", 1),
        ("lift", "energy", 1),
        ("energise", "energy", 1),
        ("energise", "loudness", 1),
    ],
)
def test_goals_lead_a_sad_listener_up(params, goal, feature, direction):
    start, end = targets_for(params, "sad"), targets_for(params, "sad", goal)
    assert direction * (end.features[feature].centre - start.features[feature].centre) > 0


@pytest.mark.parametrize("feature", ["energy", "loudness", "tempo"])
def test_calm_leads_an_angry_listener_down(params, feature):
    start, end = targets_for(params, "angry"), targets_for(params, "angry", "calm")
    assert end.features[feature].centre < start.features[feature].centre


def test_every_goal_has_an_end():
    assert set(GOAL_ENDS) | {"match"} == set(GOALS)
