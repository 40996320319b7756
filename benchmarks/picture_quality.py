"""`python -m benchmarks.picture_quality`: faces found and expressions kept in pictures made darker, brighter,
covered, smaller and cut, and what the page says of each. The thresholds of `reading/pictures/picture_quality.py`
come from it.

Needs the data sets (DATA_DIR): `video/performer.mp4` and `smiles/`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.mood import talking_head
from benchmarks.support.report import show
from feelharmonic.reading import Face, Networks
from feelharmonic.reading.messages import Frame
from feelharmonic.reading.pictures.picture_quality import PictureQuality
from feelharmonic.settings import Settings

PEOPLE = 12
EVERY_TALKING_FRAME = 7


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    picture: np.ndarray
    face: Face
    emotion: int


Change = Callable[[Sample, np.random.Generator], np.ndarray]


def samples(networks: Networks, folder: Path) -> list[Sample]:
    """Frames of the talking head and photographs, 240 pixels high, in which a face is found."""
    pictures = [
        cv2.resize(frame, (426, 240), interpolation=cv2.INTER_AREA)
        for frame in talking_head(folder)[::EVERY_TALKING_FRAME]
    ]
    for kind in ("neutral", "smiling"):
        for path in sorted((folder / "smiles" / kind).glob("*.jpg"))[:PEOPLE]:
            small = cv2.resize(cv2.imread(str(path)), (240, 240), interpolation=cv2.INTER_AREA)
            pictures.append(cv2.copyMakeBorder(small, 0, 0, 40, 40, cv2.BORDER_REPLICATE))
    found = ((picture, first_face(networks, picture)) for picture in pictures)
    return [Sample(picture, *face) for picture, face in found if face is not None]


def first_face(networks: Networks, picture: np.ndarray) -> tuple[Face, int] | None:
    """The best face and its most likely emotion."""
    faces = networks.finder.find(picture)
    if not faces:
        return None
    (seen,) = networks.read_faces(Frame(pixels_bgr=picture), faces[:1])
    return seen.face, int(np.argmax(seen.expression.probabilities)) if seen.expression else -1


def gain(factor: float) -> Change:
    return lambda sample, chance: _clipped(sample.picture * factor + chance.normal(0, 2, sample.picture.shape))


def shift(levels: float) -> Change:
    return lambda sample, _: _clipped(sample.picture.astype(float) + levels)


def covered(kernel: int) -> Change:
    """A hand over the lens: nothing but dim, blurred light."""

    def change(sample: Sample, chance: np.random.Generator) -> np.ndarray:
        blurred = cv2.GaussianBlur(sample.picture, (kernel, kernel), 0) * 0.4
        return _clipped(blurred + chance.normal(0, 3, blurred.shape))

    return change


def smaller(face_px: int) -> Change:
    """The face ``face_px`` high, in the middle of a grey frame."""

    def change(sample: Sample, _: np.random.Generator) -> np.ndarray:
        scale = face_px / sample.face.box[3]
        mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        part = cv2.resize(sample.picture, None, fx=scale, fy=scale, interpolation=mode)[:240, :320]
        frame = np.full((240, 320, 3), 90, np.uint8)
        top, left = (240 - part.shape[0]) // 2, (320 - part.shape[1]) // 2
        frame[top : top + part.shape[0], left : left + part.shape[1]] = part
        return frame

    return change


def cut(share: float, side: str) -> Change:
    """The frame's edge cuts ``share`` of the face's box off on that side."""

    def change(sample: Sample, _: np.random.Generator) -> np.ndarray:
        x, y, width, height = sample.face.box
        if side == "left":
            return np.ascontiguousarray(sample.picture[:, int(max(0, x + share * width)) :])
        if side == "top":
            return np.ascontiguousarray(sample.picture[int(max(0, y + share * height)) :])
        return np.ascontiguousarray(sample.picture[: int(y + height - share * height)])

    return change


CHANGES: dict[str, Change] = {
    "unchanged": gain(1.0),
    **{f"× {factor:g}": gain(factor) for factor in (0.3, 0.2, 0.1, 0.07, 0.05, 0.03, 2, 3, 4, 6, 10)},
    **{f"+ {levels}": shift(levels) for levels in (80, 120, 160, 190, 220)},
    **{f"covered, blur {kernel}": covered(kernel) for kernel in (151, 301)},
    **{f"face {height} px": smaller(height) for height in (60, 40, 32, 26, 22, 18, 15, 12)},
    **{
        f"cut {side} {share:g}": cut(share, side)
        for side in ("left", "top", "bottom")
        for share in (0.1, 0.2, 0.3, 0.4)
    },
}


def row(name: str, change: Change, taken: list[Sample], networks: Networks) -> dict:
    chance = np.random.default_rng(0)
    found, same, said = 0, 0, Counter[str]()
    for sample in taken:
        picture = change(sample, chance)
        face = first_face(networks, picture)
        found += face is not None
        same += face is not None and face[1] == sample.emotion
        said[PictureQuality().problem(picture, [face[0]] if face else [], 0.0) or ""] += 1
    answers = ", ".join(f"{code} {count / len(taken):.0%}" for code, count in said.most_common() if code)
    return {
        "change": name,
        "found": round(found / len(taken), 2),
        "same_emotion_of_found": round(same / found, 2) if found else None,
        "said": answers or "–",
    }


def _clipped(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    folder = Path(Settings.load().data_dir)
    if not (folder / "smiles").is_dir():
        raise SystemExit(f"DATA_DIR ({folder}) has no smiles/: docs/training.md, 'Data', says where it comes from.")
    networks = Networks.load()
    taken = samples(networks, folder)
    rows = [row(name, change, taken, networks) for name, change in CHANGES.items()]
    show(f"{len(taken)} pictures with a face, changed", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
