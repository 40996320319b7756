"""Follows faces from frame to frame: the same face keeps its number, its box is smoothed."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from feelharmonic.reading.boxes import LEAST_OVERLAP, SAME_FACE_IOU, iou
from feelharmonic.reading.face_finder import Finder
from feelharmonic.reading.frame import check_frame
from feelharmonic.reading.messages import Face

#: A whole frame is searched so often, even while faces are followed (seconds).
FULL_SEARCH_S = 0.5

#: More faces than this are not followed one by one: a full search costs less.
MOST_FOLLOWED = 2

#: A face that moved less than this (of its height) between frames is jitter for the most part, and is smoothed.
JITTER_SHARE = 0.06

STEADY_SHARE = 0.2


class FaceTracker:
    """One listener's faces from frame to frame: the same id while a face is in view. State: a few boxes."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._known: list[Face] = []
        self._ids = itertools.count(1)
        self._searched_at_s = -np.inf

    def see(self, frame_bgr: np.ndarray, at_s: float) -> list[Face]:
        """Faces with ids in ``frame_bgr`` (H, W, 3) uint8, taken at ``at_s`` seconds; best score first."""
        check_frame(frame_bgr)
        followed = self._followed(frame_bgr) if self._may_follow(at_s) else None
        if followed is None:
            followed = self._searched(frame_bgr)
            self._searched_at_s = at_s
        self._known = sorted(followed, key=lambda face: -face.score)
        return list(self._known)

    def _may_follow(self, at_s: float) -> bool:
        fresh = 0 <= at_s - self._searched_at_s < FULL_SEARCH_S
        return fresh and 0 < len(self._known) <= MOST_FOLLOWED and hasattr(self._finder, "find_near")

    def _followed(self, frame_bgr: np.ndarray) -> list[Face] | None:
        """Every known face, found again near its last place; None when one is lost or its score drops."""
        faces = []
        for known in self._known:
            near = self._finder.find_near(frame_bgr, known.box)
            # Two windows may meet on one face where people pass each other: a full search tells them apart.
            if near is None or any(iou(near.box, face.box) > SAME_FACE_IOU for face in faces):
                return None
            faces.append(smoothed(near, known))
        return faces

    def _searched(self, frame_bgr: np.ndarray) -> list[Face]:
        looks_again = hasattr(self._finder, "find_near")
        found = self._finder.find(frame_bgr, self._known) if looks_again else self._finder.find(frame_bgr)
        unclaimed = list(self._known)
        return [self._named(face, unclaimed) for face in found]

    def _named(self, face: Face, unclaimed: list[Face]) -> Face:
        best = max(unclaimed, key=lambda old: iou(old.box, face.box), default=None)
        if best is None or iou(best.box, face.box) < LEAST_OVERLAP:
            return replace(face, id=next(self._ids))
        unclaimed.remove(best)
        return smoothed(face, best)


def smoothed(face: Face, before: Face) -> Face:
    """``face`` under the id of ``before``, its box and landmarks drawn towards those where it hardly moved."""
    one, other = np.array(face.box), np.array(before.box)
    moved = np.abs(one - other).max() / max(face.box[3], 1e-6)
    share = STEADY_SHARE + (1 - STEADY_SHARE) * min(moved / JITTER_SHARE, 1.0) ** 2
    points = face.landmarks
    if points is not None and before.landmarks is not None:
        points = before.landmarks + np.float32(share) * (points - before.landmarks)
    box = tuple(float(value) for value in other + share * (one - other))
    return replace(face, box=box, landmarks=points, id=before.id)
