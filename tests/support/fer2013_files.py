"""A made-up FER2013: faces without meaning, in the files that training reads."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np

from training.expression.data import COLUMNS

#: So many faces fill a made-up sheet.
PER_SHEET = 4
#: Split, FER2013's label, FER+'s votes; two splits that take turns, so that no face's number is its place in its split.
LABELS = (
    ("train", "angry", {"anger": 3, "neutral": 1}),
    ("valid", "happy", {"happiness": 10}),
    ("train", "disgust", {"disgust": 2, "contempt": 2}),
    ("train", "neutral", {"not_a_face": 5}),
    ("valid", "sad", {"unknown": 6, "sadness": 2}),
    ("train", "surprise", {"surprise": 1, "fear": 1}),
)


def pictures(count: int, seed: int = 0, side: int = 64) -> np.ndarray:
    """(N, side, side) uint8: soft blots, no two alike."""
    noise = np.random.default_rng(seed).normal(0, 1, (count, side, side))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 3) for one in noise])
    return np.uint8(128 + 100 * soft / np.abs(soft).max())


def write_fer(folder: Path, crops: np.ndarray, labels=LABELS) -> Path:
    """A made-up `fer/` in ``folder``: sheets of two by two faces, the last filled with black."""
    (folder / "fer").mkdir(parents=True)
    tiles = np.concatenate([crops, np.zeros((-len(crops) % PER_SHEET, 48, 48), np.uint8)])
    for i, four in enumerate(tiles.reshape(-1, 2, 2, 48, 48)):
        cv2.imwrite(str(folder / "fer" / f"sheet_{i:02}.png"), four.swapaxes(1, 2).reshape(96, 96))
    with (folder / "fer" / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval=0)
        table.writeheader()
        for i, (split, label, counts) in enumerate(labels):
            told = {f"votes_{name}": count for name, count in counts.items()}
            table.writerow({"i": i, "split": split, "fer2013": label} | told)
    return folder
