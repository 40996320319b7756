"""Face crops → probabilities of the seven emotions: `prepare` and the network. One ExpressionReader per process.

The network is weights/expression.onnx; its card is beside it. Training uses the same `prepare`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime

from feelharmonic.errors import BadInput
from feelharmonic.reading.faces.crop import CROP_SIDE_PX
from feelharmonic.reading.onnx_session import load_session

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "expression.onnx"

#: The network's two heads: the share of FER+'s annotators, and FER2013's own label.
LABELS = ("ferplus", "fer2013")

#: The file's third output: what the page shows, computed in the graph from both heads and a stated prior.
SHOWN = "shown"

#: A NumPy array, or a tensor of the library that trains.
Pixels = TypeVar("Pixels", bound=Any)


def prepare(crops: np.ndarray) -> np.ndarray:
    """(N, 48, 48) uint8 grey → (N, 1, 48, 48) float32 in -1..1, the network's input."""
    return np.asarray(normalised(crops.astype(np.float32))[:, None])


def normalised(pixels: Pixels) -> Pixels:
    """Pixels 0..255 → -1..1. Arithmetic only, so that training can use it on tensors."""
    scaled: Pixels = (pixels / 255 - 0.5) * 2
    return scaled


class ExpressionReader:
    """Reads expressions with ONNX Runtime on one thread. Calls from several threads may overlap."""

    def __init__(self, session: onnxruntime.InferenceSession):
        self._session = session

    @classmethod
    def load(cls, path: Path | str = WEIGHTS_PATH) -> ExpressionReader:
        """The network in the file ``path``. Raises SetupFault where it cannot be loaded."""
        return cls(load_session(Path(path), "expression network", outputs=(*LABELS, SHOWN)))

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """What each face shows: (N, 48, 48) uint8 grey → (N, 7) float32, rows summing to 1.

        Without ``labels``: what the page shows, made from both heads under a prior that the network's card states.
        ``labels``: one head as it is, "ferplus" (share of annotators' votes) or "fer2013" (FER2013's own label).
        Raises BadInput.
        """
        check_crops(crops)
        check_labels(labels)
        output = labels or SHOWN
        probabilities: np.ndarray = self._session.run([output], {"faces": prepare(crops)})[0]  # (N, 7) float32
        return probabilities


def check_labels(labels: object) -> None:
    """Raises BadInput unless ``labels`` is None or names one of the network's heads."""
    if labels is not None and (not isinstance(labels, str) or labels not in LABELS):
        raise BadInput(f"Expected labels to be None or one of {', '.join(LABELS)}, got {labels!r}.")


def check_crops(crops: object) -> None:
    """Raises BadInput unless ``crops`` is an (N, 48, 48) uint8 array with N of at least 1."""
    expected = f"Expected crops (N, {CROP_SIDE_PX}, {CROP_SIDE_PX}) uint8 grey with N of at least 1"
    if not isinstance(crops, np.ndarray) or isinstance(crops, np.ma.MaskedArray):
        raise BadInput(f"{expected}, got {type(crops).__name__}.")
    if crops.ndim != 3 or crops.shape[1:] != (CROP_SIDE_PX, CROP_SIDE_PX) or not len(crops) or crops.dtype != np.uint8:
        raise BadInput(f"{expected}, got shape {crops.shape}, dtype {crops.dtype}.")
