"""An expression network as an ONNX file: conversion, half-precision weights, metadata."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import CROP_SIDE_PX, LABELS, SHOWN
from training.atomic_write import replacing
from training.expression.network import ExpressionNetwork

OPSET = 17
#: Initialisers with fewer numbers stay float32: halving them would save nothing.
MIN_HALVED_SIZE = 1024
#: The least probability whose logarithm is taken.
MIN_PROBABILITY = 1e-7
#: The number format of the weights, for the metadata and the card.
FLOAT16_WEIGHTS = "weights kept as float16, widened at load"


class Served(nn.Module):
    """A network as it is served: (N, 1, 48, 48) → one (N, 7) distribution per head."""

    def __init__(self, network: ExpressionNetwork):
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        probabilities = self.network(faces).softmax(2)
        return tuple(probabilities[:, i] for i in range(len(LABELS)))


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
        output_names=list(LABELS),
        dynamic_axes={name: {0: "n"} for name in ("faces", *LABELS)},
        opset_version=OPSET,
        dynamo=False,  # the newer exporter does not fold batch normalisation, and needs another package
    )
    model = onnx.load_from_string(written.getvalue())
    first = np.concatenate([np.eye(len(EMOTIONS)), np.zeros((len(EMOTIONS), len(EMOTIONS)))])
    set_shown(model, first, np.zeros(len(EMOTIONS)))
    return model


def set_shown(model: onnx.ModelProto, matrix: np.ndarray, bias: np.ndarray) -> None:
    """Give ``model`` the output `shown`, or replace it: softmax(log(both heads) · matrix + bias).

    ``matrix`` (14, 7) and ``bias`` (7,); the heads lie side by side in LABELS' order.
    """
    graph = model.graph
    for kept in (graph.node, graph.initializer):
        others = [one for one in kept if not one.name.startswith(f"{SHOWN}/")]
        del kept[:]
        kept.extend(others)
    outputs = [output for output in graph.output if output.name in LABELS]
    del graph.output[:]
    graph.output.extend(outputs)
    constants = {"matrix": matrix, "bias": bias, "min": np.array(MIN_PROBABILITY)}
    graph.initializer.extend(
        numpy_helper.from_array(value.astype(np.float32), f"{SHOWN}/{name}") for name, value in constants.items()
    )
    steps = (
        ("Concat", list(LABELS), f"{SHOWN}/both", {"axis": 1}),
        ("Max", [f"{SHOWN}/both", f"{SHOWN}/min"], f"{SHOWN}/clipped", {}),
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
