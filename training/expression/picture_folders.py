"""Other sets of labelled photographs, a folder per class, to mix into the training.

In: a folder that holds `set.json` and one folder of pictures (JPEG, PNG, WebP) per class:

    {"classes": {"anger": "angry", "joy": "happy", "contempt": null}, "weight": 0.5, "crops": false}

`classes` maps each folder's name to one of EMOTIONS, or to null: not used. `weight` (default 1) is the weight of a face
in the loss beside 1 for FER2013's. With `crops` the pictures are 48×48 faces in FER2013's framing; without, they are
whole photographs, whose largest face is found and cut as at run time. Out: a LabelledSet, with labels for FER2013's
head alone; a fifth of the pictures, chosen by name, is held out and reported by itself. Other formats (TIFF, BMP) count
as unreadable: convert them.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadFrame, ListenerFault
from feelharmonic.reading.expression import CROP_SIDE_PX
from feelharmonic.reading.faces.crop import cut_crop
from feelharmonic.reading.faces.face_finder import Finder
from feelharmonic.reading.faces.photograph_search import search_photograph
from feelharmonic.reading.pictures.frame import decode_photograph
from training.data_dir import DataMissing
from training.expression.data import HEADS, STRANGERS, Faces

DESCRIPTION = "set.json"
#: People lie in one part alone, half of them in each: the first is trained on, by the second networks are chosen.
PARTS = ("learn", "choose")
#: A clip of CK+: S005_001_00000011.png is a frame of person S005.
CLIP = re.compile(r"(S\d+)_\d+_\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The contents of `set.json`."""

    classes: dict[str, str | None]  # folder name → emotion, or None: not used
    weight: float = 1.0  # of a face in the loss, above 0
    crops: bool = False  # the pictures are 48×48 faces, not photographs


#: The Face Research Lab's pictures come without a set.json.
SMILES = Description(classes={"neutral": "neutral", "smiling": "happy"})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledSet:
    """One set: its training faces, its held-out faces, and how many pictures gave none."""

    name: str
    faces: Faces
    held_out: Faces
    faceless: int = 0  # photographs without a face
    unreadable: int = 0  # files that are not a complete picture, or with `crops` not 48×48

    @property
    def label(self) -> np.ndarray:
        """(M,) int: the emotion of each held-out face."""
        return self.held_out.targets[:, STRANGERS].argmax(1)

    def report(self) -> str:
        """One line: the number of faces of each emotion, and of pictures left out."""
        counts = np.bincount(self.faces.targets[:, STRANGERS].argmax(1), minlength=len(EMOTIONS))
        emotions = ", ".join(f"{name} {count}" for name, count in zip(EMOTIONS, counts, strict=True) if count)
        return (
            f"{self.name}: {len(self.faces)} training faces ({emotions or 'none'}), {len(self.held_out)} held out, "
            f"{self.faceless} pictures without a face, {self.unreadable} unreadable (not JPEG, PNG or WebP)"
        )


def read_description(folder: Path) -> Description:
    """``folder``'s set.json. Raises DataMissing where it is absent or invalid."""
    path = folder / DESCRIPTION
    if not path.is_file() and folder.name == "smiles":
        return SMILES
    if not path.is_file():
        raise DataMissing(f"{path} is missing: it maps folders to emotions.")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        description = Description(**document)
    except (ValueError, TypeError) as exc:
        known = ", ".join(Description.__dataclass_fields__)
        raise DataMissing(f"{path}: expected a JSON object with {known}, got {exc}.") from exc
    faults = _faults(folder, description)
    if faults:
        raise DataMissing(f"{path}: " + " ".join(faults))
    return description


def _faults(folder: Path, description: Description) -> list[str]:
    classes, weight = description.classes, description.weight
    if not isinstance(classes, dict) or not classes:
        return [f"expected classes to map folders to emotions, got {classes!r}."]
    faults = [
        f"expected an emotion ({', '.join(EMOTIONS)}) or null for {name!r}, got {emotion!r}."
        for name, emotion in classes.items()
        if emotion is not None and emotion not in EMOTIONS
    ]
    faults += [f"there is no folder {name!r}." for name in classes if not (folder / name).is_dir()]
    unknown = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and entry.name not in classes)
    faults += [f"the folder {name!r} is in no class: give it an emotion, or null." for name in unknown]
    if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
        faults.append(f"expected a finite weight above 0, got {weight!r}.")
    if not isinstance(description.crops, bool):
        faults.append(f"expected crops to be true or false, got {description.crops!r}.")
    return faults


