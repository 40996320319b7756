"""Scenes as webcams see them, made from LFW and UTKFace: the finder's training and test pictures.

In: faces with landmarks, a NumPy generator. Out: uint8 BGR pictures, 4:3, with the faces' boxes and landmarks.
What surrounds a face varies above all: a net that sees LFW alone learns hair, collars and pasted rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

#: What the network takes of a 4:3 frame; scenes may be made in another size. Lengths below are in these pixels.
WIDTH, HEIGHT = 160, 120
SIZE = (WIDTH, HEIGHT)

#: The mean face of LFW (250×250): landmarks as in finder_labels, and the ellipse from brow to chin, cheek to cheek.
MEAN_POINTS = np.float32([(103, 111), (146, 111), (125, 137), (109, 157), (141, 157)])
MEAN_CENTRE = np.float32([125, 130])
MEAN_AXES = np.float32([43, 58])  # half width, half height

MOST_FACES = 4
#: A face of which less than this share of its ellipse's box is in view is not asked for, nor held against the finder.
LEAST_IN_VIEW = 0.45
#: The standard deviation, in grey levels of 255, below which a face cannot be told from the dark around it by eye.
LEAST_CONTRAST = 7.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Source:
    """A picture with one face: ``picture`` (H, W, 3) uint8, ``points`` (5, 2) float32, ``tight``: UTKFace's framing."""

    picture: np.ndarray
    points: np.ndarray
    tight: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """``picture`` (H, W, 3) uint8 BGR; ``boxes`` (N, 4) float32 x, y, width, height; ``points`` (N, 5, 2) float32;
    ``roll_deg`` (N,); ``unsure`` (M, 4) boxes of faces mostly out of view."""

    picture: np.ndarray
    boxes: np.ndarray
    points: np.ndarray
    roll_deg: np.ndarray
    unsure: np.ndarray


def similarity(points: np.ndarray) -> np.ndarray:
    """(2, 3) float32: the similarity that takes the mean face to ``points`` (5, 2), least squares."""
    return np.float32(cv2.estimateAffinePartial2D(MEAN_POINTS, points, method=cv2.LMEDS)[0])


def ellipse_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre (2,), half axes (2,) and turn (radians) of the face's ellipse, from its five landmarks."""
    eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
    down = mouth - eyes
    # In a face turned away the eyes come closer together, while eyes and mouth keep their distance.
    length = float(np.linalg.norm(down)) + 1e-6
    across = float(np.linalg.norm(points[1] - points[0]))
    scale = 0.5 * (length / 46 + max(across / 43, 0.75 * length / 46))
    turn = float(np.arctan2(-down[0], down[1]))
    centre = eyes + down * (19 / 46)
    return centre, MEAN_AXES * scale, turn


def box_of(points: np.ndarray) -> np.ndarray:
    """(4,) float32: the upright box around the turned ellipse."""
    centre, (a, b), turn = ellipse_of(points)
    half = np.array([np.hypot(a * np.cos(turn), b * np.sin(turn)), np.hypot(a * np.sin(turn), b * np.cos(turn))])
    return np.float32([*(centre - half), *(2 * half)])


