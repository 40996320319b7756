"""Face crops → probabilities of the seven emotions: `prepare` and the network. One ExpressionReader per process.

The network is weights/expression.onnx; its card is beside it. Training uses the same `prepare`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import cv2
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

#: A crop that differs from the one that was read by at most this (mean of levels, 0..255) shows the same: the larger
#: bound holds where the network was at least this sure, else small changes move its answer
#: (`python -m benchmarks.networks.unchanged`).
UNCHANGED_LEVELS, SAME_LEVELS, SURE_PROBABILITY = 2.5, 0.1, 0.99

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


class LastReadings:
    """One listener's: of each face the crop that the network read last, and what it showed.

    A crop is compared with the one that was read, not with the frame before: so slow changes add up until they count.
    """

    def __init__(self) -> None:
        self._read: dict[int, tuple[np.ndarray, list[float]]] = {}

    def read(
        self, read_crops: Callable[[np.ndarray], np.ndarray], ids: Sequence[int | None], crops: np.ndarray
    ) -> list[list[float]]:
        """What each of ``crops`` (N, 48, 48) uint8 shows; ``read_crops`` reads those that have changed. ``ids`` are the
        faces', None of those that are not followed."""
        last = [None if id is None else self._read.get(id) for id in ids]
        changed = [
            i
            for i, (crop, known) in enumerate(zip(crops, last, strict=True))
            if known is None or has_changed(crop, *known)
        ]
        rows = iter(read_crops(crops[changed]).astype(float).tolist() if changed else ())
        now = [(crops[i], next(rows)) if i in changed else last[i] for i in range(len(crops))]
        self._read = {id: one for id, one in zip(ids, now, strict=True) if id is not None and one is not None}
        return [one[1] for one in now if one is not None]


def has_changed(crop: np.ndarray, before: np.ndarray, probabilities: Sequence[float]) -> bool:
    """Whether ``crop`` (48, 48) uint8 may show something else than the crop that showed ``probabilities``."""
    levels = cv2.norm(crop, before, cv2.NORM_L1) / crop.size
    return levels > (UNCHANGED_LEVELS if max(probabilities) >= SURE_PROBABILITY else SAME_LEVELS)
