"""The expression network in 8-bit integers: quantised, compared with the float file, and used only where that pays.

In: a calibrated network and the data folder. Out: a file whose last blocks, which hold most of the weights, are
quantised (static quantisation, weights by channel; ranges from training faces, which keeps `valid` untouched), and its
accuracy and time on `valid`. All blocks in 8 bits would be faster still, but then the browser's and the server's
probabilities could differ by more than 0.01 where their crops differ by one grey level.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from feelharmonic.reading.expression import LABELS, ExpressionReader, prepare
from training.expression.data import hard_labels, load_fer, load_training_faces
from training.expression.network import ExpressionNetwork
from training.expression.onnx_file import as_onnx, halve, write
from training.measures import accuracy, median_ms, read_in_batches

#: How many of the last blocks are quantised.
QUANTISED_BLOCKS = 2
#: Training faces from which the ranges of the activations are measured.
CALIBRATION_FACES = 512
#: The number format of the weights, for the metadata and the card.
INT8_WEIGHTS = f"the last {QUANTISED_BLOCKS} blocks computed in 8-bit integers, the other weights kept as float16"
#: The accuracy that a head may lose, as a share of the faces.
MAX_LOSS = 0.003
ROUNDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The float file and the 8-bit file on `valid`."""

    float_accuracy: dict[str, float]  # by head, 0..1
    int8_accuracy: dict[str, float]
    float_ms: float  # median of one face on one thread
    int8_ms: float
    float_bytes: int
    int8_bytes: int

    @property
    def loss(self) -> float:
        """The accuracy lost by the head that loses more, 0..1; below 0 where both gain."""
        return max(self.float_accuracy[head] - self.int8_accuracy[head] for head in LABELS)

    @property
    def pays(self) -> bool:
        return self.loss < MAX_LOSS and self.int8_ms < self.float_ms

    @property
    def heads(self) -> str:
        """Each head's accuracy before and after, for people."""
        return ", ".join(f"{head} {self.float_accuracy[head]:.2%} → {self.int8_accuracy[head]:.2%}" for head in LABELS)

    def __str__(self) -> str:
        return (
            f"int8: {self.heads}; time × {self.int8_ms / self.float_ms:.2f} "
            f"({self.float_ms:.2f} → {self.int8_ms:.2f} ms); "
            f"{self.float_bytes / 1e6:.2f} → {self.int8_bytes / 1e6:.2f} MB: "
            f"{'used' if self.pays else 'not used'}"
        )


class _Faces(CalibrationDataReader):
    """Hands ``crops`` to the quantiser, one by one."""

    def __init__(self, crops: np.ndarray):
        self._each: Iterator[np.ndarray] = iter(crops)

    def get_next(self) -> dict[str, np.ndarray] | None:
        crop = next(self._each, None)
        return None if crop is None else {"faces": prepare(crop[None])}


def quantised(network: ExpressionNetwork, crops: np.ndarray) -> onnx.ModelProto:
    """``network`` as it is served, its last blocks in 8 bits; ranges from ``crops`` (N, 48, 48) uint8."""
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
        write(as_onnx(network), before, {})
        quant_pre_process(before, before, skip_symbolic_shape=True)
        quantize_static(
            before,
            after,
            _Faces(crops),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=["Conv"],
            nodes_to_exclude=_early_convolutions(network, onnx.load(before)),
            per_channel=True,
            # Seven bits of weights: processors without 8-bit dot products (AVX2) add pairs of products in 16 bits.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load(after)
    halve(model)
    return model


def _early_convolutions(network: ExpressionNetwork, model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions before the quantised blocks."""
    blocks = len(network.body)
    late = tuple(f"/body.{i}/" for i in range(blocks - QUANTISED_BLOCKS, blocks))
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return [name for name in convolutions if not any(block in name for block in late)]


def try_int8(network: ExpressionNetwork, path: Path, folder: Path, metadata: dict[str, str]) -> str | None:
    """Replace the float file at ``path`` by an 8-bit one where that pays: its SHA-256, else None. Prints both."""
    crops = load_training_faces(folder)[0].crops
    chosen = np.random.default_rng(0).choice(len(crops), min(CALIBRATION_FACES, len(crops)), replace=False)
    model = quantised(network, crops[chosen])
    beside = path.with_suffix(".int8")
    try:
        write(model, beside, metadata)
        found = compare(path, beside, folder)
    finally:
        beside.unlink(missing_ok=True)
    print(found)
    return write(model, path, metadata | {"weights": INT8_WEIGHTS, "int8": found.heads}) if found.pays else None


def compare(float_path: Path, int8_path: Path, folder: Path) -> Comparison:
    """Both files on `valid`."""
    crops, labels = load_fer(folder, "valid").crops, hard_labels(folder, "valid")
    readers = [ExpressionReader.load(path=path) for path in (float_path, int8_path)]
    accuracies = [
        {head: accuracy(read_in_batches(reader, crops, head), labels[head]) for head in LABELS} for reader in readers
    ]
    times_ms = median_ms([lambda reader=reader: reader.read_crops(crops[:1]) for reader in readers], rounds=ROUNDS)
    return Comparison(
        float_accuracy=accuracies[0],
        int8_accuracy=accuracies[1],
        float_ms=times_ms[0],
        int8_ms=times_ms[1],
        float_bytes=float_path.stat().st_size,
        int8_bytes=int8_path.stat().st_size,
    )
