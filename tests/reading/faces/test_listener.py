"""Among several faces the listener is the largest sure one: neither a blurred head nor a sign that is larger."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.reading import Face, Networks, Pipeline
from feelharmonic.reading.faces.crop import cut_crop, sharpness
from feelharmonic.reading.faces.face_finder import FaceFinder
from feelharmonic.reading.faces.face_tracker import MIN_SHARPNESS, listener_index
from tests.support.samples import encode


@pytest.fixture(scope="module")
def networks():
    return Networks.load()


@pytest.fixture
def blurred_beside(astronaut_bgr):
    """The astronaut in front, sharp, and behind her a larger face that is out of focus."""
    picture = np.full((480, 1000, 3), 90, np.uint8)
    behind = cv2.resize(astronaut_bgr, (640, 480), interpolation=cv2.INTER_CUBIC)
    picture[:, :640] = cv2.GaussianBlur(behind, (0, 0), 5)
    picture[200:440, 660:980] = astronaut_bgr
    return picture


def face(score: float, id: int = 0) -> Face:
    return Face(box=(0.0, 0.0, 50.0, 60.0), score=score, id=id)


@pytest.mark.parametrize(
    ("scores", "sharpnesses", "before", "listener"),
    [
        ([0.9, 0.9], [0.7, 0.7], None, 0),
        ([0.9, 0.9], [0.2, 0.7], None, 1),  # the larger one is blurred
        ([0.42, 0.9], [0.7, 0.7], None, 1),  # the larger one may be none
        ([0.42, 0.42], [0.7, 0.7], None, 0),  # none is sure
        ([0.42, 0.9], [0.7, 0.7], 0, 0),  # who was the listener stays it
        ([0.9, 0.9], [0.3, 0.7], 0, 0),
        ([0.38, 0.9], [0.7, 0.7], 0, 1),
    ],
)
def test_the_largest_sure_face_is_the_listeners(scores, sharpnesses, before, listener):
    assert listener_index([face(score, i) for i, score in enumerate(scores)], sharpnesses, before) == listener


def test_a_blurred_face_is_less_sharp_at_any_size(networks, astronaut_bgr):
    for scale in (0.6, 1.0, 3.0):
        picture = cv2.resize(astronaut_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found = networks.finder.find(picture)[0]
        blurred = cv2.GaussianBlur(picture, (0, 0), 0.05 * found.box[3])
        assert sharpness(cut_crop(picture, found)) > MIN_SHARPNESS > sharpness(cut_crop(blurred, found))


def test_the_clear_face_of_a_photograph_comes_before_a_larger_blurred_one(networks, blurred_beside):
    reading = networks.read_photograph(encode(blurred_beside))
    assert len(reading.faces) == 2
    first, second = reading.faces
    assert first.face.area_px < second.face.area_px
    assert (first.face.id, second.face.id) == (1, 2)
    assert reading.expression is first.expression


def test_the_clear_face_makes_the_live_mood(networks, blurred_beside):
    frame = cv2.resize(blurred_beside, (640, 307), interpolation=cv2.INTER_AREA)
    reading = Pipeline(networks).see(encode(frame), 0.0)
    assert len(reading.faces) == 2
    assert reading.faces[0].face.box[0] > 320


def test_a_face_of_fewer_than_eight_pixels_is_none(monkeypatch):
    found = [Face(box=(0.0, 0.0, 6.0, height), score=0.9) for height in (7.9, 8.0)]
    finder = FaceFinder(None, None)
    for one in found:
        monkeypatch.setattr(finder, "candidates", lambda frame, one=one: [one])
        assert finder.find(np.zeros((64, 64, 3), np.uint8)) == ([one] if one.box[3] >= 8 else [])
