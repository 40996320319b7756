"""`python -m benchmarks.networks.unchanged`: how much answers change between crops that serving takes for the same.

Needs the data sets (DATA_DIR): the videos, frame against up to seven later ones, and people at rest and smiling, moved
a little, with a camera's noise. Bounds are those of feelharmonic/reading/expression.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.support.report import show
from feelharmonic.reading.expression import has_changed
from feelharmonic.reading.faces.crop import cut_crop
from feelharmonic.reading.faces.face_tracker import FaceTracker
from feelharmonic.reading.networks import Networks
from training.data_dir import add_data_option, data_dir

#: Crops of one face are compared with so many later ones.
LATER = 7
STEPS = (1, 3, 6)
VARIANTS = 8


def camera_picture(picture_bgr: np.ndarray) -> np.ndarray:
    """As the page sends it: 320 pixels, a JPEG of quality 80."""
    scale = 320 / max(picture_bgr.shape[:2])
    small = cv2.resize(picture_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    coded = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    decoded: np.ndarray = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return decoded


def followed(networks: Networks, path: Path, step: int) -> Iterator[list[np.ndarray]]:
    """The crops of each face that is followed through every ``step``-th frame of a video."""
    video, tracker, number = cv2.VideoCapture(str(path)), FaceTracker(networks.finder), 0
    crops: dict[int | None, list[np.ndarray]] = {}
    while True:
        is_there, picture = video.read()
        if not is_there:
            yield from crops.values()
            return
        if number % step == 0:
            frame = camera_picture(picture)
            for face in tracker.track(frame, number / 30):
                crops.setdefault(face.id, []).append(cut_crop(frame, face))
        number += 1


def moved(networks: Networks, path: Path, chance: np.random.Generator) -> list[np.ndarray]:
    """One person's crop, and others of the same picture moved by half a pixel, with noise."""
    picture = camera_picture(cv2.imread(str(path)))
    found = networks.finder.find(picture)
    if not found:
        return []
    crops = [cut_crop(picture, found[0])]
    for number in range(VARIANTS):
        move = np.float32([[1, 0, chance.normal(0, 0.5)], [0, 1, chance.normal(0, 0.5)]])
        shifted = cv2.warpAffine(picture, move, picture.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        noisy = np.uint8(np.clip(shifted + chance.normal(0, number % 4, shifted.shape), 0, 255))
        crops.append(cut_crop(camera_picture(noisy), found[0]))
    return crops


def row_of(name: str, networks: Networks, series: list[list[np.ndarray]]) -> dict:
    """How many pairs serving takes for the same, and the most that a probability differs between such."""
    pairs, same = 0, []
    for crops in series:
        read = networks.reader.read_crops(np.stack(crops)).astype(float)
        for i, (before, probabilities) in enumerate(zip(crops, read, strict=True)):
            for j in range(i + 1, min(i + 1 + LATER, len(crops))):
                pairs += 1
                if not has_changed(crops[j], before, probabilities.tolist()):
                    same.append(float(np.abs(read[j] - probabilities).max()))
    return {"pictures": name, "pairs": pairs, "taken for the same": len(same), "largest change": max(same, default=0.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    networks, folder, chance = Networks.load(), data_dir(arguments.data), np.random.default_rng(0)
    rows = [
        row_of(path.name, networks, [crops for step in STEPS for crops in followed(networks, path, step)])
        for path in sorted((folder / "video").glob("*.mp4"))
    ]
    people = [moved(networks, path, chance) for path in sorted((folder / "smiles").glob("*/*.jpg"))]
    rows.append(row_of("people at rest and smiling", networks, [crops for crops in people if crops]))
    show("Crops that are not read again", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
