"""The expression network: a plain residual net with two heads over one body.

In: (N, 1, 48, 48) float32 from `feelharmonic.reading.expression.prepare`. Out: (N, 2, 7) logits, heads
in LABELS' order.

Nothing but dense convolutions, additions and ReLUs: at this size those are what ONNX Runtime runs fastest on one
thread (squeeze-excitation and depthwise layers cost more time than their multiplications say).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How large a network is: channels and residual blocks of each stage; each stage but the first halves the side."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    stem_stride: int = 2
    dropout: float = 0.2


#: "medium" can grow out of "small" (widen.py). "fine" looks at all 48 rows first, as published nets do, at
#: three times small's multiplications: a teacher. "wide" is one of 25 times as many, for a GPU. "tiny" is for tests.
SHAPES = {
    "small": Shape(widths=(32, 64, 128, 256), depths=(1, 2, 2, 1)),
    "medium": Shape(widths=(48, 96, 160, 256), depths=(1, 2, 2, 1), dropout=0.3),
    "fine": Shape(widths=(32, 64, 128, 256), depths=(0, 2, 2, 1), stem_stride=1),
    "wide": Shape(widths=(64, 128, 256, 512), depths=(2, 3, 3, 2), stem_stride=1, dropout=0.4),
    "tiny": Shape(widths=(8, 8), depths=(1, 1)),
}


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut. ``stride`` 1 or 2."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels_out)
        self.second = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels_out)
        # A block begins as its shortcut, so that a fresh net trains at a high rate from the first steps.
        nn.init.zeros_(self.second_norm.weight)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride != 1 else nn.Identity(),
                nn.Conv2d(channels_in, channels_out, 1, bias=False),
                nn.BatchNorm2d(channels_out),
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class ExpressionNetwork(nn.Module):
    """(N, 1, 48, 48) float32 in -1..1 → (N, 2, 7) logits."""

    def __init__(self, shape: Shape):
        super().__init__()
        first = shape.widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 5, shape.stem_stride, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        self.body = nn.Sequential(*_blocks(shape))
        self.dropout = nn.Dropout(shape.dropout)
        self.heads = nn.Linear(shape.widths[-1], len(LABELS) * len(EMOTIONS))

    def forward(self, x: Tensor) -> Tensor:
        features = self.body(self.stem(x)).mean((2, 3))  # (N, C)
        return self.heads(self.dropout(features)).unflatten(1, (len(LABELS), len(EMOTIONS)))


def _blocks(shape: Shape) -> list[Block]:
    blocks = []
    channels = shape.widths[0]
    for stage, (width, depth) in enumerate(zip(shape.widths, shape.depths, strict=True)):
        for i in range(depth):
            blocks.append(Block(channels, width, 2 if stage and not i else 1))
            channels = width
    return blocks


def multiply_accumulates(network: ExpressionNetwork) -> int:
    """Multiply-accumulates of one face."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 1, 48, 48))
    return counter.get_total_flops() // 2
