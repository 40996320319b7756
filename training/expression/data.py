"""FER2013's faces with both sets of labels: Faces, ready to be trained on.

In: the folder that --data or DATA_DIR names, holding `fer/` (sheets of faces, labels.csv) and, where wanted,
`utkface/`. Out: Faces. Every label is a distribution over EMOTIONS; a row of zeros means "no label here".
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import CROP_SIDE_PX, LABELS

SPLITS = ("train", "valid")
FACES_PER_SHEET = 4096
#: labels.csv's columns of votes for the seven emotions, in EMOTIONS' order.
VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
#: Columns of votes for none of the seven, in the file's order after them.
OTHER_VOTES = ("contempt", "unknown", "not_a_face")
COLUMNS = ("i", "split", "fer2013", *(f"votes_{name}" for name in VOTES + OTHER_VOTES))
#: Order of the file's columns: a tie between votes goes to the first of these.
VOTES_ORDER = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
FERPLUS, FER2013 = (LABELS.index(name) for name in ("ferplus", "fer2013"))

#: Correlation of two faces, at half size and normalised, from which they count as the same photograph. Looked at by
#: eye, whole or shifted: nearly all pairs above 0.94 are one photograph, and a good half of those just above 0.90.
DUPLICATE_CORRELATION = 0.92
#: How far a copy may lie aside, in each direction. At half size one pixel more or less changes little.
SHIFTS_PX = (-6, -4, -2, 0, 2, 4, 6)
#: What a shift pushes over the edge is left out of the comparison, on all four sides.
MARGIN_PX = max(SHIFTS_PX)
#: How much larger or smaller a copy may have been cut.
SCALES = (0.92, 1.09)


class DataMissing(SystemExit):
    """The data folder lacks something; the text says what, and where it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """Faces and what is known of them. All arrays have N rows."""

    crops: np.ndarray  # (N, 48, 48) uint8 grey, FER2013's framing
    targets: np.ndarray  # (N, 2, 7) float32: a distribution per head in LABELS' order; zeros: no label
    weights: np.ndarray  # (N,) float32: how much a face counts in the loss

    def __len__(self) -> int:
        return len(self.crops)

    def take(self, rows: np.ndarray) -> Faces:
        """Those of ``rows``: indices or a mask."""
        return Faces(crops=self.crops[rows], targets=self.targets[rows], weights=self.weights[rows])


def joined(sets: list[Faces]) -> Faces:
    """All faces of several sets, in order."""
    return Faces(
        crops=np.concatenate([one.crops for one in sets]),
        targets=np.concatenate([one.targets for one in sets]),
        weights=np.concatenate([one.weights for one in sets]),
    )


def load_fer(folder: Path, split: str) -> Faces:
    """FER2013's ``split`` with FER+'s votes. Raises DataMissing where a file is not there, or not whole."""
    if split not in SPLITS:
        raise ValueError(f"Expected a split out of {', '.join(SPLITS)}, got {split!r}.")
    every = _label_rows(folder)
    rows = [row for row in every if row["split"] == split]
    index = np.array([int(row["i"]) for row in rows], int)
    targets = np.stack([_ferplus(rows), _fer2013(rows)], axis=1)  # (N, 2, 7)
    crops = _sheets(folder, 1 + max(int(row["i"]) for row in every))
    return Faces(crops=crops[index], targets=targets, weights=np.ones(len(rows), np.float32))


def votes(folder: Path, split: str) -> np.ndarray:
    """(N, 10) int: FER+ votes of ``split``: the seven in EMOTIONS' order, then contempt, unknown, not a face."""
    columns = [f"votes_{name}" for name in VOTES + OTHER_VOTES]
    return np.array([[int(row[column]) for column in columns] for row in _label_rows(folder) if row["split"] == split])


def ferplus_majority(counts: np.ndarray) -> np.ndarray:
    """(N,) int: the emotion that most annotators chose, of (N, 10) votes; -1 where none of the seven leads.

    A tie goes to the first in the order of labels.csv's columns.
    """
    names = VOTES_ORDER + OTHER_VOTES
    in_file_order = counts[:, [(VOTES + OTHER_VOTES).index(name) for name in names]]
    first = in_file_order.argmax(1)
    emotion = np.array([VOTES.index(name) if name in VOTES else -1 for name in names])
    return np.where(in_file_order.max(1) > 0, emotion[first], -1)


def without_duplicates(faces: Faces, held_back: np.ndarray) -> Faces:
    """``faces`` less those that show a photograph of ``held_back`` (M, 48, 48) uint8: see `has_copy`."""
    return faces.take(~has_copy(faces.crops, held_back))


