"""What the stages of reading hand to each other: Frame, Face, Expression, Mood, Reading.

Frozen messages; units and ranges are in the names or in the docstrings. Imports nothing of ours.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One decoded picture: ``pixels_bgr`` (H, W, 3) uint8, BGR as OpenCV keeps it."""

    pixels_bgr: np.ndarray

    @property
    def width_px(self) -> int:
        return self.pixels_bgr.shape[1]

    @property
    def height_px(self) -> int:
        return self.pixels_bgr.shape[0]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A face in a frame.

    ``box``: (x, y, width, height) in pixels, the upright box around the face's ellipse (brow to chin,
    cheek to cheek); it may reach outside the frame. ``score``: 0..1. ``landmarks``: (5, 2) float32
    pixels (the eye, then the other eye, nose tip, mouth corner, other corner; left of the picture first), or None
    where the finder gives none. ``id``: the same number for the same face while it is followed, else None.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: np.ndarray | None = None
    id: int | None = None

    @property
    def area_px(self) -> float:
        return self.box[2] * self.box[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """What one face shows at one moment: ``probabilities``, seven numbers 0..1 that sum to 1, in EMOTIONS' order."""

    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """A mood that holds: ``confidence`` is its smoothed probability 0..1, ``since_s`` the time at which it began
    (seconds on the clock that ``at_s`` is taken from)."""

    emotion: str
    confidence: float
    since_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFace:
    """A face and what it shows; ``expression`` is None where it was too small or too far outside to read."""

    face: Face
    expression: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """How much of a group's expression is the face's with ``id``: ``share``, 0..1; all of a group's sum to 1."""

    id: int | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the faces of one frame show together, and what each made of it, in the order of the faces."""

    expression: Expression
    shares: tuple[GroupShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one frame told: ``faces`` largest first, the listener's smoothed ``expression``, the ``mood`` that holds.

    ``width_px`` and ``height_px`` are the frame's size, which the faces' boxes refer to. Where a group is read,
    ``group`` says how this frame's came about, and expression and mood are the group's.
    """

    width_px: int
    height_px: int
    faces: tuple[SeenFace, ...]
    expression: Expression | None
    mood: Mood | None
    group: Group | None = None
