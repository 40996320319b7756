"""Tracks faces from frame to frame: the same face keeps its id, its box is smoothed. Says when to search anew."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from feelharmonic.reading.faces.boxes import MIN_IOU, SAME_FACE_IOU, iou
from feelharmonic.reading.faces.face_finder import Finder, WindowFinder
from feelharmonic.reading.messages import Box, Face
from feelharmonic.reading.pictures.frame import check_frame

#: Seconds between searches of the whole frame while faces are tracked in their windows.
FULL_SEARCH_S = 0.5

#: While searches find one known face and nothing else, that time grows by this factor, up to the longest.
SEARCH_GROWTH, LONGEST_SEARCH_S = 2.0, 2.0

#: What is beside the face is compared by points in this many columns and rows; so many a side make a cell.
POINTS, CELL_POINTS = (64, 48), 4

#: A point has changed whose green (0..255) lies by more than this outside of what it and its neighbours had, at the
#: light of then: so a camera or a thing that moves by a few pixels is no change.
CHANGED_LEVELS = 10

#: A cell has changed where at least this many of its points have.
CHANGED_POINTS = 8

#: What is this near the face's middle (in its widths, and its heights above) moves with it, and so do the shoulders.
BESIDE_WIDTHS, SHOULDER_WIDTHS, ABOVE_HEIGHTS = 1.0, 1.75, 1.0

#: With more faces than this a search of the whole frame costs less than a window for each.
MAX_TRACKED = 2

#: A face that moved less than this share of its height between two frames mostly jitters, and is smoothed.
JITTER_SHARE = 0.06

#: The new box's weight where a face did not move at all.
STEADY_SHARE = 0.2

#: A face with a lower score may be a sign or a cake. One with less sharpness is blurred by about 4 % of its height, as
#: heads in the background are: from there on one in six is read as another emotion.
SURE_SCORE_OF_FACE, MIN_SHARPNESS = 0.5, 0.35

#: The listener stays the listener down to this share of both, so that nobody takes turns with the person behind.
LISTENER_RELIEF = 0.8

NEIGHBOURS = np.ones((3, 3), np.uint8)


class FaceTracker:
    """One listener's faces from frame to frame: the same id while a face is in view. Holds a few boxes."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._has_windows = isinstance(finder, WindowFinder)  # asked once: a protocol's isinstance is slow
        self._known: list[Face] = []
        self._ids = itertools.count(1)
        self._pace = SearchPace()

    def track(self, frame_bgr: np.ndarray, at_s: float) -> list[Face]:
        """Faces with ids in ``frame_bgr`` (H, W, 3) uint8, taken at ``at_s`` seconds; best score first."""
        check_frame(frame_bgr)
        due = not self._has_windows or self._pace.is_due(frame_bgr, self._known, at_s)
        faces = None if due else self._tracked(frame_bgr)
        if faces is None:
            faces = self._searched(frame_bgr)
            self._pace.searched(frame_bgr, self._known, faces, at_s, was_lost=not due)
        self._known = sorted(faces, key=lambda face: -face.score)
        return list(self._known)

    def _tracked(self, frame_bgr: np.ndarray) -> list[Face] | None:
        """Every known face, found again near its last place; None where one is lost."""
        assert isinstance(self._finder, WindowFinder)
        faces: list[Face] = []
        for known in self._known:
            near = self._finder.find_near(frame_bgr, known.box)
            # Two windows may meet on one face where people pass each other: a full search tells them apart.
            if near is None or any(iou(near.box, face.box) > SAME_FACE_IOU for face in faces):
                return None
            faces.append(smoothed(near, known))
        return faces

    def _searched(self, frame_bgr: np.ndarray) -> list[Face]:
        finder = self._finder
        found = finder.find(frame_bgr, self._known) if isinstance(finder, WindowFinder) else finder.find(frame_bgr)
        unclaimed = list(self._known)
        return [self._identified(face, unclaimed) for face in found]

    def _identified(self, face: Face, unclaimed: list[Face]) -> Face:
        """``face`` with the id of the known face at its place, or with a new one."""
        known = max(unclaimed, key=lambda old: iou(old.box, face.box), default=None)
        if known is None or iou(known.box, face.box) < MIN_IOU:
            return replace(face, id=next(self._ids))
        unclaimed.remove(known)
        return smoothed(face, known)