def has_copy(crops: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) bool: which of ``crops`` (N, 48, 48) uint8 show a photograph of ``others`` (M, 48, 48), mirrored or not.

    Searched for are copies of the whole crop, as it lies and a little larger or smaller (SCALES), and of its inner
    36×36 pixels up to 6 pixels aside in both directions (SHIFTS_PX). Not found: copies turned, scaled more, or farther
    aside. FER2013 takes two minutes on one core.
    """
    known = np.concatenate([others, others[:, :, ::-1]])
    whole = _signatures(crops)
    copied = _most_alike(whole, _signatures(known)) >= DUPLICATE_CORRELATION
    for scale in SCALES:
        copied |= _most_alike(whole, _signatures(_scaled(known, scale))) >= DUPLICATE_CORRELATION
    end = CROP_SIDE_PX - MARGIN_PX
    seen = _signatures(crops[:, MARGIN_PX:end, MARGIN_PX:end])
    for down, right in itertools.product(SHIFTS_PX, repeat=2):
        shifted = known[:, MARGIN_PX + down : end + down, MARGIN_PX + right : end + right]
        copied |= _most_alike(seen, _signatures(shifted)) >= DUPLICATE_CORRELATION
    return copied


def _scaled(crops: np.ndarray, scale: float) -> np.ndarray:
    """(N, 48, 48) uint8 faces ``scale`` times as large around their middles; where nothing is known, the edge again."""
    middle = CROP_SIDE_PX / 2
    move = np.array([[scale, 0, middle * (1 - scale)], [0, scale, middle * (1 - scale)]])
    side = (CROP_SIDE_PX, CROP_SIDE_PX)
    moved = [cv2.warpAffine(crop, move, side, borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    return np.stack(moved) if moved else crops


def _most_alike(seen: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) float32: the highest correlation of each of ``seen``'s signatures with any of ``known``'s."""
    return np.concatenate([(seen[i : i + 2048] @ known.T).max(1, initial=-1) for i in range(0, len(seen) or 1, 2048)])


def _signatures(crops: np.ndarray) -> np.ndarray:
    """(N, side² / 4) float32 of length 1: faces at half size, without mean and contrast; dot products correlate."""
    half = crops.shape[1] // 2
    small = crops.reshape(-1, half, 2, half, 2).mean((2, 4), dtype=np.float32).reshape(len(crops), half * half)
    small -= small.mean(1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def _label_rows(folder: Path) -> list[dict[str, str]]:
    """labels.csv's rows. Raises DataMissing where it, one of its columns, or a row of either split is not there."""
    path = folder / "fer" / "labels.csv"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: FER2013's faces with FER+'s votes (docs/training.md, 'Data').")
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
        rows = list(table)
    if lacking:
        raise DataMissing(
            f"{path}: expected the columns {', '.join(COLUMNS)}, got none named {', '.join(lacking)}. Copy the file "
            "anew (docs/training.md, 'Data')."
        )
    for row in rows:
        if None in row.values():
            raise DataMissing(
                f"{path}: expected {len(COLUMNS)} cells in each row, got fewer for face {row['i']}. Copy the file anew "
                "(docs/training.md, 'Data')."
            )
        _check(row, path)
    splits = {row["split"] for row in rows}
    for split in SPLITS:
        if split not in splits:
            raise DataMissing(
                f"{path}: expected faces of {' and '.join(SPLITS)}, got {len(rows)} rows and none of {split}. Copy the "
                "file anew (docs/training.md, 'Data')."
            )
    return rows


def _check(row: dict[str, str], path: Path) -> None:
    """Raises DataMissing where a cell of labels.csv's ``row`` cannot be read."""
    numbers = {name: row[name] for name in COLUMNS if name == "i" or name.startswith("votes_")}
    for name, cell in numbers.items():
        if not (cell.isascii() and cell.isdigit()):
            raise DataMissing(
                f"{path}: expected a whole number in {name!r}, got {cell[:40]!r} for face {row['i'][:40]}. Copy the "
                "file anew (docs/training.md, 'Data')."
            )
    if row["fer2013"] not in EMOTIONS:
        raise DataMissing(
            f"{path}: expected one of {', '.join(EMOTIONS)} in 'fer2013', got {row['fer2013'][:40]!r} for face "
            f"{row['i']}. Copy the file anew (docs/training.md, 'Data')."
        )


def _sheets(folder: Path, count: int) -> np.ndarray:
    """(N, 48, 48) uint8: the faces of all sheets, in order, at least ``count``: face i is on sheet i // 4096."""
    paths = [folder / "fer" / f"sheet_{i:02}.png" for i in range(-(-count // FACES_PER_SHEET))]
    absent = [path.name for path in paths if not path.is_file()]
    if absent:
        raise DataMissing(
            f"{folder / 'fer'}: expected {len(paths)} sheets for {count} faces, {paths[0].name} to {paths[-1].name}, "
            f"got none named {', '.join(absent)}. Copy them anew (docs/training.md, 'Data')."
        )
    sheets = [_sheet(path) for path in paths]
    for path, sheet, first in zip(paths, sheets, range(0, count, FACES_PER_SHEET), strict=True):
        expected = min(FACES_PER_SHEET, count - first)
        if not expected <= len(sheet) <= FACES_PER_SHEET:
            raise DataMissing(
                f"{path}: expected {expected} faces, got {len(sheet)}. Copy it anew (docs/training.md, 'Data')."
            )
    return np.concatenate(sheets)


def _sheet(path: Path) -> np.ndarray:
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None or grey.shape[0] % CROP_SIDE_PX or grey.shape[1] % CROP_SIDE_PX:
        raise DataMissing(f"{path}: expected a picture of {CROP_SIDE_PX}×{CROP_SIDE_PX} faces side by side.")
    rows, columns = (side // CROP_SIDE_PX for side in grey.shape)
    tiles = grey.reshape(rows, CROP_SIDE_PX, columns, CROP_SIDE_PX).swapaxes(1, 2)
    return tiles.reshape(-1, CROP_SIDE_PX, CROP_SIDE_PX)


def _ferplus(rows: list[dict[str, str]]) -> np.ndarray:
    counts = np.array([[int(row[f"votes_{name}"]) for name in VOTES] for row in rows], np.float32)  # (N, 7)
    total = counts.sum(1, keepdims=True)
    return counts / np.maximum(total, 1)


def _fer2013(rows: list[dict[str, str]]) -> np.ndarray:
    label = np.array([EMOTIONS.index(row["fer2013"]) for row in rows])
    return np.eye(len(EMOTIONS), dtype=np.float32)[label]
