"""The trained detector and refiner as weights/face_finder.onnx and weights/face_look.onnx.

    python -m training.face_finder.export --folder ~/.cache/feelharmonic/finder [--refiner]

Batch normalisation is folded into the convolutions. Each weight is stored as an 8-bit integer and its output channel's
scale, which ONNX Runtime multiplies once, at load: it computes in float32. Height and width are dynamic (multiples of
32).
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from feelharmonic.reading.faces.face_finder import REFINER_PATH, WEIGHTS_PATH
from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork
from training.face_finder.train import DETECTOR, REFINER

#: Arrays with fewer numbers (biases, shapes) stay as they are.
MIN_QUANTISED_SIZE = 400


def folded(network: nn.Module) -> nn.Module:
    """``network`` with batch normalisation folded into its convolutions, for inference."""
    network = network.eval()
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for i in range(len(module) - 1):
                if isinstance(module[i], nn.Conv2d) and isinstance(module[i + 1], nn.BatchNorm2d):
                    module[i] = nn.utils.fuse_conv_bn_eval(module[i], module[i + 1])
                    module[i + 1] = nn.Identity()
    return network


def export(network: nn.Module, path: Path) -> None:
    """Write ``network`` to ``path`` with weights in 8 bits."""
    network = folded(network)
    picture = torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    torch.onnx.export(
        network,
        (picture,),
        str(path),
        input_names=["pictures"],
        output_names=["maps"],
        dynamic_axes={"pictures": {0: "n", 2: "height", 3: "width"}, "maps": {0: "n", 2: "rows", 3: "columns"}},
        opset_version=17,
        dynamo=False,
    )
    model = onnx.load(str(path))
    quantise_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def quantise_weights(model: onnx.ModelProto) -> None:
    """Store large float32 initialisers as int8 with a scale per output channel, restored by Cast and Mul."""
    graph = model.graph
    nodes_before = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < MIN_QUANTISED_SIZE:
            continue
        name = tensor.name
        largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
        scale = np.maximum(largest, 1e-12) / np.float32(127)
        tensor.CopyFrom(numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_small"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        nodes_before.append(helper.make_node("Cast", [f"{name}_small"], [f"{name}_whole"], to=TensorProto.FLOAT))
        nodes_before.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]))
    nodes = [*nodes_before, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="holds the checkpoints")
    parser.add_argument("--refiner", action="store_true", help="export the refiner, not the detector")
    parser.add_argument("--out", type=Path, help="the file to write (default: the served one)")
    options = parser.parse_args()
    stage, served = (REFINER, REFINER_PATH) if options.refiner else (DETECTOR, WEIGHTS_PATH)
    network = FinderNetwork()
    state = torch.load(options.folder / stage.checkpoint, map_location="cpu")
    network.load_state_dict(state["average"])
    out = options.out or served
    export(network, out)
    data = out.read_bytes()
    print(f"{out.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}, {state['done']} scenes")


if __name__ == "__main__":
    main()
