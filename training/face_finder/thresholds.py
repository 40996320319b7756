"""Recall and false alarms at each threshold, on the `tune` people: by these the finder's constants are chosen.

    python -m training.face_finder.thresholds --data FOLDER [--refiner FILE.onnx] [--detector-weight 0.4]

In: the served networks or other files. Out: a table, a row per threshold of the combined score: faces found, upright
and tilted by 20 to 40°, and the share of scenes with a false alarm: without a face, with signs, with parts of heads.
The signs are of the kinds in training; `python -m benchmarks.face` measures other people, and other kinds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.reading.faces import face_finder
from feelharmonic.reading.faces.boxes import iou
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.data_dir import add_data_option, data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import Scene, SceneMaker

THRESHOLDS = (0.4, 0.45, 0.48, 0.5, 0.52, 0.54, 0.56, 0.6, 0.65, 0.7, 0.75, 0.8)
FOUND_IOU = 0.4
FRAME_WIDTH = 320
SEED = 20261128


def scores(finder: FaceFinder, scene: Scene) -> tuple[list[float], float]:
    """The score with which each face of ``scene`` is found (0: it is not), and that of the best false alarm."""
    found = finder.find(scene.picture)
    best = [
        max((face.score for face in found if iou(face.box, tuple(box)) >= FOUND_IOU), default=0.0)
        for box in scene.boxes
    ]
    known = [tuple(box) for box in (*scene.boxes, *scene.ignored)]
    alarms = [face.score for face in found if all(iou(face.box, box) < FOUND_IOU for box in known)]
    return best, max(alarms, default=0.0)


def measured(finder: FaceFinder, maker: SceneMaker, count: int) -> dict[str, np.ndarray]:
    """Scores by what they are of: "upright" and "tilted" faces, alarms in "faceless" scenes, "signs" and "parts"."""
    upright, tilted = [], []
    for _ in range(count):
        scene = maker.scene(faceless=0.0)
        for score, roll in zip(scores(finder, scene)[0], scene.roll_deg, strict=True):
            (upright if abs(roll) < 20 else tilted).append(score)
    makers = {"faceless": lambda: maker.scene(faceless=1.0), "signs": maker.signs, "parts": maker.parts}
    alarms = {name: np.array([scores(finder, make())[1] for _ in range(count)]) for name, make in makers.items()}
    return {"upright": np.array(upright), "tilted": np.array(tilted)} | alarms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--detector", type=Path, default=face_finder.WEIGHTS_PATH)
    parser.add_argument("--refiner", type=Path, default=face_finder.REFINER_PATH)
    parser.add_argument("--detector-weight", type=float, default=face_finder.DETECTOR_WEIGHT)
    parser.add_argument("--sure-score", type=float, default=face_finder.SURE_SCORE)
    parser.add_argument("--scenes", type=int, default=600, help="scenes of each kind (default 600)")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    face_finder.MIN_SCORE = THRESHOLDS[0]
    face_finder.DETECTOR_WEIGHT, face_finder.SURE_SCORE = options.detector_weight, options.sure_score
    sources, _ = load_sources(data_dir(options.data), None, "tune")
    maker = SceneMaker(sources, np.random.default_rng(SEED), FRAME_WIDTH)
    found = measured(FaceFinder.load_files(options.detector, options.refiner), maker, options.scenes)
    print(f"| score | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for threshold in THRESHOLDS:
        cells = " | ".join(f"{(values >= threshold).mean():.1%}" for values in found.values())
        print(f"| {threshold:g} | {cells} |")


if __name__ == "__main__":
    main()
