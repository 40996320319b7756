"""Finds the faces of a photograph, small ones too: in the whole picture, then in overlapping parts of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feelharmonic.reading.faces.boxes import suppress_overlapping
from feelharmonic.reading.faces.face_finder import Finder
from feelharmonic.reading.messages import Face

#: After the whole picture, it is searched in 2×2 and in 4×4 parts.
PART_LEVELS = (2, 4)

#: Each part is this much longer than its share of the side, so that no face is cut by all parts.
PART_OVERLAP = 1.35

#: Parts with a shorter side are not searched: a face in them is too small to read.
MIN_PART_PX = 240

#: More searches raise more false alarms, so a face found in a part needs a higher score.
MIN_SCORE_IN_PART = 0.7


def search_photograph(finder: Finder, picture_bgr: np.ndarray) -> list[Face]:
    """Faces in ``picture_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array.

    The whole picture shows faces of about a tenth of its height and more; each level of parts halves that.
    """
    faces = list(finder.find(picture_bgr))
    height, width = picture_bgr.shape[:2]
    for parts in PART_LEVELS:
        part_width, part_height = (round(side / parts * PART_OVERLAP) for side in (width, height))
        if min(part_width, part_height) < MIN_PART_PX:
            break
        for left in _starts(width, part_width, parts):
            for top in _starts(height, part_height, parts):
                part = np.ascontiguousarray(picture_bgr[top : top + part_height, left : left + part_width])
                found = finder.find(part)
                faces += [_moved(face, left, top) for face in found if face.score >= MIN_SCORE_IN_PART]
    # A part's edge may cut a face: the cut box lies inside the whole one.
    return suppress_overlapping(faces, suppress_parts=True)


def _starts(length: int, part_length: int, parts: int) -> list[int]:
    """Where ``parts`` parts begin, evenly over ``length``."""
    return [round(value) for value in np.linspace(0, length - part_length, parts)]


def _moved(face: Face, right: float, down: float) -> Face:
    x, y, width, height = face.box
    points = None if face.landmarks is None else face.landmarks + np.array([right, down], np.float32)
    return replace(face, box=(x + right, y + down, width, height), landmarks=points)
