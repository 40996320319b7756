"""An expression network as an ONNX file: conversion, half-precision weights, metadata."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import CROP_SIDE_PX, SHOWN
from training.atomic_write import replacing
from training.expression.data import HEADS, STRANGERS
from training.expression.network import ExpressionNetwork, predict

OPSET = 17
#: Initialisers with fewer numbers stay float32: halving them would save nothing.
MIN_HALVED_SIZE = 1024
#: The least probability whose logarithm is taken.
MIN_PROBABILITY = 1e-7
#: Number of faces from which the statistics of a file's layers are measured before it is trained on.
STATISTICS_FACES = 1024
#: The number format of the weights, for the metadata and the card.
FLOAT16_WEIGHTS = "weights kept as float16, widened at load"


class Served(nn.Module):
    """A network as it is served: (N, 1, 48, 48) → one (N, 7) distribution per head."""

    def __init__(self, network: ExpressionNetwork):
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        probabilities = self.network(faces).softmax(2)
        return tuple(probabilities[:, i] for i in range(len(HEADS)))


def as_onnx(network: ExpressionNetwork) -> onnx.ModelProto:
    """``network`` as it is served, in float32. `shown` is the first head's until `shown.py` chooses."""
    one = torch.zeros(1, 1, CROP_SIDE_PX, CROP_SIDE_PX)
    served = Served(network).float().cpu().to(memory_format=torch.contiguous_format).eval()
    written = io.BytesIO()
    torch.onnx.export(
        served,
        (one,),
        written,
        input_names=["faces"],
        output_names=list(HEADS),
        dynamic_axes={name: {0: "n"} for name in ("faces", *HEADS)},
        opset_version=OPSET,
        dynamo=False,  # the newer exporter does not fold batch normalisation, and needs another package
    )
    model = onnx.load_from_string(written.getvalue())
    set_shown(model, np.eye(len(HEADS) * len(EMOTIONS), len(EMOTIONS)), np.zeros(len(EMOTIONS)))
    return model


def set_shown(model: onnx.ModelProto, matrix: np.ndarray, bias: np.ndarray) -> None:
    """Give ``model`` the output `shown`, or replace it: softmax(log(all heads) · matrix + bias).

    ``matrix`` (21, 7) and ``bias`` (7,); the heads lie side by side in HEADS' order.
    """
    graph = model.graph
    for kept in (graph.node, graph.initializer):
        others = [one for one in kept if not one.name.startswith(f"{SHOWN}/")]
        del kept[:]
        kept.extend(others)
    outputs = [output for output in graph.output if output.name in HEADS]
    del graph.output[:]
    graph.output.extend(outputs)
    constants = {"matrix": matrix, "bias": bias, "min": np.array(MIN_PROBABILITY)}
    graph.initializer.extend(
        numpy_helper.from_array(value.astype(np.float32), f"{SHOWN}/{name}") for name, value in constants.items()
    )
    steps = (
        ("Concat", list(HEADS), f"{SHOWN}/heads", {"axis": 1}),
        ("Max", [f"{SHOWN}/heads", f"{SHOWN}/min"], f"{SHOWN}/clipped", {}),
        ("Log", [f"{SHOWN}/clipped"], f"{SHOWN}/logs", {}),
        ("Gemm", [f"{SHOWN}/logs", f"{SHOWN}/matrix", f"{SHOWN}/bias"], f"{SHOWN}/logits", {}),
        ("Softmax", [f"{SHOWN}/logits"], SHOWN, {"axis": 1}),
    )
    for kind, inputs, output, options in steps:
        graph.node.append(helper.make_node(kind, inputs, [output], name=f"{SHOWN}/{kind.lower()}", **options))
    graph.output.append(helper.make_tensor_value_info(SHOWN, TensorProto.FLOAT, ["n", len(EMOTIONS)]))


def halve(model: onnx.ModelProto) -> None:
    """Keep large weights as float16, each behind a Cast, which ONNX Runtime evaluates once, at load."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < MIN_HALVED_SIZE:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def write(model: onnx.ModelProto, path: Path, metadata: dict[str, str]) -> str:
    """Check ``model`` and write it with ``metadata``; its SHA-256. A kill in between leaves the previous file."""
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    with replacing(path) as part:
        part.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def write_network(network: ExpressionNetwork, path: Path, metadata: dict[str, str] | None = None) -> str:
    """Write ``network`` with half-precision weights and ``metadata``; the file's SHA-256."""
    model = as_onnx(network)
    halve(model)
    return write(model, path, {"weights": FLOAT16_WEIGHTS} | (metadata or {}))


def read_metadata(path: Path) -> dict[str, str]:
    """The metadata of the ONNX file ``path``; empty where it has none."""
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def has_strangers_head(path: Path) -> bool:
    """Whether the exported file ``path`` has a head for strangers; the first files had none."""
    return HEADS[STRANGERS] in {output.name for output in onnx.load(path).graph.output}


