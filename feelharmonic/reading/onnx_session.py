"""ONNX Runtime sessions with one thread each, and clear errors for files that cannot be loaded."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from feelharmonic.errors import SetupFault


def load_session(path: Path, network: str, outputs: tuple[str, ...] = ()) -> onnxruntime.InferenceSession:
    """A session of the ONNX file at ``path`` on the CPU, with one thread.

    ``network`` names it in errors; ``outputs`` are the names that it must have. Raises SetupFault where the file is
    missing, cannot be read or lacks an output.
    """
    file = f"feelharmonic/reading/weights/{path.name}"
    advice = f"Restore it with `git checkout {file}` or train it (docs/training.md)."
    if not path.is_file():
        raise SetupFault([f"{path.name}: the {network} is missing. {advice}"])
    options = onnxruntime.SessionOptions()
    # One thread: the server already reads one frame per core, and more threads would compete for the same cores.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # ONNX Runtime's errors have no common base class
        raise SetupFault([f"{path.name}: the {network} cannot be read ({type(exc).__name__}). {advice}"]) from exc
    names = sorted(output.name for output in session.get_outputs())
    if not set(outputs) <= set(names):
        raise SetupFault([f"{path.name}: expected the outputs {', '.join(outputs)}, got {', '.join(names)}. {advice}"])
    return session
