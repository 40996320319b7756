"""Face crops → Expressions: prepare() and the network. One ExpressionReader per process.

In: (N, 48, 48) uint8 grey crops in FER2013's framing. Out: (N, 7) float32 probabilities in EMOTIONS' order.
The network is weights/expression.onnx; its card lies beside it. Training uses this room's prepare().
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from feelharmonic.errors import BadInput, SetupFault

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "expression.onnx"

CROP_SIDE_PX = 48

#: The network's two heads: the share of FER+'s annotators, and FER2013's own label.
LABELS = ("ferplus", "fer2013")
#: The file's third output: what the page shows, computed in the graph from both heads and a stated prior.
SHOWN = "shown"


def prepare(crops: np.ndarray) -> np.ndarray:
    """(N, 48, 48) uint8 grey → (N, 1, 48, 48) float32 in -1..1, as the network takes it."""
    return normalised(crops.astype(np.float32))[:, None]


def normalised(pixels):
    """Pixels 0..255 → -1..1. Arithmetic only, so that training uses it on its own device's tensors too."""
    return (pixels / 255 - 0.5) * 2


class ExpressionReader:
    """Reads expressions with ONNX Runtime, one thread. Calls from several threads may overlap."""

    def __init__(self, session: onnxruntime.InferenceSession):
        self._session = session

    @classmethod
    def load(cls, path: Path | str = WEIGHTS_PATH) -> ExpressionReader:
        """The network in the file ``path``. Raises SetupFault where it cannot be loaded."""
        return cls(_session(Path(path)))

    def read_crops(self, crops: np.ndarray, labels: str | None = None) -> np.ndarray:
        """What each face shows: (N, 48, 48) uint8 grey → (N, 7) float32, rows summing to 1.

        Without ``labels``: what the page shows, made from both heads under a prior that the network's card states.
        ``labels``: one head as it is, "ferplus" (share of annotators' votes) or "fer2013" (FER2013's own label).
        Raises BadInput.
        """
        check_crops(crops)
        if labels is not None and (not isinstance(labels, str) or labels not in LABELS):
            raise BadInput(f"Expected labels to be None or one of {', '.join(LABELS)}, got {labels!r}.")
        return self._session.run([labels or SHOWN], {"faces": prepare(crops)})[0]  # (N, 7) float32


def check_crops(crops: object) -> None:
    """Raises BadInput unless ``crops`` is an (N, 48, 48) uint8 array with N of at least 1."""
    expected = f"Expected crops (N, {CROP_SIDE_PX}, {CROP_SIDE_PX}) uint8 grey with N of at least 1"
    if not isinstance(crops, np.ndarray) or isinstance(crops, np.ma.MaskedArray):
        raise BadInput(f"{expected}, got {type(crops).__name__}.")
    if crops.ndim != 3 or crops.shape[1:] != (CROP_SIDE_PX, CROP_SIDE_PX) or not len(crops) or crops.dtype != np.uint8:
        raise BadInput(f"{expected}, got shape {crops.shape}, dtype {crops.dtype}.")


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread: the server's threads are its listeners, and more would fight over the cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    mend = f"Restore it with `git checkout feelharmonic/reading/weights/{path.name}` or train it (docs/training.md)."
    if not path.is_file():
        raise SetupFault([f"{path.name}: the expression network is missing. {mend}"])
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime's faults have no common type of their own.
    except Exception as exc:
        fault = f"{path.name}: the expression network cannot be read ({type(exc).__name__}). {mend}"
        raise SetupFault([fault]) from exc
    names = {output.name for output in session.get_outputs()}
    if not names.issuperset((*LABELS, SHOWN)):
        came = ", ".join(sorted(names))
        raise SetupFault([f"{path.name}: expected the outputs {', '.join((*LABELS, SHOWN))}, got {came}. {mend}"])
    return session
