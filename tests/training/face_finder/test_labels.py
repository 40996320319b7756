"""Landmarks of MTCNN are kept where they agree with LFW's alignment."""

from __future__ import annotations

from training.face_finder.geometry import LFW_MEAN
from training.face_finder.labels import agrees


def test_landmarks_far_from_the_mean_are_refused():
    assert agrees(LFW_MEAN + 5)
    assert not agrees(LFW_MEAN + 30)
    one_wrong = LFW_MEAN.copy()
    one_wrong[2] += 40
    assert not agrees(one_wrong)
