"""What keeps a picture from being read: too dark, too bright, covered, frozen, the face too far away or cut off.

Thresholds were measured on a talking head and on photographs of 12 people, made darker, brighter, smaller and cut
(`python -m benchmarks.picture_quality`): each lies where a face is found in fewer than three of four pictures, or is
read as another emotion than in the unchanged picture in more than one of four.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import cv2
import numpy as np

from feelharmonic.reading.messages import Face

#: Brightness is that of a grey thumbnail of this size (width, height).
THUMBNAIL_SIZE = (32, 24)

#: Mean brightness (0..255) below and above which a face is not read even where one is found.
DARK, BRIGHT = 9.0, 232.0

#: The same where no face is found, and the share of saturated pixels of the thumbnail that has the same effect.
DARK_WITHOUT_FACE, BRIGHT_WITHOUT_FACE = 15.0, 220.0
SATURATED, MAX_SATURATED_SHARE = 250, 0.5

#: Without a face, a thumbnail with a smaller standard deviation shows a hand or a lid, not a scene, where its mean
#: brightness is smaller than this: what covers a lens keeps the light out. A brighter one shows a plain wall.
MIN_DEVIATION, COVERED_BELOW = 8.0, 100.0

#: A darker and flatter thumbnail shows no dark room, whose noise is seen: a closed shutter, or a camera that is paused.
BLACK, BLACK_DEVIATION = 1.5, 1.0

#: The thumbnail's mean differs by less than this from the frame's: its levels are rounded twice.
THUMBNAIL_ROUNDING = 1.5

#: Weights of blue, green and red in brightness, as OpenCV's.
GREY = (0.114, 0.587, 0.299)

#: Of two frames every eighth row is compared first: a camera's noise differs there already.
ROWS_STEP = 8

#: The same pixels for this time are no camera's. A longer gap between two frames says nothing.
FROZEN_S, MAX_GAP_S = 3.0, 1.0

#: Smallest height of a face that is read.
MIN_FACE_PX = 22.0

#: Largest share of a face's box that may lie outside the frame.
MAX_OUTSIDE_SHARE = 0.25

PROBLEMS = ("black", "too_dark", "too_bright", "covered", "frozen", "face_too_far", "face_cut_off")


class PictureQuality:
    """One listener's pictures. Holds checksums of the newest."""

    def __init__(self) -> None:
        self._rows_checksum: int | None = None
        self._checksum: int | None = None  # of all pixels, once two frames in turn have had the same rows
        self._same_since_s = self._last_at_s = -np.inf

    def problem(self, frame_bgr: np.ndarray, faces: Sequence[Face], at_s: float) -> str | None:
        """One of PROBLEMS, or None. ``faces`` are those of ``frame_bgr`` (H, W, 3) uint8, the listener's first."""
        frozen = self._is_frozen(frame_bgr, at_s)
        problem = _light_problem(frame_bgr, found=bool(faces))
        if problem is not None:
            return problem
        if frozen:
            return "frozen"
        return _face_problem(faces[0], frame_bgr) if faces else None

    def _is_frozen(self, frame_bgr: np.ndarray, at_s: float) -> bool:
        if not self._is_same(frame_bgr) or at_s - self._last_at_s > MAX_GAP_S:
            self._same_since_s = at_s
        self._last_at_s = at_s
        return at_s - self._same_since_s >= FROZEN_S

    def _is_same(self, frame_bgr: np.ndarray) -> bool:
        """Whether the frame has the pixels of the one before; of the first two in turn only some rows are compared."""
        rows_before, before = self._rows_checksum, self._checksum
        self._rows_checksum, self._checksum = _checksum(frame_bgr[::ROWS_STEP]), None
        if self._rows_checksum != rows_before:
            return False
        self._checksum = _checksum(frame_bgr)
        return before is None or self._checksum == before


def _checksum(pixels: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(pixels).data)


def _brightness(frame_bgr: np.ndarray) -> float:
    return sum(weight * mean for weight, mean in zip(GREY, cv2.mean(frame_bgr), strict=False))


def _light_problem(frame_bgr: np.ndarray, *, found: bool) -> str | None:
    if found and DARK + THUMBNAIL_ROUNDING < _brightness(frame_bgr) < BRIGHT - THUMBNAIL_ROUNDING:
        return None  # a thumbnail would say the same, and takes longer
    thumbnail = cv2.cvtColor(cv2.resize(frame_bgr, THUMBNAIL_SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    mean = float(thumbnail.mean())
    if mean < BLACK and float(thumbnail.std()) < BLACK_DEVIATION:
        return "black"
    if mean < (DARK if found else DARK_WITHOUT_FACE):
        return "too_dark"
    if mean > (BRIGHT if found else BRIGHT_WITHOUT_FACE):
        return "too_bright"
    if found:
        return None
    if float((thumbnail >= SATURATED).mean()) >= MAX_SATURATED_SHARE:
        return "too_bright"
    return "covered" if mean < COVERED_BELOW and float(thumbnail.std()) < MIN_DEVIATION else None


def _face_problem(face: Face, frame_bgr: np.ndarray) -> str | None:
    x, y, width, height = face.box
    if height < MIN_FACE_PX:
        return "face_too_far"
    frame_height, frame_width = frame_bgr.shape[:2]
    visible = max(0.0, min(x + width, frame_width) - max(x, 0.0)) * max(
        0.0, min(y + height, frame_height) - max(y, 0.0)
    )
    return "face_cut_off" if visible < (1 - MAX_OUTSIDE_SHARE) * width * height else None
