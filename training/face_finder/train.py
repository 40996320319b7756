"""Trains the detector, or the refiner, on shards of scenes or windows; resumes after a kill.

    python -m training.face_finder.train --folder ~/.cache/feelharmonic/finder --samples 400000
    python -m training.face_finder.train --folder ~/.cache/feelharmonic/finder --samples 400000 --refiner

The refiner starts from the detector's weights and trains on windows (windows.py). The exported weights are an
exponential moving average.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from training.atomic_write import replacing
from training.face_finder.exported_weights import load_exported
from training.face_finder.loss import loss_of, targets
from training.face_finder.network import FinderNetwork

BATCH = 128
SEED = 0
WEIGHT_DECAY = 1e-4
#: The share of scenes that are moved until their face is nearer to the middle, as in the refiner's windows.
CENTRED_SHARE = 0.25
#: The network needs heights and widths that are multiples of this.
MULTIPLE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What differs between detector and refiner. Files are in the folder of the shards."""

    shards: str
    checkpoint: str
    log: str
    rate: float  # the highest learning rate
    centred_share: float
    start: str = ""  # a checkpoint whose weights it starts from


DETECTOR = Stage(shards="shards", checkpoint="detector.pt", log="detector.csv", rate=4e-3, centred_share=CENTRED_SHARE)
REFINER = Stage(
    shards="windows",
    checkpoint="refiner.pt",
    log="refiner.csv",
    rate=1.5e-3,
    centred_share=0.0,
    start=DETECTOR.checkpoint,
)


def batches(
    shard: Path, rng: np.random.Generator, centred_share: float = CENTRED_SHARE
) -> Iterator[tuple[torch.Tensor, ...]]:
    """Pictures, boxes, landmarks, ignored boxes: a shard in a new order, half mirrored, at random brightness."""
    with np.load(shard) as data:
        arrays = {name: data[name] for name in ("pictures", "boxes", "points", "ignored")}
    order = rng.permutation(len(arrays["pictures"]))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        rows = order[start : start + BATCH]
        pictures = torch.from_numpy(arrays["pictures"][rows]).permute(0, 3, 1, 2).float().div_(255)
        labels = (torch.from_numpy(arrays[name][rows].copy()) for name in ("boxes", "points", "ignored"))
        gain = torch.from_numpy(rng.uniform(0.8, 1.2, (BATCH, 1, 1, 1)).astype(np.float32))
        made = mirrored_half(pictures.mul_(gain).clamp_(0, 1), *labels, rng)
        centre_some(*made, rng, centred_share)
        yield made


def mirrored_half(pictures, boxes, points, ignored, rng):
    """Half of the scenes mirrored, all padded to the network's input, with their boxes and landmarks."""
    flip = torch.from_numpy(rng.random(len(pictures)) < 0.5)
    pictures[flip] = pictures[flip].flip(-1)
    height, width = pictures.shape[2:]
    padding = -height % MULTIPLE_PX // 2  # above, and as much below
    for box in (boxes, ignored):
        # A pixel's centre is a whole number, for boxes as for landmarks.
        box[flip, :, 0] = torch.where(box[flip, :, 2] > 0, width - 1 - box[flip, :, 0] - box[flip, :, 2], 0.0)
        box[:, :, 1] += padding
    turned = points[flip][:, :, [1, 0, 2, 4, 3]].clone()
    turned[..., 0] = width - 1 - turned[..., 0]
    points[flip] = turned
    points[..., 1] += padding
    padded = nn.functional.pad(pictures, (0, 0, padding, padding))
    return padded.contiguous(memory_format=torch.channels_last), boxes, points, ignored


def centre_some(pictures, boxes, points, ignored, rng, share: float = CENTRED_SHARE) -> None:
    """Move some scenes in place, their first face towards the middle, unless another face would leave the picture."""
    frame = torch.tensor([pictures.shape[3], pictures.shape[2]])
    for i in np.flatnonzero((rng.random(len(pictures)) < share) & (boxes[:, 0, 2] > 0).numpy()):
        there = boxes[i, :, 2] > 0
        centre = boxes[i, 0, :2] + boxes[i, 0, 2:] / 2
        way = frame / 2 - centre
        right, down = (int(value) for value in (way * float(rng.uniform(0.4, 1))).round())
        moved = boxes[i, there] + torch.tensor([right, down, 0, 0])
        low = moved[:, :2].clamp(min=0)
        high = torch.minimum(moved[:, :2] + moved[:, 2:], frame)
        if ((high - low).clamp(min=0).prod(1) < 0.7 * moved[:, 2:].prod(1)).any() and there.sum() > 1:
            continue
        pictures[i] = moved_picture(pictures[i], right, down)
        boxes[i, there] = moved
        points[i] += torch.tensor([right, down])
        ignored[i, ignored[i, :, 2] > 0] += torch.tensor([right, down, 0, 0])


