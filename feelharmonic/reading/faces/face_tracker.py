"""Tracks faces from frame to frame: the same face keeps its id, its box is smoothed."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from feelharmonic.reading.faces.boxes import MIN_IOU, SAME_FACE_IOU, iou
from feelharmonic.reading.faces.face_finder import Finder, WindowFinder
from feelharmonic.reading.messages import Face
from feelharmonic.reading.pictures.frame import check_frame

#: Seconds between searches of the whole frame while faces are tracked in their windows.
FULL_SEARCH_S = 0.5

#: With more faces than this a search of the whole frame costs less than a window for each.
MAX_TRACKED = 2

#: A face that moved less than this share of its height between two frames mostly jitters, and is smoothed.
JITTER_SHARE = 0.06

#: The new box's weight where a face did not move at all.
STEADY_SHARE = 0.2

#: A face with a lower score may be a sign or a cake. One with less sharpness is blurred by about 4 % of its height, as
#: heads in the background are: from there on one in six is read as another emotion.
SURE_SCORE_OF_FACE, MIN_SHARPNESS = 0.7, 0.35

#: The listener stays the listener down to this share of both, so that nobody takes turns with the person behind.
LISTENER_RELIEF = 0.8


class FaceTracker:
    """One listener's faces from frame to frame: the same id while a face is in view. Holds a few boxes."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._known: list[Face] = []
        self._ids = itertools.count(1)
        self._searched_at_s = -np.inf

    def track(self, frame_bgr: np.ndarray, at_s: float) -> list[Face]:
        """Faces with ids in ``frame_bgr`` (H, W, 3) uint8, taken at ``at_s`` seconds; best score first."""
        check_frame(frame_bgr)
        faces = self._tracked(frame_bgr, at_s)
        if faces is None:
            faces = self._searched(frame_bgr)
            self._searched_at_s = at_s
        self._known = sorted(faces, key=lambda face: -face.score)
        return list(self._known)

    def _tracked(self, frame_bgr: np.ndarray, at_s: float) -> list[Face] | None:
        """Every known face, found again near its last place; None where a search of the whole frame is due."""
        fresh = 0 <= at_s - self._searched_at_s < FULL_SEARCH_S
        if not fresh or not 0 < len(self._known) <= MAX_TRACKED or not isinstance(self._finder, WindowFinder):
            return None
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


def smoothed(face: Face, before: Face) -> Face:
    """``face`` with the id of ``before``; where it hardly moved, box and landmarks are pulled towards ``before``'s."""
    new, old = np.array(face.box), np.array(before.box)
    moved = np.abs(new - old).max() / max(face.box[3], 1e-6)
    share = STEADY_SHARE + (1 - STEADY_SHARE) * min(moved / JITTER_SHARE, 1.0) ** 2
    points = face.landmarks
    if points is not None and before.landmarks is not None:
        points = before.landmarks + np.float32(share) * (points - before.landmarks)
    x, y, width, height = (float(value) for value in old + share * (new - old))
    return replace(face, box=(x, y, width, height), landmarks=points, id=before.id)


def listener_index(faces: Sequence[Face], sharpnesses: Sequence[float], listener_id: int | None = None) -> int:
    """Which of ``faces``, largest first, is the listener's: the largest sure one; the largest where none is sure.

    ``listener_id``: the listener's in the frame before.
    """
    for index, (face, sharp) in enumerate(zip(faces, sharpnesses, strict=True)):
        share = LISTENER_RELIEF if listener_id is not None and face.id == listener_id else 1.0
        if face.score >= share * SURE_SCORE_OF_FACE and sharp >= share * MIN_SHARPNESS:
            return index
    return 0
