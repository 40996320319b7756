"""The expression network in 8-bit integers: made, measured beside the float one, and served only where it is worth it.

In: a calibrated network and the data folder. Out: a file whose last blocks, which hold most of the weights, are
quantised (static quantisation, weights by channel; ranges from training faces, so `valid` stays fair), and what that
costs and gains on `valid`. All blocks in 8 bits would be faster still, but two machines that cut a face one grey level
apart would then differ by more than the hundredth that README promises between a browser's reading and the server's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from feelharmonic.reading.expression import LABELS, ExpressionReader, prepare
from training.expression.data import FER2013, ferplus_majority, load_fer, votes
from training.expression.export import as_onnx, halve, write
from training.expression.network import ExpressionNetwork
from training.expression.train import load_training_faces
from training.measures import accuracy

#: So many of the last blocks are quantised.
LATE_BLOCKS = 2
#: Training faces from which the ranges of their intermediate numbers are learnt.
CALIBRATION_FACES = 512
#: How the file keeps its weights, for its metadata and its card.
KEPT_AS = f"the last {LATE_BLOCKS} blocks computed in 8-bit integers, the other weights kept as float16"
#: What 8 bits may cost in accuracy by either head, as a share of the faces.
LARGEST_COST = 0.003
BATCH = 256
ROUNDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """Float against 8 bits, on the faces of valid."""

    accuracy_float: dict[str, float]  # by head, 0..1
    accuracy_int8: dict[str, float]
    float_ms: float  # one face, one thread, median; both took turns
    int8_ms: float
    float_bytes: int
    int8_bytes: int

    @property
    def cost(self) -> float:
        """What the head that loses more loses, 0..1; below 0 where both gain."""
        return max(self.accuracy_float[head] - self.accuracy_int8[head] for head in LABELS)

    @property
    def is_worth_it(self) -> bool:
        return self.cost < LARGEST_COST and self.int8_ms < self.float_ms

    @property
    def heads(self) -> str:
        """What became of each head's accuracy, for people."""
        return ", ".join(f"{head} {self.accuracy_float[head]:.2%} → {self.accuracy_int8[head]:.2%}" for head in LABELS)

    def __str__(self) -> str:
        return (
            f"int8: {self.heads}; time × {self.int8_ms / self.float_ms:.2f} "
            f"({self.float_ms:.2f} → {self.int8_ms:.2f} ms); "
            f"{self.float_bytes / 1e6:.2f} → {self.int8_bytes / 1e6:.2f} MB: "
            f"{'' if self.is_worth_it else 'not '}worth it"
        )


class _Faces(CalibrationDataReader):
    """Hands ``crops`` to the quantiser, one by one."""

    def __init__(self, crops: np.ndarray):
        self._each: Iterator[np.ndarray] = iter(crops)

    def get_next(self) -> dict[str, np.ndarray] | None:
        crop = next(self._each, None)
        return None if crop is None else {"faces": prepare(crop[None])}


def quantised(network: ExpressionNetwork, crops: np.ndarray) -> onnx.ModelProto:
    """``network`` as it is served, its last blocks in 8 bits; ``crops`` (N, 48, 48) uint8 show it the usual ranges."""
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
            nodes_to_exclude=_early(network, onnx.load(before)),
            per_channel=True,
            # Seven bits of weights: processors without 8-bit dot products (AVX2) add pairs of products in 16 bits.
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        model = onnx.load(after)
    halve(model)
    return model


def _early(network: ExpressionNetwork, model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions before the last blocks."""
    blocks = len(network.body)
    late = tuple(f"/body.{i}/" for i in range(blocks - LATE_BLOCKS, blocks))
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    return [name for name in convolutions if not any(block in name for block in late)]


def try_int8(network: ExpressionNetwork, path: Path, folder: Path, facts: dict[str, str]) -> str | None:
    """Replace the float file at ``path`` by 8 bits where that is worth it; then its SHA-256, else None. Prints why."""
    crops = load_training_faces(folder)[0].crops
    chosen = np.random.default_rng(0).choice(len(crops), min(CALIBRATION_FACES, len(crops)), replace=False)
    model = quantised(network, crops[chosen])
    beside = path.with_suffix(".int8")
    try:
        write(model, beside, facts)
        found = worth(path, beside, folder)
    finally:
        beside.unlink(missing_ok=True)
    print(found)
    return write(model, path, facts | {"weights": KEPT_AS, "int8": found.heads}) if found.is_worth_it else None


def worth(float_path: Path, int8_path: Path, folder: Path) -> Worth:
    """Both files on valid."""
    faces = load_fer(folder, "valid")
    labels = {"ferplus": ferplus_majority(votes(folder, "valid")), "fer2013": faces.targets[:, FER2013].argmax(1)}
    files = (float_path, int8_path)
    readers = [ExpressionReader.load(path=path) for path in files]
    right = [{head: accuracy(_read(one, faces.crops, head), labels[head]) for head in LABELS} for one in readers]
    times_ms = _one_face_ms(readers, faces.crops[:1])
    return Worth(
        accuracy_float=right[0],
        accuracy_int8=right[1],
        float_ms=times_ms[0],
        int8_ms=times_ms[1],
        float_bytes=float_path.stat().st_size,
        int8_bytes=int8_path.stat().st_size,
    )


def _read(reader: ExpressionReader, crops: np.ndarray, head: str) -> np.ndarray:
    return np.concatenate([reader.read_crops(crops[i : i + BATCH], labels=head) for i in range(0, len(crops), BATCH)])


def _one_face_ms(readers: list[ExpressionReader], crop: np.ndarray) -> list[float]:
    """Median milliseconds of one face; the readers take turns, so that whatever else runs slows all alike."""
    taken = np.empty((ROUNDS, len(readers)))
    for i in range(ROUNDS):
        for j, reader in enumerate(readers):
            start = time.perf_counter()
            reader.read_crops(crop)
            taken[i, j] = (time.perf_counter() - start) * 1e3
    return np.median(taken[ROUNDS // 10 :], axis=0).tolist()