@torch.no_grad()
def load_exported(network: ExpressionNetwork, path: Path, crops: np.ndarray) -> None:
    """Give ``network`` the weights of the exported file ``path``, so that it computes what the file does.

    The file's convolutions hold their batch normalisations. Those of ``network`` get the statistics of ``crops``
    (N, 48, 48) uint8 and undo them: it can be trained on. A head that the file lacks starts as the first one.
    Raises SystemExit where the file's layers are not the network's.
    """
    model = onnx.load(path)
    values = _float_weights(model)
    modules = dict(network.named_modules())
    convolutions = {_module_of(node.name): node for node in model.graph.node if node.op_type == "Conv"}
    own = {name for name, module in modules.items() if isinstance(module, nn.Conv2d)}
    if convolutions.keys() != own:
        raise SystemExit(f"{path}: expected the layers of this shape ({len(own)}), got {len(convolutions)} others.")
    biases = {}
    for name, node in convolutions.items():
        modules[name].weight.copy_(torch.from_numpy(values(node.input[1])))
        biases[_norm_of(name)] = torch.from_numpy(values(node.input[2]))
    (heads,) = [node for node in model.graph.node if node.name.endswith("heads/Gemm")]
    weight, bias = (torch.from_numpy(values(name)) for name in heads.input[1:3])
    every, missing = network.heads.out_features, network.heads.out_features - len(bias)
    network.heads.weight.copy_(torch.cat([weight, weight[: len(EMOTIONS)].repeat(missing // len(EMOTIONS), 1)])[:every])
    network.heads.bias.copy_(torch.cat([bias, bias[: len(EMOTIONS)].repeat(missing // len(EMOTIONS))])[:every])
    hooks = [modules[name].register_forward_pre_hook(_measuring(bias)) for name, bias in biases.items()]
    predict(network, crops[:: max(1, len(crops) // STATISTICS_FACES)][:STATISTICS_FACES], batch=STATISTICS_FACES)
    for hook in hooks:
        hook.remove()


def _measuring(bias: Tensor):
    """A hook that makes a batch normalisation add ``bias`` and nothing else, by the statistics of what comes first."""

    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        mean = inputs[0].mean((0, 2, 3))
        deviation = inputs[0].var((0, 2, 3), unbiased=False).sqrt().clamp(min=1e-3)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(deviation**2 - norm.eps)
        norm.weight.copy_(deviation)
        norm.bias.copy_(bias.to(mean.device) + mean)

    return measure


def _module_of(node: str) -> str:
    """The network's module that became the convolution ``node``: /network/body/body.1/first/Conv is body.1.first."""
    parts = node.strip("/").split("/")[1:-1]
    return ".".join(part for i, part in enumerate(parts) if i + 1 == len(parts) or not parts[i + 1].startswith(part))


def _norm_of(convolution: str) -> str:
    """The batch normalisation behind it."""
    before, _, last = convolution.rpartition(".")
    return f"{before}.{int(last) + 1}" if last.isdigit() else f"{convolution}_norm"


def _float_weights(model: onnx.ModelProto) -> Callable[[str], np.ndarray]:
    """A function from a tensor's name to its values in float32, whatever the file keeps them as."""
    kept = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
    makers = {output: node for node in model.graph.node for output in node.output}

    def values(name: str) -> np.ndarray:
        if name in kept:
            return kept[name].astype(np.float32)
        maker = makers[name]
        if maker.op_type == "Cast":
            return kept[maker.input[0]].astype(np.float32)
        whole, scale, zero = (kept[one].astype(np.float32) for one in maker.input)  # DequantizeLinear, by channel
        by_channel = (-1,) + (1,) * (whole.ndim - 1) if scale.ndim else ()
        return (whole - zero.reshape(by_channel)) * scale.reshape(by_channel)

    return values


@torch.no_grad()
def blend(network: ExpressionNetwork, other: ExpressionNetwork, share: float) -> None:
    """Give ``network`` the mean of its weights, ``share`` (0..1) of it, and ``other``'s, from which it was fine-tuned.

    Layer by layer with their batch normalisations folded in, which alone are comparable; the strangers' head stays its
    own, ``other`` need not have one. (Wortsman et al. 2022, "Robust fine-tuning", arXiv:2109.01903.)
    """
    own, others = dict(network.named_modules()), dict(other.named_modules())
    for name, module in own.items():
        if isinstance(module, nn.Conv2d):
            norm = own[_norm_of(name)]
            one, two = _folded(module, norm), _folded(others[name], others[_norm_of(name)])
            weight, bias = (share * mine + (1 - share) * theirs for mine, theirs in zip(one, two, strict=True))
            module.weight.copy_(weight)
            for kept, value in ((norm.weight, 1.0), (norm.running_mean, 0.0), (norm.running_var, 1 - norm.eps)):
                kept.fill_(value)
            norm.bias.copy_(bias)
    rows = slice(STRANGERS * len(EMOTIONS))
    for mine, theirs in ((network.heads.weight, other.heads.weight), (network.heads.bias, other.heads.bias)):
        mine[rows] = share * mine[rows] + (1 - share) * theirs[rows]


def _folded(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of the convolution that does what both do, one after the other."""
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return convolution.weight * scale[:, None, None, None], norm.bias - norm.running_mean * scale
