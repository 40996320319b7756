"""The faces of scenes, split by person: train, tune (for thresholds; a twentieth), test (a fifth)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from training.face_finder.geometry import LFW_MEAN, UTKFACE_MEAN
from training.face_finder.labels import pictures
from training.face_finder.scenes import Source

#: LFW's photographs with somebody in the background (`training.face_finder.labels --crowded`), left out of all splits.
CROWDED_PATH = Path(__file__).resolve().parent / "lfw_crowded.txt"


def split_of(name: str) -> str:
    """The split of a file name: a hash of the person's name, so that it never changes."""
    person = name.rsplit("_", 1)[0] if name[:1].isalpha() else name
    place = int(hashlib.sha256(person.encode()).hexdigest(), 16) % 100
    return "test" if place < 20 else "tune" if place < 25 else "train"


def load_sources(folder: Path, labels_path: Path | None, split: str) -> tuple[list[Source], list[str]]:
    """The faces of ``split`` and their file names. Without ``labels_path`` LFW's have its mean landmarks."""
    crowded = set(CROWDED_PATH.read_text(encoding="utf-8").split())
    points = None
    if labels_path is not None:
        labels = np.load(labels_path)
        points = dict(zip(labels["lfw_names"].tolist(), labels["lfw_points"], strict=True))
    sources, names = [], []
    for entry, picture in pictures(folder, "lfw"):
        if split_of(entry) != split or entry in crowded or (points is not None and entry not in points):
            continue
        found = LFW_MEAN if points is None else np.float32(points[entry])
        sources.append(Source(picture=picture, points=found, tight=False))
        names.append(entry)
    for entry, picture in pictures(folder, "utkface"):
        if split_of(entry) == split:
            sources.append(Source(picture=picture, points=UTKFACE_MEAN, tight=True))
            names.append(entry)
    return sources, names
