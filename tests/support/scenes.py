"""Drawn faces, scenes and candidates for the tests of the finder's training."""

from __future__ import annotations

import cv2
import numpy as np

from feelharmonic.reading.messages import Face
from training.face_finder.geometry import LFW_MEAN, UTKFACE_MEAN, ellipse_of
from training.face_finder.scenes import Scene, Source

GREEN = (0, 255, 0)


def drawn(size: int, points: np.ndarray, *, tight: bool) -> Source:
    """A face of paper: a skin-coloured ellipse with dark eyes and mouth on grey noise."""
    picture = np.random.default_rng(size).integers(90, 140, (size, size, 3), dtype=np.uint8)
    centre, axes, turn = ellipse_of(points)
    box = ((*map(float, centre),), (*map(float, 2 * axes),), float(np.degrees(turn)))
    cv2.ellipse(picture, box, (120, 160, 220), -1)
    for x, y in points:
        cv2.circle(picture, (round(float(x)), round(float(y))), size // 30, (30, 30, 40), -1)
    return Source(picture=picture, points=points, tight=tight)


class FixedCandidates:
    """A finder whose detector returns these boxes as candidates."""

    def __init__(self, *candidates: tuple[tuple[float, float, float, float], float]):
        self._candidates = candidates

    def candidates(self, frame_bgr: np.ndarray, min_score: float) -> list[Face]:
        return [Face(box=box, score=score) for box, score in self._candidates if score >= min_score]


def scene_of(*boxes: tuple[float, float, float, float]) -> Scene:
    picture = np.zeros((240, 320, 3), np.uint8)
    points = []
    for x, y, width, height in boxes:
        cv2.rectangle(picture, (int(x), int(y)), (int(x + width), int(y + height)), GREEN, -1)
        places = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6))
        points.append([(x + width * across, y + height * down) for across, down in places])
    landmarks = np.float32([[*three, three[0], three[1]] for three in points]).reshape(-1, 5, 2)
    return Scene(
        picture=picture,
        boxes=np.float32(boxes).reshape(-1, 4),
        points=landmarks,
        roll_deg=np.zeros(len(boxes), np.float32),
        ignored=np.zeros((0, 4), np.float32),
    )


def tensors(*boxes: tuple[float, float, float, float]):
    """One scene as tensors: boxes (1, 4, 4), landmarks (1, 4, 5, 2) in the boxes' centres, no ignored boxes."""
    import torch

    there = torch.zeros(1, 4, 4)
    points = torch.zeros(1, 4, 5, 2)
    for i, box in enumerate(boxes):
        there[0, i] = torch.tensor(box)
        points[0, i] = there[0, i, :2] + there[0, i, 2:] / 2
    return there, points, torch.zeros(1, 4, 4)


def two_sources() -> list[Source]:
    """A drawn face in LFW's framing and one in UTKFace's."""
    return [drawn(250, LFW_MEAN, tight=False), drawn(200, UTKFACE_MEAN, tight=True)]
