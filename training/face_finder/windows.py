"""The refiner's training windows: cut-outs around the detector's candidates, as shards.

    python -m training.face_finder.windows --folder ~/.cache/feelharmonic/finder --shards 20

The detector searches scenes of the people in the training split, 320×240 as frames arrive; each candidate is cut out as
the app does for the refiner (96×96, the face half as high). Uncertain candidates are all kept, certain ones sampled.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.reading.faces import face_finder
from feelharmonic.reading.faces.crop import cut_window
from feelharmonic.reading.faces.face_finder import REFINER_SIZE, FaceFinder, View
from training.data_dir import add_data_option, data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import Scene, SceneMaker
from training.face_finder.shards import Shard, any_scene, make_shards

FRAME_WIDTH = 320
WINDOWS_PER_SHARD = 8192
#: Candidates from this score on: below the app's threshold, since the detector may be trained further.
MIN_SCORE = 0.1
#: The share that is kept of candidates from this score on. The app refines few of them, but tracks them by the refiner.
CERTAIN_SCORE, CERTAIN_SHARE = 0.8, 0.15
#: Standard deviation of the windows' position and scale, as a share of the box: how a face moves between two frames.
JITTER = 0.08
WINDOWS_PER_CANDIDATE = 2


def windows(finder: FaceFinder, scene: Scene, rng: np.random.Generator):
    """(96×96 picture, boxes, landmarks, ignored boxes), in the window's pixels, of each kept candidate."""
    for candidate in finder.candidates(scene.picture, MIN_SCORE):
        if candidate.score >= CERTAIN_SCORE and rng.random() > CERTAIN_SHARE:
            continue
        for _ in range(WINDOWS_PER_CANDIDATE):
            x, y, width, height = candidate.box
            side = max(width, height) / face_finder.WINDOW_SHARE * float(np.exp(rng.normal(0, JITTER)))
            centre = np.array([x + width / 2, y + height / 2]) + rng.normal(0, JITTER / 2, 2) * (width, height)
            scale = REFINER_SIZE[0] / side
            corner = centre - side / 2
            view = View(left=-corner[0] * scale, top=-corner[1] * scale, scale_x=scale, scale_y=scale)
            picture = cut_window(scene.picture, *map(float, corner), scale, REFINER_SIZE)
            yield picture, *labels_in(view, scene)


def labels_in(view: View, scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The scene's boxes, landmarks and ignored boxes in a window's pixels. Faces mostly outside of it are ignored."""
    boxes, ignored = (
        np.hstack([rows[:, :2] * view.scale_x + (view.left, view.top), rows[:, 2:] * view.scale_x])
        for rows in (scene.boxes, scene.ignored)
    )
    points = scene.points * view.scale_x + np.float32([view.left, view.top])
    low, high = boxes[:, :2].clip(0), (boxes[:, :2] + boxes[:, 2:]).clip(max=REFINER_SIZE)
    share = (high - low).clip(0).prod(axis=1) / boxes[:, 2:].prod(axis=1).clip(1e-6)
    inside = share >= 0.5
    return np.float32(boxes[inside]), np.float32(points[inside]), np.float32(np.vstack([ignored, boxes[~inside]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives windows/")
    parser.add_argument("--network", type=Path, default=face_finder.WEIGHTS_PATH, help="the detector, an .onnx file")
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(options.data), options.folder / "labels.npz", "train")
    finder = FaceFinder.load_files(options.network, options.network)

    def make(i: int) -> Shard:
        rng = np.random.default_rng((options.seed, 2, i))
        maker = SceneMaker(sources, rng, FRAME_WIDTH)
        shard = Shard()
        while len(shard) < WINDOWS_PER_SHARD:
            for window in windows(finder, any_scene(maker), rng):
                shard.add(*window)
        return shard

    make_shards(options.folder / "windows", options.shards, options.seed, make)


if __name__ == "__main__":
    main()
