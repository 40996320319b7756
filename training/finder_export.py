"""The trained finder as weights/face_finder.onnx: batch norm folded into the convolutions, weights kept as float16.

    python -m training.finder_export --folder ~/.cache/feelharmonic/finder

The file holds float16 weights with a cast to float32 beside each; ONNX Runtime folds the casts at load, so that it
computes in float32 everywhere. Height and width stay free (multiples of 32): whole frames and windows use one file.
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

from training.finder_network import INPUT_HEIGHT, INPUT_WIDTH, FinderNetwork

WEIGHTS_PATH = Path(__file__).resolve().parent.parent / "feelharmonic" / "weights" / "face_finder.onnx"

#: Smaller arrays than this (biases, shapes) stay as they are.
FEWEST_HALVED = 64


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
    """Write ``network`` to ``path`` with float16 weights."""
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
    halve_weights(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def halve_weights(model: onnx.ModelProto) -> None:
    """Keep large float32 initialisers as float16, each with a Cast that gives float32 under the old name."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < FEWEST_HALVED:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="holds checkpoint.pt")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH)
    arguments = parser.parse_args()
    network = FinderNetwork()
    state = torch.load(arguments.folder / "checkpoint.pt", map_location="cpu")
    network.load_state_dict(state["kept"])
    export(network, arguments.out)
    data = arguments.out.read_bytes()
    print(f"{arguments.out.name}: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}, {state['done']} scenes")


if __name__ == "__main__":
    main()
