"""Windows around what a trained finder takes for faces, as shards to train the second look on.

    python -m training.face_finder.windows --folder ~/.cache/feelharmonic/finder --shards 20

The first look at scenes of training's people, 320×240 as they arrive, gives candidates; each is cut out as the app cuts
it for its second look (96×96, the face half as high). Doubtful ones are kept all, sure ones now and then.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from feelharmonic.reading import face_finder
from feelharmonic.reading.crop import cut_window
from feelharmonic.reading.face_finder import REFINER_SIZE, FaceFinder, View
from training.data_dir import data_dir
from training.face_finder.data import load_sources
from training.face_finder.export import WEIGHTS_PATH
from training.face_finder.scenes import Scene, SceneMaker
from training.face_finder.shards import Shard, make_shards

FRAME_WIDTH = 320
WINDOWS_A_SHARD = 8192
#: The first look is asked down to this score: below what the app asks for, since the network goes on learning.
LEAST_SCORE = 0.1
#: Of candidates with at least this score so many are kept: the app looks at few of them again, but follows them.
SURE_SCORE, SURE_SHARE = 0.8, 0.15
#: The candidate's box is moved and scaled by so much of its size, as the next frame's face is.
JITTER = 0.08
VIEWS = 2


def windows(finder: FaceFinder, scene: Scene, chance: np.random.Generator):
    """(96×96 picture, boxes, landmarks, unsure boxes), in the window's pixels, of each candidate that is kept."""
    for candidate in finder.candidates(scene.picture, LEAST_SCORE):
        if candidate.score >= SURE_SCORE and chance.random() > SURE_SHARE:
            continue
        for _ in range(VIEWS):
            x, y, width, height = candidate.box
            side = max(width, height) / face_finder.WINDOW_SHARE * float(np.exp(chance.normal(0, JITTER)))
            centre = np.array([x + width / 2, y + height / 2]) + chance.normal(0, JITTER / 2, 2) * (width, height)
            scale = REFINER_SIZE[0] / side
            corner = centre - side / 2
            view = View(left=-corner[0] * scale, top=-corner[1] * scale, scale_x=scale, scale_y=scale)
            picture = cut_window(scene.picture, *map(float, corner), scale, REFINER_SIZE)
            yield picture, *seen_in(view, scene)


def seen_in(view: View, scene: Scene) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The scene's boxes, landmarks and unsure boxes in a window's pixels. Faces mostly outside of it are unsure."""
    boxes, unsure = (
        np.hstack([rows[:, :2] * view.scale_x + (view.left, view.top), rows[:, 2:] * view.scale_x])
        for rows in (scene.boxes, scene.unsure)
    )
    points = scene.points * view.scale_x + np.float32([view.left, view.top])
    low, high = boxes[:, :2].clip(0), (boxes[:, :2] + boxes[:, 2:]).clip(max=REFINER_SIZE)
    share = (high - low).clip(0).prod(axis=1) / boxes[:, 2:].prod(axis=1).clip(1e-6)
    # One of four beside the window's middle takes no cell's answer away from the face in the middle.
    inside = share >= 0.5
    return np.float32(boxes[inside]), np.float32(points[inside]), np.float32(np.vstack([unsure, boxes[~inside]]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives windows/")
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="the first look, an .onnx file")
    parser.add_argument("--shards", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(arguments.data), arguments.folder / "labels.npz", "train")
    finder = FaceFinder.load_files(arguments.network, arguments.network)

    def made(i: int) -> Shard:
        chance = np.random.default_rng((arguments.seed, 2, i))
        maker = SceneMaker(sources, chance, FRAME_WIDTH)
        shard = Shard()
        while len(shard) < WINDOWS_A_SHARD:
            for window in windows(finder, maker.scene(faceless=0.35), chance):
                shard.add(*window)
        return shard

    make_shards(arguments.folder / "windows", arguments.shards, arguments.seed, made)


if __name__ == "__main__":
    main()
