"""The expression network of the npm package `@vladmandic/face-api` (MIT; its data is not disclosed), as a peer in
benchmarks and as one more source of soft labels. It is no part of what the app serves.

In: the package's folder `model`, which holds face_expression_model.bin and its manifest. Out: an ONNX graph made of
those weights, run by ONNX Runtime; (N, 48, 48) uint8 grey crops → (N, 7) float32 probabilities in EMOTIONS' order.
"""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from feelharmonic.emotions import EMOTIONS
from training.data_dir import DataMissing

MANIFEST = "face_expression_model-weights_manifest.json"
WEIGHTS = "face_expression_model.bin"
#: The package's order.
THEIR_EMOTIONS = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
SIDE_PX = 112
#: What the package subtracts from red, green and blue (0..255) before it divides by 255.
MEAN_RGB = (122.782, 117.001, 104.298)
BLOCKS = 4
BATCH = 64
OPSET = 17


class FaceApiReader:
    """Reads expressions with the package's network, one thread."""

    def __init__(self, session: onnxruntime.InferenceSession):
        self._session = session

    @classmethod
    def load(cls, folder: Path) -> FaceApiReader:
        """The network in the package's folder ``folder``. Raises DataMissing where its files are absent or cut."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = graph_of(read_weights(folder)).SerializeToString()
        return cls(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """(N, 48, 48) uint8 grey → (N, 7) float32. ``labels`` changes nothing: one head."""
        parts = [crops[i : i + BATCH] for i in range(0, len(crops), BATCH)]
        return np.concatenate([self._read(part) for part in parts])

    def _read(self, crops: np.ndarray) -> np.ndarray:
        side = (SIDE_PX, SIDE_PX)
        large = np.stack([cv2.resize(crop, side, interpolation=cv2.INTER_LINEAR) for crop in crops])
        (probabilities,) = self._session.run(None, {"faces": large[:, None].astype(np.float32)})
        return probabilities[:, [THEIR_EMOTIONS.index(name) for name in EMOTIONS]]


def read_weights(folder: Path) -> dict[str, np.ndarray]:
    """The weights by their names, float32; the file keeps most as 8-bit integers with a scale and a least value."""
    try:
        groups = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        data = (folder / WEIGHTS).read_bytes()
        weights, at = {}, 0
        for entry in (entry for group in groups for entry in group["weights"]):
            size = int(np.prod(entry["shape"]))
            kept = entry.get("quantization", {"dtype": entry["dtype"], "scale": 1, "min": 0})
            whole = np.frombuffer(data, kept["dtype"], size, at).astype(np.float32)
            weights[entry["name"]] = (whole * kept["scale"] + kept["min"]).reshape(entry["shape"]).astype(np.float32)
            at += whole.size * np.dtype(kept["dtype"]).itemsize
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DataMissing(
            f"{folder}: expected {MANIFEST} and {WEIGHTS} of the npm package @vladmandic/face-api, got "
            f"{type(exc).__name__}. Install the package and name its folder `model`."
        ) from exc
    return weights


def graph_of(weights: dict[str, np.ndarray]) -> onnx.ModelProto:
    """The package's network: faces (n, 1, 112, 112) float32 grey 0..255 → (n, 7) in THEIR_EMOTIONS' order.

    Four blocks of four convolutions, each layer adding all of its block's before it; all but the first depthwise
    separable; the first of a block has stride 2, padded below and on the right as TensorFlow does.
    """
    made = _Graph(weights)
    x = made.node("Sub", "faces", made.constant("mean", np.reshape(MEAN_RGB, (1, 3, 1, 1))))
    x = made.node("Div", x, made.constant("full", np.array(255.0)))
    for i in range(BLOCKS):
        layers = [made.node("Relu", made.convolution(x, f"dense{i}/conv0", stride=2))]
        for j in (1, 2, 3):
            inputs = layers[0] if j == 1 else made.node("Relu", made.sum(layers))
            layers.append(made.convolution(inputs, f"dense{i}/conv{j}"))
        x = made.node("Relu", made.sum(layers))
    x = made.node("Flatten", made.node("AveragePool", x, kernel_shape=[7, 7], strides=[2, 2]))
    x = made.node("Gemm", x, made.weight("fc/weights"), made.weight("fc/bias"))
    made.nodes.append(helper.make_node("Softmax", [x], ["probabilities"], axis=1))
    faces = helper.make_tensor_value_info("faces", TensorProto.FLOAT, ["n", 1, SIDE_PX, SIDE_PX])
    out = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(THEIR_EMOTIONS)])
    graph = helper.make_graph(made.nodes, "face-api", [faces], [out], made.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


class _Graph:
    """Collects nodes and initialisers; each method returns the name of its result."""

    def __init__(self, weights: dict[str, np.ndarray]):
        self._weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **options: object) -> str:
        name = f"{kind}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def constant(self, name: str, values: np.ndarray) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(values, np.float32), name))
        return name

    def weight(self, name: str, axes: tuple[int, ...] | None = None) -> str:
        values = self._weights[name]
        return self.constant(name, values if axes is None else values.transpose(axes))

    def convolution(self, x: str, name: str, stride: int = 1) -> str:
        pads = [0, 0, 1, 1] if stride == 2 else [1, 1, 1, 1]
        if f"{name}/filters" in self._weights:
            filters = self.weight(f"{name}/filters", (3, 2, 0, 1))
            return self.node("Conv", x, filters, self.weight(f"{name}/bias"), strides=[stride, stride], pads=pads)
        depthwise = self.weight(f"{name}/depthwise_filter", (2, 3, 0, 1))
        groups = self._weights[f"{name}/depthwise_filter"].shape[2]
        x = self.node("Conv", x, depthwise, strides=[stride, stride], pads=pads, group=groups)
        return self.node("Conv", x, self.weight(f"{name}/pointwise_filter", (3, 2, 0, 1)), self.weight(f"{name}/bias"))

    def sum(self, names: list[str]) -> str:
        return names[0] if len(names) == 1 else self.node("Sum", *names)
