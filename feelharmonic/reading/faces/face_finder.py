"""A frame → the faces in it: the detector reads the whole frame, the refiner a window around each candidate.

The networks are weights/face_finder.onnx (detector) and weights/face_look.onnx (refiner), of the same architecture; the
first one's card describes how their maps are decoded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
import onnxruntime

from feelharmonic.errors import SetupFault
from feelharmonic.reading.faces.boxes import MIN_IOU, SAME_FACE_IOU, iou, suppress_overlapping
from feelharmonic.reading.faces.crop import cut_window
from feelharmonic.reading.faces.face_finder_yunet import YuNetFinder
from feelharmonic.reading.messages import Box, Face
from feelharmonic.reading.onnx_session import load_session
from feelharmonic.reading.pictures.frame import check_frame

WEIGHTS_PATH = Path(__file__).resolve().parents[1] / "weights" / "face_finder.onnx"

REFINER_PATH = WEIGHTS_PATH.with_name("face_look.onnx")

#: The detector's input, a whole frame (width, height in pixels).
DETECTOR_SIZE = (160, 128)

#: The refiner's input, a window around one face (width, height in pixels).
REFINER_SIZE = (96, 96)

#: Pixels of the network's input for each cell of its maps.
STRIDE = 8

#: The networks' sizes of faces are in this unit (pixels).
SIZE_UNIT = 32.0

#: Combined scores below this are no face. Like all thresholds here chosen on training's tuning faces; see the card.
MIN_SCORE = 0.32

#: The detector's score from which a candidate is refined.
MIN_CANDIDATE_SCORE = 0.1

#: The refiner's score below which a candidate is dropped.
MIN_REFINED_SCORE = 0.02

#: The detector's weight in the combined score (0..1). The refiner has the rest: its window shows more detail.
DETECTOR_WEIGHT = 0.3

#: The mirrored window is skipped where even this score of it would not lift the combined one to MIN_SCORE.
MAX_MIRRORED_SCORE = 0.95

#: In float32 a score may become 1, whose logit is infinite.
MAX_SCORE = 1 - 1e-6

#: The detector's score from which a candidate needs no refiner.
SURE_SCORE = 0.9

#: Number of candidates that are refined, best first.
MAX_REFINED = 6

#: The refiner's score down to which a tracked face is still one.
MIN_TRACKED_SCORE = 0.35

#: A lower face has too few pixels to tell it from a pattern.
MIN_FOUND_PX = 8.0

#: A face's height as a share of its window's, the middle of what the refiner was trained on.
WINDOW_SHARE = 0.5


class Finder(Protocol):
    """What every face finder offers."""

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in (H, W, 3) uint8 BGR of at least 32×32, best score first; BadInput for any other array."""
        ...


@runtime_checkable
class WindowFinder(Protocol):
    """A finder that can also search one window, so that a face can be tracked without a search of the whole frame."""

    def find(self, frame_bgr: np.ndarray, known: Sequence[Face] = ()) -> list[Face]:
        """As Finder.find; ``known`` are the faces of the previous frame."""
        ...

    def find_near(self, frame_bgr: np.ndarray, box: Box) -> Face | None:
        """The face at about ``box``, None where it is gone."""
        ...


