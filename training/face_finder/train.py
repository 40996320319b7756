"""Trains the face finder on shards of scenes; goes on where it was after any kill.

    python -m training.face_finder.train --folder ~/.cache/feelharmonic/finder --samples 400000
    python -m training.face_finder.train --folder ~/.cache/feelharmonic/finder --samples 400000 --second-look

The second look begins with the first's weights and learns from windows (training.face_finder.windows).
Loss: focal on the centre map (Zhou et al. 2019, arXiv:1904.07850), IoU and L1 on boxes, L1 on landmarks, at the cells
near a face's centre. The weights that are kept are an exponential moving average.
"""

from __future__ import annotations

import argparse
import copy
import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, STRIDE, FinderNetwork

BATCH = 128
SEED = 0
WEIGHT_DECAY = 1e-4
#: Boxes are told in units of so many pixels, so that the network's numbers stay near 1.
SIZE_UNIT = 32.0
#: So many scenes are moved until their face is nearer to the middle, black beyond: what a second look's window shows.
MIDDLED_SHARE = 0.25
#: Rows and columns of a whole frame's maps.
GRID = (INPUT_HEIGHT // STRIDE, INPUT_WIDTH // STRIDE)
#: The network wants heights and widths that are multiples of this.
MULTIPLE_PX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is learned: the folder of its shards, its checkpoint, the highest rate, the share of scenes moved."""

    shards: str
    checkpoint: str
    log: str
    rate: float
    middled_share: float
    start: str = ""


FIRST_LOOK = Look(shards="shards", checkpoint="checkpoint.pt", log="log.csv", rate=4e-3, middled_share=MIDDLED_SHARE)
SECOND_LOOK = Look(
    shards="windows",
    checkpoint="second_look.pt",
    log="second_look.csv",
    rate=1.5e-3,
    middled_share=0.0,
    start=FIRST_LOOK.checkpoint,
)


def cell_centres(rows: int, columns: int) -> torch.Tensor:
    """(rows, columns, 2) float32: x and y, in pixels of the network's input."""
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return (torch.stack([x, y], dim=-1).float() + 0.5) * STRIDE


def targets(
    boxes: torch.Tensor, points: torch.Tensor, unsure: torch.Tensor, grid: tuple[int, int] = GRID
) -> dict[str, torch.Tensor]:
    """What each cell of ``grid`` (rows R, columns C) should say.

    ``boxes`` (N, F, 4), ``points`` (N, F, 5, 2), ``unsure`` (N, F, 4), in input pixels. ``heat`` (N, R, C): 1 at a
    face's centre, falling off; ``share`` (N, R, C): how much the cell answers for the face; ``ignore``: cells of faces
    mostly out of view; ``box``, ``points``: the nearest face's, per cell.
    """
    cells = cell_centres(*grid).to(boxes.device)
    there = boxes[..., 2] > 0  # (N, F)
    centres = boxes[..., :2] + boxes[..., 2:] / 2
    apart = cells[None, None] - centres[:, :, None, None]  # (N, F, 16, 20, 2)
    reach = torch.maximum(0.13 * boxes[..., 2:], torch.tensor(0.5 * STRIDE))[:, :, None, None]
    falls = torch.exp(-0.5 * ((apart / reach) ** 2).sum(-1)) * there[:, :, None, None]  # (N, F, 16, 20)
    # The nearest cell is the centre, wherever in it the centre lies.
    falls = falls / falls.amax(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    heat, owner = falls.max(dim=1)  # (N, 16, 20)
    picked = torch.arange(len(boxes), device=boxes.device)[:, None, None]
    low, high = unsure[..., :2], unsure[..., :2] + unsure[..., 2:]
    inside = ((cells[None, None] > low[:, :, None, None]) & (cells[None, None] < high[:, :, None, None])).all(-1)
    return {
        "heat": heat,
        "share": torch.where(heat > 0.4, heat, torch.zeros_like(heat)),
        "ignore": (inside & (unsure[..., 2] > 0)[:, :, None, None]).any(1),
        "box": boxes[picked, owner],  # (N, 16, 20, 4)
        "points": points[picked, owner],  # (N, 16, 20, 5, 2)
    }


def decoded(maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Boxes (N, 16, 20, 4) as x1, y1, x2, y2 and landmarks (N, 16, 20, 5, 2) in input pixels, from (N, 15, 16, 20)."""
    cells = cell_centres(*maps.shape[2:]).to(maps.device)
    maps = maps.permute(0, 2, 3, 1)
    centre = cells + maps[..., 1:3] * STRIDE
    size = torch.exp(maps[..., 3:5].clamp(-4, 3)) * SIZE_UNIT
    points = centre[..., None, :] + maps[..., 5:].unflatten(-1, (5, 2)) * size[..., None, :]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1), points


def loss_of(maps: torch.Tensor, wanted: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
    heat, share = wanted["heat"], wanted["share"]
    faces = share.sum().clamp(min=1)
    logit = maps[:, 0]
    sure = torch.sigmoid(logit)
    positive = heat > 0.99
    at_centre = -nn.functional.logsigmoid(logit) * (1 - sure) ** 2
    elsewhere = -nn.functional.logsigmoid(-logit) * sure**2 * (1 - heat) ** 4
    focal = (torch.where(positive, at_centre, elsewhere) * ~wanted["ignore"]).sum() / positive.sum().clamp(min=1)

    boxes, points = decoded(maps)
    x1, y1, x2, y2 = boxes.unbind(-1)
    gx, gy, gw, gh = wanted["box"].unbind(-1)
    wide = (torch.minimum(x2, gx + gw) - torch.maximum(x1, gx)).clamp(min=0)
    high = (torch.minimum(y2, gy + gh) - torch.maximum(y1, gy)).clamp(min=0)
    shared = wide * high
    union = (x2 - x1) * (y2 - y1) + gw * gh - shared
    box_loss = ((1 - shared / union.clamp(min=1e-6)) * share).sum() / faces
    size = wanted["box"][..., 2:].clamp(min=1)
    aside, below = (x1 + x2) / 2 - gx - gw / 2, (y1 + y2) / 2 - gy - gh / 2
    centre_miss = aside.abs() / size[..., 0] + below.abs() / size[..., 1]
    size_miss = (torch.log((x2 - x1) / size[..., 0])).abs() + (torch.log((y2 - y1) / size[..., 1])).abs()
    l1 = ((centre_miss * 2 + size_miss) * share).sum() / faces
    point_loss = (((points - wanted["points"]).abs() / size[..., None, :]).mean((-1, -2)) * share).sum() / faces
    parts = {"focal": focal, "box": 2 * box_loss, "l1": 0.5 * l1, "points": 8 * point_loss}
    return sum(parts.values()), {name: float(value) for name, value in parts.items()}


def batches(shard: Path, chance: np.random.Generator, middled_share: float = MIDDLED_SHARE):
    """Batches of one shard in a new order, half of the scenes mirrored, their brightness jittered."""
    with np.load(shard) as data:
        arrays = {name: data[name] for name in ("pictures", "boxes", "points", "unsure")}
    order = chance.permutation(len(arrays["pictures"]))
    for start in range(0, len(order) - BATCH + 1, BATCH):
        rows = order[start : start + BATCH]
        pictures = torch.from_numpy(arrays["pictures"][rows]).permute(0, 3, 1, 2).float().div_(255)
        boxes, points, unsure = (torch.from_numpy(arrays[name][rows].copy()) for name in ("boxes", "points", "unsure"))
        gain = torch.from_numpy(chance.uniform(0.8, 1.2, (BATCH, 1, 1, 1)).astype(np.float32))
        made = mirrored_half(pictures.mul_(gain).clamp_(0, 1), boxes, points, unsure, chance)
        middle_some(*made, chance, middled_share)
        yield made


def mirrored_half(pictures, boxes, points, unsure, chance):
    """Half of the scenes mirrored, all padded to the network's input; boxes and landmarks follow."""
    flip = torch.from_numpy(chance.random(len(pictures)) < 0.5)
    pictures[flip] = pictures[flip].flip(-1)
    height, width = pictures.shape[2:]
    padding = -height % MULTIPLE_PX // 2  # above, and as much below
    for box in (boxes, unsure):
        # Boxes, like landmarks, are in units in which a pixel's middle is a whole number.
        box[flip, :, 0] = torch.where(box[flip, :, 2] > 0, width - 1 - box[flip, :, 0] - box[flip, :, 2], 0.0)
        box[:, :, 1] += padding
    turned = points[flip][:, :, [1, 0, 2, 4, 3]].clone()
    turned[..., 0] = width - 1 - turned[..., 0]
    points[flip] = turned
    points[..., 1] += padding
    padded = nn.functional.pad(pictures, (0, 0, padding, padding))
    return padded.contiguous(memory_format=torch.channels_last), boxes, points, unsure


def middle_some(pictures, boxes, points, unsure, chance, share: float = MIDDLED_SHARE) -> None:
    """Moves some scenes in place, so that their first face comes nearer to the middle; no other face may leave."""
    frame = torch.tensor([pictures.shape[3], pictures.shape[2]])
    for i in np.flatnonzero((chance.random(len(pictures)) < share) & (boxes[:, 0, 2] > 0).numpy()):
        there = boxes[i, :, 2] > 0
        centre = boxes[i, 0, :2] + boxes[i, 0, 2:] / 2
        way = frame / 2 - centre
        right, down = (int(value) for value in (way * float(chance.uniform(0.4, 1))).round())
        moved = boxes[i, there] + torch.tensor([right, down, 0, 0])
        low = moved[:, :2].clamp(min=0)
        high = torch.minimum(moved[:, :2] + moved[:, 2:], frame)
        if ((high - low).clamp(min=0).prod(1) < 0.7 * moved[:, 2:].prod(1)).any() and there.sum() > 1:
            continue
        pictures[i] = moved_picture(pictures[i], right, down)
        boxes[i, there] = moved
        points[i] += torch.tensor([right, down])
        unsure[i, unsure[i, :, 2] > 0] += torch.tensor([right, down, 0, 0])


def moved_picture(picture: torch.Tensor, right: int, down: int) -> torch.Tensor:
    """(3, H, W) moved by so many pixels, black where nothing was."""
    height, width = picture.shape[1:]
    moved = torch.zeros_like(picture)
    moved[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = picture[
        :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
    ]
    return moved


def rate(done: int, samples: int, highest: float = FIRST_LOOK.rate) -> float:
    """The learning rate after ``done`` of ``samples``: a short warm-up, then half a cosine."""
    share = min(done / samples, 1.0)
    return highest * min(share / 0.03, 0.5 * (1 + math.cos(math.pi * share)) + 0.003)


def train(folder: Path, samples: int, device: str, threads: int, look: Look = FIRST_LOOK) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    network = FinderNetwork().to(device, memory_format=torch.channels_last)
    checkpoint, done, passes = folder / look.checkpoint, 0, 0
    if look.start and not checkpoint.exists():
        network.load_state_dict(torch.load(folder / look.start, map_location=device)["kept"])
    kept = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), look.rate, weight_decay=WEIGHT_DECAY)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device)
        network.load_state_dict(state["network"])
        kept.load_state_dict(state["kept"])
        optimiser.load_state_dict(state["optimiser"])
        done, passes = state["done"], state["passes"]
    bar = tqdm(total=samples, initial=done, desc="scenes", mininterval=10)
    while done < samples:
        shards = sorted((folder / look.shards).glob("*.npz"))
        if not shards:
            time.sleep(5)
            continue
        chance = np.random.default_rng(passes)
        # New shards first: the maker may still be at work.
        shard = shards[passes] if passes < len(shards) else shards[int(chance.integers(len(shards)))]
        means: dict[str, list[float]] = {}
        for pictures, *truth in batches(shard, chance, look.middled_share):
            for group in optimiser.param_groups:
                group["lr"] = rate(done, samples, look.rate)
            with torch.autocast(device, torch.bfloat16):
                maps = network(pictures.to(device))
            wanted = targets(*(item.to(device) for item in truth), tuple(maps.shape[2:]))
            loss, parts = loss_of(maps.float(), wanted)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 10.0)
            optimiser.step()
            follow(kept, network, done)
            done += BATCH
            bar.update(BATCH)
            for name, value in parts.items():
                means.setdefault(name, []).append(value)
        passes += 1
        save(checkpoint, network=network, kept=kept, optimiser=optimiser, done=done, passes=passes)
        log(folder / look.log, {"done": done, **{name: round(float(np.mean(v)), 4) for name, v in means.items()}})


