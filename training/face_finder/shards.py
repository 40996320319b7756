"""The finder's training scenes, made in advance as files (shards) that the training reads while more are made.

python -m training.face_finder.shards --folder ~/.cache/feelharmonic/finder --shards 40
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from training.atomic_write import replacing
from training.data_dir import add_data_option, data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import MAX_FACES, Scene, SceneMaker

SCENES_PER_SHARD = 4096
#: Shares of the scenes that hold signs, or parts of heads, and no face; of the others, of those without a face and of
#: those with signs behind the faces.
SIGNS_SHARE, PARTS_SHARE, FACELESS_SHARE, SIGNS_BEHIND_SHARE = 0.25, 0.15, 0.3, 0.2


class Shard:
    """Pictures of one size with their faces: pictures (N, H, W, 3) uint8; boxes and ignored (N, 4, 4), points
    (N, 4, 5, 2) float32, padded with zeros."""

    def __init__(self):
        self._rows: list[tuple[np.ndarray, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, picture: np.ndarray, boxes: np.ndarray, points: np.ndarray, ignored: np.ndarray) -> None:
        filled = (np.zeros((MAX_FACES, 4), np.float32), np.zeros((MAX_FACES, 5, 2), np.float32))
        row = (filled[0], filled[1], filled[0].copy())
        for empty, given in zip(row, (boxes, points, ignored), strict=True):
            empty[: len(given)] = given[:MAX_FACES]
        self._rows.append((picture, *row))

    def arrays(self) -> dict[str, np.ndarray]:
        names = ("pictures", "boxes", "points", "ignored")
        return {name: np.stack(values) for name, values in zip(names, zip(*self._rows, strict=True), strict=True)}

    def save(self, path: Path) -> None:
        """Write the shard to ``path``; the training never sees an incomplete file."""
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, **self.arrays())


def packed(scenes: list[Scene]) -> Shard:
    """A shard of ``scenes``."""
    shard = Shard()
    for scene in scenes:
        shard.add(scene.picture, scene.boxes, scene.points, scene.ignored)
    return shard


def any_scene(maker: SceneMaker) -> Scene:
    """A scene as frames are, or one of things that are taken for faces."""
    kind = maker.rng.random()
    if kind < SIGNS_SHARE:
        return maker.signs()
    if kind < SIGNS_SHARE + PARTS_SHARE:
        return maker.parts()
    return maker.scene(faceless=FACELESS_SHARE, signs=SIGNS_BEHIND_SHARE)


def make_shards(folder: Path, count: int, seed: int, make: Callable[[int], Shard]) -> None:
    """Write ``make(i)`` for each i below ``count`` whose file is not in ``folder`` yet."""
    for i in tqdm(range(count), desc="shards"):
        path = folder / f"{seed:03d}_{i:04d}.npz"
        if not path.exists():
            make(i).save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives shards/")
    parser.add_argument("--shards", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(options.data), options.folder / "labels.npz", "train")

    def make(i: int) -> Shard:
        maker = SceneMaker(sources, np.random.default_rng((options.seed, i)))
        return packed([any_scene(maker) for _ in range(SCENES_PER_SHARD)])

    make_shards(options.folder / "shards", options.shards, options.seed, make)


if __name__ == "__main__":
    main()
