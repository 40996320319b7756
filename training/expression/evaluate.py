"""Accuracy, calibration and robustness of a network file on `valid`: tables, plots, JSON.

    python -m training.expression.evaluate --data FOLDER [--network FILE.onnx] [--plots FOLDER]
                                           [--run FOLDER] [--fer FILE.json] [--json]

In: an exported network, read as the app reads it. Out: printed figures, and the plots that the card shows: confusion,
reliability, corruptions (beside fer's), UTKFace's groups, and with --run the course of the training.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, WEIGHTS_PATH, ExpressionReader
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.corruptions import CORRUPTIONS
from training.data_dir import add_data_option, data_dir
from training.expression.data import FERPLUS, Faces, hard_labels, has_copy, load_fer
from training.expression.plots import draw_figures, draw_run
from training.measures import (
    CropReader,
    Reliability,
    accuracy,
    confusion,
    cross_fitted,
    macro_f1,
    read_in_batches,
    reliability,
)
from training.resting_faces import resting_figures
from training.strangers import Strangers, load_strangers
from training.strangers import figures as figures_of
from training.utkface import ARCHIVE, GROUPS, People, load_utkface

#: Years at which the groups of ages begin.
AGES = (0, 13, 20, 40, 60)
#: Output of `.venv-fer/bin/python -m benchmarks.expression --json`.
FER_PATH = Path(__file__).resolve().parents[1] / "fer.json"


def heads(reader: CropReader, faces: Faces, labels: dict[str, np.ndarray]) -> dict[str, dict]:
    """Per head: accuracy, macro-F1, recall of each emotion, and the confusion table."""
    out = {}
    for head in LABELS:
        counts = confusion(read_in_batches(reader, faces.crops, head), labels[head])
        recall = np.diag(counts) / np.maximum(counts.sum(1), 1)
        out[head] = {
            "accuracy": float(np.diag(counts).sum() / counts.sum()),
            "macro_f1": macro_f1(counts),
            "recall": dict(zip(EMOTIONS, recall.tolist(), strict=True)),
            "confusion": counts.tolist(),
        }
    return out


def corrupted(reader: CropReader, faces: Faces, labels: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Accuracy per head under each corruption, and without one."""
    versions = {"none": faces.crops} | {name: corrupt(faces.crops) for name, corrupt in CORRUPTIONS.items()}
    return {
        name: {head: accuracy(read_in_batches(reader, crops, head), labels[head]) for head in LABELS}
        for name, crops in versions.items()
    }


def calibration(reader: CropReader, faces: Faces, majority: np.ndarray) -> tuple[Reliability, Reliability]:
    """The FER+ head against the annotators' shares: as served, and cross-fitted over five folds."""
    clear = majority >= 0
    shares = faces.targets[clear, FERPLUS]
    served = read_in_batches(reader, faces.crops[clear], "ferplus")
    return reliability(served, shares), reliability(cross_fitted(served, shares), shares)


def copies(reader: CropReader, faces: Faces, labels: dict[str, np.ndarray], others: np.ndarray) -> dict:
    """The number of ``faces`` with a copy among ``others`` (M, 48, 48) uint8, and each head's accuracy on those and on
    the rest; None where there are no such faces."""
    copied = has_copy(faces.crops, others)
    out: dict = {"faces": int(copied.sum())}
    for head in LABELS:
        probabilities = read_in_batches(reader, faces.crops, head)
        parts = {"copied": copied, "rest": ~copied}
        known = {name: rows & (labels[head] >= 0) for name, rows in parts.items()}
        out[head] = {
            name: accuracy(probabilities[rows], labels[head][rows]) if rows.any() else None
            for name, rows in known.items()
        }
    return out


def by_group(reader: CropReader, people: People) -> dict[str, list[float]]:
    """The share of the faces of each group and age that is read as each of EMOTIONS, as the page shows them."""
    chosen = read_in_batches(reader, people.crops, None).argmax(1)
    ends = (*AGES[1:], 200)
    rows_of = {f"{name} ({(people.group == i).sum()})": people.group == i for i, name in enumerate(GROUPS)}
    for start, end in zip(AGES, ends, strict=True):
        of_age = (people.age >= start) & (people.age < end)
        years = f"{start}–{end - 1}" if end < 200 else f"{start}+"
        rows_of[f"{years} years ({of_age.sum()})"] = of_age
    return {name: _shares(chosen[rows]) for name, rows in rows_of.items() if rows.any()}


def _shares(chosen: np.ndarray) -> list[float]:
    return (np.bincount(chosen, minlength=len(EMOTIONS)) / len(chosen)).tolist()


def strangers(reader: CropReader, sets: dict[str, Strangers]) -> dict[str, dict]:
    """Of each set's part "choose": `training.strangers.figures` and calibration of what the page shows."""
    out = {}
    for name, one in sets.items():
        part = one.part("choose")
        probabilities = read_in_batches(reader, part.crops, None)
        fitted = reliability(probabilities, np.eye(len(EMOTIONS))[part.label])
        bins = {field: getattr(fitted, field).tolist() for field in ("count", "confidence", "share")}
        extra = {"faceless": one.faceless, "error": fitted.error, "bins": bins}
        out[name] = figures_of(probabilities, part.label) | extra
    return out


