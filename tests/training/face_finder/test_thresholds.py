"""The scores by which thresholds are chosen: of faces that are found, and of false alarms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feelharmonic.reading.messages import Face
from tests.support.scenes import scene_of
from training.face_finder.thresholds import scores

BOX = (100.0, 80.0, 60.0, 80.0)


class FixedFaces:
    """A finder that finds these faces everywhere."""

    def __init__(self, *found: tuple[tuple[float, float, float, float], float]):
        self._found = [Face(box=box, score=score) for box, score in found]

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        return self._found


def test_a_face_has_the_score_of_the_box_that_meets_it():
    finder = FixedFaces((BOX, 0.6), ((104.0, 80.0, 60.0, 80.0), 0.7), ((200.0, 20.0, 40.0, 50.0), 0.9))
    assert scores(finder, scene_of(BOX)) == ([0.7], 0.9)


def test_a_missed_face_scores_nothing():
    assert scores(FixedFaces(), scene_of(BOX)) == ([0.0], 0.0)


def test_a_box_on_a_face_mostly_out_of_view_is_no_alarm():
    scene = replace(scene_of(), ignored=np.float32([BOX]))
    assert scores(FixedFaces((BOX, 0.6)), scene) == ([], 0.0)
