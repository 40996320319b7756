"""A trained run as the served file, weights/expression.onnx, calibrated.

    python -m training.expression.export --data FOLDER [--name small] [--int8] [--out FILE.onnx]

In: NAME/checkpoint.pt under --runs. Out: one file, input `faces` (n, 1, 48, 48) float32, outputs `ferplus` and
`fer2013` (n, 7) float32 probabilities. Each head's temperature is fitted on `valid` and folded into its weights. How
the network was trained (plan, epochs, multiplications) goes into the file's metadata, from which the card quotes it.
With --int8 a file in 8-bit integers is compared with it, and replaces it where that pays (`int8.py`).
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import torch

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, WEIGHTS_PATH
from training.atomic_write import replacing
from training.data_dir import add_data_option, data_dir
from training.expression.data import FERPLUS, Faces, hard_labels, load_fer
from training.expression.int8 import try_int8
from training.expression.network import SHAPES, ExpressionNetwork, multiply_accumulates, predict
from training.expression.onnx_file import blend, load_exported, write_network
from training.expression.runs import DEFAULT_RUNS, Run, mean_weights, read_run
from training.measures import best_temperature, softmax


def calibrate(network: ExpressionNetwork, faces: Faces) -> dict[str, float]:
    """Divide each head's logits, in its weights, by the temperature that fits ``faces`` best; the temperatures."""
    logits = predict(network, faces.crops)
    found = {}
    for i, name in enumerate(LABELS):
        labelled = faces.targets[:, i].sum(1) > 0
        found[name] = best_temperature(softmax(logits[labelled, i]), faces.targets[labelled, i])
        rows = slice(i * len(EMOTIONS), (i + 1) * len(EMOTIONS))
        with torch.no_grad():
            network.heads.weight[rows] /= found[name]
            network.heads.bias[rows] /= found[name]
    return found


def calibration_faces(folder: Path) -> Faces:
    """`valid`, without FER+'s votes where none of the seven leads: calibration is not measured on those faces."""
    faces = load_fer(folder, "valid")
    targets = faces.targets.copy()
    targets[hard_labels(folder, "valid")["ferplus"] < 0, FERPLUS] = 0
    return replace(faces, targets=targets)


def metadata_of(run: Run) -> dict[str, str]:
    """How ``run``'s network was trained, for the file's metadata."""
    return {
        "plan": json.dumps(asdict(run.plan)),
        "epochs": str(run.epochs_done),
        "parameters": str(sum(parameter.numel() for parameter in run.average.parameters())),
        "multiply_accumulates": str(multiply_accumulates(run.average)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--runs", type=Path, default=DEFAULT_RUNS, help="folder of the runs")
    parser.add_argument("--name", default="small", help="the run's folder under --runs; of several (a,b) the mean")
    parser.add_argument("--blend-file", type=Path, help="take the mean with this exported file's weights")
    parser.add_argument("--blend-share", type=float, default=0.75, help="of the run in that mean (default 0.75)")
    parser.add_argument("--int8", action="store_true", help="use 8-bit integers where that pays")
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH, help="default: the file that the app serves")
    options = parser.parse_args()
    folder = data_dir(options.data)
    names = options.name.split(",")
    runs = [read_run(options.runs / name, torch.device("cpu")) for name in names]
    run = runs[0]
    mean_weights([one.average for one in runs])
    blended = {}
    if options.blend_file:
        before = ExpressionNetwork(SHAPES[run.plan.shape])
        load_exported(before, options.blend_file, load_fer(folder, "valid").crops)
        blend(run.average, before, options.blend_share)
        blended = {"blended": f"{options.blend_share:g}"}
    metadata = metadata_of(run) | blended | ({"averaged_with": ", ".join(names[1:])} if names[1:] else {})
    temperatures = calibrate(run.average, calibration_faces(folder))
    with replacing(options.out) as draft:  # the served file stays as it is until its successor is complete
        digest = write_network(run.average, draft, metadata)
        if options.int8:
            digest = try_int8(run.average, draft, folder, metadata) or digest
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.2f} MB, after epoch {run.epochs_done}, sha256 {digest}")
    print("temperatures: " + ", ".join(f"{name} {value:.3f}" for name, value in temperatures.items()))


if __name__ == "__main__":
    main()
