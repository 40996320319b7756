"""Hard negatives: photographs on which a trained finder errs, as shards to train on.

    python -m training.face_finder.hard_negatives --folder ~/.cache/feelharmonic/finder --network FILE.onnx

LFW's photographs of the people in the training split are searched in many framings, as the app does. Those with a false
alarm (often on collars, patches and posters) or without their face are kept. (Sung and Poggio 1998.)
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from feelharmonic.reading.faces import face_finder
from feelharmonic.reading.faces.boxes import iou
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.data_dir import add_data_option, data_dir
from training.face_finder.data import load_sources
from training.face_finder.scenes import Scene, SceneMaker
from training.face_finder.shards import SCENES_PER_SHARD, packed

FOUND_IOU = 0.4
#: The share of other photographs that are added, so that the network does not forget them.
EASY_SHARE = 0.25


def errs(finder: FaceFinder, scene: Scene) -> bool:
    """Whether ``finder`` finds something that is not a face in ``scene``, or misses a face."""
    frame = cv2.resize(scene.picture, (320, 240), interpolation=cv2.INTER_CUBIC)
    found = [tuple(value / 2 for value in one.box) for one in finder.find(frame)]
    faces = [tuple(box) for box in scene.boxes]
    allowed = faces + [tuple(box) for box in scene.ignored]
    alarm = any(all(iou(box, known) < FOUND_IOU for known in allowed) for box in found)
    return alarm or any(all(iou(box, known) < FOUND_IOU for box in found) for known in faces)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--folder", type=Path, required=True, help="holds labels.npz, receives shards/")
    parser.add_argument("--network", type=Path, required=True, help="the detector, an .onnx file")
    parser.add_argument("--framings", type=int, default=20, help="framings of each photograph (default 20)")
    parser.add_argument("--min-score", type=float, default=0.3, help="that counts as an alarm here (default 0.3)")
    parser.add_argument("--seed", type=int, default=900)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    sources, _ = load_sources(data_dir(options.data), options.folder / "labels.npz", "train")
    face_finder.MIN_SCORE = options.min_score  # below the app's: the network should learn from near alarms as well
    finder = FaceFinder.load_files(options.network, options.network)
    rng = np.random.default_rng(options.seed)
    maker = SceneMaker(sources, rng)
    wide = [source for source in sources if not source.tight]
    kept: list[Scene] = []
    shards = 0
    for _ in range(options.framings):
        for source in tqdm(wide, desc=f"{len(kept)} kept, {shards} shards", mininterval=10):
            scene = maker.photograph(source)
            if errs(finder, scene):
                kept.append(scene)
                kept += [maker.photograph(source)] * int(rng.random() < EASY_SHARE)
            if len(kept) >= SCENES_PER_SHARD:
                packed(kept).save(options.folder / "shards" / f"{options.seed}_{shards:04d}.npz")
                kept, shards = [], shards + 1
    if len(kept) > SCENES_PER_SHARD // 8:
        packed(kept).save(options.folder / "shards" / f"{options.seed}_{shards:04d}.npz")


if __name__ == "__main__":
    main()
