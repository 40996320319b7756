"""Searches a whole photograph for small faces, part by part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feelharmonic.reading.boxes import SAME_FACE_IOU, _inside, iou
from feelharmonic.reading.face_finder import Finder
from feelharmonic.reading.messages import Face

#: A photograph is searched in so many parts a side after the whole, each larger than its share by PART_OVERLAP, as
#: long as a part is no smaller than LEAST_PART_PX; the more looks, the surer each must be.
PART_LEVELS = (2, 4)

PART_OVERLAP = 1.35

LEAST_PART_PX = 240

LEAST_SCORE_IN_PART = 0.7


def search_photograph(finder: Finder, picture_bgr: np.ndarray) -> list[Face]:
    """Faces of a whole photograph, best score first, small ones too: in all of it, then in overlapping parts of it.

    ``picture_bgr`` (H, W, 3) uint8. One look at the whole sees faces of about a tenth of the height and more; each
    level of parts halves that. Raises BadInput for any other array.
    """
    faces = list(finder.find(picture_bgr))
    height, width = picture_bgr.shape[:2]
    for parts in PART_LEVELS:
        side_x, side_y = (round(length / parts * PART_OVERLAP) for length in (width, height))
        if min(side_x, side_y) < LEAST_PART_PX:
            break
        for left in _starts(width, side_x, parts):
            for top in _starts(height, side_y, parts):
                part = np.ascontiguousarray(picture_bgr[top : top + side_y, left : left + side_x])
                seen = [_moved(face, left, top) for face in finder.find(part)]
                faces += [face for face in seen if face.score >= LEAST_SCORE_IN_PART]
    return _whole_ones(faces)


def _starts(length: int, side: int, parts: int) -> list[int]:
    """Where ``parts`` windows of ``side`` begin, evenly over ``length``."""
    return [round(value) for value in np.linspace(0, length - side, parts)]


def _moved(face: Face, right: float, down: float) -> Face:
    x, y, width, height = face.box
    points = None if face.landmarks is None else face.landmarks + np.float32([right, down])
    return replace(face, box=(x + right, y + down, width, height), landmarks=points)


def _whole_ones(faces: list[Face]) -> list[Face]:
    """As `_distinct`; where a part's edge cut a face, the box that lies mostly inside a better one goes as well."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(iou(face.box, better.box) < SAME_FACE_IOU and not _inside(face.box, better.box) for better in kept):
            kept.append(face)
    return kept
