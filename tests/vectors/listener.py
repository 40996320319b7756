"""Whose face is the listener's, how sharp crops are, which readings are sure: JavaScript must say the same."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS, guess_of
from feelharmonic.params import Params
from feelharmonic.reading.browser_constants import constants_for_browser
from feelharmonic.reading.faces.crop import sharpness
from feelharmonic.reading.faces.face_cover import FaceCover
from feelharmonic.reading.faces.face_tracker import listener_index
from feelharmonic.reading.messages import Face


def listeners() -> dict:
    """Crops and their sharpness; faces, and which of them is the listener's; readings, and whether they are sure."""
    chance = np.random.default_rng(5)
    constants = constants_for_browser(Params.load())
    return {
        "constants": {name: constants[name] for name in ("listener", "cover", "guess", "crop")},
        "emotions": list(EMOTIONS),
        "crops": [{"pixels": crop.ravel().tolist(), "sharpness": round(sharpness(crop), 6)} for crop in _crops(chance)],
        "faces": [_chosen(chance) for _ in range(40)],
        "covers": _covers(chance),
        "guesses": [_guessed(chance) for _ in range(30)],
    }


def _crops(chance: np.random.Generator) -> list[np.ndarray]:
    noise = chance.integers(0, 256, (16, 16), dtype=np.uint8)
    crop = cv2.resize(noise, (48, 48), interpolation=cv2.INTER_LINEAR)
    flat = np.full((48, 48), 90, np.uint8)
    return [crop, cv2.GaussianBlur(crop, (0, 0), 2), cv2.GaussianBlur(crop, (0, 0), 5), flat]


def _covers(chance: np.random.Generator) -> list[dict]:
    """Patterns, some of which count as hidden faces, and seven probabilities before and after."""
    cover = FaceCover.load()
    crops = np.stack([cv2.resize(chance.integers(0, 256, (4, 4), dtype=np.uint8), (48, 48)) for _ in range(12)])
    row = chance.dirichlet(np.full(7, 0.5)).round(4).tolist()
    return [
        {
            "pixels": base64.b64encode(crop.tobytes()).decode(),
            "hidden": half,
            "before": row,
            "after": list(cover.softened(row, half)),
        }
        for crop, half in zip(crops, cover.hidden(crops), strict=True)
    ]


def _chosen(chance: np.random.Generator) -> dict:
    count = int(chance.integers(1, 5))
    faces = [
        Face(box=(0.0, 0.0, 50.0 - i, 60.0 - i), score=round(float(chance.uniform(0.5, 1)), 3), id=i)
        for i in range(count)
    ]
    sharp = [round(float(chance.uniform(0.1, 0.8)), 3) for _ in faces]
    before = None if chance.random() < 0.3 else int(chance.integers(0, count))
    return {
        "faces": [{"id": face.id, "score": face.score} for face in faces],
        "sharpnesses": sharp,
        "before": before,
        "listener": listener_index(faces, sharp, before),
    }


def _guessed(chance: np.random.Generator) -> dict:
    row = chance.dirichlet(np.full(7, 0.4)).round(4).tolist()
    emotion = None if chance.random() < 0.5 else EMOTIONS[int(np.argsort(row)[-2])]
    guess = guess_of(row, emotion)
    return {"probabilities": row, "emotion": emotion, "sure": guess.is_sure, "second": guess.second}
