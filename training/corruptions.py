"""Corruptions of webcam faces at one fixed strength each, for evaluation only; training uses `expression/augment.py`.

In and out: (N, 48, 48) uint8 grey.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np


def dark(crops: np.ndarray) -> np.ndarray:
    """A fifth of the light, with a sensor's noise of 3 grey levels."""
    noise = np.random.default_rng(0).normal(0, 3, crops.shape)
    return _grey(crops * 0.2 + noise)


def blurred(crops: np.ndarray) -> np.ndarray:
    """Out of focus: a Gaussian of 1.5 pixels."""
    return _each(crops, lambda crop: cv2.GaussianBlur(crop, (0, 0), 1.5))


def tilted(crops: np.ndarray) -> np.ndarray:
    """The head on one side by 20°, every second face on the other."""
    centre = ((crops.shape[2] - 1) / 2, (crops.shape[1] - 1) / 2)
    moves = [cv2.getRotationMatrix2D(centre, angle, 1.0) for angle in (20, -20)]
    out = [_warped(crop, moves[i % 2]) for i, crop in enumerate(crops)]
    return np.stack(out)


def small(crops: np.ndarray) -> np.ndarray:
    """A face 20 pixels wide, enlarged again."""
    return _each(crops, lambda crop: _resized(_resized(crop, 20, cv2.INTER_AREA), crop.shape[0], cv2.INTER_LINEAR))


def jpeg(crops: np.ndarray) -> np.ndarray:
    """JPEG of quality 15."""
    return _each(crops, _through_jpeg)


def half_covered(crops: np.ndarray) -> np.ndarray:
    """The left half, every second face's right half, in mid grey."""
    out = crops.copy()
    middle = crops.shape[2] // 2
    out[::2, :, :middle] = 128
    out[1::2, :, middle:] = 128
    return out


#: By the name that reports use.
CORRUPTIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "dark": dark,
    "blur": blurred,
    "tilt": tilted,
    "small": small,
    "JPEG": jpeg,
    "half covered": half_covered,
}


def _each(crops: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.stack([change(crop) for crop in crops])


def _warped(crop: np.ndarray, move: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(crop, move, crop.shape[::-1], borderMode=cv2.BORDER_REPLICATE)


def _resized(crop: np.ndarray, side_px: int, how: int) -> np.ndarray:
    return cv2.resize(crop, (side_px, side_px), interpolation=how)


def _through_jpeg(crop: np.ndarray) -> np.ndarray:
    data = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 15])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def _grey(values: np.ndarray) -> np.ndarray:
    return values.round().clip(0, 255).astype(np.uint8)
