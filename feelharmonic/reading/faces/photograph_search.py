"""Finds the faces of a photograph, small ones too: in the whole picture, then in overlapping parts of it.

A long one (a panorama, a screenshot of a whole page) is searched in tiles that are twice as long as they are high, one
that lies on its side or upside down in its other turns.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from feelharmonic.reading.faces.boxes import suppress_overlapping
from feelharmonic.reading.faces.face_finder import Finder
from feelharmonic.reading.messages import Face

#: After the whole picture, it is searched in 2×2 and in 4×4 parts; each tile of a long one in 2×2 alone, for time.
PART_LEVELS = (2, 4)
TILE_LEVELS = (2,)

#: The longer side of a tile in shorter ones, and how far tiles overlap, as a share of it.
TILE_LENGTH, TILE_OVERLAP = 2, 0.25

#: Each part is this much longer than its share of the side, so that no face is cut by all parts.
PART_OVERLAP = 1.35

#: Parts with a shorter side are not searched: a face in them is too small to read.
MIN_PART_PX = 240

#: More searches raise more false alarms, so a face found in a part or in another turn needs a higher score.
MIN_SCORE_IN_PART = 0.5


def search_photograph(finder: Finder, picture_bgr: np.ndarray) -> list[Face]:
    """Faces in ``picture_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array.

    The whole picture shows faces of about a tenth of its height and more; each level of parts halves that. A picture
    turned upside down shows faces too, but uncertain ones, whose eyes are taken for their mouths: where the best face
    of another turn is surer than that of the picture as it is, the faces are those of the turned picture. Their boxes
    and landmarks are in the picture's own pixels, so that they are cut upright.
    """
    faces = _search_upright(finder, picture_bgr)
    turn = _surer_turn(finder, picture_bgr, _best_score(faces))
    if turn:
        turned = np.ascontiguousarray(np.rot90(picture_bgr, turn))
        height, width = picture_bgr.shape[:2]
        faces = [_turned_back(face, turn, width, height) for face in _search_upright(finder, turned)]
    return faces


def _surer_turn(finder: Finder, picture_bgr: np.ndarray, best: float) -> int:
    """How often the picture must be turned by 90° to the left until its best face is surest: 0 where it is upright."""
    surest = 0
    sure = best >= MIN_SCORE_IN_PART
    # Half a turn alone where a face was found: a picture on its side shows none.
    for turn in (2,) if sure else (2, 1, 3):
        turned = np.ascontiguousarray(np.rot90(picture_bgr, turn))
        score = _best_score(finder.find(turned) if sure else _search(finder, turned, TILE_LEVELS))
        if score > best and score >= MIN_SCORE_IN_PART:
            surest, best = turn, score
    return surest


def _best_score(faces: list[Face]) -> float:
    return max((face.score for face in faces), default=0.0)


def _turned_back(face: Face, turn: int, width: int, height: int) -> Face:
    """``face`` of a picture (``width`` × ``height``) that was turned ``turn`` times, in the pixels of the picture."""
    x, y, across, down = face.box
    corners = np.array([(x, y), (x + across, y + down)])
    (left, top), (right, bottom) = np.sort(_points_back(corners, turn, width, height), axis=0).tolist()
    points = None if face.landmarks is None else _points_back(face.landmarks, turn, width, height).astype(np.float32)
    return replace(face, box=(left, top, right - left, bottom - top), landmarks=points)


def _points_back(points: np.ndarray, turn: int, width: int, height: int) -> np.ndarray:
    x, y = points[:, 0], points[:, 1]
    places = {1: (width - y, x), 2: (width - x, height - y), 3: (y, height - x)}[turn]
    return np.stack(places, axis=1)


def _search_upright(finder: Finder, picture_bgr: np.ndarray) -> list[Face]:
    height, width = picture_bgr.shape[:2]
    tile = TILE_LENGTH * min(width, height)
    if max(width, height) <= tile:
        faces = _search(finder, picture_bgr, PART_LEVELS)
    else:
        faces = []
        for start in tile_starts(max(width, height), tile):
            left, top = (start, 0) if width > height else (0, start)
            part = np.ascontiguousarray(picture_bgr[top : top + tile, left : left + tile])
            faces += [_moved(face, left, top) for face in _search(finder, part, TILE_LEVELS)]
    # A part's edge may cut a face: the cut box lies inside the whole one.
    return suppress_overlapping(faces, suppress_parts=True)


def tile_starts(length: int, tile: int) -> list[int]:
    """Where the tiles of a side of ``length`` begin: as few as overlap by TILE_OVERLAP, evenly."""
    return _starts(length, tile, 1 + math.ceil((length - tile) / (tile * (1 - TILE_OVERLAP))))


def _search(finder: Finder, picture_bgr: np.ndarray, levels: tuple[int, ...]) -> list[Face]:
    """The faces of a picture and of its parts; one face may be there several times."""
    faces = list(finder.find(picture_bgr))
    height, width = picture_bgr.shape[:2]
    for parts in levels:
        part_width, part_height = (round(side / parts * PART_OVERLAP) for side in (width, height))
        if min(part_width, part_height) < MIN_PART_PX:
            break
        for left in _starts(width, part_width, parts):
            for top in _starts(height, part_height, parts):
                part = np.ascontiguousarray(picture_bgr[top : top + part_height, left : left + part_width])
                found = finder.find(part)
                faces += [_moved(face, left, top) for face in found if face.score >= MIN_SCORE_IN_PART]
    return faces


def _starts(length: int, part_length: int, parts: int) -> list[int]:
    """Where ``parts`` parts begin, evenly over ``length``."""
    return [round(value) for value in np.linspace(0, length - part_length, parts)]


def _moved(face: Face, right: float, down: float) -> Face:
    x, y, width, height = face.box
    points = None if face.landmarks is None else face.landmarks + np.array([right, down], np.float32)
    return replace(face, box=(x + right, y + down, width, height), landmarks=points)
