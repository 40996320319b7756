"""Frame → Faces: finding faces, following them between frames, cutting crops in FER2013's framing.

In: pixels (H, W, 3) uint8 BGR. Out: Faces, and (48, 48) uint8 grey crops. No file but the finder's own is read.
Interim: OpenCV's Haar cascade (so OpenCV < 5), until the project's own network replaces it.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.messages import Face

#: A Haar detection is a square; the face's ellipse box lies in it so (x, y, width, height as shares of its side).
#: From LFW, whose 250 px pictures are Viola-Jones squares enlarged 2.2 times: mean face at x 82-168, y 72-188.
HAAR_TO_BOX = (0.123, 0.035, 0.754, 1.021)

CROP_SIDE_PX = 48
SMALLEST_FACE = 0.12  # of the frame's height
SAME_FACE_IOU = 0.3
#: Detections below this stage weight are wallpaper more often than faces.
LEAST_WEIGHT = 2.0


class Finder(Protocol):
    """What every face finder offers."""

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in (H, W, 3) uint8 BGR, best score first; BadInput for any other array."""


class FaceFinder:
    """Finds faces by OpenCV's Haar cascade. One per process; calls from several threads take turns."""

    def __init__(self, cascade: cv2.CascadeClassifier):
        self._cascade = cascade
        self._lock = threading.Lock()  # CascadeClassifier keeps buffers between calls and is not thread-safe

    @classmethod
    def load(cls, name: str = "own") -> FaceFinder:
        """The finder called ``name``. Raises SetupFault where it cannot be loaded."""
        if name != "own":
            raise SetupFault([f"FACE_FINDER: expected 'own', got {name!r}."])
        if not hasattr(cv2, "CascadeClassifier"):
            raise SetupFault([f"OpenCV {cv2.__version__} has no cascades. Run `pip install -r requirements.txt`."])
        return cls(cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml"))

    def find(self, frame_bgr: np.ndarray) -> list[Face]:
        """Faces in ``frame_bgr`` (H, W, 3) uint8, best score first. Raises BadInput for any other array."""
        check_frame(frame_bgr)
        grey = cv2.equalizeHist(cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY))  # (H, W) uint8
        side_px = max(24, int(SMALLEST_FACE * grey.shape[0]))
        with self._lock:
            squares, _, weights = self._cascade.detectMultiScale3(
                grey, 1.15, 5, minSize=(side_px, side_px), outputRejectLevels=True
            )
        faces = [
            _face(square, weight) for square, weight in zip(squares, weights, strict=True) if weight >= LEAST_WEIGHT
        ]
        return sorted(faces, key=lambda face: -face.score)


class FaceFollower:
    """Keeps the identity of the faces that one listener shows. State: a few boxes."""

    def __init__(self, finder: Finder):
        self._finder = finder
        self._known: list[Face] = []
        self._ids = itertools.count(1)

    def see(self, frame_bgr: np.ndarray, at_s: float) -> list[Face]:
        """Faces with ids in ``frame_bgr`` (H, W, 3) uint8, taken at ``at_s`` seconds; best score first."""
        unclaimed = list(self._known)
        self._known = [self._named(face, unclaimed) for face in self._finder.find(frame_bgr)]
        return list(self._known)

    def _named(self, face: Face, unclaimed: list[Face]) -> Face:
        best = max(unclaimed, key=lambda old: overlap(old.box, face.box), default=None)
        if best is None or overlap(best.box, face.box) < SAME_FACE_IOU:
            return replace(face, id=next(self._ids))
        unclaimed.remove(best)
        return replace(face, id=best.id)


def check_frame(frame_bgr: object) -> None:
    """Raises BadInput unless ``frame_bgr`` is an (H, W, 3) uint8 array of at least 32×32."""
    expected = "Expected a frame (H, W, 3) uint8 BGR of at least 32×32 pixels"
    if not isinstance(frame_bgr, np.ndarray):
        raise BadInput(f"{expected}, got {type(frame_bgr).__name__}.")
    if frame_bgr.ndim != 3 or frame_bgr.shape[2] != 3 or frame_bgr.dtype != np.uint8 or min(frame_bgr.shape[:2]) < 32:
        raise BadInput(
            f"{expected}, got shape {frame_bgr.shape}, dtype {frame_bgr.dtype}. "
            "Convert with cv2.cvtColor(…, cv2.COLOR_GRAY2BGR or cv2.COLOR_BGRA2BGR)."
        )


def cut_crop(frame_bgr: np.ndarray, face: Face) -> np.ndarray:
    """The face as (48, 48) uint8 grey in FER2013's framing, which is about the Haar square; edges are replicated."""
    x, y, width, height = face.box
    side = height / HAAR_TO_BOX[3]
    left = x + width / 2 - side / 2
    top = y - HAAR_TO_BOX[1] * side
    scale = CROP_SIDE_PX / side
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]], np.float32)
    grey = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2GRAY)
    if scale < 0.5:  # warpAffine samples sparsely when it shrinks: average first
        grey, move = _shrunk(grey, move, scale)
    return cv2.warpAffine(grey, move, (CROP_SIDE_PX,) * 2, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union, 0..1, of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)


def _shrunk(grey: np.ndarray, move: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rescaled = move.copy()
    rescaled[:, 0] *= grey.shape[1] / small.shape[1]
    rescaled[:, 1] *= grey.shape[0] / small.shape[0]
    return small, rescaled


def _face(square: np.ndarray, weight: float) -> Face:
    x, y, side = float(square[0]), float(square[1]), float(square[2])
    left, top, width, height = HAAR_TO_BOX
    # The cascade's stage weight has no fixed range; good detections give about 2 to 10.
    return Face(
        box=(x + left * side, y + top * side, width * side, height * side),
        score=float(1 - np.exp(-max(weight, 0.0) / 3)),
    )
