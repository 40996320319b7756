"""Mood and goal → targets: the mood's own, or equal steps to the goal's end."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS, VALENCE_AROUSAL
from feelharmonic.music.messages import MusicTargets
from feelharmonic.music.targets import (
    FEELING_SPREAD,
    GOAL_ENDS,
    in_words,
    journey,
    leads_somewhere,
    mixed_targets,
    onward,
    probabilities_at,
    targets_for,
)
from feelharmonic.params import Params, PlanePoint


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


OTHERS = [name not in ("valence", "energy") for name in FEATURES]
LEADING = [
    (emotion, goal)
    for emotion, goal in itertools.product(EMOTIONS, GOAL_ENDS)
    if (emotion, goal) not in {("happy", "lift"), ("happy", "energise"), ("neutral", "calm")}
]


@pytest.mark.parametrize(("emotion", "goal"), LEADING)
def test_a_journey_leads_from_the_mood_to_the_goal(params, emotion, goal):
    steps = journey(params, emotion, goal, 7)
    start, end = targets_for(params, emotion), targets_for(params, emotion, goal)
    np.testing.assert_allclose(centres(steps[0])[OTHERS], centres(start)[OTHERS])
    np.testing.assert_allclose(centres(steps[-1])[OTHERS], centres(end)[OTHERS])
    np.testing.assert_allclose(steps[0].fits, start.fits)
    np.testing.assert_allclose(steps[-1].fits, end.fits)
    assert steps[0].features["valence"].centre == params.emotions[emotion].tracks.valence
    assert steps[0].features["energy"].centre == params.emotions[emotion].tracks.energy
    assert steps[0].emotion == emotion
    assert steps[-1].emotion == GOAL_ENDS[goal].emotion
    assert {step.goal for step in steps} == {goal}


@pytest.mark.parametrize(("emotion", "goal"), [("happy", "lift"), ("happy", "energise"), ("neutral", "calm")])
def test_who_is_there_already_stays(params, emotion, goal):
    steps = journey(params, emotion, goal, 5)
    assert {step.features["valence"].centre for step in steps} == {params.emotions[emotion].targets["valence"].centre}
    assert {step.goal for step in steps} == {goal}
    assert not leads_somewhere(params, targets_for(params, emotion), goal)


def test_chance_moves_a_journey_a_little(params):
    path = [step.features["valence"].centre for step in journey(params, "sad", "lift", 5)]
    moved = [step.features["valence"].centre for step in journey(params, "sad", "lift", 5, chance=random.Random(1))]
    assert path != moved
    np.testing.assert_allclose(path, moved, atol=0.1)


@pytest.mark.parametrize(("emotion", "goal"), list(itertools.product(EMOTIONS, GOAL_ENDS)))
def test_all_steps_of_a_journey_are_equal(params, emotion, goal):
    path = np.array([centres(step) for step in journey(params, emotion, goal, 9)])
    steps = np.diff(path, axis=0)
    np.testing.assert_allclose(steps, np.tile(steps[0], (8, 1)), atol=1e-9)


@pytest.mark.parametrize("goal", GOAL_ENDS)
def test_a_journey_of_one_step_is_its_end(params, goal):
    (only,) = journey(params, "sad", goal, 1)
    np.testing.assert_allclose(centres(only)[OTHERS], centres(targets_for(params, "sad", goal))[OTHERS])


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_one_emotion_alone_is_no_mixture(params, emotion):
    alone = [float(name == emotion) for name in EMOTIONS]
    assert mixed_targets(params, alone) == targets_for(params, emotion)


def test_a_mixture_lies_between_its_emotions_and_is_named_for_the_stronger(params):
    mixed = mixed_targets(params, mixture(sad=0.55, neutral=0.4, happy=0.05))
    sad, neutral = targets_for(params, "sad"), targets_for(params, "neutral")
    assert mixed.emotion == "sad"
    low, high = np.sort([centres(sad), centres(neutral)], axis=0)
    assert ((centres(mixed) > low - 0.3) & (centres(mixed) < high + 0.3)).all()
    assert mixed.fits[EMOTIONS.index("sad")] > mixed.fits[EMOTIONS.index("neutral")] > 0.2
    assert sum(mixed.fits) == pytest.approx(1)


def test_what_is_weak_counts_less_than_its_probability(params):
    assert mixed_targets(params, mixture(sad=0.9, neutral=0.1)).fits[EMOTIONS.index("neutral")] < 0.05


@pytest.mark.parametrize(
    ("shares", "words"),
    [
        ({"sad": 0.98, "neutral": 0.02}, ("sad", None)),
        ({"sad": 0.55, "neutral": 0.4, "happy": 0.05}, ("sad", "neutral")),
        ({"happy": 0.7, "surprise": 0.3}, ("happy", None)),
    ],
)
def test_a_mixture_is_said_in_words(params, shares, words):
    assert in_words(mixture(**shares), params.sharpness) == words


def test_a_feeling_places_the_target_where_the_emotions_near_it_have_their_tracks(params):
    placed = mixed_targets(params, mixture(happy=0.5, neutral=0.5), (0.2, -0.2)).features
    between = [(params.emotions["happy"].tracks.valence + params.emotions["neutral"].tracks.valence) / 2]
    assert [placed["valence"].centre] == pytest.approx(between)
    assert placed["valence"].spread == placed["energy"].spread == FEELING_SPREAD


@pytest.mark.parametrize(("emotion", "point"), list(zip(EMOTIONS, VALENCE_AROUSAL, strict=True)))
def test_where_people_place_an_emotion_it_is_the_strongest(emotion, point):
    shares = probabilities_at(*point)
    assert sum(shares) == pytest.approx(1)
    assert EMOTIONS[int(np.argmax(shares))] == emotion


@pytest.mark.parametrize("point", [(1, 1), (-1, -1), (1, -1), (-1, 1)])
def test_the_plane_has_an_emotion_everywhere(point):
    assert sum(probabilities_at(*point)) == pytest.approx(1)


def mixture(**shares: float) -> list[float]:
    return [shares.get(emotion, 0.0) for emotion in EMOTIONS]


@pytest.mark.parametrize("goal", GOAL_ENDS)
def test_a_journey_of_two_steps_is_its_start_and_its_end(params, goal):
    first, last = journey(params, "sad", goal, 2)
    np.testing.assert_allclose(centres(first)[OTHERS], centres(targets_for(params, "sad"))[OTHERS])
    np.testing.assert_allclose(centres(last)[OTHERS], centres(targets_for(params, "sad", goal))[OTHERS])


def test_the_step_half_way_carries_the_words_and_genres_of_the_end(params):
    start, middle, end = journey(params, "sad", "lift", 3)
    assert (middle.emotion, middle.genres, middle.search) == (end.emotion, end.genres, end.search)
    assert middle.search != start.search


@pytest.mark.parametrize("step", range(5))
def test_centres_and_spreads_of_a_journey_are_mixed_alike(params, step):
    mixed = journey(params, "angry", "calm", 5)[step].features
    start, end = targets_for(params, "angry").features, targets_for(params, "angry", "calm").features
    for name in np.array(FEATURES)[OTHERS]:
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


@pytest.mark.parametrize("goal", ["match", "lift", "calm", "energise"])
def test_a_plan_leads_on_from_the_track_that_plays_in_equal_steps_and_stays_at_the_end(params, goal):
    mood = targets_for(params, "sad")
    after = PlanePoint(valence=0.95, energy=0.05)
    steps = onward(params, after, goal, 5, mood)
    places = [(step.features["valence"].centre, step.features["energy"].centre) for step in steps]
    moves = np.diff([(after.valence, after.energy), *places], axis=0)
    assert np.allclose(moves, moves[0])
    there = PlanePoint(valence=places[-1][0], energy=places[-1][1])
    assert len({tuple(step.features.values()) for step in onward(params, there, goal, 3, mood)}) == 1
