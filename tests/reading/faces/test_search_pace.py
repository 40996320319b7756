"""The whole frame is searched often at first, seldom while one face is followed, at once when something changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from feelharmonic.reading.faces.face_tracker import (
    FULL_SEARCH_S,
    LONGEST_SEARCH_S,
    SEARCH_GROWTH,
    FaceTracker,
    beside_faces,
    has_changed,
    points_of,
)
from tests.reading.faces.test_face_finder import ASTRONAUT_BOX, FRAME, ONE, OTHER, Script


def searches(script: Script, frames: list[np.ndarray], rate_hz: float = 10.0) -> list[float]:
    """The times at which a tracker searches the whole of ``frames``."""
    tracker, times = FaceTracker(script), []
    for i, frame in enumerate(frames):
        before = script.full
        tracker.track(frame, i / rate_hz)
        if script.full > before:
            times.append(i / rate_hz)
    return times


def test_searches_become_rare_while_one_face_is_followed_and_nothing_changes():
    gaps = np.diff(searches(Script([ONE]), [FRAME] * 100))
    assert gaps[:2] == pytest.approx([FULL_SEARCH_S, FULL_SEARCH_S * SEARCH_GROWTH])
    assert gaps[-1] == pytest.approx(LONGEST_SEARCH_S)
    assert len(gaps) <= 6


def test_two_faces_are_searched_as_often_as_ever():
    gaps = np.diff(searches(Script([ONE, OTHER]), [FRAME] * 50))
    assert gaps == pytest.approx(np.full(len(gaps), FULL_SEARCH_S))


def somebody() -> np.ndarray:
    """FRAME with somebody beside the face."""
    return cv2.ellipse(FRAME.copy(), (250, 60), (25, 32), 0, 0, 360, (120, 150, 190), -1)


def test_somebody_who_comes_is_searched_for_at_once_and_searches_are_frequent_again():
    script = Script(*[[ONE]] * 5, [ONE, OTHER])  # searches at 0, 0.5, 1.5, 3.5 and 5.5 s, then somebody is there
    times = searches(script, [FRAME] * 62 + [somebody()] * 20)
    assert times[:5] == [0.0, 0.5, 1.5, 3.5, 5.5]
    assert times[5:8] == pytest.approx([6.2, 6.7, 7.2])


def test_what_came_and_is_no_face_is_searched_once():
    times = searches(Script([ONE]), [FRAME] * 62 + [somebody()] * 30)
    assert times[5:] == pytest.approx([6.2, 6.2 + LONGEST_SEARCH_S], abs=0.11)  # a frame later by rounding


def test_a_lost_face_makes_searches_frequent_again():
    script = Script([ONE])
    tracker = FaceTracker(script)
    for i in range(60):
        tracker.track(FRAME, i / 10)
    script.near = False
    tracker.track(FRAME, 6.0)
    script.near, full = True, script.full
    for i in range(61, 66):
        tracker.track(FRAME, i / 10)
    assert script.full == full + 1


@pytest.mark.parametrize("moved", ["the face", "the camera", "the light"])
def test_what_moves_with_the_listener_is_no_change(astronaut_bgr, moved):
    frame = astronaut_bgr.copy()
    if moved == "the face":
        cv2.ellipse(frame, (143, 73), (25, 35), 0, 0, 360, (90, 200, 90), -1)
    elif moved == "the camera":
        frame = cv2.warpAffine(frame, np.float32([[1, 0, 3], [0, 1, -2]]), (320, 240), borderMode=cv2.BORDER_REFLECT)
    else:
        frame = np.uint8(frame * 0.9)
    assert not has_changed(points_of(frame), points_of(astronaut_bgr), beside_faces(frame.shape, ASTRONAUT_BOX))