class FaceFinder:
    """Our own networks in ONNX Runtime, one thread. One per process; calls from several threads may overlap."""

    def __init__(self, detector: onnxruntime.InferenceSession, refiner: onnxruntime.InferenceSession):
        self._detector = detector
        self._refiner = refiner

    @classmethod
    def load(cls, name: str = "own") -> Finder:
        """The finder called ``name``: "own", or the path of a YuNet ONNX file. Raises SetupFault where it fails."""
        return cls.load_files(WEIGHTS_PATH, REFINER_PATH) if name == "own" else YuNetFinder.load(name)

    @classmethod
    def load_files(cls, detector: Path, refiner: Path) -> FaceFinder:
        """The finder with the networks in these files. Raises SetupFault naming each that cannot be read."""
        sessions: list[onnxruntime.InferenceSession] = []
        faults: list[str] = []
        for path in (detector, refiner):
            try:
                sessions.append(load_session(path, "face finder's network"))
            except SetupFault as fault:
                faults.extend(fault.faults)
        if faults:
            raise SetupFault(faults)
        return cls(*sessions)

    def find(self, frame_bgr: np.ndarray, known: Sequence[Face] = ()) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array.

        The detector finds candidates in the whole frame at 160×128. The refiner reads a window around each uncertain
        one at the frame's own resolution, which rejects most false alarms. ``known`` are the faces of the previous
        frame: a candidate that is one of them is refined once, in the window at its last place.
        """
        check_frame(frame_bgr)
        candidates = self.candidates(frame_bgr)[:MAX_REFINED]
        found = [self._refound(frame_bgr, face, known) or self._refined(frame_bgr, face) for face in candidates]
        return suppress_overlapping([face for face in found if face is not None and face.box[3] >= MIN_FOUND_PX])

    def find_near(self, frame_bgr: np.ndarray, box: Box) -> Face | None:
        """The face at about ``box``, found by the refiner in a window around it; None where it is gone."""
        return self._near(*_window_around(frame_bgr, box), box, MIN_TRACKED_SCORE)

    def _near(
        self,
        window: np.ndarray,
        view: View,
        box: Box,
        min_score: float,
        *,
        mirrored: bool = False,
    ) -> Face | None:
        """The face at about ``box`` in its window. ``mirrored``: the refiner reads the window mirrored; the box is then
        mirrored back, the landmarks are not."""
        found = _run(self._refiner, np.ascontiguousarray(window[:, ::-1]) if mirrored else window, min_score)
        if mirrored:
            found = [_mirrored(face, REFINER_SIZE[0]) for face in found]
        near = [face for face in map(view.in_frame, found) if iou(face.box, box) > MIN_IOU]
        return max(near, key=lambda face: iou(face.box, box) * face.score, default=None)

    def candidates(self, frame_bgr: np.ndarray, min_score: float = MIN_CANDIDATE_SCORE) -> list[Face]:
        """The detector's candidates in ``frame_bgr`` (H, W, 3) uint8, best score first."""
        height, width = frame_bgr.shape[:2]
        scale = min(DETECTOR_SIZE[0] / width, DETECTOR_SIZE[1] / height)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        shrunk = cv2.resize(frame_bgr, small, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        left, top = (DETECTOR_SIZE[0] - small[0]) // 2, (DETECTOR_SIZE[1] - small[1]) // 2
        canvas = np.zeros((DETECTOR_SIZE[1], DETECTOR_SIZE[0], 3), np.uint8)
        canvas[top : top + small[1], left : left + small[0]] = shrunk
        view = View(left=left, top=top, scale_x=small[0] / width, scale_y=small[1] / height)
        return [view.in_frame(face) for face in _run(self._detector, canvas, min_score)]

    def _refined(self, frame_bgr: np.ndarray, face: Face) -> Face | None:
        """``face`` as the refiner finds it, with the combined score; None where that is too low.

        A sure face is returned as it is: windows around the largest faces show little but what lies beyond the frame.
        """
        if face.score >= SURE_SCORE:
            return face
        window, view = _window_around(frame_bgr, face.box)
        near = self._near(window, view, face.box, MIN_REFINED_SCORE)
        if near is None or combine_scores(face.score, near.score, MAX_MIRRORED_SCORE) < MIN_SCORE:
            return None
        if combine_scores(face.score, near.score, MIN_REFINED_SCORE) >= MIN_SCORE:
            # Whatever the mirrored window said, this would be a face.
            return replace(near, score=combine_scores(face.score, near.score, near.score))
        mirrored = self._near(window, view, face.box, MIN_REFINED_SCORE, mirrored=True)
        if mirrored is None:
            return None
        score = combine_scores(face.score, near.score, mirrored.score)
        return replace(near, score=score) if score >= MIN_SCORE else None

    def _refound(self, frame_bgr: np.ndarray, face: Face, known: Sequence[Face]) -> Face | None:
        """``face`` as found in the window of the known face that it is; None where it is none of them, or no face."""
        last = max(known, key=lambda old: iou(old.box, face.box), default=None)
        if last is None or iou(last.box, face.box) < MIN_IOU:
            return None
        # The same window as between searches: the box does not jump with every search.
        near = self.find_near(frame_bgr, last.box)
        if near is None or iou(near.box, face.box) < SAME_FACE_IOU:
            return None
        sure = face.score >= SURE_SCORE
        score = face.score if sure else combine_scores(face.score, near.score, near.score)
        return replace(near, score=score) if score >= MIN_SCORE else None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where the network's input lies in the frame: input = frame × scale + (left, top)."""

    left: float
    top: float
    scale_x: float
    scale_y: float

    def in_frame(self, face: Face) -> Face:
        x, y, width, height = face.box
        corner = ((x - self.left) / self.scale_x, (y - self.top) / self.scale_y)
        box = (*corner, width / self.scale_x, height / self.scale_y)
        points = face.landmarks
        if points is not None:
            points = ((points - (self.left, self.top)) / (self.scale_x, self.scale_y)).astype(np.float32)
        return Face(box=box, score=face.score, landmarks=points, id=face.id)


def _window_around(frame_bgr: np.ndarray, box: Box) -> tuple[np.ndarray, View]:
    """The refiner's window (96, 96, 3) uint8 around the face at ``box``, and where it lies."""
    x, y, width, height = box
    side = max(width, height) / WINDOW_SHARE
    scale = REFINER_SIZE[0] / side
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    view = View(left=-left * scale, top=-top * scale, scale_x=scale, scale_y=scale)
    return cut_window(frame_bgr, left, top, scale, REFINER_SIZE), view


def prepare(picture_bgr: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 BGR → (1, 3, H, W) float32 0..1, the networks' input; H and W multiples of 32."""
    return np.asarray(np.ascontiguousarray(picture_bgr.transpose(2, 0, 1)[None], np.float32) / np.float32(255))


def _run(session: onnxruntime.InferenceSession, picture_bgr: np.ndarray, min_score: float) -> list[Face]:
    """The faces that the network finds in ``picture_bgr``, in that picture's pixels."""
    (maps,) = session.run(None, {"pictures": prepare(picture_bgr)})
    return decode_maps(maps[0], min_score)


def combine_scores(detected: float, refined: float, mirrored: float) -> float:
    """One score 0..1 out of the detector's and the refiner's two: the weighted mean of their logits."""
    rest = (1 - DETECTOR_WEIGHT) / 2
    logit = DETECTOR_WEIGHT * _logit(detected) + rest * (_logit(refined) + _logit(mirrored))
    return 1 / (1 + math.exp(-logit))


def _logit(score: float) -> float:
    score = min(score, MAX_SCORE)
    return math.log(score / (1 - score))


def _mirrored(face: Face, width: int) -> Face:
    """``face`` with its box mirrored in a picture of that width; its landmarks stay as they are."""
    x, y, face_width, height = face.box
    return replace(face, box=(width - x - face_width, y, face_width, height))


def decode_maps(maps: np.ndarray, min_score: float) -> list[Face]:
    """(15, H/8, W/8) float32 → faces in the input's pixels, best first, without overlapping ones.

    Map 0: logit of a face's centre. 1, 2: the centre's offset from the middle of the cell, in cells. 3, 4: logarithm of
    width and height in units of SIZE_UNIT. 5..14: landmarks from the centre, x and y, in widths and heights.
    """
    rows, columns = np.nonzero(maps[0] > math.log(min_score / (1 - min_score)))
    # A handful of cells: numbers one by one take a third of the time of arrays.
    faces = [
        _face_at(*place)
        for place in zip(rows.tolist(), columns.tolist(), maps[:, rows, columns].T.tolist(), strict=True)
    ]
    return suppress_overlapping(faces) if len(faces) > 1 else faces


def _face_at(row: int, column: int, values: list[float]) -> Face:
    """The face that a cell's 15 ``values`` describe."""
    score = 1 / (1 + math.exp(-values[0]))
    middle_x, middle_y = ((place + 0.5 + moved) * STRIDE for place, moved in ((column, values[1]), (row, values[2])))
    width, height = (math.exp(min(max(value, -4.0), 3.0)) * SIZE_UNIT for value in values[3:5])
    points = [[middle_x + x * width, middle_y + y * height] for x, y in zip(values[5::2], values[6::2], strict=True)]
    box = (middle_x - width / 2, middle_y - height / 2, width, height)
    return Face(box=box, score=score, landmarks=np.array(points, np.float32))
