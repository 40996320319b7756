"""The weights of an exported file (export.py) in a network that can be trained on."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn


@torch.no_grad()
def load_exported(network: nn.Module, path: Path, pictures: torch.Tensor) -> None:
    """Give ``network`` the weights of the exported file ``path``, so that it computes what the file does.

    The file's convolutions hold their batch normalisations. Those of ``network`` get the statistics of ``pictures``
    (N, 3, H, W) 0..1 and undo them: it can be trained on.
    """
    tensors = onnx.load(str(path)).graph.initializer
    kept = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in tensors}
    modules = dict(network.named_modules())
    hooks = []
    for name, module in modules.items():
        if not isinstance(module, nn.Conv2d):
            continue
        whole = f"{name}.weight"
        module.weight.copy_(kept[whole] if whole in kept else kept[f"{whole}_small"] * kept[f"{whole}_scale"])
        parent, _, place = name.rpartition(".")
        norm = modules.get(f"{parent}.{int(place) + 1}") if place.isdigit() else None
        if isinstance(norm, nn.BatchNorm2d):
            hooks.append(norm.register_forward_pre_hook(_undoing(kept[f"{name}.bias"])))
        else:
            module.bias.copy_(kept[f"{name}.bias"])
    network.eval()(pictures)
    for hook in hooks:
        hook.remove()
    network.train()


def _undoing(bias: torch.Tensor):
    """A hook that makes a batch normalisation add ``bias`` and nothing else, by the statistics of what comes first."""

    def measure(norm: nn.BatchNorm2d, inputs: tuple[torch.Tensor]) -> None:
        mean = inputs[0].mean((0, 2, 3))
        deviation = inputs[0].var((0, 2, 3), unbiased=False).sqrt().clamp(min=1e-3)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(deviation**2 - norm.eps)
        norm.weight.copy_(deviation)
        norm.bias.copy_(bias.to(mean.device) + mean)

    return measure
