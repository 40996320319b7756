"""Where a face is in a picture, from its five landmarks; pictures and landmarks moved by affine maps.

Landmarks are (5, 2) float32: left eye, right eye, nose, left and right mouth corner, as seen in the picture.
"""

from __future__ import annotations

import cv2
import numpy as np

#: The part of the network's input that a 4:3 frame fills. Scenes may be larger; lengths in code are in these pixels.
WIDTH, HEIGHT = 160, 120
SIZE = (WIDTH, HEIGHT)

#: Mean landmarks in LFW deep-funneled (250×250): eyes and mouth corners measured, the nose between them.
LFW_MEAN = np.float32([(103, 111), (146, 111), (125, 137), (109, 157), (141, 157)])
#: UTKFace's own alignment (200×200): eyes and the mouth's height are given, the rest by LFW's proportions.
UTKFACE_MEAN = np.float32([(55, 59), (145, 59), (100, 106), (67, 138), (133, 138)])
#: The ellipse of LFW's mean face, from brow to chin and cheek to cheek.
MEAN_CENTRE = np.float32([125, 130])
MEAN_AXES = np.float32([43, 58])  # half width, half height


def ellipse_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre (2,), half axes (2,) and rotation (radians) of the face's ellipse, from its landmarks."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    down = mouth - eyes
    # In profile the eyes move closer together, while the distance from eyes to mouth stays the same.
    length = float(np.linalg.norm(down)) + 1e-6
    across = float(np.linalg.norm(points[1] - points[0]))
    scale = 0.5 * (length / 46 + max(across / 43, 0.75 * length / 46))
    turn = float(np.arctan2(-down[0], down[1]))
    centre = eyes + down * (19 / 46)
    return centre, MEAN_AXES * scale, turn


def box_of(points: np.ndarray) -> np.ndarray:
    """(4,) float32 x, y, width, height: the upright box around the rotated ellipse."""
    centre, (a, b), turn = ellipse_of(points)
    half = np.array([np.hypot(a * np.cos(turn), b * np.sin(turn)), np.hypot(a * np.sin(turn), b * np.cos(turn))])
    return np.float32([*(centre - half), *(2 * half)])


def warped(
    picture: np.ndarray, move: np.ndarray, size: tuple[int, int], border: int = cv2.BORDER_CONSTANT
) -> np.ndarray:
    """``picture`` moved into a frame of ``size`` (W, H); averaged before it is shrunk, which avoids aliasing."""
    scale = float(np.sqrt(abs(np.linalg.det(move[:, :2]))))
    halvings = 0
    while scale < 0.6 and halvings < 3:
        picture = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        scale *= 2
        halvings += 1
    move = move.copy()
    move[:, :2] *= 2**halvings
    return cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR, borderMode=border)


def warped_mask(shape: tuple[int, ...], move: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) float32 of ``size`` (W, H): 1 where the moved picture of ``shape`` lies."""
    height, width = shape[:2]
    corners = np.float32([[(0, 0), (width, 0), (width, height), (0, height)]])
    mask = np.zeros(size[::-1], np.float32)
    cv2.fillConvexPoly(mask, np.int32(np.round(cv2.transform(corners, move)[0])), 1.0, cv2.LINE_AA)
    return mask


def mirrored(points: np.ndarray, width: int = WIDTH) -> np.ndarray:
    """Landmarks of the mirrored scene: the first eye is again the left one in the picture."""
    flipped = points[[1, 0, 2, 4, 3]].copy()
    flipped[:, 0] = width - 1 - flipped[:, 0]
    return flipped


def ellipse_mask(points: np.ndarray, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(H, W) bool of ``size`` (W, H): the face's ellipse."""
    centre, axes, turn = ellipse_of(points)
    mask = np.zeros(size[::-1], np.uint8)
    cv2.ellipse(mask, ((*map(float, centre),), (*map(float, 2 * axes),), float(np.degrees(turn))), 1, -1)
    return mask > 0


def contrast(picture: np.ndarray, points: np.ndarray, size: tuple[int, int] = SIZE) -> float:
    """Standard deviation of the smoothed grey levels inside the face's ellipse; infinite out of view."""
    mask = ellipse_mask(points, size)
    if not mask.any():
        return float("inf")
    grain = 2 * round(size[0] / WIDTH) + 1
    grey = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (grain, grain))
    return float(grey[mask].std())


def share_in_view(box: np.ndarray, size: tuple[int, int] = SIZE) -> float:
    """The share of ``box`` inside a picture of ``size`` (W, H), 0..1."""
    x, y, width, height = box
    seen_w = min(x + width, size[0]) - max(x, 0)
    seen_h = min(y + height, size[1]) - max(y, 0)
    return max(seen_w, 0) * max(seen_h, 0) / (width * height)
