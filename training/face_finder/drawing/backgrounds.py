"""Backgrounds of scenes: textures, rooms, parts of photographs beside the face; and the painter of all shapes."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from training.face_finder.geometry import WIDTH, box_of


class Painter:
    """Random colours and shapes for a scene of ``size`` (W, H). ``unit``: the scene's width divided by 160."""

    def __init__(self, rng: np.random.Generator, size: tuple[int, int]):
        self.rng = rng
        self.size = size
        self.unit = size[0] / WIDTH

    def colour(self) -> tuple[int, int, int]:
        return tuple(int(value) for value in self.rng.integers(0, 256, 3))

    def skin(self) -> tuple[int, int, int]:
        """BGR of skin, from dark to light."""
        red = self.rng.uniform(60, 245)
        green = red * self.rng.uniform(0.62, 0.86)
        return int(green * self.rng.uniform(0.7, 0.95)), int(green), int(red)

    def length(self, low: int, high: int) -> int:
        """A length from ``low`` to ``high`` - 1, in pixels of a scene 160 wide, converted to the scene's pixels."""
        return round(int(self.rng.integers(low, high)) * self.unit)

    def texture(self) -> np.ndarray:
        """(H, W, 3) uint8: noise of random grain between two colours."""
        grain = (int(self.rng.integers(2, 40)), int(self.rng.integers(2, 40)))
        noise = self.rng.uniform(0, 1, (*grain, 1 if self.rng.random() < 0.6 else 3)).astype(np.float32)
        smooth = cv2.resize(noise, self.size, interpolation=int(self.rng.choice([0, 1, 2])))
        smooth = smooth.reshape(self.size[1], self.size[0], -1)
        one, other = np.float32(self.colour()), np.float32(self.colour())
        return np.uint8(np.clip(one + (other - one) * smooth, 0, 255))

    def blob(self, picture: np.ndarray, centre: np.ndarray, size: tuple[float, float], angle: float) -> None:
        """Draw an ellipse of ``size`` (full axes, pixels), in one colour or textured."""
        colour = self.colour()
        box = ((float(centre[0]), float(centre[1])), (float(max(size[0], 1)), float(max(size[1], 1))), angle)
        if self.rng.random() < 0.4:
            mask = np.zeros(self.size[::-1], np.uint8)
            cv2.ellipse(mask, box, 255, -1)
            texture = self.texture()
            picture[mask > 0] = texture[mask > 0]
        else:
            cv2.ellipse(picture, box, colour, -1)


class Backgrounds:
    """Pictures without a face, drawn by ``painter`` or cut from ``photographs``: pictures with one face's landmarks."""

    def __init__(self, painter: Painter, photographs: Sequence[tuple[np.ndarray, np.ndarray]]):
        self._painter = painter
        self._photographs = photographs

    def draw(self) -> np.ndarray:
        """(H, W, 3) uint8 without a face."""
        kind = self._painter.rng.random()
        if kind < 0.6 and self._photographs:
            return self._photograph_without_face()
        if kind < 0.8:
            return self._painter.texture()
        return self._room()

    def _photograph_without_face(self) -> np.ndarray:
        """A part of a photograph beside or below the face, sometimes rotated by 90°."""
        rng = self._painter.rng
        picture, points = self._photographs[int(rng.integers(len(self._photographs)))]
        x, y, width, height = box_of(points)
        side = picture.shape[0]
        # The head with its hair is wider than the face's ellipse.
        left, right = int(x - 0.25 * width), int(x + 1.25 * width)
        strips = [strip for strip in (picture[:, :left], picture[:, right:]) if left > 25 and strip.shape[1] > 25]
        below = int(y + 1.25 * height)
        if side - below > 25:
            strips.append(picture[below:])
        if not strips:
            return self._painter.texture()
        strip = strips[int(rng.integers(len(strips)))]
        h, w = strip.shape[:2]
        cut_h, cut_w = max(12, int(h * rng.uniform(0.4, 1))), max(12, int(w * rng.uniform(0.6, 1)))
        top, start = int(rng.integers(0, h - cut_h + 1)), int(rng.integers(0, w - cut_w + 1))
        cut = strip[top : top + cut_h, start : start + cut_w]
        if rng.random() < 0.3:
            cut = np.rot90(cut)
        return cv2.resize(np.ascontiguousarray(cut), self._painter.size, interpolation=cv2.INTER_CUBIC)

    def _room(self) -> np.ndarray:
        """Rectangles, lines and circles: a wall with furniture at a width of 160 pixels."""
        painter, rng = self._painter, self._painter.rng
        across = np.linspace(0, 1, painter.size[0], dtype=np.float32)[None, :, None]
        one, other = np.float32(painter.colour()), np.float32(painter.colour())
        picture = np.uint8(np.broadcast_to(one + (other - one) * across, (*painter.size[::-1], 3)).copy())
        for _ in range(int(rng.integers(2, 12))):
            start, end = (np.int32(rng.integers(-20, 180, 2) * painter.unit).tolist() for _ in range(2))
            kind = rng.random()
            if kind < 0.4:
                cv2.rectangle(picture, start, end, painter.colour(), -1)
            elif kind < 0.7:
                cv2.line(picture, start, end, painter.colour(), painter.length(1, 8), cv2.LINE_AA)
            else:
                cv2.circle(picture, start, painter.length(2, 40), painter.colour(), -1, cv2.LINE_AA)
        return picture
