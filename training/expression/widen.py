"""A network grown wider without forgetting: every new channel begins as the copy of an old one.

In: a trained `ExpressionNetwork` and a Shape of the same depths with no stage narrower. Out: a network of that shape
which says nearly the same (Chen, Goodfellow & Shlens 2015, "Net2Net", arXiv:1511.05641). Whoever reads a copied channel
gets it in equal shares from all its copies; a little noise lets the copies part ways in training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.expression.network import Block, ExpressionNetwork, Shape

#: Standard deviation of the noise on copied weights, as a share of each weight.
NOISE = 0.05


@torch.no_grad()
def widened(network: ExpressionNetwork, old: Shape, new: Shape, generator: torch.Generator) -> ExpressionNetwork:
    """``network`` of ``old``'s shape in ``new``'s. Raises ValueError where ``new`` is no wider ``old``."""
    if old.depths != new.depths or old.stem_stride != new.stem_stride or len(old.widths) != len(new.widths):
        raise ValueError(f"Expected a shape like {old}, only wider, got {new}.")
    if any(after < before for before, after in zip(old.widths, new.widths, strict=True)):
        raise ValueError(f"Expected stages of at least {old.widths} channels, got {new.widths}.")
    grown = ExpressionNetwork(new)
    stem, norm = network.stem[0], network.stem[1]
    channels = _copies(old.widths[0], new.widths[0], generator)
    _convolution(grown.stem[0], stem, channels, torch.arange(1), generator)
    _norm(grown.stem[1], norm, channels)
    for mine, theirs in zip(grown.body, network.body, strict=True):
        channels = _block(mine, theirs, channels, generator)
    grown.heads.weight.copy_(_shared(network.heads.weight, channels))
    grown.heads.bias.copy_(network.heads.bias)
    return grown


def _block(mine: Block, theirs: Block, inputs: Tensor, generator: torch.Generator) -> Tensor:
    """Fill ``mine`` from ``theirs``, whose inputs were copied as ``inputs`` says; how its outputs are copied."""
    middle = _copies(theirs.first.out_channels, mine.first.out_channels, generator)
    plain = isinstance(theirs.shortcut, nn.Identity)
    # What goes past a block unchanged must meet what comes out of it channel by channel.
    outputs = inputs if plain else _copies(theirs.second.out_channels, mine.second.out_channels, generator)
    _convolution(mine.first, theirs.first, middle, inputs, generator)
    _norm(mine.first_norm, theirs.first_norm, middle)
    _convolution(mine.second, theirs.second, outputs, middle, generator)
    _norm(mine.second_norm, theirs.second_norm, outputs)
    if not plain:
        _convolution(mine.shortcut[1], theirs.shortcut[1], outputs, inputs, generator)
        _norm(mine.shortcut[2], theirs.shortcut[2], outputs)
    return outputs


def _copies(before: int, after: int, generator: torch.Generator) -> Tensor:
    """Which of ``before`` channels each of ``after`` begins as, (after,) int64: all of them once, then some again."""
    again = torch.arange(after - before) % before
    return torch.cat([torch.arange(before), torch.randperm(before, generator=generator)[again]])


def _shared(weight: Tensor, inputs: Tensor) -> Tensor:
    """``weight`` (outputs, inputs, …) for copied inputs: each copy counts by its share."""
    share = 1 / torch.bincount(inputs)[inputs].float()
    return weight[:, inputs] * share.reshape(1, -1, *[1] * (weight.ndim - 2))


def _convolution(mine: nn.Conv2d, theirs: nn.Conv2d, outputs: Tensor, inputs: Tensor, generator) -> None:
    weight = _shared(theirs.weight, inputs)[outputs]
    mine.weight.copy_(weight * (1 + NOISE * torch.randn(weight.shape, generator=generator)))


def _norm(mine: nn.BatchNorm2d, theirs: nn.BatchNorm2d, channels: Tensor) -> None:
    for name in ("weight", "bias", "running_mean", "running_var"):
        getattr(mine, name).copy_(getattr(theirs, name)[channels])
