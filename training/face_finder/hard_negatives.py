"""Photographs on which a trained finder errs, as shards to train on: false alarms on collars, patches and posters.

    python -m training.face_finder.hard_negatives --folder ~/.cache/feelharmonic/finder --network FILE.onnx

LFW's photographs of training's people are looked at in many framings, as the app does; those with an alarm or without
their face are kept. (Hard negative mining; Sung and Poggio 1998.)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from feelharmonic.reading import face_finder
from feelharmonic.reading.boxes import iou
from feelharmonic.reading.face_finder import FaceFinder
from training.data_dir import data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import Scene, SceneMaker
from training.face_finder.shards import SCENES_A_SHARD, packed

FOUND_IOU = 0.4
#: A quarter of what is kept went well: the network must not unlearn it.
EASY_SHARE = 0.25


def errs(finder: FaceFinder, scene: Scene) -> bool:
    """Whether ``finder`` raises a false alarm in ``scene``, or misses a face that is asked for."""
    frame = cv2.resize(scene.picture, (320, 240), interpolation=cv2.INTER_CUBIC)
    found = [tuple(value / 2 for value in one.box) for one in finder.find(frame)]
    asked = [tuple(box) for box in scene.boxes]
    either = asked + [tuple(box) for box in scene.unsure]
    alarm = any(all(iou(box, known) < FOUND_IOU for known in either) for box in found)
    return alarm or any(all(iou(box, known) < FOUND_IOU for box in found) for known in asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None, help="data folder (default: DATA_DIR)")
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives shards/")
    parser.add_argument("--network", type=Path, required=True, help="the finder to try, an .onnx file")
    parser.add_argument("--framings", type=int, default=20, help="framings of each photograph (default 20)")
    parser.add_argument("--least", type=float, default=0.3, help="a score that counts as an alarm here (default 0.3)")
    parser.add_argument("--seed", type=int, default=900)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(arguments.data), arguments.folder / "labels.npz", "train")
    face_finder.MIN_SCORE = arguments.least  # nearly an alarm is worth learning from as well
    finder = FaceFinder.load_files(arguments.network, arguments.network)
    chance = np.random.default_rng(arguments.seed)
    maker = SceneMaker(sources, chance)
    wide = [source for source in sources if not source.tight]
    kept: list[Scene] = []
    shards = 0
    for _ in range(arguments.framings):
        for source in tqdm(wide, desc=f"{len(kept)} kept, {shards} shards", mininterval=10):
            scene = maker.photograph(source)
            if errs(finder, scene):
                kept.append(scene)
                kept += [maker.photograph(source)] * int(chance.random() < EASY_SHARE)
            if len(kept) >= SCENES_A_SHARD:
                packed(kept).save(arguments.folder / "shards" / f"{arguments.seed}_{shards:04d}.npz")
                kept, shards = [], shards + 1
    if len(kept) > SCENES_A_SHARD // 8:
        packed(kept).save(arguments.folder / "shards" / f"{arguments.seed}_{shards:04d}.npz")


if __name__ == "__main__":
    main()