@torch.no_grad()
def follow(kept: nn.Module, network: nn.Module, done: int) -> None:
    """The moving average: short at first, about 1,000 steps long later."""
    step = done / BATCH
    decay = min(0.999, (1 + step) / (10 + step))
    for one, other in zip(kept.state_dict().values(), network.state_dict().values(), strict=True):
        if one.dtype.is_floating_point:
            one.lerp_(other, 1 - decay)
        else:
            one.copy_(other)


def save(path: Path, *, network: nn.Module, kept: nn.Module, optimiser, done: int, passes: int) -> None:
    part = path.with_suffix(".part")
    torch.save(
        {
            "network": network.state_dict(),
            "kept": kept.state_dict(),
            "optimiser": optimiser.state_dict(),
            "done": done,
            "passes": passes,
        },
        part,
    )
    part.rename(path)


def log(path: Path, row: dict) -> None:
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="holds shards/, receives checkpoint.pt and log.csv")
    parser.add_argument("--samples", type=int, default=400_000, help="scenes to learn from in all (default 400000)")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--second-look", action="store_true", help="learn from windows/ into second_look.pt")
    arguments = parser.parse_args()
    look = SECOND_LOOK if arguments.second_look else FIRST_LOOK
    train(arguments.folder, arguments.samples, arguments.device, arguments.threads, look)


if __name__ == "__main__":
    main()
