"""ONNX Runtime sessions with one thread each, and clear faults for files that cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from feelharmonic.errors import SetupFault


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # One thread: the server's threads are its listeners, and more would fight over the cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    mend = f"Restore it with `git checkout feelharmonic/reading/weights/{path.name}` or train it (docs/training.md)."
    if not path.is_file():
        raise SetupFault([f"{path.name}: the face finder's network is missing. {mend}"])
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    # ONNX Runtime's faults have no common type of their own.
    except Exception as exc:
        raise SetupFault([f"{path.name}: the face finder cannot be read ({type(exc).__name__}). {mend}"]) from exc
