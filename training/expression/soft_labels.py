"""Soft labels: probabilities that trained networks (teachers) give for the training faces, and learning from them.

`distill.py` writes the file; `train.py` mixes it with the labels of people.
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelharmonic.reading.expression import CROP_SIDE_PX
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.atomic_write import replacing
from training.expression.data import Faces, joined
from training.expression.picture_folders import crop_of, part_of, person_of
from training.utkface import ARCHIVE, load_utkface

LFW_ARCHIVE = Path("lfw") / "lfw_deepfunneled_part.zip"
#: The weight in the loss of a face without labels, beside 1 for a labelled one.
UNLABELLED_WEIGHT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoftLabels:
    """The teachers' mean probabilities; rows in the order of the faces."""

    labelled: np.ndarray  # (N, 3, 7) float32, for the faces of `load_training_faces`
    unlabelled: np.ndarray  # (M, 3, 7) float32, for those of `unlabelled_faces`; M may be 0


def unlabelled_faces(folder: Path) -> np.ndarray:
    """(M, 48, 48) uint8: UTKFace's faces, then those of LFW's photographs, of nobody whom networks are chosen by; none
    where the sets are absent."""
    faces = [load_utkface(folder).crops] if (folder / ARCHIVE).is_file() else []
    if (folder / LFW_ARCHIVE).is_file():
        faces.append(_lfw_faces(folder))
    return np.concatenate(faces) if faces else np.zeros((0, CROP_SIDE_PX, CROP_SIDE_PX), np.uint8)


def _lfw_faces(folder: Path) -> np.ndarray:
    people = {person_of(path) for path in (folder / "photographs").rglob("*.*")}  # the press's people are LFW's, too
    chosen_by = {person for person in people if part_of(person) == "choose"}
    finder, crops = FaceFinder.load(), []
    with zipfile.ZipFile(folder / LFW_ARCHIVE) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".jpg") and person_of(Path(name)) not in chosen_by:
                crop = crop_of(archive.read(name), finder, cut=False)
                crops += [] if crop is None else [crop]
    return np.stack(crops) if crops else np.zeros((0, CROP_SIDE_PX, CROP_SIDE_PX), np.uint8)


def write_soft_labels(path: Path, labels: SoftLabels) -> None:
    """Write ``labels`` in half precision; a kill in between leaves the previous file."""
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file, labelled=labels.labelled.astype(np.float16), unlabelled=labels.unlabelled.astype(np.float16)
        )


def read_soft_labels(path: Path) -> SoftLabels:
    """The soft labels in ``path``. Raises SystemExit where it is not a file of `distill.py`."""
    try:
        with np.load(path) as file:
            return SoftLabels(labelled=np.float32(file["labelled"]), unlabelled=np.float32(file["unlabelled"]))
    except (OSError, EOFError, KeyError, IndexError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as exc:
        raise SystemExit(f"Expected a file of training.expression.distill, got {path} ({type(exc).__name__}).") from exc


def with_soft_labels(faces: Faces, others: np.ndarray, labels: SoftLabels, weight: float) -> Faces:
    """``faces`` with targets (1 - weight) · label + weight · soft label, then ``others`` (M, 48, 48) uint8.

    The targets of ``others``, and of heads without a label, are soft labels alone. Where a head's soft labels are zeros
    its labels stay as they are.
    """
    if len(labels.labelled) != len(faces) or len(labels.unlabelled) not in (0, len(others)):
        raise SystemExit(
            f"Expected soft labels for {len(faces)} and {len(others)} faces, got {len(labels.labelled)} and "
            f"{len(labels.unlabelled)}: they were made for other data. Run training.expression.distill again."
        )
    known = faces.targets.sum(2, keepdims=True) > 0
    said = labels.labelled.sum(2, keepdims=True) > 0
    both = (1 - weight) * faces.targets + weight * labels.labelled
    mixed = np.where(known & said, both, np.where(known, faces.targets, labels.labelled))
    sets = [Faces(crops=faces.crops, targets=np.float32(mixed), weights=faces.weights)]
    if len(labels.unlabelled):
        weights = np.full(len(others), UNLABELLED_WEIGHT, np.float32)
        sets.append(Faces(crops=others, targets=labels.unlabelled, weights=weights))
    return joined(sets)
