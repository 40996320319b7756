"""FER2013's faces with two sets of labels, FER2013's own and FER+'s votes, without copies across the splits.

In: the data folder, holding `fer/` (sheets of faces, labels.csv). Out: Faces, whose labels are distributions over
EMOTIONS; a row of zeros is a missing label.
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
from training.data_dir import DataMissing

SPLITS = ("train", "valid")
FACES_PER_SHEET = 4096
#: labels.csv's columns of votes for the seven emotions, in EMOTIONS' order.
VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
#: Columns of votes for none of the seven, in the file's order after them.
OTHER_VOTES = ("contempt", "unknown", "not_a_face")
COLUMNS = ("i", "split", "fer2013", *(f"votes_{name}" for name in VOTES + OTHER_VOTES))
#: Order of the file's columns: a tie between votes goes to the first of these.
VOTES_ORDER = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
#: The network's heads: one for each kind of label, and one that learns what to say of faces from elsewhere, from other
#: sets' labels (`picture_folders.py`) and soft labels alone.
HEADS = (*LABELS, "strangers")
FERPLUS, FER2013, STRANGERS = (HEADS.index(name) for name in ("ferplus", "fer2013", "strangers"))

#: Correlation of two normalised faces at half size from which they count as one photograph. Checked by eye: nearly all
#: pairs above 0.94 are one photograph, and a good half of those just above 0.90.
COPY_CORRELATION = 0.92
#: Shifts to search, in each direction. At half size one pixel more or less changes little.
SHIFTS_PX = (-6, -4, -2, 0, 2, 4, 6)
#: Left out of the comparison on all four sides, since a shift moves it over the edge.
MARGIN_PX = max(SHIFTS_PX)
#: Sizes of a copy to search.
SCALES = (0.92, 1.09)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Faces:
    """Faces with labels. All arrays have N rows."""

    crops: np.ndarray  # (N, 48, 48) uint8 grey, FER2013's framing
    targets: np.ndarray  # (N, 3, 7) float32: a distribution per head in HEADS' order; zeros: no label
    weights: np.ndarray  # (N,) float32: the face's weight in the loss

    def __len__(self) -> int:
        return len(self.crops)

    def take(self, rows: np.ndarray) -> Faces:
        """The faces in ``rows``, indices or a mask."""
        return Faces(crops=self.crops[rows], targets=self.targets[rows], weights=self.weights[rows])


def joined(sets: list[Faces]) -> Faces:
    """The faces of several sets in one, in order."""
    return Faces(
        crops=np.concatenate([one.crops for one in sets]),
        targets=np.concatenate([one.targets for one in sets]),
        weights=np.concatenate([one.weights for one in sets]),
    )


def load_fer(folder: Path, split: str) -> Faces:
    """FER2013's ``split`` with FER+'s votes. Raises DataMissing where a file is absent or incomplete."""
    if split not in SPLITS:
        raise ValueError(f"Expected a split out of {', '.join(SPLITS)}, got {split!r}.")
    every = _label_rows(folder)
    rows = [row for row in every if row["split"] == split]
    index = np.array([int(row["i"]) for row in rows], int)
    labels = [_ferplus(rows), _fer2013(rows)]
    targets = np.stack([*labels, np.zeros_like(labels[0])], axis=1)  # (N, 3, 7)
    crops = _sheets(folder, 1 + max(int(row["i"]) for row in every))
    return Faces(crops=crops[index], targets=targets, weights=np.ones(len(rows), np.float32))


def votes(folder: Path, split: str) -> np.ndarray:
    """(N, 10) int: FER+'s votes in ``split`` for EMOTIONS, then for contempt, unknown, not a face."""
    columns = [f"votes_{name}" for name in VOTES + OTHER_VOTES]
    return np.array([[int(row[column]) for column in columns] for row in _label_rows(folder) if row["split"] == split])


def load_training_faces(folder: Path) -> tuple[Faces, Faces]:
    """The training split without copies of faces of `valid`, and `valid`."""
    valid = load_fer(folder, "valid")
    return without_copies(load_fer(folder, "train"), valid.crops), valid


def hard_labels(folder: Path, split: str) -> dict[str, np.ndarray]:
    """(N,) int per head: the emotion that leads FER+'s votes, -1 where none of the seven does, and FER2013's label."""
    rows = [row for row in _label_rows(folder) if row["split"] == split]
    fer2013 = np.array([EMOTIONS.index(row["fer2013"]) for row in rows], int)
    return {"ferplus": ferplus_majority(votes(folder, split)), "fer2013": fer2013}


def ferplus_majority(counts: np.ndarray) -> np.ndarray:
    """(N,) int: the emotion with most of (N, 10) votes; -1 where none of the seven leads.

    A tie goes to the first in the order of labels.csv's columns.
    """
    names = VOTES_ORDER + OTHER_VOTES
    in_file_order = counts[:, [(VOTES + OTHER_VOTES).index(name) for name in names]]
    first = in_file_order.argmax(1)
    emotion = np.array([VOTES.index(name) if name in VOTES else -1 for name in names])
    return np.where(in_file_order.max(1) > 0, emotion[first], -1)


def without_copies(faces: Faces, held_out: np.ndarray) -> Faces:
    """``faces`` without copies of ``held_out`` (M, 48, 48) uint8, as `has_copy` finds them."""
    return faces.take(~has_copy(faces.crops, held_out))


