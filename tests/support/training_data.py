"""Made-up data sets for training's tests: FER2013 and UTKFace as files, faces as arrays."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.corruptions import CORRUPTIONS
from training.expression.data import COLUMNS, Faces
from training.utkface import ARCHIVE

#: Faces on a made-up sheet.
PER_SHEET = 4
#: Split, FER2013's label, FER+'s votes. The splits alternate, so that a face's number is not its index in its split.
FER_ROWS = (
    ("train", "angry", {"anger": 3, "neutral": 1}),
    ("valid", "happy", {"happiness": 10}),
    ("train", "disgust", {"disgust": 2, "contempt": 2}),
    ("train", "neutral", {"not_a_face": 5}),
    ("valid", "sad", {"unknown": 6, "sadness": 2}),
    ("train", "surprise", {"surprise": 1, "fear": 1}),
)


#: Figures as `evaluate` returns them.
FIGURES = {
    "bytes": 3_210_000,
    "sha256": "ab" * 32,
    "faces": 3575,
    "heads": {
        head: {"accuracy": 0.7, "macro_f1": 0.6, "recall": dict.fromkeys(EMOTIONS, 0.5), "confusion": [[1] * 7] * 7}
        for head in LABELS
    },
    "calibration_error": {"served": 0.0111, "cross_fitted": 0.0123},
    "copies": {"faces": 0},
    "reliability": {"count": [0, 3], "confidence": [0.0, 0.9], "share": [0.0, 0.8]},
    "corruptions": {name: dict.fromkeys(LABELS, 0.6) for name in ("none", *CORRUPTIONS)},
}


def pictures(count: int, seed: int = 0, side: int = 64) -> np.ndarray:
    """(N, side, side) uint8: smooth noise, all different."""
    noise = np.random.default_rng(seed).normal(0, 1, (count, side, side))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 3) for one in noise])
    return np.uint8(128 + 100 * soft / np.abs(soft).max())


def cut(picture: np.ndarray, down: int = 0, right: int = 0) -> np.ndarray:
    """(48, 48) uint8 out of the middle of a larger picture, some pixels aside."""
    return picture[8 + down : 56 + down, 8 + right : 56 + right]


def write_fer(folder: Path, crops: np.ndarray, labels=FER_ROWS) -> Path:
    """A made-up `fer/` in ``folder``: sheets of two by two faces, the last filled with black."""
    (folder / "fer").mkdir(parents=True)
    tiles = np.concatenate([crops, np.zeros((-len(crops) % PER_SHEET, 48, 48), np.uint8)])
    for i, four in enumerate(tiles.reshape(-1, 2, 2, 48, 48)):
        cv2.imwrite(str(folder / "fer" / f"sheet_{i:02}.png"), four.swapaxes(1, 2).reshape(96, 96))
    with (folder / "fer" / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, restval=0)
        table.writeheader()
        for i, (split, label, counts) in enumerate(labels):
            cells = {f"votes_{name}": count for name, count in counts.items()}
            table.writerow({"i": i, "split": split, "fer2013": label} | cells)
    return folder


def write_utkface(folder: Path, names: list[str], picture: np.ndarray | None = None) -> Path:
    """A made-up UTKFace in ``folder``; every picture is the same."""
    slope = np.tile(np.linspace(0, 200, 200, dtype=np.uint8), (200, 1)) if picture is None else picture
    (folder / ARCHIVE).parent.mkdir(parents=True)
    with zipfile.ZipFile(folder / ARCHIVE, "w") as archive:
        for name in names:
            archive.writestr(name, cv2.imencode(".jpg", slope)[1].tobytes())
    return folder


def random_faces(count: int = 40, seed: int = 0) -> Faces:
    """``count`` faces of noise with random labels."""
    rng = np.random.default_rng(seed)
    targets = np.eye(7, dtype=np.float32)[rng.integers(0, 7, (count, 3))]
    crops = rng.integers(0, 256, (count, 48, 48), dtype=np.uint8)
    return Faces(crops=crops, targets=targets, weights=np.ones(count, np.float32))


def certain(*emotions: int, top: float = 0.7) -> np.ndarray:
    """(N, 7): ``top`` for each of ``emotions``, the rest spread."""
    return np.where(np.eye(7)[list(emotions)] > 0, top, (1 - top) / 6)
