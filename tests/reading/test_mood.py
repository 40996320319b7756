"""Mood: constant input never flips, a real change is followed, rates agree, noise flips little."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Params
from feelharmonic.reading.messages import Expression, Mood
from feelharmonic.reading.mood import MoodSmoother, _Samples
from feelharmonic.reading.pipeline import moods_of

PARAMS = Params.load()
SMOOTHING = PARAMS.smoothing

# A shared machine may stop for a moment: the examples are counted, not timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def new_smoother() -> MoodSmoother:
    return MoodSmoother(SMOOTHING)


def immediate(**changes: float) -> MoodSmoother:
    """A smoother with no rule but ``changes``, that averages over the last two readings alone."""
    rules = {"enter": 0.0, "leave": 0.0, "margin": 0.0, "hold_s": 0.0, **changes}
    return MoodSmoother(replace(SMOOTHING, window_s=0.1, **rules))


def between(happy: float, sad: float) -> Expression:
    rest = (1 - happy - sad) / (len(EMOTIONS) - 2)
    shares = {"happy": happy, "sad": sad}
    return Expression(probabilities=tuple(shares.get(name, rest) for name in EMOTIONS))


def twice(*readings: Expression) -> list[Expression]:
    return [reading for reading in readings for _ in range(2)]


def showing(emotion: str, share: float = 0.8) -> Expression:
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return Expression(probabilities=tuple(share if name == emotion else rest for name in EMOTIONS))


def play(
    smoother: MoodSmoother, readings, *, rate_hz: float, start_s: float = 0.0, score: float = 1.0
) -> list[Mood | None]:
    return [smoother.update(reading, score, start_s + i / rate_hz) for i, reading in enumerate(readings)]


@st.composite
def distributions(draw) -> Expression:
    raw = np.array(draw(st.lists(st.floats(0.001, 1), min_size=7, max_size=7)))
    return Expression(probabilities=tuple(float(value) for value in raw / raw.sum()))


@given(reading=distributions(), rate_hz=st.floats(1, 30), score=st.floats(0.01, 1))
def test_constant_input_never_flips(reading, rate_hz, score):
    moods = play(new_smoother(), [reading] * 60, rate_hz=rate_hz, score=score)
    assert len({mood.emotion if mood else None for mood in moods}) == 1


@given(
    change=st.permutations(EMOTIONS).map(lambda names: names[:2]),
    rate_hz=st.floats(3, 20),
    share=st.floats(0.6, 0.95),
)
def test_a_real_change_is_followed_within_two_and_a_half_seconds(change, rate_hz, share):
    before, after = change
    listener = new_smoother()
    play(listener, [showing(before, share)] * int(4 * rate_hz), rate_hz=rate_hz)
    changed_at_s = int(4 * rate_hz) / rate_hz
    moods = play(listener, [showing(after, share)] * int(2.5 * rate_hz + 1), rate_hz=rate_hz, start_s=changed_at_s)
    assert moods[-1].emotion == after


@given(
    script=st.lists(st.tuples(st.sampled_from(EMOTIONS), st.floats(2.5, 6)), min_size=1, max_size=4),
    share=st.floats(0.6, 0.95),
)
@settings(max_examples=60)
def test_three_and_fifteen_frames_a_second_give_the_same_moods(script, share):
    def moods_held(rate_hz: float) -> list[str]:
        ends_s = list(itertools.accumulate(seconds for _, seconds in script))
        times_s = np.arange(0, ends_s[-1], 1 / rate_hz)
        emotions = [script[int(np.searchsorted(ends_s, at_s, side="right"))][0] for at_s in times_s]
        listener = new_smoother()
        moods = [listener.update(showing(name, share), 1.0, at_s) for name, at_s in zip(emotions, times_s, strict=True)]
        return [name for name, _ in itertools.groupby(mood.emotion for mood in moods)]

    assert moods_held(3) == moods_held(15)


def test_averages_agree_between_rates_while_the_face_changes():
    slow, fast = new_smoother(), new_smoother()
    for listener, rate_hz in ((slow, 3), (fast, 15)):
        play(listener, [showing("sad")] * rate_hz * 3, rate_hz=rate_hz)
        play(listener, [showing("happy")] * (2 * rate_hz // 3 + 1), rate_hz=rate_hz, start_s=3.0)
    assert np.allclose(slow.expression().probabilities, fast.expression().probabilities, atol=0.15)


@pytest.mark.parametrize("rate_hz", [4, 16, 256])
def test_averages_over_many_samples_are_those_of_the_trapezoidal_rule(rate_hz):
    samples, values = _Samples(), np.random.default_rng(1).dirichlet(np.ones(7), 1000)
    for i, row in enumerate(values):
        samples.append(i / rate_hz, 1.0 + i % 3, tuple(row))
        samples.forget_before(i / rate_hz - 2.5)
    kept = min(len(values), int(2.5 * rate_hz) + 1)
    assert len(samples) == kept
    weights = 1.0 + np.arange(len(values) - kept, len(values)) % 3
    weights[[0, -1]] /= 2
    expected = weights @ values[-kept:] / weights.sum()
    assert np.allclose(samples.averages((0.5, 2.5), 0.5)[1], expected, atol=1e-5)


def test_a_mood_holds_for_hold_s_whatever_the_face_shows():
    listener = immediate(hold_s=2.0)
    readings = [showing("happy"), *[showing("sad")] * 30]
    moods = play(listener, readings, rate_hz=10, start_s=100.0)
    assert [mood.emotion for mood in moods[:20]] == ["happy"] * 20
    assert moods[20].emotion == "sad"
    assert play(immediate(), readings, rate_hz=10)[2].emotion == "sad"


def test_another_mood_must_exceed_the_current_one_by_the_margin():
    listener = immediate(margin=0.1)
    readings = twice(between(0.45, 0.35), between(0.38, 0.47), between(0.36, 0.49))
    assert [mood.emotion for mood in play(listener, readings, rate_hz=10)[1::2]] == ["happy", "happy", "sad"]


def test_a_mood_begins_at_enter_and_ends_below_leave():
    listener = immediate(enter=0.5, leave=0.3, margin=1.0)
    readings = twice(between(0.49, 0.1), between(0.51, 0.1), between(0.31, 0.2), between(0.29, 0.3))
    moods = play(listener, readings, rate_hz=10)[1::2]
    assert [mood and mood.emotion for mood in moods] == [None, "happy", "happy", None]


@pytest.mark.parametrize("seed", range(5))
def test_noise_flips_at_most_once_per_hold(seed):
    chance = np.random.default_rng(seed)
    readings = [Expression(probabilities=tuple(map(float, chance.dirichlet([1] * 7)))) for _ in range(600)]
    moods = play(new_smoother(), readings, rate_hz=10)
    held = [name for name, _ in itertools.groupby(mood.emotion if mood else None for mood in moods)]
    assert len(held) - 1 <= 60 / SMOOTHING.hold_s


@pytest.mark.parametrize("seed", range(5))
def test_a_clear_mood_does_not_flip_under_noise(seed):
    chance = np.random.default_rng(seed)
    sharp = np.array([1, 1, 1, 6, 1, 1, 2], float)
    readings = [Expression(probabilities=tuple(map(float, chance.dirichlet(sharp)))) for _ in range(600)]
    moods = play(new_smoother(), readings, rate_hz=10)
    assert {mood.emotion for mood in moods[15:]} == {"happy"}


def test_no_face_keeps_last_mood_and_later_looks_again():
    listener = new_smoother()
    play(listener, [showing("happy")] * 10, rate_hz=5)
    for passed_s in range(int(SMOOTHING.lost_after_s) - 1):
        assert listener.update_without_face(2.0 + passed_s).emotion == "happy"
    assert listener.update_without_face(2.0 + SMOOTHING.lost_after_s + 0.1) is None
    assert listener.expression() is None


def test_a_mood_holds_while_pictures_cannot_be_read():
    listener = new_smoother()
    play(listener, [showing("happy")] * 10, rate_hz=5)
    dark_until_s = 2 + 3 * int(SMOOTHING.lost_after_s)
    for at_s in range(2, dark_until_s + 1):
        assert listener.hold(at_s).emotion == "happy"
    for passed_s in range(1, int(SMOOTHING.lost_after_s)):
        assert listener.update_without_face(dark_until_s + passed_s).emotion == "happy"
    assert listener.update_without_face(dark_until_s + SMOOTHING.lost_after_s + 0.1) is None


def test_pictures_that_cannot_be_read_begin_no_mood():
    listener = new_smoother()
    assert listener.hold(1.0) is None
    assert listener.update_without_face(1.1) is None


def test_no_face_at_first_is_no_mood():
    assert new_smoother().update_without_face(0.0) is None


def test_a_sure_face_weighs_more_than_a_doubtful_one():
    listener = new_smoother()
    for i in range(10):
        listener.update(showing("happy"), 0.9, i / 10)
        mood = listener.update(showing("sad"), 0.1, i / 10 + 0.05)
    assert mood.emotion == "happy"
    assert listener.expression().probabilities[EMOTIONS.index("happy")] > 0.6


def test_one_frame_after_a_pause_does_not_weigh_like_many():
    listener = new_smoother()
    play(listener, [showing("happy")] * 20, rate_hz=10)
    listener.update(showing("sad"), 1.0, 2.0 + 5.0)
    mood = listener.update(showing("happy"), 1.0, 2.0 + 5.6)
    assert mood.emotion == "happy" or mood.confidence < 0.6


def test_since_s_is_for_how_long_the_mood_has_held():
    listener = new_smoother()
    moods = play(listener, [showing("happy")] * 31, rate_hz=10, start_s=500.0)
    assert moods[0].since_s == 0
    assert moods[-1].since_s == pytest.approx(3.0)


def test_a_clock_that_steps_back_does_no_harm():
    listener = new_smoother()
    play(listener, [showing("happy")] * 10, rate_hz=5, start_s=100.0)
    mood = listener.update(showing("happy"), 1.0, 50.0)
    assert mood.emotion == "happy"
    assert mood.since_s >= 0


def test_two_readings_at_the_same_time_do_no_harm():
    listener = new_smoother()
    listener.update(showing("happy"), 1.0, 1.0)
    assert listener.update(showing("happy"), 1.0, 1.0).emotion == "happy"


def test_a_resumed_mood_holds_until_the_face_shows_another():
    listener = new_smoother()
    listener.resume(Mood(emotion="sad", confidence=0.7, since_s=12.0), at_s=100.0)
    assert listener.mood(101.0) == Mood(emotion="sad", confidence=0.7, since_s=13.0)
    assert play(listener, [showing("happy")] * 20, rate_hz=10, start_s=101.0)[-1].emotion == "happy"


def test_the_expression_is_of_the_moment_and_the_mood_of_what_lasts():
    listener = new_smoother()
    play(listener, [showing("neutral")] * 50, rate_hz=10)
    (*_, mood) = play(listener, [showing("surprise")] * 6, rate_hz=10, start_s=5.0)
    assert int(np.argmax(listener.expression().probabilities)) == EMOTIONS.index("surprise")
    assert mood.emotion == "neutral"
    assert listener.expression().probabilities != mood.probabilities
    assert sum(mood.probabilities) == pytest.approx(1)


@pytest.mark.parametrize("rate_hz", [5, 15])
def test_a_talking_mouth_changes_the_mood_at_most_eight_times_a_minute(rate_hz):
    """An expression of 0.6 s every second, as syllables and blinks make them, over a face that stays neutral."""
    listener = new_smoother()
    talking = ("surprise", "happy", "sad")
    readings = [
        showing(talking[int(i / rate_hz) % 3], 0.7) if i % rate_hz < 0.6 * rate_hz else showing("neutral", 0.7)
        for i in range(60 * rate_hz)
    ]
    held = [
        name
        for name, _ in itertools.groupby(mood and mood.emotion for mood in play(listener, readings, rate_hz=rate_hz))
    ]
    assert len(held) - 1 <= 8


NIGHT_S = 8 * 3600.0


def test_a_night_between_two_readings_is_no_time_of_the_mood():
    listener = new_smoother()
    play(listener, [showing("happy")] * 40, rate_hz=10)
    morning = listener.update(showing("happy"), 1.0, 4.0 + NIGHT_S)
    assert (morning.emotion, morning.since_s) == ("happy", 0.0)


@pytest.mark.parametrize("next_reading", [MoodSmoother.hold, MoodSmoother.update_without_face])
def test_no_mood_outlasts_a_gap_longer_than_the_window(next_reading):
    for gap_s, holds in ((SMOOTHING.window_s - 0.1, True), (SMOOTHING.window_s + 0.1, False)):
        listener = new_smoother()
        play(listener, [showing("happy")] * 41, rate_hz=10)
        mood = next_reading(listener, 4.0 + gap_s)
        assert (mood is not None) == holds
        assert (listener.expression() is not None) == holds


def test_a_series_has_no_mood_carried_over_a_gap():
    evening = [(i / 5, showing("happy")) for i in range(20)]
    unsure = Expression(probabilities=(1 / 7,) * 7)
    moods = moods_of(PARAMS, [*evening, (NIGHT_S, unsure), (2 * NIGHT_S, showing("happy"))], None)
    assert moods[19].emotion == "happy"
    assert moods[19].since_s > 3
    assert moods[20] is None
    assert moods[21] is None or moods[21].since_s == 0.0
