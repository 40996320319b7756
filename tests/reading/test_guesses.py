"""What seven probabilities say: one emotion, whether it is sure, what it could be as well."""

from __future__ import annotations

import pytest

from feelharmonic.emotions import guess_of


@pytest.mark.parametrize(
    ("shares", "emotion", "expected"),
    [
        ({"happy": 0.9, "neutral": 0.1}, None, ("happy", True, None)),
        ({"neutral": 0.52, "angry": 0.40, "sad": 0.08}, None, ("neutral", True, "angry")),
        ({"neutral": 0.44, "angry": 0.36, "sad": 0.2}, None, ("neutral", False, "angry")),
        ({"neutral": 0.45, "angry": 0.28, "sad": 0.27}, None, ("neutral", False, None)),
        ({"neutral": 0.45, "angry": 0.55}, "neutral", ("neutral", False, "angry")),
    ],
)
def test_below_half_nothing_is_sure_and_a_close_second_is_named(shares, emotion, expected):
    names = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    assert guess_of(tuple(shares.get(name, 0.0) for name in names), emotion) == expected
