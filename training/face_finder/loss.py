"""What the finder's network should answer for a scene, and the loss.

Focal loss on the centre map (Zhou et al. 2019, arXiv:1904.07850), IoU and L1 on boxes, L1 on landmarks, at the cells
near a face's centre.
"""

from __future__ import annotations

import torch
from torch import nn

from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, STRIDE

#: Unit of box sizes in the network's output, in pixels, which keeps its numbers near 1.
SIZE_UNIT = 32.0
#: Rows and columns of a whole frame's maps.
GRID = (INPUT_HEIGHT // STRIDE, INPUT_WIDTH // STRIDE)


def cell_centres(rows: int, columns: int) -> torch.Tensor:
    """(rows, columns, 2) float32: x and y, in pixels of the network's input."""
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return (torch.stack([x, y], dim=-1).float() + 0.5) * STRIDE


def targets(
    boxes: torch.Tensor, points: torch.Tensor, ignored: torch.Tensor, grid: tuple[int, int] = GRID
) -> dict[str, torch.Tensor]:
    """The targets of each cell of ``grid`` (rows R, columns C).

    ``boxes`` (N, F, 4), ``points`` (N, F, 5, 2), ``ignored`` (N, F, 4), in input pixels. ``heat`` (N, R, C): 1 at a
    face's centre, falling off around it; ``weight`` (N, R, C): of the cell in the loss of boxes and landmarks;
    ``ignore``: cells of faces mostly out of view; ``box``, ``points``: those of the nearest face.
    """
    cells = cell_centres(*grid).to(boxes.device)
    there = boxes[..., 2] > 0  # (N, F)
    centres = boxes[..., :2] + boxes[..., 2:] / 2
    apart = cells[None, None] - centres[:, :, None, None]  # (N, F, 16, 20, 2)
    reach = torch.maximum(0.13 * boxes[..., 2:], torch.tensor(0.5 * STRIDE))[:, :, None, None]
    bumps = torch.exp(-0.5 * ((apart / reach) ** 2).sum(-1)) * there[:, :, None, None]  # (N, F, 16, 20)
    # The nearest cell gets 1, wherever in it the centre lies.
    bumps = bumps / bumps.amax(dim=(2, 3), keepdim=True).clamp(min=1e-6)
    heat, owner = bumps.max(dim=1)  # (N, 16, 20)
    picked = torch.arange(len(boxes), device=boxes.device)[:, None, None]
    low, high = ignored[..., :2], ignored[..., :2] + ignored[..., 2:]
    inside = ((cells[None, None] > low[:, :, None, None]) & (cells[None, None] < high[:, :, None, None])).all(-1)
    return {
        "heat": heat,
        "weight": torch.where(heat > 0.4, heat, torch.zeros_like(heat)),
        "ignore": (inside & (ignored[..., 2] > 0)[:, :, None, None]).any(1),
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
    """The loss of ``maps`` (N, 15, R, C) against the targets ``wanted``, and its parts for the log."""
    heat, weight = wanted["heat"], wanted["weight"]
    faces = weight.sum().clamp(min=1)
    logit = maps[:, 0]
    score = torch.sigmoid(logit)
    positive = heat > 0.99
    at_centre = -nn.functional.logsigmoid(logit) * (1 - score) ** 2
    elsewhere = -nn.functional.logsigmoid(-logit) * score**2 * (1 - heat) ** 4
    focal = (torch.where(positive, at_centre, elsewhere) * ~wanted["ignore"]).sum() / positive.sum().clamp(min=1)

    boxes, points = decoded(maps)
    x1, y1, x2, y2 = boxes.unbind(-1)
    gx, gy, gw, gh = wanted["box"].unbind(-1)
    wide = (torch.minimum(x2, gx + gw) - torch.maximum(x1, gx)).clamp(min=0)
    high = (torch.minimum(y2, gy + gh) - torch.maximum(y1, gy)).clamp(min=0)
    shared = wide * high
    union = (x2 - x1) * (y2 - y1) + gw * gh - shared
    box_loss = ((1 - shared / union.clamp(min=1e-6)) * weight).sum() / faces
    size = wanted["box"][..., 2:].clamp(min=1)
    aside, below = (x1 + x2) / 2 - gx - gw / 2, (y1 + y2) / 2 - gy - gh / 2
    centre_miss = aside.abs() / size[..., 0] + below.abs() / size[..., 1]
    size_miss = (torch.log((x2 - x1) / size[..., 0])).abs() + (torch.log((y2 - y1) / size[..., 1])).abs()
    l1 = ((centre_miss * 2 + size_miss) * weight).sum() / faces
    point_loss = (((points - wanted["points"]).abs() / size[..., None, :]).mean((-1, -2)) * weight).sum() / faces
    parts = {"focal": focal, "box": 2 * box_loss, "l1": 0.5 * l1, "points": 8 * point_loss}
    return sum(parts.values()), {name: float(value.detach()) for name, value in parts.items()}