def evaluate(folder: Path, network: Path) -> dict:
    """All figures of the file ``network`` on `valid`, as the card quotes them."""
    reader = ExpressionReader.load(path=network)
    faces = load_fer(folder, "valid")
    labels = hard_labels(folder, "valid")
    served, fitted = calibration(reader, faces, labels["ferplus"])
    figures = {
        "network": network.name,
        "bytes": network.stat().st_size,
        "sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
        "faces": len(faces),
        "heads": heads(reader, faces, labels),
        "corruptions": corrupted(reader, faces, labels),
        "calibration_error": {"served": served.error, "cross_fitted": fitted.error},
        "copies": copies(reader, faces, labels, load_fer(folder, "train").crops),
        "reliability": {name: getattr(fitted, name).tolist() for name in ("count", "confidence", "share")},
    }
    people = load_utkface(folder) if (folder / ARCHIVE).is_file() else None
    if people is not None:
        figures["groups"] = by_group(reader, people)
    if sets := load_strangers(folder, FaceFinder.load()):
        figures["strangers"] = strangers(reader, sets)
    figures["resting"] = resting_figures(reader, people, sets.get("photographs"))
    return figures


def describe_copies(figures: dict) -> str:
    """A sentence about the faces of `valid` that have a copy in the training split."""
    copied = figures["copies"]
    share = copied["faces"] / figures["faces"]
    text = f"Of valid, {copied['faces']} faces ({share:.1%}) have a copy in the training split"
    if not copied["faces"]:
        return f"{text}."
    parts = [f"`{head}` {_share(copied[head]['copied'])} and {_share(copied[head]['rest'])}" for head in LABELS]
    return f"{text}; accuracy on them and on the rest: {', '.join(parts)}."


def strangers_table(figures: dict) -> list[str]:
    """The lines of a table: what the page shows of faces from other sources, of their parts "choose"."""
    lines = [
        f"| set | faces | accuracy | mean recall | {' | '.join(EMOTIONS)} | calibration error |",
        "|---|---|---|---|" + "---|" * (len(EMOTIONS) + 1),
    ]
    for name, one in figures.get("strangers", {}).items():
        recall = [f"{one['recall'][emotion]:.0%}" if emotion in one["recall"] else "" for emotion in EMOTIONS]
        lines.append(
            f"| `{name}/` | {one['faces']} | {one['accuracy']:.1%} | {one['mean_recall']:.1%} | {' | '.join(recall)} | "
            f"{one['error']:.3f} |"
        )
    return lines


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def report(figures: dict) -> None:
    """Print ``figures`` as the card's tables."""
    print(f"{figures['network']}: {figures['bytes'] / 1e6:.2f} MB, sha256 {figures['sha256']}")
    print(f"on {figures['faces']} faces of valid\n\n| head | accuracy | macro-F1 | {' | '.join(EMOTIONS)} |")
    print("|---|" + "---|" * (2 + len(EMOTIONS)))
    for head, one in figures["heads"].items():
        cells = [one["accuracy"], one["macro_f1"], *one["recall"].values()]
        print(f"| `{head}` | " + " | ".join(f"{value:.1%}" for value in cells) + " |")
    error = figures["calibration_error"]
    print(f"\ncalibration error: cross-fitted {error['cross_fitted']:.4f}, as served {error['served']:.4f}")
    print("\n| faces | " + " | ".join(f"`{head}`" for head in LABELS) + " |\n|---|---|---|")
    for name, by_head in figures["corruptions"].items():
        print(f"| {name} | " + " | ".join(f"{by_head[head]:.1%}" for head in LABELS) + " |")
    print("\n" + describe_copies(figures))
    if "strangers" in figures:
        print("\nwhat the page shows of faces from other sources\n")
        print("\n".join(strangers_table(figures)))
    if "groups" in figures:
        print(f"\n| read as (`shown`) | {' | '.join(EMOTIONS)} |\n|---|" + "---|" * len(EMOTIONS))
        for name, shares in figures["groups"].items():
            print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")


def read_fer(path: Path) -> dict[str, str]:
    """fer's column in the output of `benchmarks.expression --json`, by the row's name. Raises SystemExit without it."""
    if not path.is_file():
        raise SystemExit(f"Expected the output of benchmarks.expression --json in {path}, found no such file.")
    return {row[""]: row["fer"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if "fer" in row}


def fer_row(corruption: str) -> str:
    """The name of the row in `benchmarks.expression` that holds the accuracy under ``corruption``."""
    return "FER2013 label, by its head" if corruption == "none" else f"FER2013 label, {corruption}"


def fer_corruptions(figures: dict, fer: dict[str, str]) -> dict[str, float]:
    """fer's accuracy (FER2013 label, 0..1) under each corruption of ``figures``."""
    known = {name: fer[fer_row(name)] for name in figures["corruptions"] if fer_row(name) in fer}
    return {name: float(text.removesuffix("%")) / 100 for name, text in known.items()}


def draw(figures: dict, folder: Path, fer: dict[str, str], run: Path | None) -> None:
    """All plots of ``figures`` in ``folder``; with ``run`` also the course of that run."""
    draw_figures(figures, folder, fer_corruptions(figures, fer))
    if run:
        draw_run(run / "log.jsonl", folder)


def arguments(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The options of this command and of the card's, which ``parser`` may extend."""
    add_data_option(parser)
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the file that the app serves")
    parser.add_argument("--run", type=Path, help="a run's folder, whose log is plotted as well")
    parser.add_argument("--fer", type=Path, default=FER_PATH, help="fer's figures, from benchmarks.expression --json")
    return parser.parse_args()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plots", type=Path, help="folder of the plots (default: plots/ beside the network)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = arguments(parser)
    figures = evaluate(data_dir(options.data), options.network)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        report(figures)
    draw(figures, options.plots or options.network.parent / "plots", read_fer(options.fer), options.run)


if __name__ == "__main__":
    main()
