"""The picture of most benchmarks: a face that moves a little, as a person in front of a webcam does."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np


def moving_face(size: tuple[int, int], count: int, swing_px: tuple[int, int]) -> Iterator[np.ndarray]:
    """``count`` pictures (H, W, 3) uint8 BGR of ``size`` (W, H): one round of an ellipse with half axes ``swing_px``.

    The face is the astronaut Eileen Collins (NASA, public domain).
    """
    from skimage.data import astronaut

    still = np.ascontiguousarray(astronaut()[:384, :, ::-1])
    shrinks = size[0] < still.shape[1]
    still = cv2.resize(still, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    for i in range(count):
        angle = 2 * np.pi * i / count
        move = np.float32([[1, 0, swing_px[0] * np.sin(angle)], [0, 1, swing_px[1] * np.cos(angle)]])
        yield cv2.warpAffine(still, move, size, borderMode=cv2.BORDER_REFLECT)
