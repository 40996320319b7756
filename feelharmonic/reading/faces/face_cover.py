"""Whether the upper or the lower half of a face is hidden, and how sure its expression still is.

Crops (48×48 grey) in. The weights are weights/face_cover.npz; its card says how they were trained and how the
temperatures were chosen. A few hundred thousand multiplications a face, so NumPy and plain JavaScript do them.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from feelharmonic.errors import SetupFault

WEIGHTS_PATH = Path(__file__).resolve().parents[1] / "weights" / "face_cover.npz"

#: What may be hidden, in the order of the network's outputs after "clear".
HALVES = ("upper", "lower")

#: From this probability on a half counts as hidden.
MIN_HIDDEN = 0.8

#: Smallest standard deviation by which a crop's levels are divided.
MIN_DEVIATION = 8.0

#: Of the hidden layer (576, 32) int8 and its scale, of the output (32, 3); the temperatures of both halves.
ARRAYS = ("w1", "scale", "b1", "w2", "b2", "temperatures")


class FaceCover:
    """The network. Stateless: calls from several threads may overlap."""

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = arrays
        self._w1 = arrays["w1"].astype(np.float32) * arrays["scale"][0]

    @classmethod
    def load(cls, path: Path = WEIGHTS_PATH) -> FaceCover:
        """The network in the file ``path``. Raises SetupFault where it cannot be loaded."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in ARRAYS}
        except Exception as exc:  # a missing, damaged or foreign file: NumPy raises many types
            advice = f"Restore it with `git checkout feelharmonic/reading/weights/{path.name}`."
            raise SetupFault([f"{path.name}: cannot be read ({type(exc).__name__}). {advice}"]) from exc
        return cls(arrays)

    def hidden(self, crops: np.ndarray) -> list[str | None]:
        """Which half of each of (N, 48, 48) uint8 is hidden; None for clear faces."""
        a = self._arrays
        inner = np.maximum(prepared(crops) @ self._w1 + a["b1"], 0)  # (N, HIDDEN)
        logits = inner @ a["w2"] + a["b2"]  # (N, 3): clear, upper, lower
        raised = np.exp(logits - logits.max(1, keepdims=True))
        halves = (raised / raised.sum(1, keepdims=True))[:, 1:]
        return [HALVES[int(row.argmax())] if row.max() >= MIN_HIDDEN else None for row in halves]

    def softened(self, probabilities: Sequence[float], half: str | None) -> tuple[float, ...]:
        """Seven ``probabilities``, less sure where ``half`` of the face is hidden."""
        if half is None:
            return tuple(probabilities)
        power = 1 / float(self._arrays["temperatures"][HALVES.index(half)])
        raised = [max(share, 1e-6) ** power for share in probabilities]
        return tuple(share / sum(raised) for share in raised)

    def constants(self) -> dict[str, Any]:
        """What JavaScript needs, JSON-ready; ``w1`` in base64."""
        arrays = {name: self._arrays[name].astype(float).tolist() for name in ARRAYS[1:]}
        w1 = base64.b64encode(self._arrays["w1"].tobytes()).decode()
        return {**arrays, "w1": w1, "halves": list(HALVES), "min_hidden": MIN_HIDDEN, "min_deviation": MIN_DEVIATION}


def prepared(crops: np.ndarray) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 576) float32: at half the size, without brightness and contrast."""
    small = crops.reshape(len(crops), 24, 2, 24, 2).mean(axis=(2, 4), dtype=np.float32).reshape(len(crops), -1)
    centred = small - small.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(small.std(axis=1, keepdims=True), MIN_DEVIATION), np.float32)
