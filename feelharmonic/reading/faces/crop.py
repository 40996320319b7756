"""Parts of frames: 48×48 grey crops in FER2013's framing for the expression network, windows for the refiner."""

from __future__ import annotations

import cv2
import numpy as np

from feelharmonic.reading.messages import Face

#: Side of the crops that the expression network takes (FER2013's size).
CROP_SIDE_PX = 48

#: Where FER2013's faces have their eyes and mouth corners on average (pixels of 48×48; measured, see the card).
CROP_EYES = ((15.0, 18.2), (32.9, 18.2))

CROP_MOUTH = ((16.6, 37.4), (31.5, 37.4))

#: A flatter crop (standard deviation in levels) has no more than noise.
MIN_CONTRAST = 4.0

CROP_EYES_MIDDLE, CROP_MOUTH_MIDDLE = np.mean(CROP_EYES, axis=0), np.mean(CROP_MOUTH, axis=0)


def cut_crop(frame_bgr: np.ndarray, face: Face) -> np.ndarray:
    """The face as (48, 48) uint8 grey in FER2013's framing; beyond the frame its edge is repeated.

    With landmarks the crop is turned so that the eyes are level and eyes and mouth fall where FER2013's do on average.
    """
    x, y, width, height = face.box
    if face.landmarks is None:
        side = height * 0.98
        return _grey_crop(frame_bgr, _upright(x + width / 2, y - 0.035 * height, side))
    return _grey_crop(frame_bgr, _aligned(face.landmarks, height))


def _aligned(points: np.ndarray, height: float) -> np.ndarray:
    """(2, 3): the similarity that maps eyes and mouth to their places in the crop."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    down = mouth - eyes
    length = float(np.hypot(*down))
    # Landmarks that coincide give no scale: the face's height does then.
    scale = float(CROP_MOUTH_MIDDLE[1] - CROP_EYES_MIDDLE[1]) / max(length, 0.2 * height)
    turn = np.arctan2(down[0], down[1])
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.hstack([linear, (CROP_EYES_MIDDLE - linear @ eyes)[:, None]])


def _upright(middle_x: float, top: float, side: float) -> np.ndarray:
    scale = CROP_SIDE_PX / max(side, 1e-3)
    return np.array([[scale, 0, -(middle_x - side / 2) * scale], [0, scale, -top * scale]])


def _grey_crop(frame_bgr: np.ndarray, move: np.ndarray) -> np.ndarray:
    """The part of the frame that ``move`` (2, 3) maps to 48×48, in grey. Only that part is converted and shrunk."""
    inverse = cv2.invertAffineTransform(move)
    corners = np.array([[(0, 0), (1, 0), (1, 1), (0, 1)]], np.float64) * CROP_SIDE_PX
    corners = cv2.transform(corners, inverse)[0]
    frame_h, frame_w = frame_bgr.shape[:2]
    # At least two pixels of the frame, even where the face lies outside it.
    limits = np.array([frame_w, frame_h])
    left, top = np.clip(corners.min(0) - 2, 0, limits - 2).astype(int)
    right, bottom = np.clip(corners.max(0) + 3, (left + 2, top + 2), limits).astype(int)
    part = cv2.cvtColor(np.ascontiguousarray(frame_bgr[top:bottom, left:right]), cv2.COLOR_BGR2GRAY)
    move = move.copy()
    move[:, 2] += move[:, :2] @ (left, top)
    scale = float(np.hypot(*move[:, 0]))
    if scale < 0.5:  # warpAffine samples sparsely when it shrinks: average first
        small = cv2.resize(part, None, fx=scale * 1.5, fy=scale * 1.5, interpolation=cv2.INTER_AREA)
        move[:, 0] *= part.shape[1] / small.shape[1]
        move[:, 1] *= part.shape[0] / small.shape[0]
        part = small
    size = (CROP_SIDE_PX, CROP_SIDE_PX)
    return cv2.warpAffine(part, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def sharpness(crop: np.ndarray) -> float:
    """How sharp (48, 48) uint8 is: its second differences over its contrast, about 0.75 for a clear face.

    At 24×24, so that small faces, whose crops are enlarged, count as sharp as large ones.
    """
    small = crop.reshape(CROP_SIDE_PX // 2, 2, CROP_SIDE_PX // 2, 2).mean(axis=(1, 3))
    beside = small[:-2, 1:-1] + small[2:, 1:-1] + small[1:-1, :-2] + small[1:-1, 2:]
    return float(np.abs(4 * small[1:-1, 1:-1] - beside).mean() / max(float(small.std()), MIN_CONTRAST))


def cut_window(frame_bgr: np.ndarray, left: float, top: float, scale: float, size: tuple[int, int]) -> np.ndarray:
    """(height, width, 3) uint8, ``size`` = (width, height): the frame from (left, top), scaled; black beyond it."""
    width, height = size
    frame_h, frame_w = frame_bgr.shape[:2]
    x1, y1 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    x2, y2 = min(frame_w, int(np.ceil(left + width / scale))), min(frame_h, int(np.ceil(top + height / scale)))
    if x2 - x1 < 2 or y2 - y1 < 2:
        return np.zeros((height, width, 3), np.uint8)
    part = frame_bgr[y1:y2, x1:x2]
    shrink = 1.0
    if scale < 0.5:
        shrink = scale
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    move = np.array([[scale / shrink, 0, (x1 - left) * scale], [0, scale / shrink, (y1 - top) * scale]])
    return cv2.warpAffine(part, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
