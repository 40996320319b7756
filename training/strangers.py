"""Faces of people from elsewhere, through finder and crop: a part to learn from and a part to choose by.

In: the data folder's `photographs/` (press photographs), `posed/` (laboratory faces, cut already) and `smiles/` (people
at rest and smiling a little), each with one folder per class. Out: Strangers per set. A person lies in one part alone:
which, their name decides, the same in every run. Networks are chosen by the second part, never by the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import ListenerFault
from feelharmonic.reading.expression import CROP_SIDE_PX
from feelharmonic.reading.faces.face_finder import Finder
from training.data_dir import DataMissing
from training.expression import picture_folders as folders
from training.expression.picture_folders import part_of, person_of

SETS = ("photographs", "posed", "smiles")
HAPPY, NEUTRAL = EMOTIONS.index("happy"), EMOTIONS.index("neutral")
#: An emotion with fewer faces of a part counts for no mean: one face would weigh too much.
MIN_FACES = 15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strangers:
    """One set's faces; all arrays have N rows."""

    name: str
    crops: np.ndarray  # (N, 48, 48) uint8 grey, FER2013's framing
    label: np.ndarray  # (N,) int, index into EMOTIONS
    person: np.ndarray  # (N,) str
    faceless: int = 0  # pictures in which no face was found

    def part(self, part: str) -> Strangers:
        """Those of ``part``, one of PARTS."""
        rows = np.array([part_of(name) == part for name in self.person], bool)
        return Strangers(name=self.name, crops=self.crops[rows], label=self.label[rows], person=self.person[rows])


def load_strangers(folder: Path, finder: Finder) -> dict[str, Strangers]:
    """The sets that lie in the data folder ``folder``, by name. Raises DataMissing where a set is there, but broken."""
    return {name: load_set(folder / name, finder) for name in SETS if (folder / name).is_dir()}


def load_set(folder: Path, finder: Finder) -> Strangers:
    """The set in ``folder``: its set.json says which of its folders holds which emotion."""
    description = folders.read_description(folder)
    crops, label, person, faceless = [], [], [], 0
    for path, emotion in folders.pictures(folder, description):
        try:
            crop = folders.crop_of(path.read_bytes(), finder, cut=description.crops)
        except ListenerFault as fault:
            raise DataMissing(f"{path}: {fault}") from fault
        if crop is None:
            faceless += 1
            continue
        crops.append(crop)
        label.append(emotion)
        person.append(person_of(path))
    if not crops:
        raise DataMissing(f"Expected pictures with faces in {folder}, found none.")
    arrays = {"crops": np.stack(crops), "label": np.array(label), "person": np.array(person)}
    return Strangers(name=folder.name, faceless=faceless, **arrays)


def figures(probabilities: np.ndarray, label: np.ndarray) -> dict:
    """Of (N, 7) probabilities: accuracy, recall of each emotion that is there, and the mean over those with at least
    MIN_FACES faces, all 0..1; ``auc`` of P(happy) where there are happy and neutral faces alone."""
    read = probabilities.argmax(1)
    counts = np.bincount(label, minlength=len(EMOTIONS))
    recall = {name: float((read[label == i] == i).mean()) for i, name in enumerate(EMOTIONS) if counts[i]}
    many = [recall[name] for i, name in enumerate(EMOTIONS) if counts[i] >= MIN_FACES]
    found = {
        "faces": len(label),
        "counts": {name: int(count) for name, count in zip(EMOTIONS, counts, strict=True) if count},
        "accuracy": float((read == label).mean()),
        "recall": recall,
        "mean_recall": float(np.mean(many)) if many else float("nan"),
    }
    if set(recall) == {EMOTIONS[HAPPY], EMOTIONS[NEUTRAL]}:
        found["auc"] = area_under_curve(probabilities[:, HAPPY], label == HAPPY)
    return found


def area_under_curve(score: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive one's ``score`` (N,) is above a negative one's, ties by half; 0..1."""
    high, low = score[positive], score[~positive]
    above = (high[:, None] > low[None]).mean() + 0.5 * (high[:, None] == low[None]).mean()
    return float(above)


def harder(crops: np.ndarray) -> np.ndarray:
    """``crops`` (N, 48, 48) uint8 as a second picture of the same faces: farther away (29 pixels) and darker."""
    small = [cv2.resize(crop, (29, 29), interpolation=cv2.INTER_AREA) for crop in crops]
    side = (CROP_SIDE_PX, CROP_SIDE_PX)
    return np.stack([np.uint8(cv2.resize(one, side, interpolation=cv2.INTER_LINEAR) * 0.7) for one in small])
