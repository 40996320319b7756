"""What the stages of reading pass to each other: Frame, Face, Expression, Mood, Reading.

Frozen messages; units and ranges are in the names or in the docstrings. Imports nothing else of the package.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: x, y, width, height in pixels.
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One decoded picture: ``pixels_bgr`` (H, W, 3) uint8, channels in OpenCV's order."""

    pixels_bgr: np.ndarray

    @property
    def width_px(self) -> int:
        return int(self.pixels_bgr.shape[1])

    @property
    def height_px(self) -> int:
        return int(self.pixels_bgr.shape[0])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """A face in a frame.

    ``box``: x, y, width, height in pixels, the upright box around the face's ellipse (brow to chin, cheek to cheek); it
    may reach outside the frame. ``score``: 0..1. ``landmarks``: (5, 2) float32 pixels (eyes, nose tip, mouth corners,
    the left one of the picture first), None where the finder gives none. ``id``: the same number while the face is
    tracked, else None.
    """

    box: Box
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
    """The current mood: ``confidence`` is its smoothed probability 0..1, ``since_s`` for how many seconds it has held.

    ``since_s`` is a duration, not a time, so that it means the same on every machine's clock. ``probabilities``: seven
    averages over the mood's window, None before its first reading.
    """

    emotion: str
    confidence: float
    since_s: float
    probabilities: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenFace:
    """A face and its expression; ``expression`` is None where more faces were found than are read.

    ``appearance``: (64,) float32, what tells two people's crops apart roughly; None where the face was not read.
    ``hidden``: "upper" or "lower" where that half of the face is hidden, which makes the expression less sure.
    """

    face: Face
    expression: Expression | None
    appearance: np.ndarray | None = None
    hidden: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """The weight of one face in a group's expression: ``share`` 0..1; the shares of a group sum to 1."""

    id: int | None
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What the faces of one frame show together; ``shares`` in the order of the faces."""

    expression: Expression
    shares: tuple[GroupShare, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """The result for one frame: ``faces`` (the listener's first, then by size), the listener's smoothed ``expression``,
    the current ``mood``.

    ``width_px`` and ``height_px`` are the frame's size, which the faces' boxes refer to. While everybody in view is
    read as a group, ``group`` is that of this frame, and expression and mood are the group's. ``faces`` show what the
    network read; expression, group and mood are relative to each face's rest. ``baseline`` says which resting face the
    listener is read against: "given", "learned", "learning" (the prior still counts for more), None without a face.
    ``picture_problem``: one of picture_quality.PROBLEMS, or None; with one, expression and group are None and the mood
    holds.
    """

    width_px: int
    height_px: int
    faces: tuple[SeenFace, ...]
    expression: Expression | None
    mood: Mood | None
    group: Group | None = None
    baseline: str | None = None
    picture_problem: str | None = None
