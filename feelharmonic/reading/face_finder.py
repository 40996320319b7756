"""Frame → Faces: finding faces, following them between frames, cutting crops in FER2013's framing.

In: pixels (H, W, 3) uint8 BGR. Out: Faces, and (48, 48) uint8 grey crops. No file but the finder's own is read.
The networks are weights/face_finder.onnx, which sees whole frames, and weights/face_look.onnx, of the same make, which
sees windows around faces; the first one's card says how the maps are decoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import onnxruntime

from feelharmonic.errors import SetupFault
from feelharmonic.reading.boxes import LEAST_OVERLAP, SAME_FACE_IOU, _distinct, iou, non_maximum_suppression
from feelharmonic.reading.crop import cut_window
from feelharmonic.reading.face_finder_yunet import YuNetFinder
from feelharmonic.reading.frame import check_frame
from feelharmonic.reading.messages import Face
from feelharmonic.reading.onnx_session import _session

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "face_finder.onnx"

REFINER_PATH = WEIGHTS_PATH.with_name("face_look.onnx")

#: The network's input for a whole frame, and for the window in which a known face is followed (pixels).
FULL_SIZE = (160, 128)

WINDOW_SIZE = (96, 96)

STRIDE = 8

#: The network tells sizes in units of so many pixels.
SIZE_UNIT = 32.0

#: Scores below this are no face. Chosen, like all of these, on training's tuning faces; the card says how.
LEAST_SCORE = 0.48

#: In the first look at a whole frame this much is worth a second look, which must see at least that much.
LEAST_SCORE_CANDIDATE = 0.15

LEAST_SCORE_GLIMPSED = 0.05

#: What the first look weighs beside the second (0..1), whose window shows the face in more detail, there and mirrored.
FIRST_LOOK_WEIGHT = 0.4

#: Where even this much from the mirrored window would not do, it is not looked at.
MOST_SCORE_MIRRORED = 0.95

#: In float32 a network's score may reach 1, whose logit has no end.
MOST_SCORE = 1 - 1e-6

#: A candidate of at least this score needs no second look.
LEAST_SCORE_SURE = 0.9

#: So many candidates get their second look; the best come first.
MOST_CONFIRMED = 6

#: A known face goes on being one down to this score.
LEAST_SCORE_FOLLOWED = 0.35

#: In its window a face is about this share of the window's height, as in the middle of what training showed.
WINDOW_SHARE = 0.5


class Finder(Protocol):
    """What every face finder offers. One that also has FaceFinder's `find_near`, and whose `find` takes ``known``, is
    followed by windows."""

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in (H, W, 3) uint8 BGR of at least 32×32, best score first; BadInput for any other array."""
        ...


class FaceFinder:
    """Our own networks in ONNX Runtime, one thread. One per process; calls from several threads may overlap."""

    def __init__(self, first_look: onnxruntime.InferenceSession, second_look: onnxruntime.InferenceSession):
        self._first_look = first_look
        self._second_look = second_look

    @classmethod
    def load(cls, name: str = "own") -> Finder:
        """The finder called ``name``: "own", or the path of a YuNet ONNX file. Raises SetupFault where it fails."""
        return cls.load_files(WEIGHTS_PATH, REFINER_PATH) if name == "own" else YuNetFinder.load(name)

    @classmethod
    def load_files(cls, first_look: Path, second_look: Path) -> FaceFinder:
        """Networks of our own in these files. Raises SetupFault naming each that cannot be read."""
        sessions, faults = [], []
        for path in (first_look, second_look):
            try:
                sessions.append(_session(path))
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(*sessions)

    def find(self, frame_bgr: np.ndarray, known: Sequence[Face] = ()) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array.

        The whole frame at 160×128 gives candidates; one that is not sure is looked at again in a window cut from the
        frame itself, which sees small faces in more detail, and turns most false alarms away. ``known``: the faces of
        the frame before. Where a candidate is one of those, one look through the window at its last place is enough.
        """
        check_frame(frame_bgr)
        candidates = self.candidates(frame_bgr)[:MOST_CONFIRMED]
        seen = [self._again(frame_bgr, face, known) or self._looked_at(frame_bgr, face) for face in candidates]
        return _distinct([face for face in seen if face is not None])

    def find_near(self, frame_bgr: np.ndarray, box: tuple[float, float, float, float]) -> Face | None:
        """The face at about ``box``, searched in a window around it; None where it is gone."""
        return self._near(*_window_around(frame_bgr, box), box, LEAST_SCORE_FOLLOWED)

    def _near(
        self,
        window: np.ndarray,
        view: View,
        box: tuple[float, float, float, float],
        least_score: float,
        *,
        mirrored: bool = False,
    ) -> Face | None:
        """The face at about ``box`` in its window; ``mirrored``: seen left for right (its box is not, its landmarks
        are)."""
        # x of the mirrored window is its width less x: `_mirrored` undoes that.
        seen = _read(self._second_look, np.ascontiguousarray(window[:, ::-1]) if mirrored else window, least_score)
        if mirrored:
            seen = [_mirrored(face, WINDOW_SIZE[0]) for face in seen]
        near = [face for face in map(view.in_frame, seen) if iou(face.box, box) > LEAST_OVERLAP]
        return max(near, key=lambda face: iou(face.box, box) * face.score, default=None)

    def candidates(self, frame_bgr: np.ndarray, least_score: float = LEAST_SCORE_CANDIDATE) -> list[Face]:
        """What the first look alone takes for faces in ``frame_bgr`` (H, W, 3) uint8, best score first."""
        height, width = frame_bgr.shape[:2]
        scale = min(FULL_SIZE[0] / width, FULL_SIZE[1] / height)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrunk = cv2.resize(frame_bgr, small, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        left, top = (FULL_SIZE[0] - small[0]) // 2, (FULL_SIZE[1] - small[1]) // 2
        canvas = np.zeros((FULL_SIZE[1], FULL_SIZE[0], 3), np.uint8)
        canvas[top : top + small[1], left : left + small[0]] = shrunk
        view = View(left=left, top=top, scale_x=small[0] / width, scale_y=small[1] / height)
        return [view.in_frame(face) for face in _read(self._first_look, canvas, least_score)]

    def _looked_at(self, frame_bgr: np.ndarray, face: Face) -> Face | None:
        """``face`` as its window shows it, its score made of both looks; None where that is no face.

        A sure face is taken as it is: windows around the largest faces show little but what lies beyond the frame.
        """
        if face.score >= LEAST_SCORE_SURE:
            return face
        window, view = _window_around(frame_bgr, face.box)
        near = self._near(window, view, face.box, LEAST_SCORE_GLIMPSED)
        if near is None or combine_scores(face.score, near.score, MOST_SCORE_MIRRORED) < LEAST_SCORE:
            return None
        mirrored = self._near(window, view, face.box, LEAST_SCORE_GLIMPSED, mirrored=True)
        if mirrored is None:
            return None
        score = combine_scores(face.score, near.score, mirrored.score)
        return replace(near, score=score) if score >= LEAST_SCORE else None

    def _again(self, frame_bgr: np.ndarray, face: Face, known: Sequence[Face]) -> Face | None:
        """``face`` as the window shows it in which it is followed; None where it is none of ``known``, or no face."""
        last = max(known, key=lambda old: iou(old.box, face.box), default=None)
        if last is None or iou(last.box, face.box) < LEAST_OVERLAP:
            return None
        # Looked at through the same window as between searches: the box does not jump with every search.
        near = self.find_near(frame_bgr, last.box)
        if near is None or iou(near.box, face.box) < SAME_FACE_IOU:
            return None
        sure = face.score >= LEAST_SCORE_SURE
        score = face.score if sure else combine_scores(face.score, near.score, near.score)
        return replace(near, score=score) if score >= LEAST_SCORE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How the network's picture lies in the frame: network = frame × scale + (left, top)."""

    left: float
    top: float
    scale_x: float
    scale_y: float

    def in_frame(self, face: Face) -> Face:
        x, y, width, height = face.box
        corner = ((x - self.left) / self.scale_x, (y - self.top) / self.scale_y)
        box = (*corner, width / self.scale_x, height / self.scale_y)
        points = (face.landmarks - (self.left, self.top)) / (self.scale_x, self.scale_y)
        return replace(face, box=box, landmarks=points.astype(np.float32))


