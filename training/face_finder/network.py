"""The network of detector and refiner: anchor-free, one class, stride 8.

In: (N, 3, 128, 160) float32, BGR 0..1 (the refiner: 96×96). Out: (N, 15, 16, 20), per cell: one logit for a face's
centre, four numbers for the box, ten for the landmarks. The card, `weights/face_finder.md`, describes the decoding.
"""

from __future__ import annotations

import torch
from torch import nn

INPUT_WIDTH, INPUT_HEIGHT, STRIDE = 160, 128, 8
OUTPUTS = 1 + 4 + 10


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.one = convolution(channels, channels)
        self.two = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.two(self.one(x)))


class FinderNetwork(nn.Module):
    """19.3 MMAC, 184 thousand weights. Faces from 14 to 114 pixels: the path down to stride 32 is for large ones."""

    def __init__(self):
        super().__init__()
        self.to_8 = nn.Sequential(convolution(3, 12, 2), convolution(12, 24, 2), convolution(24, 40, 2))
        self.to_16 = nn.Sequential(convolution(40, 48, 2), Residual(48))
        self.to_32 = nn.Sequential(convolution(48, 56, 2), Residual(56))
        self.from_32 = nn.Conv2d(56, 48, 1)
        self.at_16 = convolution(48, 40)
        self.at_8 = convolution(40, 32)
        self.head = nn.Conv2d(32, OUTPUTS, 1)
        nn.init.constant_(self.head.bias[:1], -4.0)  # faces are rare: the first predictions should be low

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        at_8 = self.to_8(pictures)  # (N, 40, 16, 20)
        at_16 = self.to_16(at_8)  # (N, 48, 8, 10)
        at_32 = self.to_32(at_16)  # (N, 56, 4, 5)
        grow = nn.functional.interpolate
        at_16 = self.at_16(at_16 + grow(self.from_32(at_32), scale_factor=2.0, mode="nearest"))
        at_8 = self.at_8(at_8 + grow(at_16, scale_factor=2.0, mode="nearest"))
        return self.head(at_8)
