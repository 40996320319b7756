"""Things that are taken for faces: round signs with letters, badges, logos, plates of food, buttons, sockets, wheels.

In: a Painter, whose generator gives all random numbers. Out: pictures without a face, things drawn into them. Each
thing is drawn flat on a square sheet, then turned, tilted, lit and laid into the picture.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from training.face_finder.drawing.backgrounds import Painter

SHEET_PX = 160
MIDDLE = (SHEET_PX / 2, SHEET_PX / 2)
#: BGR of signs as they are painted: white, yellow, red, blue, green, black, orange.
PAINTS = ((250, 250, 250), (40, 210, 250), (40, 30, 200), (180, 80, 20), (70, 140, 30), (20, 20, 20), (30, 130, 240))
#: BGR of baked things, from pale to dark.
BAKED = ((170, 215, 240), (110, 180, 225), (70, 130, 190), (40, 80, 130), (25, 45, 75))
HERSHEY_FONTS = tuple(range(8))

Colour = tuple[int, int, int]


class Sheet:
    """A square sheet: ``pixels`` (S, S, 3) uint8 and where it is painted, ``mask`` (S, S) uint8, 0 or 255."""

    def __init__(self) -> None:
        self.pixels = np.zeros((SHEET_PX, SHEET_PX, 3), np.uint8)
        self.mask = np.zeros((SHEET_PX, SHEET_PX), np.uint8)

    def shape(self, points: np.ndarray, colour: Colour) -> None:
        """Fill the outline ``points`` (N, 2)."""
        for layer, value in ((self.pixels, colour), (self.mask, 255)):
            cv2.fillPoly(layer, [np.int32(np.round(points))], value, cv2.LINE_AA)

    def line(self, points: np.ndarray, colour: Colour, width: float, closed: bool = False) -> None:
        cv2.polylines(
            self.pixels, [np.int32(np.round(points))], closed, colour, max(1, round(width)), lineType=cv2.LINE_AA
        )

    def textured(self, texture: np.ndarray, share: float) -> None:
        """Mix ``texture`` (any size) into what is painted."""
        grain = cv2.resize(texture, (SHEET_PX, SHEET_PX))
        self.pixels[:] = cv2.addWeighted(self.pixels, 1 - share, grain, share, 0)


class Signs:
    """Draws things into pictures. ``kinds``: names out of KINDS; all without."""

    def __init__(self, painter: Painter, kinds: tuple[str, ...] = ()):
        self._painter = painter
        self._rng = painter.rng
        self._kinds = kinds or tuple(KINDS)

    def add(self, picture: np.ndarray, most: int = 3) -> np.ndarray:
        """``picture`` (H, W, 3) uint8 with 1 to ``most`` things."""
        for _ in range(int(self._rng.integers(1, most + 1))):
            sheet = Sheet()
            KINDS[str(self._rng.choice(self._kinds))](self, sheet)
            picture = self._laid(picture, sheet)
        return picture

    def _laid(self, picture: np.ndarray, sheet: Sheet) -> np.ndarray:
        """``picture`` with ``sheet`` somewhere in it, turned, seen a little from the side, lit from one side."""
        rng, (width, height) = self._rng, self._painter.size
        side = height * float(np.exp(rng.uniform(np.log(0.12), np.log(1.1))))
        turn = rng.uniform(-0.4, 0.4) if rng.random() < 0.8 else rng.uniform(-math.pi, math.pi)
        cos, sin = math.cos(turn) * side / 2, math.sin(turn) * side / 2
        centre = rng.uniform((0, 0), (width, height))
        corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * rng.uniform(0.75, 1, 2)
        corners = corners @ np.array([[cos, sin], [-sin, cos]]) + centre + rng.normal(0, 0.03 * side, (4, 2))
        flat = np.float32([(0, 0), (SHEET_PX, 0), (SHEET_PX, SHEET_PX), (0, SHEET_PX)])
        move = cv2.getPerspectiveTransform(flat, np.float32(corners))
        blur = max(SHEET_PX / side / 2.5, 0.01)
        pixels = cv2.GaussianBlur(sheet.pixels, (0, 0), blur)
        mask = cv2.GaussianBlur(sheet.mask, (0, 0), blur)
        light = np.linspace(*rng.uniform(0.55, 1.1, 2), SHEET_PX, dtype=np.float32)
        lit = np.uint8(np.clip(pixels * (light[None, :, None] if rng.random() < 0.5 else light[:, None, None]), 0, 255))
        shown = cv2.warpPerspective(lit, move, (width, height))
        alpha = cv2.warpPerspective(mask, move, (width, height))[..., None].astype(np.float32) / 255
        return np.uint8(shown * alpha + picture * (1 - alpha))

    # ---------- what lies on a sheet ----------

    def letters(self, sheet: Sheet) -> None:
        """Letters without a plate."""
        self._write(sheet, self._colour(), MIDDLE, self._rng.uniform(0.4, 1), most=3)

    def plate(self, sheet: Sheet) -> None:
        """A sign: a plate with rings, and letters, a symbol or holes."""
        ground = self._colour()
        outline = self._outline()
        sheet.shape(self._scaled(outline, 0.95), ground)
        for scale in sorted(self._rng.uniform(0.45, 0.93, int(self._rng.integers(0, 4))), reverse=True):
            if self._rng.random() < 0.5:
                ground = self._other(ground)
                sheet.shape(self._scaled(outline, scale), ground)
            else:
                sheet.line(self._scaled(outline, scale), self._other(ground), self._rng.uniform(1, 8), closed=True)
        self._filled(sheet, self._other(ground))

    def badge(self, sheet: Sheet) -> None:
        """A plate with letters around its edge and something in its middle."""
        ground = self._colour()
        teeth = int(self._rng.integers(10, 40)) if self._rng.random() < 0.4 else 0
        sheet.shape(self._scaled(self._round(teeth=teeth), 0.95), ground)
        ink = self._other(ground)
        for scale in (0.9, self._rng.uniform(0.5, 0.7)):
            sheet.line(self._scaled(self._round(), scale), ink, self._rng.uniform(1, 4), closed=True)
        count = int(self._rng.integers(6, 22))
        reach = self._rng.uniform(0.3, 0.38) * SHEET_PX
        for angle in np.linspace(0, 2 * math.pi, count, endpoint=False):
            at = (MIDDLE[0] + reach * math.cos(angle), MIDDLE[1] + reach * math.sin(angle))
            self._write(sheet, ink, at, 0.12, most=1)
        self._filled(sheet, ink, scale=0.5)

    def food(self, sheet: Sheet) -> None:
        """Pancakes, pies, pizzas: baked discs, one on the other, with pieces on them."""
        if self._rng.random() < 0.5:
            sheet.shape(self._scaled(self._round(), 0.98), self._colour())
        middle = np.array(MIDDLE)
        for scale in sorted(self._rng.uniform(0.55, 0.9, int(self._rng.integers(1, 4))), reverse=True):
            outline = self._scaled(self._round(bumps=0.04), scale) + self._rng.normal(0, 3, 2)
            edge, inside = self._baked(), self._baked()
            sheet.shape(outline, edge)
            sheet.shape((outline - middle) * self._rng.uniform(0.75, 0.95) + middle, inside)
        self._spotted(sheet, int(self._rng.integers(0, 25)), 0.6)
        if self._rng.random() < 0.5:
            sheet.textured(self._painter.texture(), self._rng.uniform(0.05, 0.3))

    def ball(self, sheet: Sheet) -> None:
        """A ball, a fruit, a moon, a button: a disc darker towards its edge, with a few spots or holes."""
        colour = self._painter.skin() if self._rng.random() < 0.5 else self._colour()
        away = self._rng.normal(0, 0.15, 2) * SHEET_PX
        for scale in np.linspace(0.95, 0.1, 10):
            shade = 1 - 0.5 * scale**2
            place = self._scaled(self._round(), scale) + away * (1 - scale)
            sheet.shape(place, tuple(int(min(value * shade * 1.6, 255)) for value in colour))
        if self._rng.random() < 0.4:
            self._holes(sheet, self._other(colour), 0.5)
        else:
            self._spotted(sheet, int(self._rng.integers(0, 6)), 0.7)

    def logo(self, sheet: Sheet) -> None:
        """A few plain shapes beside or on each other, mostly the same on both sides."""
        for _ in range(int(self._rng.integers(2, 6))):
            colour = self._colour()
            outline = self._scaled(self._outline(), self._rng.uniform(0.15, 0.7))
            outline = outline + self._rng.uniform(-0.3, 0.3, 2) * SHEET_PX
            sheet.shape(outline, colour)
            if self._rng.random() < 0.7:
                sheet.shape(outline * (-1, 1) + (SHEET_PX, 0), colour)

    def socket(self, sheet: Sheet) -> None:
        """A socket, a button, a speaker: a plate with holes."""
        ground = self._colour()
        sheet.shape(self._scaled(self._outline(), 0.95), ground)
        inner = self._other(ground) if self._rng.random() < 0.4 else self._shaded(ground)
        sheet.shape(self._scaled(self._round(), self._rng.uniform(0.5, 0.85)), inner)
        self._holes(sheet, self._other(inner), self._rng.uniform(0.4, 0.7))

    def wheel(self, sheet: Sheet) -> None:
        """A wheel, a fan, a dial: rings and spokes."""
        ground = self._colour()
        sheet.shape(self._scaled(self._round(), 0.95), ground)
        sheet.shape(self._scaled(self._round(), self._rng.uniform(0.5, 0.85)), self._other(ground))
        count, width = int(self._rng.integers(3, 14)), self._rng.uniform(2, 12)
        colour = self._colour()
        for angle in np.linspace(0, math.pi, count, endpoint=False) + self._rng.uniform(0, math.pi):
            way = np.array([math.cos(angle), math.sin(angle)]) * 0.4 * SHEET_PX
            sheet.line(np.array([MIDDLE - way, MIDDLE + way]), colour, width)
        sheet.shape(self._scaled(self._round(), self._rng.uniform(0.1, 0.3)), self._colour())

    def clock(self, sheet: Sheet) -> None:
        """A clock: a plate, marks or digits around its edge, two hands."""
        ground = self._colour()
        outline = self._round() if self._rng.random() < 0.7 else self._outline()
        sheet.shape(self._scaled(outline, 0.95), self._other(ground))
        sheet.shape(self._scaled(outline, self._rng.uniform(0.75, 0.92)), ground)
        ink, digits = self._other(ground), self._rng.random() < 0.5
        for hour in range(12):
            way = np.array([math.sin(hour * math.pi / 6), -math.cos(hour * math.pi / 6)]) * SHEET_PX
            if digits:
                self._text(sheet, str(hour or 12), ink, MIDDLE + 0.31 * way, 0.1)
            else:
                sheet.line(np.array([MIDDLE + 0.31 * way, MIDDLE + 0.36 * way]), ink, self._rng.uniform(1, 5))
        for length in (0.18, 0.28):
            angle = self._rng.uniform(0, 2 * math.pi)
            tip = MIDDLE + np.array([math.cos(angle), math.sin(angle)]) * length * SHEET_PX
            sheet.line(np.array([MIDDLE, tip]), ink, self._rng.uniform(2, 6))

    def vehicle(self, sheet: Sheet) -> None:
        """The front of a car or bus: a body, a window, two lamps, a grille."""
        body = self._colour()
        top, low = self._rng.uniform(0.05, 0.3, 2) * SHEET_PX
        sheet.shape(np.array([(top, 12), (SHEET_PX - top, 12), (SHEET_PX - low, 150), (low, 150)]), body)
        sheet.shape(np.array([(top + 12, 22), (SHEET_PX - top - 12, 22), (132, 70), (28, 70)]), self._colour())
        across, at = self._rng.uniform(20, 50), self._rng.uniform(85, 120)
        lamp = self._colour()
        for side in (-1, 1):
            around = self._scaled(self._outline(), self._rng.uniform(0.1, 0.22))
            sheet.shape(around - MIDDLE + (SHEET_PX / 2 + side * across, at), lamp)
        for row in range(int(self._rng.integers(1, 5))):
            y = at + self._rng.uniform(0, 10) + 7 * row
            sheet.line(np.array([(80 - across / 2, y), (80 + across / 2, y)]), self._other(body), 3)

    # ---------- parts of things ----------

    def _filled(self, sheet: Sheet, ink: Colour, scale: float = 1.0) -> None:
        kind = self._rng.random()
        if kind < 0.6:
            self._write(sheet, ink, MIDDLE, scale * self._rng.uniform(0.3, 0.75), most=4)
        elif kind < 0.8:
            self._symbol(sheet, ink, scale * self._rng.uniform(0.3, 0.7))
        else:
            self._holes(sheet, ink, 0.6 * scale)

    def _symbol(self, sheet: Sheet, ink: Colour, scale: float) -> None:
        """An arrow, a star, a bar, a figure out of plain shapes."""
        kind = self._rng.random()
        if kind < 0.4:
            corners = int(self._rng.integers(3, 9))
            sheet.shape(self._scaled(self._round(teeth=corners, depth=self._rng.uniform(0.2, 0.6)), scale), ink)
        elif kind < 0.7:
            ends = MIDDLE + self._rng.uniform(-0.5, 0.5, (int(self._rng.integers(2, 5)), 2)) * SHEET_PX * scale
            sheet.line(ends, ink, self._rng.uniform(5, 18))
        else:
            for _ in range(int(self._rng.integers(2, 5))):
                away = self._rng.uniform(-0.3, 0.3, 2) * SHEET_PX * scale
                sheet.shape(self._scaled(self._outline(), 0.4 * scale) + away, ink)

    def _holes(self, sheet: Sheet, ink: Colour, spread: float) -> None:
        """2 to 5 equal holes around the middle, as in buttons and sockets."""
        count = int(self._rng.integers(2, 6))
        reach, size = 0.25 * spread * SHEET_PX, self._rng.uniform(0.06, 0.2)
        for angle in np.linspace(0, 2 * math.pi, count, endpoint=False) + self._rng.choice([0, math.pi / 4]):
            away = np.array([math.cos(angle), math.sin(angle)]) * reach
            sheet.shape(self._scaled(self._round(), size) + away, ink)

    def _spotted(self, sheet: Sheet, count: int, within: float) -> None:
        colours = [self._colour() if self._rng.random() < 0.5 else self._baked() for _ in range(2)]
        for _ in range(count):
            away = self._rng.uniform(-0.5, 0.5, 2) * SHEET_PX * within
            spot = self._scaled(self._outline(), self._rng.uniform(0.04, 0.22)) + away
            sheet.shape(spot, colours[int(self._rng.integers(2))])

    def _write(self, sheet: Sheet, ink: Colour, at: tuple[float, float], scale: float, most: int) -> None:
        """1 to ``most`` random letters or digits, ``scale`` of the sheet wide."""
        signs = string.ascii_uppercase + string.digits + string.ascii_lowercase + "!?&%+:"
        text = "".join(self._rng.choice(list(signs), int(self._rng.integers(1, most + 1))))
        self._text(sheet, text, ink, at, scale)

    def _text(self, sheet: Sheet, text: str, ink: Colour, at: tuple[float, float], scale: float) -> None:
        drawn = np.zeros((SHEET_PX, SHEET_PX), np.uint8)
        width = scale * SHEET_PX
        if self._rng.random() < 0.5:
            font, thick = int(self._rng.choice(HERSHEY_FONTS)), max(1, round(width / 20 * self._rng.uniform(0.5, 2.5)))
            (plain, _), _ = cv2.getTextSize(text, font, 1, thick)
            size = width / max(plain, 1)
            (wide, high), _ = cv2.getTextSize(text, font, size, thick)
            place = (round(at[0] - wide / 2), round(at[1] + high / 2))
            cv2.putText(drawn, text, place, font, size, 255, thick, cv2.LINE_AA)
        else:
            canvas = Image.fromarray(drawn)
            font = ImageFont.load_default(max(6.0, 1.4 * width / len(text)))
            bold = int(self._rng.integers(0, 5)) if width > 30 else 0
            ImageDraw.Draw(canvas).text(tuple(at), text, 255, font, anchor="mm", stroke_width=bold)
            drawn = np.array(canvas)
        sheet.pixels[drawn > 127] = ink
        sheet.mask[drawn > 127] = 255

    def _outline(self) -> np.ndarray:
        """(N, 2): the outline of a sign that fills the sheet: round, or with 3 to 8 corners."""
        return self._round() if self._rng.random() < 0.55 else self._round(corners=int(self._rng.integers(3, 9)))

    def _round(self, *, corners: int = 72, teeth: int = 0, depth: float = 0.08, bumps: float = 0.0) -> np.ndarray:
        angle = np.linspace(0, 2 * math.pi, corners, endpoint=False) + (math.pi / 4 if corners == 4 else -math.pi / 2)
        reach = np.ones(corners)
        if teeth:
            reach -= depth * (np.cos(angle * teeth) > 0)
        if bumps:
            reach += bumps * np.cos(angle * int(self._rng.integers(2, 6)) + self._rng.uniform(0, 6))
        return np.stack([np.cos(angle), np.sin(angle)], 1) * reach[:, None] * SHEET_PX / 2 + MIDDLE

    def _scaled(self, outline: np.ndarray, scale: float) -> np.ndarray:
        return (outline - MIDDLE) * scale + MIDDLE

    def _colour(self) -> Colour:
        if self._rng.random() < 0.6:
            return PAINTS[int(self._rng.integers(len(PAINTS)))]
        return self._painter.skin() if self._rng.random() < 0.3 else self._painter.colour()

    def _baked(self) -> Colour:
        colour = BAKED[int(self._rng.integers(len(BAKED)))]
        return tuple(int(np.clip(value * self._rng.uniform(0.8, 1.2), 0, 255)) for value in colour)

    def _other(self, colour: Colour) -> Colour:
        """A colour that can be told from ``colour``."""
        for _ in range(8):
            found = self._colour()
            if sum(abs(a - b) for a, b in zip(found, colour, strict=True)) > 180:
                return found
        return tuple(255 - value for value in colour)

    def _shaded(self, colour: Colour) -> Colour:
        shade = self._rng.uniform(0.6, 0.95)
        return tuple(int(value * shade) for value in colour)


KINDS: dict[str, Callable[[Signs, Sheet], None]] = {
    "letters": Signs.letters,
    "plate": Signs.plate,
    "badge": Signs.badge,
    "food": Signs.food,
    "ball": Signs.ball,
    "logo": Signs.logo,
    "socket": Signs.socket,
    "wheel": Signs.wheel,
    "clock": Signs.clock,
    "vehicle": Signs.vehicle,
}
#: Never drawn for training: whether a finder knows things of kinds that it has not seen.
HELD_OUT_KINDS = ("clock", "vehicle")
TRAINING_KINDS = tuple(kind for kind in KINDS if kind not in HELD_OUT_KINDS)
