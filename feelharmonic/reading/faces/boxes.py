"""Boxes of faces (x, y, width, height): intersection over union, non-maximum suppression."""

from __future__ import annotations

from feelharmonic.reading.messages import Box, Face

#: Two boxes with a larger intersection over union are the same face.
SAME_FACE_IOU = 0.35

#: Between two frames a face moves so little that its boxes have at least this intersection over union.
MIN_IOU = 0.2

#: A box with at least this share of its area inside another is taken for a part of it.
PART_SHARE = 0.6


def iou(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    intersection = intersection_area(one, other)
    return intersection / (one[2] * one[3] + other[2] * other[3] - intersection) if intersection else 0.0


def intersection_area(one: Box, other: Box) -> float:
    """Area that two boxes share, in square pixels."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def is_part(one: Box, other: Box) -> bool:
    """Whether most of the smaller box lies inside the larger one."""
    return intersection_area(one, other) > PART_SHARE * min(one[2] * one[3], other[2] * other[3])


def suppress_overlapping(faces: list[Face], *, suppress_parts: bool = False) -> list[Face]:
    """``faces``, best score first, without those that overlap a better one by SAME_FACE_IOU or more.

    ``suppress_parts``: also without those that lie mostly inside a better one, or it inside them.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda face: -face.score):
        if any(iou(face.box, better.box) >= SAME_FACE_IOU for better in kept):
            continue
        if suppress_parts and any(is_part(face.box, better.box) for better in kept):
            continue
        kept.append(face)
    return kept
