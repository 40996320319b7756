"""`python -m benchmarks.expression`: the expression network on `valid`, beside fer's where it is installed.

Needs the data folder (DATA_DIR). Accuracy by either head, size, time of one face on one thread against fer's TensorFlow
Lite network in the same run, calibration, accuracy on corrupted faces. `.venv-fer/bin/python` has fer (`make fer`).
"""

from __future__ import annotations

import argparse
import os

# Before NumPy and TensorFlow start their threads: all measurements are of one thread.
os.environ.update(OMP_NUM_THREADS="1", TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1")

from pathlib import Path

import cv2

from benchmarks.support.report import show
from feelharmonic.errors import SetupFault
from feelharmonic.reading.expression import WEIGHTS_PATH, ExpressionReader
from feelharmonic.reading.expression_fer import FerReader
from feelharmonic.reading.faces.face_finder import FaceFinder
from feelharmonic.reading.networks import Reader
from training.corruptions import CORRUPTIONS
from training.data_dir import add_data_option, data_dir
from training.expression.data import FERPLUS, hard_labels, load_fer
from training.measures import accuracy, cross_fitted, median_ms, read_in_batches, reliability
from training.strangers import Strangers, figures, load_strangers

RATIO = "one face: our time ÷ fer's, in this run"
LABORATORY = "unseen laboratory faces, FER2013 head"
#: The project's goals: the minimum and the aim.
GOALS = {
    "FER2013 label, by its head": ("71.0%", "73.5%"),
    "FER+ majority, by its head": ("84.0%", "88%"),
    "calibration error, cross-fitted": ("≤ 0.02", "≤ 0.01"),
    "size of the file, MB": ("≤ 5", "≤ 2"),
    RATIO: ("≤ 3.5", "≤ 1.5"),
    LABORATORY: ("fer's + 11 points", "+ 17"),
}
ROUNDS = 400


def of_strangers(reader: Reader, sets: dict[str, Strangers]) -> dict[str, str]:
    """Rows: what the page shows of faces from other sources, the part that no network of ours learned from."""
    rows = {}
    for name, one in sets.items():
        part = one.part("choose")
        found = figures(read_in_batches(reader, part.crops, None), part.label)
        rows[f"{name}: mean recall, accuracy"] = f"{found['mean_recall']:.1%}, {found['accuracy']:.1%}"
        recall = ", ".join(f"{emotion} {share:.0%}" for emotion, share in found["recall"].items())
        rows[f"{name}: recall"] = recall
        if "auc" in found:
            rows[f"{name}: area under the curve of P(happy)"] = f"{found['auc']:.3f}"
    return rows


def measure(reader: Reader, folder: Path, strangers: dict[str, Strangers]) -> dict[str, str]:
    """One column of the table."""
    faces = load_fer(folder, "valid")
    labels = hard_labels(folder, "valid")
    clear = labels["ferplus"] >= 0
    shares = faces.targets[clear, FERPLUS]
    by_votes, by_label = (read_in_batches(reader, faces.crops, head) for head in ("ferplus", "fer2013"))
    rows = {
        "FER2013 label, by its head": f"{accuracy(by_label, labels['fer2013']):.1%}",
        "FER+ majority, by its head": f"{accuracy(by_votes, labels['ferplus']):.1%}",
        "calibration error, cross-fitted": f"{reliability(cross_fitted(by_votes[clear], shares), shares).error:.3f}",
        "calibration error, as served": f"{reliability(by_votes[clear], shares).error:.3f}",
    }
    rows |= of_strangers(reader, strangers)
    for name, corrupt in CORRUPTIONS.items():
        corrupted = read_in_batches(reader, corrupt(faces.crops), "fer2013")
        rows[f"FER2013 label, {name}"] = f"{accuracy(corrupted, labels['fer2013']):.1%}"
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the one that the app serves")
    parser.add_argument(
        "--face-api", type=Path, help="beside it: folder `model` of the npm package @vladmandic/face-api"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    folder = data_dir(arguments.data)
    readers: dict[str, Reader] = {"ours": ExpressionReader.load(path=arguments.network)}
    notes = []
    try:
        readers["fer"] = FerReader.load()
    except SetupFault:
        notes.append("fer is not installed here: `make fer` builds an environment that has it.")
    if arguments.face_api is not None:
        from training.face_api import FaceApiReader  # needs onnx, which fer's environment lacks

        readers["face-api"] = FaceApiReader.load(arguments.face_api)
    strangers = load_strangers(folder, FaceFinder.load())
    columns = {name: measure(reader, folder, strangers) for name, reader in readers.items()}
    crop = load_fer(folder, "valid").crops[:1]
    calls = [lambda reader=reader: reader.read_crops(crop) for reader in readers.values()]
    times_ms = dict(zip(readers, median_ms(calls, rounds=ROUNDS), strict=True))
    for name in readers:
        columns[name]["one face, one thread, ms (median)"] = f"{times_ms[name]:.2f}"
        columns[name]["size of the file, MB"] = "–"
    columns["ours"]["size of the file, MB"] = f"{arguments.network.stat().st_size / 1e6:.2f}"
    columns["ours"][RATIO] = f"{times_ms['ours'] / times_ms['fer']:.2f}" if "fer" in times_ms else "needs fer"
    columns["ours"][LABORATORY] = "held back"
    for name in columns.keys() - {"ours"}:
        columns[name] |= {RATIO: "1" if name == "fer" else "–", LABORATORY: "held back"}
    notes.append(
        "The goals for accuracy are those on FER2013's private test, which the project does not hold, nor the "
        "laboratory's faces. valid has the same distribution."
    )
    rows = [
        {
            "": title,
            **{name: column[title] for name, column in columns.items()},
            **dict(zip(("least", "aim"), GOALS.get(title, ("", "")), strict=True)),
        }
        for title in columns["ours"]
    ]
    show("The expression network on the faces of valid", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