class SearchPace:
    """When the whole frame is due to be searched: seldom while one face is followed and nothing changes beside it."""

    def __init__(self) -> None:
        self._searched_at_s = -np.inf
        self._period_s = FULL_SEARCH_S
        self._box: Box | None = None  # of the one face that the last search found
        self._points: np.ndarray | None = None  # of the frame that was searched last
        self._has_changed = False

    def is_due(self, frame_bgr: np.ndarray, known: Sequence[Face], at_s: float) -> bool:
        """Whether ``frame_bgr`` must be searched; ``known`` are the faces of the frame before."""
        since_s = at_s - self._searched_at_s
        if not 0 < len(known) <= MAX_TRACKED or not 0 <= since_s < self._period_s:
            return True
        if since_s < FULL_SEARCH_S or self._box is None or self._points is None:
            return False
        beside = beside_faces(frame_bgr.shape, self._box, known[0].box)
        self._has_changed = has_changed(points_of(frame_bgr), self._points, beside)
        return self._has_changed

    def searched(
        self, frame_bgr: np.ndarray, before: Sequence[Face], found: Sequence[Face], at_s: float, *, was_lost: bool
    ) -> None:
        """Note what a search found; ``was_lost``: it was not due, but a tracked face was gone."""
        is_alone = len(found) == 1
        is_same = is_alone and len(before) == 1 and found[0].id == before[0].id
        if was_lost or not is_same:
            self._period_s = FULL_SEARCH_S
        elif not self._has_changed:  # what had changed was no face: the time between searches stays
            self._period_s = min(self._period_s * SEARCH_GROWTH, LONGEST_SEARCH_S)
        self._searched_at_s, self._has_changed = at_s, False
        grows = is_alone and self._period_s > FULL_SEARCH_S
        self._box, self._points = (found[0].box, points_of(frame_bgr)) if grows else (None, None)


def points_of(frame_bgr: np.ndarray) -> np.ndarray:
    """(rows, columns) uint8: the frame's green at POINTS, a coarse picture of it."""
    rows, columns = _places(*frame_bgr.shape[:2])
    points: np.ndarray = frame_bgr[rows, columns, 1]
    return points


@functools.lru_cache(maxsize=16)
def _places(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The points' rows (N, 1) and columns (M,) in a frame of that size."""
    columns, rows = (
        (2 * np.arange(n) + 1) * length // (2 * n) for n, length in zip(POINTS, (width, height), strict=True)
    )
    return rows[:, None], columns


def beside_faces(shape: tuple[int, ...], *boxes: Box) -> np.ndarray:
    """(rows, columns) uint8: 255 at the points of a frame of ``shape`` that do not move with the face in ``boxes``."""
    beside = np.full(POINTS[::-1], 255, np.uint8)
    across, down = POINTS[0] / shape[1], POINTS[1] / shape[0]
    for x, y, width, height in boxes:
        middle_x, middle_y = x + width / 2, y + height / 2
        for reach, top in (
            (BESIDE_WIDTHS, middle_y - ABOVE_HEIGHTS * height),
            (SHOULDER_WIDTHS, middle_y + height / 2),
        ):
            left, right = middle_x - reach * width, middle_x + reach * width
            beside[_point(top * down) :, _point(left * across) : _point(right * across)] = 0
    return beside


def _point(place: float) -> int:
    return max(0, math.ceil(place))


def has_changed(points: np.ndarray, before: np.ndarray, beside: np.ndarray) -> bool:
    """Whether a cell has changed between two frames' points, of those ``beside`` (255) the face."""
    light = max(cv2.mean(points, beside)[0], 1.0) / max(cv2.mean(before, beside)[0], 1.0)
    moved = points / light
    low, high = (shifted(before, NEIGHBOURS).astype(np.int16) for shifted in (cv2.erode, cv2.dilate))
    changed = ((moved < low - CHANGED_LEVELS) | (moved > high + CHANGED_LEVELS)) & (beside > 0)
    if np.count_nonzero(changed) < CHANGED_POINTS:
        return False
    columns, rows = (count // CELL_POINTS for count in POINTS)
    counts = changed.reshape(rows, CELL_POINTS, columns, CELL_POINTS).sum(axis=(1, 3))
    return bool(counts.max() >= CHANGED_POINTS)


def smoothed(face: Face, before: Face) -> Face:
    """``face`` with the id of ``before``; where it hardly moved, box and landmarks are pulled towards ``before``'s."""
    moved = max(abs(new - old) for new, old in zip(face.box, before.box, strict=True)) / max(face.box[3], 1e-6)
    share = STEADY_SHARE + (1 - STEADY_SHARE) * min(moved / JITTER_SHARE, 1.0) ** 2
    points = face.landmarks
    if points is not None and before.landmarks is not None:
        points = before.landmarks + np.float32(share) * (points - before.landmarks)
    x, y, width, height = (old + share * (new - old) for new, old in zip(face.box, before.box, strict=True))
    return Face(box=(x, y, width, height), score=face.score, landmarks=points, id=before.id)


def listener_index(faces: Sequence[Face], sharpnesses: Sequence[float], listener_id: int | None = None) -> int:
    """Which of ``faces``, largest first, is the listener's: the largest sure one; the largest where none is sure.

    ``listener_id``: the listener's in the frame before.
    """
    for index, (face, sharp) in enumerate(zip(faces, sharpnesses, strict=True)):
        share = LISTENER_RELIEF if listener_id is not None and face.id == listener_id else 1.0
        if face.score >= share * SURE_SCORE_OF_FACE and sharp >= share * MIN_SHARPNESS:
            return index
    return 0
