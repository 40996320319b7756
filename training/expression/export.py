"""A trained run → weights/expression.onnx, calibrated.

    python -m training.expression.export --data FOLDER [--name small] [--int8] [--out FILE.onnx]

In: NAME/checkpoint.pt under --runs. Out: one file, input `faces` (n, 1, 48, 48) float32, outputs `ferplus` and
`fer2013` (n, 7) float32 probabilities. Each head's temperature is fitted on `valid` and lies inside its weights. What
the card tells of the training (plan, epochs, multiplications) goes into the file's metadata.
With --int8 a file in 8-bit integers is measured beside it, and takes its place where it is worth it (`int8.py`).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import CROP_SIDE_PX, LABELS
from training.data_dir import data_dir
from training.expression.data import FERPLUS, Faces, ferplus_majority, load_fer, votes
from training.expression.network import ExpressionNetwork, multiply_accumulates
from training.expression.shown import ShownReading, set_shown
from training.expression.train import DEFAULT_RUNS, Run, mean_weights, predict, read_run
from training.measures import best_temperature

OPSET = 17
#: Initialisers of at least this many numbers are kept as float16: half the file; ONNX Runtime widens them on loading.
HALVED_FROM = 1024
#: How the file keeps its weights, for its metadata and its card.
KEPT_AS = "weights kept as float16, widened at load"


class TrackList(nn.Module):
    """A network as it is served: (N, 1, 48, 48) → one (N, 7) distribution per head."""

    def __init__(self, network: ExpressionNetwork):
        super().__init__()
        self.network = network

    def forward(self, faces: Tensor) -> tuple[Tensor, ...]:
        probabilities = self.network(faces).softmax(2)
        return tuple(probabilities[:, i] for i in range(len(LABELS)))


def calibrate(network: ExpressionNetwork, faces: Faces) -> dict[str, float]:
    """Divide each head's logits, for good, by the temperature that fits ``faces`` best; those temperatures."""
    logits = predict(network, faces.crops)
    found = {}
    for i, name in enumerate(LABELS):
        labelled = faces.targets[:, i].sum(1) > 0
        found[name] = best_temperature(_softmax(logits[labelled, i]), faces.targets[labelled, i])
        rows = slice(i * len(EMOTIONS), (i + 1) * len(EMOTIONS))
        with torch.no_grad():
            network.heads.weight[rows] /= found[name]
            network.heads.bias[rows] /= found[name]
    return found


def clear_faces(folder: Path) -> Faces:
    """valid, without the votes of those faces by which the calibration is not judged: none of the seven leads."""
    faces = load_fer(folder, "valid")
    targets = faces.targets.copy()
    targets[ferplus_majority(votes(folder, "valid")) < 0, FERPLUS] = 0
    return replace(faces, targets=targets)


def facts_of(run: Run) -> dict[str, str]:
    """How ``run``'s network came to be, for its file's metadata and from there its card."""
    return {
        "plan": json.dumps(asdict(run.plan)),
        "epochs": str(run.epochs_done),
        "parameters": str(sum(parameter.numel() for parameter in run.average.parameters())),
        "multiply_accumulates": str(multiply_accumulates(run.average)),
    }


def read_facts(path: Path) -> dict[str, str]:
    """The metadata of the ONNX file ``path``; empty where it has none."""
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def export(network: ExpressionNetwork, path: Path, facts: dict[str, str] | None = None) -> str:
    """Write ``network`` as ONNX with ``facts`` as its metadata; the file's SHA-256."""
    model = as_onnx(network)
    halve(model)
    return write(model, path, {"weights": KEPT_AS} | (facts or {}))


def as_onnx(network: ExpressionNetwork) -> onnx.ModelProto:
    """``network`` as it is served, in float32. `shown` is the first head's until `shown.py` has chosen."""
    one = torch.zeros(1, 1, CROP_SIDE_PX, CROP_SIDE_PX)
    served = TrackList(network).float().cpu().to(memory_format=torch.contiguous_format).eval()
    written = io.BytesIO()
    torch.onnx.export(
        served,
        (one,),
        written,
        input_names=["faces"],
        output_names=list(LABELS),
        dynamic_axes={name: {0: "n"} for name in ("faces", *LABELS)},
        opset_version=OPSET,
        dynamo=False,  # the newer exporter folds no batch normalisation and wants one package more
    )
    model = onnx.load_from_string(written.getvalue())
    set_shown(model, ShownReading())
    return model


def write(model: onnx.ModelProto, path: Path, facts: dict[str, str]) -> str:
    """Check ``model`` and write it with ``facts`` as its metadata; the file's SHA-256.

    A kill in between leaves the file that was there.
    """
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    data = model.SerializeToString()
    beside = path.with_name(f"{path.name}.part")
    beside.write_bytes(data)
    os.replace(beside, path)
    return hashlib.sha256(data).hexdigest()


def halve(model: onnx.ModelProto) -> None:
    """Keep large weights as float16, each behind a Cast."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < HALVED_FROM:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = casts + list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)


def _softmax(logits: np.ndarray) -> np.ndarray:
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="where runs are kept")
    parser.add_argument("--name", default="small", help="the run's folder under --runs; of several (a,b) the mean")
    parser.add_argument("--int8", action="store_true", help="write 8-bit integers where they are worth it")
    parser.add_argument("--out", type=Path, default=Path("feelharmonic/reading/weights/expression.onnx"))
    options = parser.parse_args()
    folder = data_dir(options.data)
    names = options.name.split(",")
    runs = [read_run(options.runs / name, torch.device("cpu")) for name in names]
    run = runs[0]
    mean_weights([one.average for one in runs])
    facts = facts_of(run) | ({"averaged_with": ", ".join(names[1:])} if names[1:] else {})
    temperatures = calibrate(run.average, clear_faces(folder))
    draft = options.out.with_name(f"{options.out.name}.draft")
    try:
        digest = export(run.average, draft, facts)
        if options.int8:
            from training.expression.int8 import try_int8  # int8 imports this module

            digest = try_int8(run.average, draft, folder, facts) or digest
        os.replace(draft, options.out)  # only now: what is served stays until all is known of what takes its place
    finally:
        draft.unlink(missing_ok=True)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, after epoch {run.epochs_done}, sha256 {digest}")
    print("temperatures: " + ", ".join(f"{name} {value:.3f}" for name, value in temperatures.items()))


if __name__ == "__main__":
    main()
