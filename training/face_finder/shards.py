"""Makes the finder's scenes ahead of its training, in shards that the training reads as they come.

python -m training.face_finder.shards --folder ~/.cache/feelharmonic/finder --shards 40
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.data_dir import data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import MOST_FACES, Scene, SceneMaker

SCENES_A_SHARD = 4096


class Shard:
    """Pictures of one size with their faces, as they are saved: pictures (N, H, W, 3) uint8; boxes (N, 4, 4), points
    (N, 4, 5, 2) float32, zero where there is no face; unsure (N, 4, 4)."""

    def __init__(self):
        self._rows: list[tuple[np.ndarray, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, picture: np.ndarray, boxes: np.ndarray, points: np.ndarray, unsure: np.ndarray) -> None:
        filled = (np.zeros((MOST_FACES, 4), np.float32), np.zeros((MOST_FACES, 5, 2), np.float32))
        row = (filled[0], filled[1], filled[0].copy())
        for empty, given in zip(row, (boxes, points, unsure), strict=True):
            empty[: len(given)] = given[:MOST_FACES]
        self._rows.append((picture, *row))

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("pictures", "boxes", "points", "unsure")
        return {name: np.stack(values) for name, values in zip(names, zip(*self._rows, strict=True), strict=True)}

    def save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(file, **self.arrays())
        part.rename(path)  # a shard is whole or not there


def packed(scenes: list[Scene]) -> Shard:
    shard = Shard()
    for scene in scenes:
        shard.add(scene.picture, scene.boxes, scene.points, scene.unsure)
    return shard


def make_shards(folder: Path, count: int, seed: int, made: Callable[[int], Shard]) -> None:
    """Write ``made(i)`` for each i below ``count`` that ``folder`` does not hold yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in tqdm(range(count), desc="shards"):
        path = folder / f"{seed:03d}_{i:04d}.npz"
        if not path.exists():
            made(i).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives shards/")
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(arguments.data), arguments.folder / "labels.npz", "train")

    def made(i: int) -> Shard:
        maker = SceneMaker(sources, np.random.default_rng((arguments.seed, i)))
        return packed([maker.scene() for _ in range(SCENES_A_SHARD)])

    make_shards(arguments.folder / "shards", arguments.shards, arguments.seed, made)


if __name__ == "__main__":
    main()
