"""A face against itself: the formula, the estimate, its bounds, and whose rest it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadInput
from feelharmonic.params import Params
from feelharmonic.reading import Expression, Face, Networks, Pipeline, Reading, SeenFace, moods_of, relative_to_rest
from feelharmonic.reading.baseline import RestingFace, RestingFaces, appearance_of
from feelharmonic.reading.faces.face_cover import FaceCover
from tests.support.samples import encode

PARAMS = Params.load()
BASELINE = PARAMS.baseline
#: Somebody who looks a little sad at rest, and the same person smiling a little.
AT_REST = np.array([0.03, 0.01, 0.02, 0.02, 0.42, 0.02, 0.48])
SMILING = np.array([0.02, 0.01, 0.02, 0.25, 0.25, 0.02, 0.43])


def read(row: np.ndarray) -> str:
    return EMOTIONS[int(np.argmax(row))]


def showing(emotion: str, share: float = 0.8) -> np.ndarray:
    rest = (1 - share) / (len(EMOTIONS) - 1)
    return np.array([share if name == emotion else rest for name in EMOTIONS])


# ---------- the formula ----------


def test_log_odds_are_subtracted_and_neutral_stands_at_one():
    probabilities = np.array([[0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.3]])
    resting = np.array([0.05, 0.05, 0.1, 0.1, 0.2, 0.1, 0.4])
    moved = np.log(probabilities[0, :6] / 0.3) - np.log(resting[:6] / 0.4)
    expected = np.exp([*moved, 1.5]) / np.exp([*moved, 1.5]).sum()
    shown = relative_to_rest(probabilities, resting)
    assert shown.shape == (1, 7)
    assert shown.dtype == np.float32
    np.testing.assert_allclose(shown[0], expected, atol=1e-6)


def test_the_resting_face_itself_is_neutral_whatever_it_looks_like():
    for emotion in EMOTIONS:
        assert read(relative_to_rest(showing(emotion)[None], showing(emotion))[0]) == "neutral"


def test_a_small_smile_shows_on_a_face_that_looks_sad_at_rest():
    assert read(SMILING) == "neutral"
    assert read(relative_to_rest(SMILING[None], AT_REST)[0]) == "happy"


def test_zeros_give_finite_probabilities():
    shown = relative_to_rest(np.eye(7), np.eye(7)[6])
    assert np.isfinite(shown).all()
    np.testing.assert_allclose(shown.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("rows", "resting"), [((7,), (7,)), ((2, 6), (7,)), ((2, 7), (1, 7)), ((2, 7), (6,))])
def test_other_shapes_are_refused(rows, resting):
    with pytest.raises(BadInput, match=r"Expected shapes \(N, 7\) and \(7,\), got "):
        relative_to_rest(np.full(rows, 1 / 7), np.full(resting, 1 / 7))


# ---------- the estimate ----------


def stream(resting: RestingFace, rows, *, rate_hz: float = 10, start_s: float = 0.0) -> list[np.ndarray]:
    return [resting.update(row, start_s + i / rate_hz) for i, row in enumerate(rows)]


def test_the_first_reading_is_shown_as_a_single_pictures():
    for row in (AT_REST, SMILING, showing("angry"), showing("neutral")):
        np.testing.assert_allclose(RestingFace(BASELINE).update(row, 5.0), row, atol=1e-6)


def test_the_estimate_moves_gradually():
    shown = np.array(stream(RestingFace(BASELINE), [AT_REST] * 100))
    assert np.abs(np.diff(shown, axis=0)).max() < 0.05


@pytest.mark.parametrize("rest_share", [0.4, 0.6, 0.8])
def test_a_face_is_learned_from_half_a_minute_of_anything(rest_share):
    chance = np.random.default_rng(3)
    resting = RestingFace(BASELINE)
    stream(resting, [AT_REST if chance.random() < rest_share else showing("surprise", 0.6) for _ in range(300)])
    assert resting.is_learned
    assert read(resting.update(AT_REST, 30.1)) == "neutral"
    assert read(resting.update(SMILING, 30.2)) == "happy"


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_one_emotion_from_the_first_second_stays(emotion):
    shown = stream(RestingFace(BASELINE), [showing(emotion, 0.6)] * 1200)
    assert np.mean([read(row) == emotion for row in shown[600:]]) >= 0.97


def test_the_estimate_keeps_within_its_bounds():
    for emotion in EMOTIONS:
        resting = RestingFace(BASELINE)
        stream(resting, [showing(emotion, 1.0)] * 2000)
        odds = resting.log_odds()
        assert (odds <= BASELINE.prior + BASELINE.above + 1e-9).all()
        assert (odds >= BASELINE.prior - BASELINE.below - 1e-9).all()


def test_a_very_calm_face_reaches_the_lower_bound():
    resting = RestingFace(BASELINE)
    stream(resting, [showing("neutral", 1.0)] * 3000)
    lowest = BASELINE.prior - BASELINE.below
    np.testing.assert_allclose(resting.log_odds()[:6], lowest, atol=0.05)


@pytest.mark.parametrize("rate_hz", [3, 15])
def test_the_estimate_does_not_depend_on_the_frame_rate(rate_hz):
    resting, reference = RestingFace(BASELINE), RestingFace(BASELINE)
    stream(resting, [AT_REST] * (20 * rate_hz), rate_hz=rate_hz)
    stream(reference, [AT_REST] * 200, rate_hz=10)
    np.testing.assert_allclose(resting.log_odds(), reference.log_odds(), atol=0.1)


def test_what_is_older_than_the_window_no_longer_counts():
    resting = RestingFace(BASELINE)
    stream(resting, [showing("sad", 0.5)] * 600)
    stream(resting, [showing("neutral", 0.9)] * (int(BASELINE.window_s * 10) + 20), start_s=60)
    fresh = RestingFace(BASELINE)
    stream(fresh, [showing("neutral", 0.9)] * 3000)
    np.testing.assert_allclose(resting.log_odds(), fresh.log_odds(), atol=0.1)


# ---------- whose rest ----------

LOOKS = [appearance_of(np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)) for seed in (1, 2)]


def face(row, *, id: int = 1, x: float = 50.0, height: float = 80.0, look: int = 0) -> SeenFace:
    found = Face(box=(x, 40.0, 0.75 * height, height), score=0.9, id=id)
    return SeenFace(face=found, expression=Expression(probabilities=tuple(row)), appearance=LOOKS[look])


def learn(known: RestingFaces, *faces: SeenFace, seconds: float = 20.0, start_s: float = 0.0) -> float:
    for i in range(int(seconds * 10)):
        known.update(faces, start_s + i / 10)
    return start_s + seconds


def test_each_face_has_its_own_rest():
    known = RestingFaces(BASELINE)
    end_s = learn(known, face(AT_REST), face(showing("neutral", 0.9), id=2, x=300))
    shown = known.update([face(AT_REST), face(SMILING, id=2, x=300)], end_s)
    assert [read(np.array(one.expression.probabilities)) for one in shown] == ["neutral", "happy"]


def test_a_face_that_is_lost_for_a_moment_keeps_its_rest_under_a_new_id():
    known = RestingFaces(BASELINE)
    end_s = learn(known, face(AT_REST))
    known.update([], end_s + 0.5)
    known.update([face(AT_REST, id=2, x=60)], end_s + 1)
    assert known.is_learned(2)


@pytest.mark.parametrize(
    ("change", "pause_s"),
    [
        ({"id": 2}, BASELINE.lost_after_s + 1),
        ({"id": 2, "x": 250.0}, 1.0),
        ({"id": 2, "height": 200.0}, 1.0),
        ({"id": 2, "look": 1}, 1.0),
        ({"look": 1}, 0.1),
        ({"height": 200.0}, 0.1),
    ],
    ids=["lost for long", "another place", "another size", "another look", "a swap in place", "a jump in size"],
)
def test_the_estimate_restarts_when_the_person_changes(change, pause_s):
    known = RestingFaces(BASELINE)
    end_s = learn(known, face(AT_REST))
    assert known.is_learned(1)
    other = face(AT_REST, **change)
    known.update([other], end_s - 0.1 + pause_s)
    assert not known.is_learned(other.face.id)


def test_faces_that_were_not_read_pass_unchanged():
    unread = replace(face(AT_REST), expression=None, appearance=None)
    assert RestingFaces(BASELINE).update([unread], 0.0) == (unread,)


# ---------- in the pipeline and in series ----------


class OneFace:
    """A finder and a reader of one face whose probabilities the test sets."""

    def __init__(self):
        self.row = AT_REST

    def find(self, frame_bgr):
        return [Face(box=(100.0, 60.0, 90.0, 120.0), score=0.9)]

    def read_crops(self, crops, labels=None):
        return np.repeat(self.row[None], len(crops), axis=0).astype(np.float32)


def test_the_pipeline_says_which_resting_face_it_reads_against(astronaut_bgr, monkeypatch):
    # The box that the stand-in finds shows no whole face.
    monkeypatch.setattr(FaceCover, "hidden", lambda self, crops: [None] * len(crops))
    pictures = [encode(np.roll(astronaut_bgr, shift, axis=1)) for shift in (0, 1)]  # a camera's pictures differ
    scene = OneFace()
    pipeline = Pipeline(Networks(finder=scene, reader=scene, params=PARAMS))
    readings: list[Reading] = [pipeline.see(pictures[i % 2], i / 10) for i in range(40)]
    assert [readings[0].baseline, readings[-1].baseline] == ["learning", "learned"]
    pipeline.set_baseline(tuple(AT_REST))
    scene.row = SMILING
    given = [pipeline.see(pictures[i % 2], 4 + i / 10) for i in range(30)][-1]
    assert (given.baseline, given.mood.emotion) == ("given", "happy")
    np.testing.assert_allclose(given.faces[0].expression.probabilities, SMILING, atol=1e-6)
    pipeline.set_baseline(None)
    assert pipeline.see(pictures[0], 7.1).baseline == "learned"


def test_a_series_is_read_against_its_own_rest_or_the_given_one():
    rest, smile = (Expression(probabilities=tuple(row)) for row in (AT_REST, SMILING))
    series = [(i / 10, rest if i < 300 else smile) for i in range(340)]
    assert moods_of(PARAMS, series, None)[-1].emotion == "happy"
    assert moods_of(PARAMS, series[-30:], None)[-1].emotion == "neutral"
    assert moods_of(PARAMS, series[-30:], tuple(AT_REST))[-1].emotion == "happy"


def test_a_series_starts_anew_after_a_long_time_without_a_face():
    rest, smile = (Expression(probabilities=tuple(row)) for row in (AT_REST, SMILING))
    series = [*((i / 10, rest) for i in range(300)), (33.0, None)]
    series += [(40 + i / 10, smile) for i in range(30)]
    assert moods_of(PARAMS, series, None)[-1].emotion == "neutral"