def load_folder(folder: Path, finder: Finder, *, quiet: bool = False) -> LabelledSet:
    """The set in ``folder``. Raises DataMissing where its set.json is wrong or no face is left to learn from."""
    description = read_description(folder)
    seen: dict[str, tuple[np.ndarray, int]] = {}
    faceless = unreadable = 0
    for path, emotion in tqdm(list(pictures(folder, description)), desc=folder.name, disable=quiet, mininterval=10):
        try:
            crop = crop_of(path.read_bytes(), finder, cut=description.crops)
        except (ListenerFault, OSError):  # refused as a listener's picture would be, or the file cannot be opened
            unreadable += 1
            continue
        if crop is None:
            faceless += 1
            continue
        seen[path.relative_to(folder).as_posix()] = crop, emotion
    excluded = held_out_names(list(seen))
    if len(excluded) == len(seen):
        left_out = f"{faceless} pictures without a face, {unreadable} that are not JPEG, PNG or WebP"
        raise DataMissing(f"Expected faces to train on in {folder}, found none ({left_out}).")
    training, others = ([seen[name] for name in seen if (name in excluded) is out] for out in (False, True))
    return LabelledSet(
        name=folder.name,
        faces=_faces(training, description.weight),
        held_out=_faces(others, description.weight),
        faceless=faceless,
        unreadable=unreadable,
    )


def held_out_names(names: list[str]) -> set[str]:
    """Those of ``names`` (paths inside the set's folder) that are held out: of the people of the part "choose"."""
    return {name for name in names if part_of(person_of(Path(name))) == "choose"}


def part_of(person: str) -> str:
    """The part that ``person`` lies in, by their name alone: the same in every run and every set."""
    return PARTS[hashlib.sha256(person.encode()).digest()[0] % 2 == 0]


def person_of(path: Path) -> str:
    """Who a picture shows: its name without the picture's number."""
    clip = CLIP.fullmatch(path.stem)
    return clip[1] if clip else re.sub(r"_\d+$", "", path.stem)


def load_folders(folders: list[Path], finder: Finder, *, quiet: bool = False) -> list[LabelledSet]:
    """Each folder's set. Raises SystemExit where two have the same name, under which the log reports them."""
    names = [folder.resolve().name for folder in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SystemExit(f"Expected sets with different names, got {', '.join(twice)} twice. Rename one folder.")
    return [load_folder(folder.resolve(), finder, quiet=quiet) for folder in folders]


def digest(sets: list[LabelledSet]) -> str:
    """SHA-256 of the training faces of ``sets``; empty without any."""
    if not sets:
        return ""
    content = hashlib.sha256()
    for one in sets:
        for array in (one.faces.crops, one.faces.targets, one.faces.weights):
            content.update(np.ascontiguousarray(array).tobytes())
    return content.hexdigest()


def pictures(folder: Path, description: Description) -> Iterator[tuple[Path, int]]:
    """Paths in order, each with the index of its emotion."""
    for name, emotion in sorted(description.classes.items()):
        if emotion is not None:
            for path in sorted((folder / name).rglob("*")):
                if path.is_file() and not path.name.startswith("."):
                    yield path, EMOTIONS.index(emotion)


def crop_of(data: bytes, finder: Finder, *, cut: bool) -> np.ndarray | None:
    """(48, 48) uint8 grey: the picture itself where it is ``cut`` already, else its largest face, or None."""
    pixels = decode_photograph(data).pixels_bgr
    if cut:
        if pixels.shape[:2] != (CROP_SIDE_PX, CROP_SIDE_PX):
            height, width = pixels.shape[:2]
            raise BadFrame(f"Expected {CROP_SIDE_PX}×{CROP_SIDE_PX} pixels, got {width}×{height}.")
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)
    faces = search_photograph(finder, pixels)
    return cut_crop(pixels, max(faces, key=lambda face: face.area_px)) if faces else None


def _faces(seen: list[tuple[np.ndarray, int]], weight: float) -> Faces:
    targets = np.zeros((len(seen), len(HEADS), len(EMOTIONS)), np.float32)
    targets[np.arange(len(seen)), STRANGERS, [emotion for _, emotion in seen]] = 1
    crops = np.stack([crop for crop, _ in seen]) if seen else np.zeros((0, CROP_SIDE_PX, CROP_SIDE_PX), np.uint8)
    return Faces(crops=crops, targets=targets, weights=np.full(len(seen), weight, np.float32))
