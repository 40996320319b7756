"""The network that tells covered faces is trained on drawn covers; here on made-up faces, in seconds."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs requirements-train.txt")

from feelharmonic.reading.faces.face_cover import FaceCover
from training.face_cover import LOWER, UPPER, covered, train

POINTS = np.float32([(60, 60), (100, 60), (80, 80), (65, 105), (95, 105)])


@pytest.mark.parametrize(("half", "hidden", "clear"), [(UPPER, 60, 105), (LOWER, 105, 60)])
def test_a_cover_hides_its_half_of_the_face_alone(half, hidden, clear):
    picture = np.random.default_rng(0).integers(0, 256, (180, 160, 3), dtype=np.uint8)
    changed = [
        np.abs(covered(picture, POINTS, half, np.random.default_rng(i)).astype(int) - picture) for i in range(20)
    ]
    assert np.mean([one[hidden, 75:85].mean() > 5 for one in changed]) > 0.6
    assert np.mean([one[clear, 75:85].mean() < 5 for one in changed]) > 0.9


def test_what_is_trained_tells_patterns_apart():
    chance = np.random.default_rng(1)
    crops = chance.integers(0, 256, (300, 48, 48), dtype=np.uint8)
    kinds = np.arange(300) % 3
    crops[kinds == 1, :24], crops[kinds == 2, 24:] = 30, 30
    cover = FaceCover({**train(crops, kinds, epochs=8), "temperatures": np.float32([1, 1])})
    said = cover.hidden(crops)
    assert np.mean([one == (None, "upper", "lower")[kind] for one, kind in zip(said, kinds, strict=True)]) > 0.9
