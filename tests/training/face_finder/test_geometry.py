"""Boxes and rotations of faces from their landmarks."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training.face_finder.geometry import LFW_MEAN, MEAN_AXES, MEAN_CENTRE, box_of, ellipse_of, mirrored, share_in_view


def turned(points: np.ndarray, degrees: float) -> np.ndarray:
    move = cv2.getRotationMatrix2D((float(MEAN_CENTRE[0]), float(MEAN_CENTRE[1])), -degrees, 1.0)
    return np.float32(cv2.transform(points[None], move)[0])


def test_the_mean_faces_box_is_lfws():
    # As measured on LFW's pictures: x 82-168, y 72-188 of 250 pixels.
    np.testing.assert_allclose(box_of(LFW_MEAN), (82, 72, 86, 116), atol=2)


@pytest.mark.parametrize("degrees", [-40, -20, 0, 20, 40])
def test_the_box_goes_around_the_turned_ellipse(degrees):
    mask = np.zeros((250, 250), np.uint8)
    axes = tuple(float(2 * value) for value in MEAN_AXES)
    cv2.ellipse(mask, ((*map(float, MEAN_CENTRE),), axes, float(degrees)), 255, -1)
    np.testing.assert_allclose(box_of(turned(LFW_MEAN, degrees)), cv2.boundingRect(mask), atol=3)


@pytest.mark.parametrize("degrees", [-40, -5, 30])
def test_a_faces_turn_is_read_from_its_landmarks(degrees):
    assert np.degrees(ellipse_of(turned(LFW_MEAN, degrees))[2]) == pytest.approx(degrees, abs=1)


def test_a_mirror_keeps_left_on_the_left():
    points = LFW_MEAN * 0.5
    seen = mirrored(points)
    assert seen[0, 0] < seen[1, 0]
    assert seen[3, 0] < seen[4, 0]
    np.testing.assert_allclose(mirrored(seen), points)


@pytest.mark.parametrize(
    ("box", "share"),
    [((10, 10, 40, 50), 1.0), ((-20, 0, 40, 50), 0.5), ((140, 95, 40, 50), 0.25), ((200, 0, 40, 50), 0.0)],
)
def test_how_much_of_a_box_is_in_view(box, share):
    assert share_in_view(np.float32(box)) == pytest.approx(share)