def moved_picture(picture: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """(3, H, W) moved by ``right`` and ``down`` pixels, black at the edges."""
    height, width = picture.shape[1:]
    moved = torch.zeros_like(picture)
    moved[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = picture[
        :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return moved


def rate(done: int, samples: int, highest: float = DETECTOR.rate) -> float:
    """The learning rate after ``done`` of ``samples``: a short warm-up, then half a cosine."""
    share = min(done / samples, 1.0)
    return highest * min(share / 0.03, 0.5 * (1 + math.cos(math.pi * share)) + 0.003)


def train(
    folder: Path, samples: int, device: str, threads: int, stage: Stage = DETECTOR, start_file: Path | None = None
) -> None:
    """Train until ``samples`` scenes in all, from the checkpoint where there is one; saves after each shard.

    Without a checkpoint the weights are those of the exported file ``start_file`` where one is given.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    network = FinderNetwork().to(device, memory_format=torch.channels_last)
    checkpoint, done, passes = folder / stage.checkpoint, 0, 0
    if start_file is not None and not checkpoint.exists():
        load_exported(network, start_file, _first_pictures(folder / stage.shards).to(device))
    elif stage.start and not checkpoint.exists():
        network.load_state_dict(torch.load(folder / stage.start, map_location=device)["average"])
    average = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), stage.rate, weight_decay=WEIGHT_DECAY)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        done, passes = state["done"], state["passes"]
    bar = tqdm(total=samples, initial=done, desc="scenes", mininterval=10)
    while done < samples:
        shards = sorted((folder / stage.shards).glob("*.npz"))
        if not shards:
            time.sleep(5)
            continue
        rng = np.random.default_rng(passes)
        # Each shard once before any again: shards.py may still be running.
        shard = shards[passes] if passes < len(shards) else shards[int(rng.integers(len(shards)))]
        means: dict[str, list[float]] = {}
        for pictures, *truth in batches(shard, rng, stage.centred_share):
            for group in optimizer.param_groups:
                group["lr"] = rate(done, samples, stage.rate)
            with torch.autocast(device, torch.bfloat16):
                maps = network(pictures.to(device))
            wanted = targets(*(item.to(device) for item in truth), tuple(maps.shape[2:]))
            loss, parts = loss_of(maps.float(), wanted)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimizer.step()
            update_average(average, network, done)
            done += BATCH
            bar.update(BATCH)
            for name, value in parts.items():
                means.setdefault(name, []).append(value)
        passes += 1
        save(checkpoint, network=network, average=average, optimizer=optimizer, done=done, passes=passes)
        log(folder / stage.log, {"done": done, **{name: round(float(np.mean(v)), 4) for name, v in means.items()}})


def _first_pictures(shards: Path) -> torch.Tensor:
    """(N, 3, H, W) 0..1: a batch of the first shard in ``shards``."""
    first = min(shards.glob("*.npz"), default=None)
    if first is None:
        raise SystemExit(f"Expected shards in {shards}, found none. Make them first.")
    return next(batches(first, np.random.default_rng(SEED), 0.0))[0]


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, done: int) -> None:
    """Update the moving average: over few steps at first, later over about 1,000."""
    step = done / BATCH
    decay = min(0.999, (1 + step) / (10 + step))
    for one, other in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if one.dtype.is_floating_point:
            one.lerp_(other, 1 - decay)
        else:
            one.copy_(other)


def save(path: Path, *, network: nn.Module, average: nn.Module, optimizer, done: int, passes: int) -> None:
    """Write the checkpoint; a kill in between leaves the previous one."""
    state = {
        "network": network.state_dict(),
        "average": average.state_dict(),
        "optimizer": optimizer.state_dict(),
        "done": done,
        "passes": passes,
    }
    with replacing(path) as part:
        torch.save(state, part)


def log(path: Path, row: dict) -> None:
    """Append ``row`` to the CSV file ``path``."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="holds the shards, receives checkpoint and log")
    parser.add_argument("--samples", type=int, default=400_000, help="scenes to train on in all (default 400000)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--refiner", action="store_true", help="train the refiner on windows/, not the detector")
    parser.add_argument("--start-file", type=Path, help="start from the weights of this exported file")
    parser.add_argument(
        "--rate", type=float, help=f"the highest learning rate ({DETECTOR.rate}, refiner {REFINER.rate})"
    )
    options = parser.parse_args()
    stage = REFINER if options.refiner else DETECTOR
    if options.rate is not None:
        stage = replace(stage, rate=options.rate)
    train(options.folder, options.samples, options.device, options.threads, stage, options.start_file)


if __name__ == "__main__":
    main()
