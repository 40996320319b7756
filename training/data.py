"""FER2013's faces with both sets of labels: Faces, ready to be trained on.

In: the folder that --data or DATA_DIR names, holding `fer/` (sheets of faces, labels.csv) and, where wanted,
`utkface/`. Out: Faces. Every label is a distribution over EMOTIONS; a row of zeros means "no label here".
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.expression import CROP_SIDE_PX, LABELS
from feelharmonic.messages import EMOTIONS

SPLITS = ("train", "valid")
FACES_PER_SHEET = 4096
#: labels.csv's columns of votes for the seven emotions, in EMOTIONS' order.
VOTES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
#: Columns of votes for none of the seven, in the file's order after them.
OTHER_VOTES = ("contempt", "unknown", "not_a_face")
#: Order of the file's columns: a tie between votes goes to the first of these.
VOTES_ORDER = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
FERPLUS, FER2013 = (LABELS.index(name) for name in ("ferplus", "fer2013"))

#: Correlation of two faces, scaled to 24×24 and normalised, from which they count as the same photograph. Looked at by
#: eye: nearly all pairs above 0.94 are one photograph, and about half of those just above 0.90.
DUPLICATE_CORRELATION = 0.92


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
    """FER2013's ``split`` with FER+'s votes. Raises DataMissing where the files are not there."""
    if split not in SPLITS:
        raise ValueError(f"Expected a split out of {', '.join(SPLITS)}, got {split!r}.")
    rows = [row for row in _label_rows(folder) if row["split"] == split]
    index = np.array([int(row["i"]) for row in rows])
    targets = np.stack([_ferplus(rows), _fer2013(rows)], axis=1)  # (N, 2, 7)
    return Faces(crops=_sheets(folder)[index], targets=targets, weights=np.ones(len(rows), np.float32))


def votes(folder: Path, split: str) -> np.ndarray:
    """(N, 10) int: FER+ votes of ``split``: the seven in EMOTIONS' order, then contempt, unknown, not a face."""
    columns = [f"votes_{name}" for name in VOTES + OTHER_VOTES]
    return np.array(
        [[int(row[column]) for column in columns] for row in _label_rows(folder) if row["split"] == split]
    )


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
    """``faces`` less those that show a photograph of ``held_back`` (M, 48, 48) uint8, mirrored or not."""
    known = np.concatenate([_signatures(held_back), _signatures(held_back[:, :, ::-1])])
    seen = _signatures(faces.crops)
    most = np.concatenate([(seen[i : i + 2048] @ known.T).max(1) for i in range(0, len(seen), 2048)])
    return faces.take(most < DUPLICATE_CORRELATION)


def _signatures(crops: np.ndarray) -> np.ndarray:
    """(N, 576) float32 of length 1: faces at 24×24, without mean and contrast; a dot product is a correlation."""
    small = crops.reshape(-1, 24, 2, 24, 2).mean((2, 4), dtype=np.float32).reshape(len(crops), -1)
    small -= small.mean(1, keepdims=True)
    return small / np.maximum(np.linalg.norm(small, axis=1, keepdims=True), 1e-6)


def _label_rows(folder: Path) -> list[dict[str, str]]:
    path = folder / "fer" / "labels.csv"
    if not path.is_file():
        raise DataMissing(f"{path} is missing: FER2013's faces with FER+'s votes (training/README.md, 'Data').")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _sheets(folder: Path) -> np.ndarray:
    """(N, 48, 48) uint8: the faces of all sheets, in order."""
    paths = sorted((folder / "fer").glob("sheet_*.png"))
    if not paths:
        raise DataMissing(f"{folder / 'fer'}: expected sheet_00.png and on, found none (training/README.md, 'Data').")
    return np.concatenate([_sheet(path) for path in paths])


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