def _window_around(frame_bgr: np.ndarray, box: tuple[float, float, float, float]) -> tuple[np.ndarray, View]:
    """The window (96, 96, 3) uint8 in which the face at ``box`` is looked at, and where it lies."""
    x, y, width, height = box
    side = max(width, height) / WINDOW_SHARE
    scale = WINDOW_SIZE[0] / side
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    view = View(left=-left * scale, top=-top * scale, scale_x=scale, scale_y=scale)
    return cut_window(frame_bgr, left, top, scale, WINDOW_SIZE), view


def prepare(picture_bgr: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 BGR → (1, 3, H, W) float32 0..1, as the network takes it; H and W multiples of 32."""
    return np.ascontiguousarray(picture_bgr.transpose(2, 0, 1)[None], np.float32) / np.float32(255)


def _read(session: onnxruntime.InferenceSession, picture_bgr: np.ndarray, least_score: float) -> list[Face]:
    """What the network sees in ``picture_bgr``, in its pixels."""
    (maps,) = session.run(None, {"pictures": prepare(picture_bgr)})
    return decode_maps(maps[0], least_score)


def combine_scores(first: float, second: float, mirrored: float) -> float:
    """One score 0..1 out of three looks at a face: the weighted mean of their logits."""
    rest = (1 - FIRST_LOOK_WEIGHT) / 2
    logit = FIRST_LOOK_WEIGHT * _logit(first) + rest * (_logit(second) + _logit(mirrored))
    return 1 / (1 + math.exp(-logit))


def _logit(score: float) -> float:
    score = min(score, MOST_SCORE)
    return math.log(score / (1 - score))


def _mirrored(face: Face, width: int) -> Face:
    """The face as it lies in the unmirrored picture of that width; only box and score are meant to be used."""
    x, y, face_width, height = face.box
    return replace(face, box=(width - x - face_width, y, face_width, height))


def decode_maps(maps: np.ndarray, least_score: float) -> list[Face]:
    """(15, H/8, W/8) float32 → faces in the network's pixels, best first, none overlapping another much.

    Map 0: logit of a face's centre. 1, 2: the centre's offset from the middle of the cell, in cells. 3, 4: logarithm of
    width and height in units of SIZE_UNIT. 5..14: landmarks from the centre, x and y, in widths and heights.
    """
    rows, columns = np.nonzero(maps[0] > np.log(least_score / (1 - least_score)))
    if not len(rows):
        return []
    values = maps[:, rows, columns]  # (15, N)
    scores = 1 / (1 + np.exp(-values[0]))
    centres = (np.stack((columns, rows)) + 0.5 + values[1:3]) * STRIDE  # (2, N), as are sizes
    sizes = np.exp(np.clip(values[3:5], -4, 3)) * np.float32(SIZE_UNIT)
    boxes = np.concatenate((centres - sizes / 2, sizes))
    return [
        Face(
            box=tuple(boxes[:, i].tolist()),
            score=float(scores[i]),
            landmarks=np.float32(values[5:, i].reshape(5, 2) * sizes[:, i] + centres[:, i]),
        )
        for i in non_maximum_suppression(boxes, scores)
    ]