class SceneMaker:
    """Makes scenes from ``faces`` (Sources), ``width`` pixels wide; all chance comes from ``chance``."""

    def __init__(self, faces: list[Source], chance: np.random.Generator, width: int = WIDTH):
        self.size = (width, round(width * HEIGHT / WIDTH))
        self._unit = width / WIDTH
        self._wide = [face for face in faces if not face.tight]
        self._tight = [face for face in faces if face.tight]
        self.chance = chance

    # ---------- whole scenes ----------

    def scene(self, *, roll_deg: float = 40.0, faceless: float = 0.22, fixed: Source | None = None) -> Scene:
        """One scene; ``roll_deg``: widest tilt; ``faceless``: share without a face; ``fixed``: the face to show."""
        picture = self.background()
        faces: list[np.ndarray] = []
        if fixed is None and self.chance.random() < faceless:
            picture = self._without_face(picture)
        else:
            alone = fixed is not None or self.chance.random() < 0.8
            count = 1 if alone else int(self.chance.integers(2, MOST_FACES + 1))
            for i in range(count):
                picture = self._with_face(picture, faces, roll_deg, fixed, crowded=count > 1, first=i == 0)
        if self.chance.random() < 0.25 and faces:
            self._cover(picture, faces[0])
        return self._finished(self._seen_by_a_camera(picture, faces), faces)

    def photograph(self, source: Source) -> Scene:
        """``source`` whole, in a framing of its own, half of the time as a camera sees it."""
        move = self._placing(source, 20.0, crowded=False)
        points = cv2.transform(source.points[None], move)[0]
        picture = self._whole_photograph(self.background(), source, move)
        seen = self._seen_by_a_camera(picture, [points]) if self.chance.random() < 0.5 else picture
        return self._finished(seen, [points])

    def _finished(self, picture: np.ndarray, faces: list[np.ndarray]) -> Scene:
        if self.chance.random() < 0.5:
            picture = picture[:, ::-1]
            faces = [mirrored(points, self.size[0]) for points in faces]
        boxes = np.array([box_of(points) for points in faces], np.float32).reshape(-1, 4)
        points = np.array(faces, np.float32).reshape(-1, 5, 2)
        seen = np.array([share_in_view(box, self.size) >= LEAST_IN_VIEW for box in boxes], bool)
        roll = np.array([np.degrees(ellipse_of(face)[2]) for face in faces], np.float32)
        return Scene(
            picture=np.ascontiguousarray(picture),
            boxes=boxes[seen],
            points=points[seen],
            roll_deg=roll[seen],
            unsure=boxes[~seen],
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
        if not source.tight and first and not crowded and self.chance.random() < 0.55:
            picture = self._whole_photograph(picture, source, move)
        else:
            before = picture.copy()
            picture = self._pasted(picture, source, move, points)
            for other in faces:  # who came first stands in front: no hair or shoulder hides a face that is asked for
                front = ellipse_mask(other, self.size)
                picture[front] = before[front]
        faces.append(points)
        return picture

    def _any_face(self) -> Source:
        pool = self._tight if self._tight and (not self._wide or self.chance.random() < 0.5) else self._wide
        return pool[int(self.chance.integers(len(pool)))]

    def _placing(self, source: Source, roll_deg: float, crowded: bool) -> np.ndarray:
        """(2, 3): where the source's pixels fall in the scene."""
        centre, axes, turn = ellipse_of(source.points)
        tallest = 0.5 if crowded else 0.95
        height = self.size[1] * float(np.exp(self.chance.uniform(np.log(0.12), np.log(tallest))))
        scale = height / (2 * axes[1])
        turned = np.radians(self.chance.uniform(-roll_deg, roll_deg)) if self.chance.random() < 0.7 else 0.0
        turned -= turn * self.chance.uniform(0, 1)
        # Mostly in view; sometimes cut by the edge.
        reach = 0.5 * height if self.chance.random() < 0.8 else 0.1 * height
        aim = [
            self.chance.uniform(min(near, length / 2), max(length - near, length / 2))
            for near, length in zip((reach * 0.8, reach), self.size, strict=True)
        ]
        stretch = self.chance.uniform(0.92, 1.08)
        cos, sin = np.cos(turned) * scale, np.sin(turned) * scale
        linear = np.array([[cos * stretch, -sin], [sin * stretch, cos]])
        return np.float32(np.hstack([linear, (np.array(aim) - linear @ centre)[:, None]]))

    # ---------- laying a face into the scene ----------

    def _whole_photograph(self, picture: np.ndarray, source: Source, move: np.ndarray) -> np.ndarray:
        # Never reflected: the photograph's mirror images would be faces that no label tells of.
        if self.chance.random() < 0.4:
            return warped(source.picture, move, self.size, cv2.BORDER_REPLICATE)
        inside = warped_mask(source.picture.shape, move, self.size)[..., None] > 0.5
        return np.where(inside, warped(source.picture, move, self.size), picture)

    def _pasted(self, picture: np.ndarray, source: Source, move: np.ndarray, points: np.ndarray) -> np.ndarray:
        if self.chance.random() < (0.75 if source.tight else 0.3):
            self._head_and_body(picture, points)
        layer = warped(source.picture, move, self.size, cv2.BORDER_REFLECT_101)
        if self.chance.random() < 0.5:
            layer = self._recoloured(layer, picture, points)
        alpha = self._mask(source, move, points)[..., None]
        return np.uint8(layer * alpha + picture * (1 - alpha) + 0.5)

    def _mask(self, source: Source, move: np.ndarray, points: np.ndarray) -> np.ndarray:
        """(120, 160) float32 0..1: which part of the source's picture is laid on."""
        centre, axes, turn = ellipse_of(points)
        kind = self.chance.random()
        inside = warped_mask(source.picture.shape, move, self.size)
        if kind < (0.25 if source.tight else 0.12):
            return inside  # the pasted rectangle itself
        grown = axes * (self.chance.uniform(0.92, 1.25) if source.tight else self.chance.uniform(0.95, 1.9))
        mask = np.zeros(self.size[::-1], np.float32)
        raised = 0.0 if source.tight else self.chance.uniform(0, 0.25)  # a head reaches higher than its face
        shift = centre - np.array([-np.sin(turn), np.cos(turn)]) * axes[1] * raised
        cv2.ellipse(
            mask,
            ((float(shift[0]), float(shift[1])), (float(2 * grown[0]), float(2 * grown[1])), float(np.degrees(turn))),
            1.0,
            -1,
        )
        soft = float(axes[1]) * self.chance.uniform(0.02, 0.3)
        if soft > 0.4 * self._unit:
            mask = cv2.GaussianBlur(mask, (0, 0), min(soft, 12.0 * self._unit))
        return mask * inside if source.tight and self.chance.random() < 0.6 else mask

    def _recoloured(self, layer: np.ndarray, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The layer in a light of its own."""
        gain = self.chance.uniform(0.6, 1.4) * self.chance.uniform(0.85, 1.15, 3)
        return np.uint8(np.clip(layer * gain, 0, 255))

    def _head_and_body(self, picture: np.ndarray, points: np.ndarray) -> None:
        """Hair, hood or nothing, a neck, shoulders: blobs behind the face, of any colour."""
        centre, (a, b), turn = ellipse_of(points)
        down = np.array([-np.sin(turn), np.cos(turn)])
        angle = float(np.degrees(turn))
        if self.chance.random() < 0.6:
            self._blob(picture, centre + down * b * self.chance.uniform(1.5, 2.2), (a * 3.4, b * 1.8), angle)
            self._blob(picture, centre + down * b * 0.95, (a * 1.1, b * 1.1), angle)
        if self.chance.random() < 0.7:
            size = self.chance.uniform(1.1, 1.5)
            self._blob(picture, centre - down * b * self.chance.uniform(0.1, 0.4), (2 * a * size, 2 * b * size), angle)

    def _blob(self, picture: np.ndarray, centre: np.ndarray, size: tuple[float, float], angle: float) -> None:
        colour = self._colour()
        box = ((float(centre[0]), float(centre[1])), (float(max(size[0], 1)), float(max(size[1], 1))), angle)
        if self.chance.random() < 0.4:
            mask = np.zeros(self.size[::-1], np.uint8)
            cv2.ellipse(mask, box, 255, -1)
            texture = self._texture()
            picture[mask > 0] = texture[mask > 0]
        else:
            cv2.ellipse(picture, box, colour, -1)

    def _cover(self, picture: np.ndarray, points: np.ndarray) -> None:
        """A hand, a cup, a strand over the mouth or an eye; or glasses."""
        _, (a, b), turn = ellipse_of(points)
        kind = self.chance.random()
        if kind < 0.3:
            self._glasses(picture, points)
            return
        at = points[int(self.chance.choice([0, 1, 3, 4]))] if kind < 0.8 else points[3:].mean(axis=0)
        size = (a * self.chance.uniform(0.5, 1.1), b * self.chance.uniform(0.3, 0.7))
        colour = self._skin() if self.chance.random() < 0.5 else self._colour()
        angle = float(np.degrees(turn) + self.chance.uniform(-60, 60))
        shift = self.chance.normal(0, 0.15, 2) * b
        box = ((*map(float, at + shift),), (float(size[0]) + 1, float(size[1]) + 1), angle)
        if self.chance.random() < 0.6:
            cv2.ellipse(picture, box, colour, -1)
        else:
            cv2.fillConvexPoly(picture, np.int32(cv2.boxPoints(box)), colour)

    def _glasses(self, picture: np.ndarray, points: np.ndarray) -> None:
        _, (a, _b), turn = ellipse_of(points)
        colour, wide = self._colour(), max(1, round(float(a) * 0.06))
        filled = -1 if self.chance.random() < 0.25 else wide
        for eye in points[:2]:
            box = ((*map(float, eye),), (float(a) * 0.75 + 1, float(a) * 0.55 + 1), float(np.degrees(turn)))
            cv2.ellipse(picture, box, colour, filled, cv2.LINE_AA)
        cv2.line(picture, np.int32(points[0]).tolist(), np.int32(points[1]).tolist(), colour, wide, cv2.LINE_AA)

    # ---------- scenes without a face ----------

    def _without_face(self, picture: np.ndarray) -> np.ndarray:
        """Whatever else may look like one: heads without faces, pasted shapes, skin, shuffled faces."""
        kind = self.chance.random()
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
            for _ in range(int(self.chance.integers(1, 6))):
                centre = self.chance.uniform((0, 0), self.size)
                size = self.chance.uniform(10, 90, 2) * self._unit
                box = ((*map(float, centre),), (*map(float, size),), float(self.chance.uniform(0, 180)))
                colour = self._skin() if self.chance.random() < 0.6 else self._colour()
                if self.chance.random() < 0.6:
                    cv2.ellipse(picture, box, colour, -1, cv2.LINE_AA)
                else:
                    cv2.fillConvexPoly(picture, np.int32(cv2.boxPoints(box)), colour)
        return picture

    def _face_replaced(self, picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        """The face's place filled with something that is none; nothing of eyes and mouth is left."""
        centre, axes, turn = ellipse_of(points)
        mask = np.zeros(self.size[::-1], np.float32)
        grown = axes * self.chance.uniform(1.05, 1.3)
        box = ((*map(float, centre),), (*map(float, 2 * grown),), float(np.degrees(turn)))
        cv2.ellipse(mask, box, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), max(0.5, float(axes[1]) * 0.06))
        kind = self.chance.random()
        if kind < 0.45:
            filling = np.full_like(picture, self._skin())
            shade = np.linspace(self.chance.uniform(0.6, 1), self.chance.uniform(0.6, 1), self.size[0])[None, :, None]
            filling = np.uint8(filling * shade)
        elif kind < 0.7:
            filling = self._texture()
        else:
            filling = np.ascontiguousarray(self.background()[::-1])
        alpha = mask[..., None]
        return np.uint8(filling * alpha + picture * (1 - alpha))

    def _shuffled(self, picture: np.ndarray) -> np.ndarray:
        """Patches of a face in a wrong order: all its colours and edges, none of its sense."""
        source = self._any_face()
        move = self._placing(source, 40, crowded=False)
        layer = warped(source.picture, move, self.size, cv2.BORDER_REFLECT_101)
        x, y, width, height = box_of(cv2.transform(source.points[None], move)[0])
        pieces = int(self.chance.integers(4, 7))
        rows = slice(max(0, int(y)), max(1, int(y + height)) + 1)
        columns = slice(max(0, int(x)), max(1, int(x + width)) + 1)
        side = round(60 * self._unit)
        patch = cv2.resize(layer[rows, columns], (side, side))
        step = side // pieces
        starts = [(i * step, j * step) for i in range(pieces) for j in range(pieces)]
        tiles = [patch[i : i + step, j : j + step] for i, j in starts]
        order = self.chance.permutation(len(tiles))
        lines = [np.hstack([tiles[order[i * pieces + j]] for j in range(pieces)]) for i in range(pieces)]
        mixed = cv2.resize(np.vstack(lines), (max(8, int(width)), max(8, int(height))))
        edge = round(10 * self._unit)
        left, top = (int(self.chance.integers(-edge, length - edge)) for length in self.size)
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(self.size[0], left + mixed.shape[1]), min(self.size[1], top + mixed.shape[0])
        if x2 > x1 and y2 > y1:
            picture[y1:y2, x1:x2] = mixed[y1 - top : y2 - top, x1 - left : x2 - left]
        return picture

    # ---------- what lies behind ----------

    def background(self) -> np.ndarray:
        """(H, W, 3) uint8 without a face."""
        kind = self.chance.random()
        if kind < 0.6 and self._wide:
            return self._photograph_without_face()
        if kind < 0.8:
            return self._texture()
        return self._room()

    def _photograph_without_face(self) -> np.ndarray:
        """A part of an LFW photograph beside, above or below the face, at any turn."""
        source = self._wide[int(self.chance.integers(len(self._wide)))]
        x, y, width, height = box_of(source.points)
        picture = source.picture
        side = picture.shape[0]
        # The head with its hair is wider than the face's ellipse.
        left, right = int(x - 0.25 * width), int(x + 1.25 * width)
        strips = [strip for strip in (picture[:, :left], picture[:, right:]) if left > 25 and strip.shape[1] > 25]
        below = int(y + 1.25 * height)
        if side - below > 25:
            strips.append(picture[below:])
        if not strips:
            return self._texture()
        strip = strips[int(self.chance.integers(len(strips)))]
        h, w = strip.shape[:2]
        cut_h, cut_w = max(12, int(h * self.chance.uniform(0.4, 1))), max(12, int(w * self.chance.uniform(0.6, 1)))
        top, start = int(self.chance.integers(0, h - cut_h + 1)), int(self.chance.integers(0, w - cut_w + 1))
        cut = strip[top : top + cut_h, start : start + cut_w]
        if self.chance.random() < 0.3:
            cut = np.rot90(cut)
        return cv2.resize(np.ascontiguousarray(cut), self.size, interpolation=cv2.INTER_CUBIC)

    def _texture(self) -> np.ndarray:
        """Noise at a random grain, stretched and coloured."""
        grain = (int(self.chance.integers(2, 40)), int(self.chance.integers(2, 40)))
        noise = self.chance.uniform(0, 1, (*grain, 1 if self.chance.random() < 0.6 else 3)).astype(np.float32)
        smooth = cv2.resize(noise, self.size, interpolation=int(self.chance.choice([0, 1, 2])))
        smooth = smooth.reshape(self.size[1], self.size[0], -1)
        one, other = np.float32(self._colour()), np.float32(self._colour())
        return np.uint8(np.clip(one + (other - one) * smooth, 0, 255))

    def _room(self) -> np.ndarray:
        """Planes, lines and blobs: a wall with furniture, to a camera of 160 pixels."""
        across = np.linspace(0, 1, self.size[0], dtype=np.float32)[None, :, None]
        one, other = np.float32(self._colour()), np.float32(self._colour())
        picture = np.uint8(np.broadcast_to(one + (other - one) * across, (*self.size[::-1], 3)).copy())
        for _ in range(int(self.chance.integers(2, 12))):
            start, end = (np.int32(self.chance.integers(-20, 180, 2) * self._unit).tolist() for _ in range(2))
            kind = self.chance.random()
            if kind < 0.4:
                cv2.rectangle(picture, start, end, self._colour(), -1)
            elif kind < 0.7:
                cv2.line(picture, start, end, self._colour(), self._long(1, 8), cv2.LINE_AA)
            else:
                cv2.circle(picture, start, self._long(2, 40), self._colour(), -1, cv2.LINE_AA)
        return picture

    def _long(self, low: int, high: int) -> int:
        """A length in the scene's pixels, of ``low`` to ``high`` - 1 in those of 160."""
        return round(int(self.chance.integers(low, high)) * self._unit)

    def _colour(self) -> tuple[int, int, int]:
        return tuple(int(value) for value in self.chance.integers(0, 256, 3))

    def _skin(self) -> tuple[int, int, int]:
        """BGR of skin from dark to light, in any light."""
        red = self.chance.uniform(60, 245)
        green = red * self.chance.uniform(0.62, 0.86)
        return int(green * self.chance.uniform(0.7, 0.95)), int(green), int(red)

    # ---------- what the camera makes of it ----------

    def _seen_by_a_camera(self, picture: np.ndarray, faces: list[np.ndarray]) -> np.ndarray:
        """The picture after the camera, in light in which people would still see every face."""
        for _ in range(6):
            made = self._as_a_camera_sees(picture)
            if all(contrast(made, points, self.size) >= LEAST_CONTRAST for points in faces):
                return made
        return picture

    def _as_a_camera_sees(self, picture: np.ndarray) -> np.ndarray:
        chance = self.chance
        light = np.float32(picture) / 255
        if chance.random() < 0.5:
            light = light ** chance.uniform(0.6, 1.8)
        if chance.random() < 0.3:  # a lamp or a window at one side
            across = np.linspace(chance.uniform(0.2, 1.2), chance.uniform(0.2, 1.2), self.size[0], dtype=np.float32)
            light = light * across[None, :, None]
        if chance.random() < 0.12:  # back light: the whole scene washed out or the face in the dark
            light = light * chance.uniform(0.3, 0.7) + chance.uniform(0, 0.4)
        if chance.random() < 0.3:  # colour cast
            light = light * np.float32(chance.uniform(0.7, 1.2, 3))
        if chance.random() < 0.25:  # a dark room
            light = light * chance.uniform(0.15, 0.6)
            if chance.random() < 0.5:  # the camera turns its gain up, noise included
                light = light + self._noise(light.shape, chance.uniform(0.005, 0.04))
                light = light * chance.uniform(1.2, 2.5)
        if chance.random() < 0.12:
            light = np.repeat(light.mean(axis=2, keepdims=True), 3, axis=2)
        if chance.random() < 0.3:
            light = self._blurred(light)
        if chance.random() < 0.35:
            light = light + self._noise(light.shape, chance.uniform(0.005, 0.05))
        made = np.uint8(np.clip(light * 255, 0, 255))
        if chance.random() < 0.5:
            quality = [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(25, 95))]
            made = cv2.imdecode(cv2.imencode(".jpg", made, quality)[1], cv2.IMREAD_COLOR)
        return made

    def _noise(self, shape: tuple[int, ...], strength: float) -> np.ndarray:
        return self.chance.standard_normal(shape, np.float32) * np.float32(strength)

    def _blurred(self, light: np.ndarray) -> np.ndarray:
        if self.chance.random() < 0.6:
            return cv2.GaussianBlur(light, (0, 0), self.chance.uniform(0.4, 1.6) * self._unit)
        length = self._long(2, 7)
        kernel = np.zeros((length, length), np.float32)
        if self.chance.random() < 0.5:
            kernel[length // 2] = 1 / length
        else:
            np.fill_diagonal(kernel, 1 / length)
        return cv2.filter2D(light, -1, kernel)


def warped(
    picture: np.ndarray, move: np.ndarray, size: tuple[int, int], border: int = cv2.BORDER_CONSTANT
) -> np.ndarray:
    """``picture`` in the scene's frame, ``size`` (W, H); shrunk by averaging first: small faces must not alias."""
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
    """(H, W) float32 of ``size`` (W, H): 1 where the picture of ``shape`` falls."""
    height, width = shape[:2]
    corners = np.float32([[(0, 0), (width, 0), (width, height), (0, height)]])
    mask = np.zeros(size[::-1], np.float32)
    cv2.fillConvexPoly(mask, np.int32(np.round(cv2.transform(corners, move)[0])), 1.0, cv2.LINE_AA)
    return mask


def mirrored(points: np.ndarray, width: int = WIDTH) -> np.ndarray:
    """Landmarks of the scene seen in a mirror: left stays left of the picture."""
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
    """The grey levels' standard deviation inside the face's ellipse, noise smoothed away; infinite out of view."""
    mask = ellipse_mask(points, size)
    if not mask.any():
        return float("inf")
    grain = 2 * round(size[0] / WIDTH) + 1
    grey = cv2.blur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (grain, grain))
    return float(grey[mask].std())


def share_in_view(box: np.ndarray, size: tuple[int, int] = SIZE) -> float:
    x, y, width, height = box
    seen_w = min(x + width, size[0]) - max(x, 0)
    seen_h = min(y + height, size[1]) - max(y, 0)
    return max(seen_w, 0) * max(seen_h, 0) / (width * height)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two boxes (x, y, width, height)."""
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (one[2] * one[3] + other[2] * other[3] - width * height)
