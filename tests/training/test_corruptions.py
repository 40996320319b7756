"""Each corruption changes faces in the way that it is named for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from training import corruptions
from training.corruptions import CORRUPTIONS


@pytest.fixture
def crops() -> np.ndarray:
    """(12, 48, 48) uint8: middling grey, with soft and fine detail."""
    noise = np.random.default_rng(2).normal(0, 1, (12, 48, 48))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in noise])
    return np.uint8((140 + 250 * soft + 8 * noise).clip(20, 250))


def grain(crops: np.ndarray, axis: int = 2) -> np.ndarray:
    """How much each picture's neighbouring pixels differ."""
    return np.abs(np.diff(crops.astype(float), axis=axis)).mean((1, 2))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_every_face_and_always_alike(crops, name):
    before = crops.copy()
    out = CORRUPTIONS[name](crops)
    assert out.shape == crops.shape
    assert out.dtype == np.uint8
    assert (out != crops).any((1, 2)).all()
    np.testing.assert_array_equal(out, CORRUPTIONS[name](crops))
    np.testing.assert_array_equal(crops, before)


def test_dark_faces_have_a_fifth_of_the_light_and_a_sensors_noise():
    out = corruptions.dark(np.full((4, 48, 48), 150, np.uint8)).astype(float)
    assert out.mean() == pytest.approx(30, abs=0.2)
    assert out.std() == pytest.approx(3, abs=0.2)


def test_blurred_faces_are_those_of_a_gaussian_of_one_and_a_half_pixels():
    dot = np.zeros((1, 48, 48), np.uint8)
    dot[0, 24, 24] = 255
    assert corruptions.blurred(dot)[0, 24, 24] == pytest.approx(255 / (2 * np.pi * 1.5**2), abs=1.5)


def test_tilted_faces_lean_by_turns_to_either_side():
    crops = np.zeros((2, 48, 48), np.uint8)
    crops[:, 4:44, 22:26] = 255  # an upright bar
    leans = []
    for one in corruptions.tilted(crops).astype(float):
        upper, lower = ((one[row] * np.arange(48)).sum() / one[row].sum() for row in (10, 37))
        leans.append(np.rad2deg(np.arctan((lower - upper) / 27)))
    assert leans == pytest.approx([20, -20], abs=1)


def test_small_faces_keep_what_twenty_pixels_hold(crops):
    out = corruptions.small(crops)
    assert (grain(out) < 0.8 * grain(crops)).all()
    stripes = np.zeros((1, 48, 48), np.uint8)
    stripes[:, :, ::2] = 200
    assert corruptions.small(stripes).std() < 30
    wide = np.zeros((1, 48, 48), np.uint8)
    wide[:, :, 24:] = 200
    assert corruptions.small(wide).std() > 90


def test_jpeg_leaves_blocks(crops):
    steps = np.abs(np.diff(corruptions.jpeg(crops).astype(float), axis=2)).mean((0, 1))
    borders = steps[7::8].mean()
    assert 2.6 < borders / np.delete(steps, np.arange(7, 47, 8)).mean() < 3.2  # 2.5 at quality 20, 3.6 at 10


def test_half_covered_faces_show_the_other_half_by_turns(crops):
    out = corruptions.half_covered(crops)
    assert (out[::2, :, :24] == 128).all()
    assert (out[1::2, :, 24:] == 128).all()
    np.testing.assert_array_equal(out[::2, :, 24:], crops[::2, :, 24:])
    np.testing.assert_array_equal(out[1::2, :, :24], crops[1::2, :, :24])
