"""The trained finder as weights/face_finder.onnx and weights/face_look.onnx: batch norm folded into the convolutions,
weights kept in 8 bits.

    python -m training.face_finder.export --folder ~/.cache/feelharmonic/finder [--second-look]

Each weight is an 8-bit integer times its output channel's scale; ONNX Runtime multiplies them once, at load, so that it
computes in float32 everywhere. Height and width stay free (multiples of 32).
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

from training.face_finder.network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork
from training.face_finder.train import FIRST_LOOK, SECOND_LOOK

WEIGHTS_PATH = Path(__file__).resolve().parents[2] / "feelharmonic" / "weights" / "face_finder.onnx"
REFINER_PATH = WEIGHTS_PATH.with_name("face_look.onnx")

#: Smaller arrays than this (biases, shapes) stay as they are.
FEWEST_SHRUNK = 400


def folded(network: nn.Module) -> nn.Module:
    """The same function without batch norm, for inference."""
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
    shrink_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def shrink_weights(model: onnx.ModelProto) -> None:
    """Keep large float32 initialisers as int8, a scale for each output channel; Cast and Mul give them back."""
    graph = model.graph
    widened = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < FEWEST_SHRUNK:
            continue
        name = tensor.name
        largest = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
        scale = np.maximum(largest, 1e-12) / np.float32(127)
        tensor.CopyFrom(numpy_helper.from_array(np.round(values / scale).astype(np.int8), f"{name}_small"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        widened.append(helper.make_node("Cast", [f"{name}_small"], [f"{name}_whole"], to=TensorProto.FLOAT))
        widened.append(helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]))
    nodes = [*widened, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="holds the checkpoints")
    parser.add_argument("--second-look", action="store_true", help="export second_look.pt, not checkpoint.pt")
    parser.add_argument("--out", type=Path, help="the file to write (default: the served one)")
    arguments = parser.parse_args()
    look, served = (SECOND_LOOK, REFINER_PATH) if arguments.second_look else (FIRST_LOOK, WEIGHTS_PATH)
    network = FinderNetwork()
    state = torch.load(arguments.folder / look.checkpoint, map_location="cpu")
    network.load_state_dict(state["kept"])
    out = arguments.out or served
    export(network, out)
    data = out.read_bytes()
    print(f"{out.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}, {state['done']} scenes")


if __name__ == "__main__":
    main()
