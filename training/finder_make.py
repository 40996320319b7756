"""Makes the finder's scenes ahead of its training, in shards that the training reads as they come.

    python -m training.finder_make --folder ~/.cache/feelharmonic/finder --shards 40
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.data_dir import data_dir
from training.finder_data import load_sources
from training.finder_scenes import MOST_FACES, Scene, SceneMaker

SCENES_A_SHARD = 4096


def packed(scenes: list[Scene]) -> dict[str, np.ndarray]:
    """Arrays of equal length: pictures (N, 120, 160, 3) uint8; boxes (N, 4, 4), points (N, 4, 5, 2) float32, zero where
    there is no face; unsure (N, 4, 4)."""
    boxes = np.zeros((len(scenes), MOST_FACES, 4), np.float32)
    points = np.zeros((len(scenes), MOST_FACES, 5, 2), np.float32)
    unsure = np.zeros((len(scenes), MOST_FACES, 4), np.float32)
    for i, scene in enumerate(scenes):
        boxes[i, : len(scene.boxes)] = scene.boxes
        points[i, : len(scene.points)] = scene.points
        unsure[i, : len(scene.unsure)] = scene.unsure
    pictures = np.stack([scene.picture for scene in scenes])
    return {"pictures": pictures, "boxes": boxes, "points": points, "unsure": unsure}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives shards/")
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(arguments.data), arguments.folder / "labels.npz", "train")
    shards = arguments.folder / "shards"
    shards.mkdir(parents=True, exist_ok=True)
    for i in tqdm(range(arguments.shards), desc="shards"):
        path = shards / f"{arguments.seed:03d}_{i:04d}.npz"
        if path.exists():
            continue
        maker = SceneMaker(sources, np.random.default_rng((arguments.seed, i)))
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **packed([maker.scene() for _ in range(SCENES_A_SHARD)]))
        part.rename(path)  # a shard is whole or not there


if __name__ == "__main__":
    main()
