"""The expression network: a plain residual net with two heads over one body.

In: (N, 1, 48, 48) float32 from the app's `prepare`. Out: (N, 3, 7) logits, heads in HEADS' order. It has only dense
convolutions, additions and ReLUs, which ONNX Runtime runs fastest on one thread at this size: squeeze-excitation and
depthwise layers take more time than their number of multiplications suggests.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import normalised
from training.expression.data import HEADS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Channels and residual blocks of each stage. Each stage but the first halves the side."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    stem_stride: int = 2
    dropout: float = 0.2


#: "wide", twenty times small's multiplications, is for teachers on a GPU; "tiny" for tests.
SHAPES = {
    "small": Shape(widths=(32, 64, 128, 256), depths=(1, 2, 2, 1)),
    "wide": Shape(widths=(64, 128, 256, 512), depths=(1, 2, 3, 2), stem_stride=1, dropout=0.4),
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
        # A block starts as its shortcut alone, so that a new network can train at a high rate from the first step.
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
    """(N, 1, 48, 48) float32 in -1..1 → (N, 3, 7) logits."""

    def __init__(self, shape: Shape):
        super().__init__()
        first = shape.widths[0]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 5, shape.stem_stride, 2, bias=False), nn.BatchNorm2d(first), nn.ReLU()
        )
        self.body = nn.Sequential(*_blocks(shape))
        self.dropout = nn.Dropout(shape.dropout)
        self.heads = nn.Linear(shape.widths[-1], len(HEADS) * len(EMOTIONS))

    def forward(self, x: Tensor) -> Tensor:
        features = self.body(self.stem(x)).mean((2, 3))  # (N, C)
        return self.heads(self.dropout(features)).unflatten(1, (len(HEADS), len(EMOTIONS)))


def _blocks(shape: Shape) -> list[Block]:
    blocks = []
    channels = shape.widths[0]
    for stage, (width, depth) in enumerate(zip(shape.widths, shape.depths, strict=True)):
        for i in range(depth):
            blocks.append(Block(channels, width, 2 if stage and not i else 1))
            channels = width
    return blocks


@torch.no_grad()
def predict(network: ExpressionNetwork, crops: np.ndarray, batch: int = 512) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 3, 7) float32 logits, computed in float32."""
    device = next(network.parameters()).device
    network.eval()
    parts = torch.from_numpy(np.ascontiguousarray(crops)).split(batch)
    logits = [network(normalised(part.to(device).float())[:, None]).float().cpu() for part in parts]
    return torch.cat(logits).numpy()


def best_device() -> torch.device:
    """CUDA where there is a GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_arithmetic(device: torch.device) -> AbstractContextManager:
    """bfloat16 where the hardware multiplies it faster: CUDA, and processors with AMX or AVX512-BF16."""
    if device.type == "cpu" and not torch.backends.mkldnn.is_available():
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def multiply_accumulates(network: ExpressionNetwork) -> int:
    """Multiply-accumulates of one face."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, 1, 48, 48))
    return counter.get_total_flops() // 2