def has_copy(crops: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(N,) bool: which of ``crops`` (N, 48, 48) uint8 show the same photograph as one of ``others`` (M, 48, 48).

    Finds copies of the whole crop, also mirrored, at its own size and a little larger or smaller (SCALES), and copies
    of its inner 36×36 pixels shifted by up to 6 pixels in both directions (SHIFTS_PX). Does not find rotated copies,
    or those scaled or shifted more. FER2013 takes two minutes on one core.
    """
    known = np.concatenate([others, others[:, :, ::-1]])
    whole = _signatures(crops)
    copied = _max_correlation(whole, _signatures(known)) >= COPY_CORRELATION
    for scale in SCALES:
        copied |= _max_correlation(whole, _signatures(_scaled(known, scale))) >= COPY_CORRELATION
    end = CROP_SIDE_PX - MARGIN_PX
    inner = _signatures(crops[:, MARGIN_PX:end, MARGIN_PX:end])
    for down, right in itertools.product(SHIFTS_PX, repeat=2):
        shifted = known[:, MARGIN_PX + down : end + down, MARGIN_PX + right : end + right]
        copied |= _max_correlation(inner, _signatures(shifted)) >= COPY_CORRELATION
    return copied


def _scaled(crops: np.ndarray, scale: float) -> np.ndarray:
    """(N, 48, 48) uint8: ``crops`` enlarged ``scale`` times around their centres, with replicated edges."""
    middle = CROP_SIDE_PX / 2
    move = np.array([[scale, 0, middle * (1 - scale)], [0, scale, middle * (1 - scale)]])
    side = (CROP_SIDE_PX, CROP_SIDE_PX)
    moved = [cv2.warpAffine(crop, move, side, borderMode=cv2.BORDER_REPLICATE) for crop in crops]
    return np.stack(moved) if moved else crops


def _max_correlation(ours: np.ndarray, known: np.ndarray) -> np.ndarray:
    """(N,) float32: the highest correlation of each signature in ``ours`` with any in ``known``."""
    return np.concatenate([(ours[i : i + 2048] @ known.T).max(1, initial=-1) for i in range(0, len(ours) or 1, 2048)])


def _signatures(crops: np.ndarray) -> np.ndarray:
    """(N, side² / 4) float32 unit vectors: faces at half size, normalised, so that a dot product is a correlation."""
    half = crops.shape[1] // 2
    small = crops.reshape(-1, half, 2, half, 2).mean((2, 4), dtype=np.float32).reshape(len(crops), half * half)
    small -= small.mean(1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def _label_rows(folder: Path) -> list[dict[str, str]]:
    """labels.csv's rows. Raises DataMissing where the file, a column or a split is absent, or a cell is invalid."""
    path = folder / "fer" / "labels.csv"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: the labels of FER2013 and FER+.")
    with path.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (table.fieldnames or ())]
        rows = list(table)
    if lacking:
        raise DataMissing(
            f"{path}: expected the columns {', '.join(COLUMNS)}, got none named {', '.join(lacking)}. Copy the file "
            "again."
        )
    for row in rows:
        if None in row.values():
            raise DataMissing(
                f"{path}: expected {len(COLUMNS)} cells in each row, got fewer for face {row['i']}. Copy the file "
                "again."
            )
        _check(row, path)
    splits = {row["split"] for row in rows}
    for split in SPLITS:
        if split not in splits:
            raise DataMissing(
                f"{path}: expected faces of {' and '.join(SPLITS)}, got {len(rows)} rows and none of {split}. Copy the "
                "file again."
            )
    return rows


def _check(row: dict[str, str], path: Path) -> None:
    """Raises DataMissing where a cell of labels.csv's ``row`` is invalid."""
    numbers = {name: row[name] for name in COLUMNS if name == "i" or name.startswith("votes_")}
    for name, cell in numbers.items():
        if not (cell.isascii() and cell.isdigit()):
            raise DataMissing(
                f"{path}: expected a whole number in {name!r}, got {cell[:40]!r} for face {row['i'][:40]}. Copy the "
                "file again."
            )
    if row["fer2013"] not in EMOTIONS:
        raise DataMissing(
            f"{path}: expected one of {', '.join(EMOTIONS)} in 'fer2013', got {row['fer2013'][:40]!r} for face "
            f"{row['i']}. Copy the file again."
        )


def _sheets(folder: Path, count: int) -> np.ndarray:
    """(N, 48, 48) uint8: the faces of all sheets in order, at least ``count``. Face i is on sheet i // 4096."""
    paths = [folder / "fer" / f"sheet_{i:02}.png" for i in range(-(-count // FACES_PER_SHEET))]
    absent = [path.name for path in paths if not path.is_file()]
    if absent:
        raise DataMissing(
            f"{folder / 'fer'}: expected {len(paths)} sheets for {count} faces, {paths[0].name} to {paths[-1].name}, "
            f"got none named {', '.join(absent)}. Copy them again."
        )
    sheets = [load_sheet(path) for path in paths]
    for path, sheet, first in zip(paths, sheets, range(0, count, FACES_PER_SHEET), strict=True):
        expected = min(FACES_PER_SHEET, count - first)
        if not expected <= len(sheet) <= FACES_PER_SHEET:
            raise DataMissing(f"{path}: expected {expected} faces, got {len(sheet)}. Copy the file again.")
    return np.concatenate(sheets)


def load_sheet(path: Path) -> np.ndarray:
    """(N, 48, 48) uint8: the faces of one sheet. Raises DataMissing where it is not a picture of faces."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None or grey.shape[0] % CROP_SIDE_PX or grey.shape[1] % CROP_SIDE_PX:
        raise DataMissing(f"{path}: expected a picture of {CROP_SIDE_PX}×{CROP_SIDE_PX} faces in rows.")
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
