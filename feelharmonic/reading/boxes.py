"""Boxes of faces: intersection over union, non-maximum suppression."""

from __future__ import annotations

import numpy as np

from feelharmonic.reading.messages import Face

#: Two boxes that overlap more (intersection over union) are one face.
SAME_FACE_IOU = 0.35

#: A face moves no further between two pictures than to overlap its last place so much.
LEAST_OVERLAP = 0.2


def _inside(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether most of the smaller box lies in the larger."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return width > 0 and height > 0 and width * height > 0.6 * min(one[2] * one[3], other[2] * other[3])


def non_maximum_suppression(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Which of ``boxes`` (4, N), best first, remain without those that overlap a better one much (non-maximum
    suppression)."""
    left, right, top, bottom = boxes[0], boxes[0] + boxes[2], boxes[1], boxes[1] + boxes[3]
    areas = boxes[2] * boxes[3]
    order, kept = np.argsort(-scores, kind="stable"), []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(int(best))
        width = np.minimum(right[rest], right[best]) - np.maximum(left[rest], left[best])
        height = np.minimum(bottom[rest], bottom[best]) - np.maximum(top[rest], top[best])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        order = rest[shared < SAME_FACE_IOU * (areas[rest] + areas[best] - shared)]
    return kept


def _distinct(faces: list[Face]) -> list[Face]:
    """The faces, best first, without those that overlap a better one much (non-maximum suppression)."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if all(iou(face.box, better.box) < SAME_FACE_IOU for better in kept):
            kept.append(face)
    return kept


def iou(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Intersection over union, 0..1, of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one[2] * one[3] + other[2] * other[3] - shared)
