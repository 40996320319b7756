"""Scenes like those of webcams, made from LFW and UTKFace: the finder's training and test pictures.

In: faces with landmarks, a NumPy generator. Out: uint8 BGR pictures, 4:3, with the faces' boxes and landmarks. The
surroundings of a face vary most: a network that trains on LFW alone learns hair, collars and pasted rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from feelharmonic.reading.faces.boxes import iou
from training.face_finder.drawing.backgrounds import Backgrounds, Painter
from training.face_finder.drawing.camera_effects import Camera
from training.face_finder.drawing.signs import TRAINING_KINDS, Signs
from training.face_finder.geometry import (
    HEIGHT,
    WIDTH,
    box_of,
    ellipse_mask,
    ellipse_of,
    mirrored,
    share_in_view,
    warped,
    warped_mask,
)

MAX_FACES = 4
#: With a smaller share of its box in view, a face counts neither as a hit nor as a miss.
MIN_SHARE_IN_VIEW = 0.45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A picture with one face."""

    picture: np.ndarray  # (H, W, 3) uint8 BGR
    points: np.ndarray  # (5, 2) float32 landmarks
    tight: bool  # UTKFace's framing: the face fills the picture


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A picture with the faces that the finder should find in it."""

    picture: np.ndarray  # (H, W, 3) uint8 BGR
    boxes: np.ndarray  # (N, 4) float32 x, y, width, height
    points: np.ndarray  # (N, 5, 2) float32 landmarks
    roll_deg: np.ndarray  # (N,) float32
    ignored: np.ndarray  # (M, 4) float32 boxes of faces mostly out of view, which are left out of loss and figures


class SceneMaker:
    """Makes scenes ``width`` pixels wide from ``faces``; all random numbers come from ``rng``."""

    def __init__(self, faces: list[Source], rng: np.random.Generator, width: int = WIDTH):
        self.rng = rng
        self.size = (width, round(width * HEIGHT / WIDTH))
        self._wide = [face for face in faces if not face.tight]
        self._tight = [face for face in faces if face.tight]
        self._painter = Painter(rng, self.size)
        self._backgrounds = Backgrounds(self._painter, [(face.picture, face.points) for face in self._wide])
        self._camera = Camera(rng, self.size)

    # ---------- whole scenes ----------

    def scene(
        self, *, roll_deg: float = 40.0, faceless: float = 0.22, fixed: Source | None = None, signs: float = 0.0
    ) -> Scene:
        """A scene; ``roll_deg``: largest tilt; ``faceless``: share without a face; ``fixed``: the one face to show;
        ``signs``: share with things behind the faces that are taken for some."""
        picture = self._backgrounds.draw()
        if signs and self.rng.random() < signs:
            picture = Signs(self._painter, TRAINING_KINDS).add(picture)
        faces: list[np.ndarray] = []
        if fixed is None and self.rng.random() < faceless:
            picture = self._without_face(picture)
        else:
            alone = fixed is not None or self.rng.random() < 0.8
            count = 1 if alone else int(self.rng.integers(2, MAX_FACES + 1))
            for i in range(count):
                picture = self._with_face(picture, faces, roll_deg, fixed, crowded=count > 1, first=i == 0)
        if self.rng.random() < 0.25 and faces:
            self._cover(picture, faces[0])
        return self._finished(self._camera.take(picture, faces), faces)

    def signs(self, kinds: tuple[str, ...] = TRAINING_KINDS) -> Scene:
        """A scene without a face, with things of these kinds that are taken for faces."""
        picture = Signs(self._painter, kinds).add(self._backgrounds.draw())
        return self._finished(self._camera.take(picture, []), [])

    def parts(self) -> Scene:
        """A scene without a face, with ears, necks, hair and single eyes or mouths."""
        picture = self._backgrounds.draw()
        for _ in range(int(self.rng.integers(1, 5))):
            picture = self._with_part(picture)
        return self._finished(self._camera.take(picture, []), [])

    def photograph(self, source: Source) -> Scene:
        """``source`` as a whole photograph, moved and scaled at random, half of the time with camera effects."""
        move = self._placing(source, 20.0, crowded=False)
        points = cv2.transform(source.points[None], move)[0]
        picture = self._whole_photograph(self._backgrounds.draw(), source, move)
        taken = self._camera.take(picture, [points]) if self.rng.random() < 0.5 else picture
        return self._finished(taken, [points])

    def _finished(self, picture: np.ndarray, faces: list[np.ndarray]) -> Scene:
        if self.rng.random() < 0.5:
            picture = picture[:, ::-1]
            faces = [mirrored(points, self.size[0]) for points in faces]
        boxes = np.array([box_of(points) for points in faces], np.float32).reshape(-1, 4)
        points = np.array(faces, np.float32).reshape(-1, 5, 2)
        in_view = np.array([share_in_view(box, self.size) >= MIN_SHARE_IN_VIEW for box in boxes], bool)
        roll = np.array([np.degrees(ellipse_of(face)[2]) for face in faces], np.float32)
        return Scene(
            picture=np.ascontiguousarray(picture),
            boxes=boxes[in_view],
            points=points[in_view],
            roll_deg=roll[in_view],
            ignored=boxes[~in_view],
        )

    def _with_face(
        self,
        picture: np.ndarray,
        faces: list[np.ndarray],
        roll_deg: float,
        fixed: Source | None,
        *,
        crowded: bool,
        first: bool,
    ) -> np.ndarray:
        source = fixed or self._any_face()
        for _ in range(8):
            move = self._placing(source, roll_deg, crowded)
            points = cv2.transform(source.points[None], move)[0]
            box = box_of(points)
            if all(iou(box, box_of(other)) < 0.05 for other in faces):
                break
        else:
            return picture
        if not source.tight and first and not crowded and self.rng.random() < 0.55:
            picture = self._whole_photograph(picture, source, move)
        else:
            before = picture.copy()
            picture = self._pasted(picture, source, move, points)
            for other in faces:  # earlier faces stay in front: hair and shoulders must not hide a labelled face
                front = ellipse_mask(other, self.size)
                picture[front] = before[front]
        faces.append(points)
        return picture

    def _any_face(self) -> Source:
        pool = self._tight if self._tight and (not self._wide or self.rng.random() < 0.5) else self._wide
        return pool[int(self.rng.integers(len(pool)))]

    def _placing(self, source: Source, roll_deg: float, crowded: bool) -> np.ndarray:
        """(2, 3) float32: the affine map from the source's pixels to the scene's."""
        centre, axes, turn = ellipse_of(source.points)
        tallest = 0.5 if crowded else 0.95
        height = self.size[1] * float(np.exp(self.rng.uniform(np.log(0.12), np.log(tallest))))
        scale = height / (2 * axes[1])
        turned = np.radians(self.rng.uniform(-roll_deg, roll_deg)) if self.rng.random() < 0.7 else 0.0
        turned -= turn * self.rng.uniform(0, 1)
        # Mostly in view; sometimes cut by the edge.
        reach = 0.5 * height if self.rng.random() < 0.8 else 0.1 * height
        aim = [
            self.rng.uniform(min(near, length / 2), max(length - near, length / 2))
            for near, length in zip((reach * 0.8, reach), self.size, strict=True)
        ]
        stretch = self.rng.uniform(0.92, 1.08)
        cos, sin = np.cos(turned) * scale, np.sin(turned) * scale
        linear = np.array([[cos * stretch, -sin], [sin * stretch, cos]])
        return np.float32(np.hstack([linear, (np.array(aim) - linear @ centre)[:, None]]))

    # ---------- placing a face ----------

    def _whole_photograph(self, picture: np.ndarray, source: Source, move: np.ndarray) -> np.ndarray:
        # Never reflected at the border: the mirror images would be faces without a label.
        if self.rng.random() < 0.4:
            return warped(source.picture, move, self.size, cv2.BORDER_REPLICATE)
        inside = warped_mask(source.picture.shape, move, self.size)[..., None] > 0.5
        return np.where(inside, warped(source.picture, move, self.size), picture)

    def _pasted(self, picture: np.ndarray, source: Source, move: np.ndarray, points: np.ndarray) -> np.ndarray:
        if self.rng.random() < (0.75 if source.tight else 0.3):
            self._head_and_body(picture, points)
        layer = warped(source.picture, move, self.size, cv2.BORDER_REFLECT_101)
        if self.rng.random() < 0.5:
            layer = self._recoloured(layer, picture, points)
        alpha = self._mask(source, move, points)[..., None]
        return np.uint8(layer * alpha + picture * (1 - alpha) + 0.5)

    def _mask(self, source: Source, move: np.ndarray, points: np.ndarray) -> np.ndarray:
        """(H, W) float32 0..1: the opacity of the source's picture in the scene."""
        centre, axes, turn = ellipse_of(points)
        kind = self.rng.random()
        inside = warped_mask(source.picture.shape, move, self.size)
        if kind < (0.25 if source.tight else 0.12):
            return inside  # the pasted rectangle itself
        grown = axes * (self.rng.uniform(0.92, 1.25) if source.tight else self.rng.uniform(0.95, 1.9))
        mask = np.zeros(self.size[::-1], np.float32)
        raised = 0.0 if source.tight else self.rng.uniform(0, 0.25)  # a head reaches higher than its face
        shift = centre - np.array([-np.sin(turn), np.cos(turn)]) * axes[1] * raised
        cv2.ellipse(
            mask,
            ((float(shift[0]), float(shift[1])), (float(2 * grown[0]), float(2 * grown[1])), float(np.degrees(turn))),
            1.0,
            -1,
        )
        soft = float(axes[1]) * self.rng.uniform(0.02, 0.3)
        if soft > 0.4 * self._painter.unit:
            mask = cv2.GaussianBlur(mask, (0, 0), min(soft, 12.0 * self._painter.unit))
        return mask * inside if source.tight and self.rng.random() < 0.6 else mask

    def _recoloured(self, layer: np.ndarray, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """``layer`` with another brightness and colour cast."""
        gain = self.rng.uniform(0.6, 1.4) * self.rng.uniform(0.85, 1.15, 3)
        return np.uint8(np.clip(layer * gain, 0, 255))

    def _head_and_body(self, picture: np.ndarray, points: np.ndarray) -> None:
        """Blobs behind the face, of any colour, as hair or hood, neck and shoulders."""
        centre, (a, b), turn = ellipse_of(points)
        down = np.array([-np.sin(turn), np.cos(turn)])
        angle = float(np.degrees(turn))
        if self.rng.random() < 0.6:
            self._painter.blob(picture, centre + down * b * self.rng.uniform(1.5, 2.2), (a * 3.4, b * 1.8), angle)
            self._painter.blob(picture, centre + down * b * 0.95, (a * 1.1, b * 1.1), angle)
        if self.rng.random() < 0.7:
            scale = self.rng.uniform(1.1, 1.5)
            top = centre - down * b * self.rng.uniform(0.1, 0.4)
            self._painter.blob(picture, top, (2 * a * scale, 2 * b * scale), angle)

    def _cover(self, picture: np.ndarray, points: np.ndarray) -> None:
        """Cover the mouth or an eye as a hand, a cup or hair does, or draw glasses."""
        _, (a, b), turn = ellipse_of(points)
        kind = self.rng.random()
        if kind < 0.3:
            self._glasses(picture, points)
            return
        at = points[int(self.rng.choice([0, 1, 3, 4]))] if kind < 0.8 else points[3:].mean(axis=0)
        size = (a * self.rng.uniform(0.5, 1.1), b * self.rng.uniform(0.3, 0.7))
        colour = self._painter.skin() if self.rng.random() < 0.5 else self._painter.colour()
        angle = float(np.degrees(turn) + self.rng.uniform(-60, 60))
        shift = self.rng.normal(0, 0.15, 2) * b
        box = ((*map(float, at + shift),), (float(size[0]) + 1, float(size[1]) + 1), angle)
        if self.rng.random() < 0.6:
            cv2.ellipse(picture, box, colour, -1)
        else:
            cv2.fillConvexPoly(picture, np.int32(cv2.boxPoints(box)), colour)

    def _glasses(self, picture: np.ndarray, points: np.ndarray) -> None:
        _, (a, _b), turn = ellipse_of(points)
        colour, wide = self._painter.colour(), max(1, round(float(a) * 0.06))
        filled = -1 if self.rng.random() < 0.25 else wide
        for eye in points[:2]:
            box = ((*map(float, eye),), (float(a) * 0.75 + 1, float(a) * 0.55 + 1), float(np.degrees(turn)))
            cv2.ellipse(picture, box, colour, filled, cv2.LINE_AA)
        cv2.line(picture, np.int32(points[0]).tolist(), np.int32(points[1]).tolist(), colour, wide, cv2.LINE_AA)

    # ---------- scenes without a face ----------

    def _without_face(self, picture: np.ndarray) -> np.ndarray:
        """Things that look like a face: heads without one, pasted shapes, skin, shuffled faces."""
        kind = self.rng.random()
        if kind < 0.4:
            source = self._any_face()
            move = self._placing(source, 40, crowded=False)
            points = cv2.transform(source.points[None], move)[0]
            if source.tight:
                self._head_and_body(picture, points)
            else:
                picture = self._whole_photograph(picture, source, move)
            return self._face_replaced(picture, points)
        if kind < 0.6:
            return self._shuffled(picture)
        if kind < 0.8:
            for _ in range(int(self.rng.integers(1, 6))):
                centre = self.rng.uniform((0, 0), self.size)
                size = self.rng.uniform(10, 90, 2) * self._painter.unit
                box = ((*map(float, centre),), (*map(float, size),), float(self.rng.uniform(0, 180)))
                colour = self._painter.skin() if self.rng.random() < 0.6 else self._painter.colour()
                if self.rng.random() < 0.6:
                    cv2.ellipse(picture, box, colour, -1, cv2.LINE_AA)
                else:
                    cv2.fillConvexPoly(picture, np.int32(cv2.boxPoints(box)), colour)
        return picture

    def _with_part(self, picture: np.ndarray) -> np.ndarray:
        """``picture`` with a part of a head that is no face: what lies beside it, above or below, or one feature."""
        source = self._any_face()
        centre, (a, b), _ = ellipse_of(source.points)
        if self.rng.random() < 0.7:
            places = ((-1.15, 0), (1.15, 0), (0, 1.5), (0, -1.4), (-1.2, 0.9), (1.2, 0.9))
            at = centre + np.array(places[int(self.rng.integers(len(places)))]) * (a, b)
            half = np.array([0.45 * a, 0.45 * b]) * self.rng.uniform(0.6, 1.3)
        else:
            at = source.points[int(self.rng.integers(len(source.points)))]
            half = np.array([0.4 * a, 0.25 * b]) * self.rng.uniform(0.7, 1.2)
        side = source.picture.shape[0]
        low, high = (np.clip(at + way * half, 0, side).astype(int) for way in (-1, 1))
        if (high - low).min() < 8:
            return picture
        part = source.picture[low[1] : high[1], low[0] : high[0]]
        height = self.size[1] * float(np.exp(self.rng.uniform(np.log(0.1), np.log(0.8))))
        scale = height / part.shape[0]
        turn = self.rng.uniform(-0.6, 0.6)
        linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        middle = np.array(part.shape[1::-1]) / 2
        move = np.float32(np.hstack([linear, (self.rng.uniform((0, 0), self.size) - linear @ middle)[:, None]]))
        alpha = np.zeros(part.shape[:2], np.float32)
        if self.rng.random() < 0.3:
            alpha[:] = 1
        else:
            box = ((*map(float, middle),), (float(part.shape[1]), float(part.shape[0])), 0.0)
            cv2.ellipse(alpha, box, 1.0, -1)
        laid = warped(part, move, self.size)
        mask = cv2.GaussianBlur(warped(alpha, move, self.size), (0, 0), max(0.5, 0.03 * height))[..., None]
        return np.uint8(laid * mask + picture * (1 - mask))

    def _face_replaced(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """``picture`` with the face painted over, eyes and mouth included."""
        centre, axes, turn = ellipse_of(points)
        mask = np.zeros(self.size[::-1], np.float32)
        grown = axes * self.rng.uniform(1.05, 1.3)
        box = ((*map(float, centre),), (*map(float, 2 * grown),), float(np.degrees(turn)))
        cv2.ellipse(mask, box, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, float(axes[1]) * 0.06))
        kind = self.rng.random()
        if kind < 0.45:
            filling = np.full_like(picture, self._painter.skin())
            shade = np.linspace(self.rng.uniform(0.6, 1), self.rng.uniform(0.6, 1), self.size[0])[None, :, None]
            filling = np.uint8(filling * shade)
        elif kind < 0.7:
            filling = self._painter.texture()
        else:
            filling = np.ascontiguousarray(self._backgrounds.draw()[::-1])
        alpha = mask[..., None]
        return np.uint8(filling * alpha + picture * (1 - alpha))

    def _shuffled(self, picture: np.ndarray) -> np.ndarray:
        """Patches of a face in the wrong order: its colours and edges without its structure."""
        source = self._any_face()
        move = self._placing(source, 40, crowded=False)
        layer = warped(source.picture, move, self.size, cv2.BORDER_REFLECT_101)
        x, y, width, height = box_of(cv2.transform(source.points[None], move)[0])
        pieces = int(self.rng.integers(4, 7))
        rows = slice(max(0, int(y)), max(1, int(y + height)) + 1)
        columns = slice(max(0, int(x)), max(1, int(x + width)) + 1)
        side = round(60 * self._painter.unit)
        patch = cv2.resize(layer[rows, columns], (side, side))
        step = side // pieces
        starts = [(i * step, j * step) for i in range(pieces) for j in range(pieces)]
        tiles = [patch[i : i + step, j : j + step] for i, j in starts]
        order = self.rng.permutation(len(tiles))
        lines = [np.hstack([tiles[order[i * pieces + j]] for j in range(pieces)]) for i in range(pieces)]
        mixed = cv2.resize(np.vstack(lines), (max(8, int(width)), max(8, int(height))))
        edge = round(10 * self._painter.unit)
        left, top = (int(self.rng.integers(-edge, length - edge)) for length in self.size)
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(self.size[0], left + mixed.shape[1]), min(self.size[1], top + mixed.shape[0])
        if x2 > x1 and y2 > y1:
            picture[y1:y2, x1:x2] = mixed[y1 - top : y2 - top, x1 - left : x2 - left]
        return picture
