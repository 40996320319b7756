"""Windows for the refiner show their face where its label is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("tqdm", reason="needs requirements-train.txt")

from tests.support.scenes import FixedCandidates, scene_of
from training.face_finder.windows import windows


def test_a_window_shows_its_face_where_its_label_says():
    box = (100.0, 80.0, 60.0, 80.0)
    made = list(windows(FixedCandidates((box, 0.5)), scene_of(box), np.random.default_rng(0)))
    assert made
    for picture, boxes, points, ignored in made:
        assert picture.shape == (96, 96, 3)
        (x, y, width, height) = cv2.boundingRect(np.uint8(picture[:, :, 1] > 127))
        np.testing.assert_allclose(boxes, [(x, y, width, height)], atol=2)
        assert height == pytest.approx(48, rel=0.3)
        np.testing.assert_allclose(points[0, 0], (x + 0.3 * width, y + 0.4 * height), atol=2)
        assert not len(ignored)


def test_uncertain_candidates_are_kept_and_certain_ones_sampled():
    box, empty = (100.0, 80.0, 60.0, 80.0), (200.0, 20.0, 40.0, 50.0)
    chance = np.random.default_rng(0)
    doubtful = [len(list(windows(FixedCandidates((empty, 0.3)), scene_of(), chance))) for _ in range(20)]
    sure = [len(list(windows(FixedCandidates((box, 0.99)), scene_of(box), chance))) for _ in range(20)]
    assert min(doubtful) > 0
    assert 0 in sure
    assert not any(len(boxes) for _, boxes, *_ in windows(FixedCandidates((empty, 0.3)), scene_of(), chance))


def test_a_face_mostly_outside_of_a_window_is_ignored():
    far = (10.0, 80.0, 60.0, 80.0)
    finder = FixedCandidates(((100.0, 80.0, 60.0, 80.0), 0.5))
    (_, boxes, _, ignored), *_ = windows(finder, scene_of(far), np.random.default_rng(0))
    assert (len(boxes), len(ignored)) == (0, 1)
