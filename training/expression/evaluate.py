"""What a network file is worth: tables and plots for its card, on `valid`.

    python -m training.expression.evaluate --data FOLDER [--network FILE.onnx] [--plots FOLDER]
                                [--run FOLDER] [--peer FILE.json] [--json]

In: an exported network, read as the app reads it. Out: printed figures, and PNG files of the confusion, the
reliability, the corruptions (fer's figures beside ours), the groups of UTKFace, and (with --run) the training's
course: those that `training.expression.card` draws.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, WEIGHTS_PATH, ExpressionReader
from feelharmonic.reading.face_finder import FaceFinder
from training.corruptions import CORRUPTIONS
from training.data_dir import data_dir
from training.expression.data import FER2013, FERPLUS, Faces, ferplus_majority, has_copy, load_fer, votes
from training.expression.utkface import ARCHIVE, GROUPS, People, load_utkface
from training.measures import Reliability, accuracy, confusion, cross_fitted, macro_f1, reliability
from training.strangers import Strangers, load_strangers
from training.strangers import figures as figures_of

BATCH = 256
#: Years at which the groups of ages begin.
AGES = (0, 13, 20, 40, 60)


def read(reader: ExpressionReader, crops: np.ndarray, head: str | None) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 7) float32, in batches; without ``head`` what the page shows."""
    return np.concatenate([reader.read_crops(crops[i : i + BATCH], labels=head) for i in range(0, len(crops), BATCH)])


def valid_labels(folder: Path, faces: Faces) -> dict[str, np.ndarray]:
    """(N,) int per head: FER+'s majority (-1 where none of the seven leads) and FER2013's label."""
    return {"ferplus": ferplus_majority(votes(folder, "valid")), "fer2013": faces.targets[:, FER2013].argmax(1)}


def heads(reader: ExpressionReader, faces: Faces, labels: dict[str, np.ndarray]) -> dict[str, dict]:
    """Per head: accuracy, macro-F1, recall of each emotion, and the confusion table."""
    out = {}
    for head in LABELS:
        counts = confusion(read(reader, faces.crops, head), labels[head])
        recall = np.diag(counts) / np.maximum(counts.sum(1), 1)
        out[head] = {
            "accuracy": float(np.diag(counts).sum() / counts.sum()),
            "macro_f1": macro_f1(counts),
            "recall": dict(zip(EMOTIONS, recall.tolist(), strict=True)),
            "confusion": counts.tolist(),
        }
    return out


def corrupted(reader: ExpressionReader, faces: Faces, labels: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Each corruption's accuracy per head, and that of untouched faces."""
    seen = {"none": faces.crops} | {name: harm(faces.crops) for name, harm in CORRUPTIONS.items()}
    return {
        name: {head: accuracy(read(reader, crops, head), labels[head]) for head in LABELS}
        for name, crops in seen.items()
    }


def calibration(reader: ExpressionReader, faces: Faces, majority: np.ndarray) -> tuple[Reliability, Reliability]:
    """The FER+ head against the annotators' shares: as served, and cross-fitted over five folds."""
    clear = majority >= 0
    shares = faces.targets[clear, FERPLUS]
    served = read(reader, faces.crops[clear], "ferplus")
    return reliability(served, shares), reliability(cross_fitted(served, shares), shares)


def copies(reader: ExpressionReader, faces: Faces, labels: dict[str, np.ndarray], others: np.ndarray) -> dict:
    """How many of ``faces`` have a copy among ``others`` (M, 48, 48) uint8, and each head's accuracy on those and on
    the rest; None where there are none."""
    copied = has_copy(faces.crops, others)
    out: dict = {"faces": int(copied.sum())}
    for head in LABELS:
        read_as = read(reader, faces.crops, head)
        parts = {"copied": copied, "rest": ~copied}
        known = {name: rows & (labels[head] >= 0) for name, rows in parts.items()}
        out[head] = {
            name: accuracy(read_as[rows], labels[head][rows]) if rows.any() else None for name, rows in known.items()
        }
    return out


def by_group(reader: ExpressionReader, people: People) -> dict[str, list[float]]:
    """What share of the faces of a group or of an age is read as each emotion (FER+ head), in EMOTIONS' order."""
    chosen = read(reader, people.crops, "ferplus").argmax(1)
    ends = (*AGES[1:], 200)
    sorts = {f"{name} ({(people.group == i).sum()})": people.group == i for i, name in enumerate(GROUPS)}
    for start, end in zip(AGES, ends, strict=True):
        of_age = (people.age >= start) & (people.age < end)
        sorts[f"{start}–{end - 1} years ({of_age.sum()})" if end < 200 else f"{start}+ years ({of_age.sum()})"] = of_age
    return {name: _shares(chosen[rows]) for name, rows in sorts.items() if rows.any()}


def _shares(chosen: np.ndarray) -> list[float]:
    return (np.bincount(chosen, minlength=len(EMOTIONS)) / len(chosen)).tolist()


def strangers(reader: ExpressionReader, sets: dict[str, Strangers]) -> dict[str, dict]:
    """What the page shows of each set's faces to choose by: `training.strangers.figures`, and how well its confidence
    fits (reliability)."""
    out = {}
    for name, one in sets.items():
        part = one.part("choose")
        read_as = read(reader, part.crops, None)
        fitted = reliability(read_as, np.eye(len(EMOTIONS))[part.label])
        bins = {field: getattr(fitted, field).tolist() for field in ("count", "confidence", "share")}
        out[name] = figures_of(read_as, part.label) | {"faceless": one.faceless, "error": fitted.error, "bins": bins}
    return out


def evaluate(folder: Path, network: Path) -> dict:
    """All figures of ``network`` on `valid`, as the card quotes them."""
    reader = ExpressionReader.load(path=network)
    faces = load_fer(folder, "valid")
    labels = valid_labels(folder, faces)
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
    if (folder / ARCHIVE).is_file():
        figures["groups"] = by_group(reader, load_utkface(folder))
    if sets := load_strangers(folder, FaceFinder.load()):
        figures["strangers"] = strangers(reader, sets)
    return figures


def tell_strangers(figures: dict) -> list[str]:
    """The lines of a table: what the page shows of faces from elsewhere, the parts to choose by."""
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


def tell_copies(figures: dict) -> str:
    """What the faces of valid that have copies in the training split do to its figures."""
    copied = figures["copies"]
    share = copied["faces"] / figures["faces"]
    text = f"Of valid, {copied['faces']} faces ({share:.1%}) have a copy in the training split"
    if not copied["faces"]:
        return f"{text}."
    parts = [f"`{head}` {_share(copied[head]['copied'])} and {_share(copied[head]['rest'])}" for head in LABELS]
    return f"{text}; accuracy on them and on the rest: {', '.join(parts)}."


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def tell(figures: dict) -> None:
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
    print("\n" + tell_copies(figures))
    if "strangers" in figures:
        print(
            "\nwhat the page shows of strangers' faces, the parts to choose by\n\n" + "\n".join(tell_strangers(figures))
        )
    if "groups" in figures:
        print(f"\n| read as (`ferplus`) | {' | '.join(EMOTIONS)} |\n|---|" + "---|" * len(EMOTIONS))
        for name, shares in figures["groups"].items():
            print(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the one that the app serves")
    parser.add_argument("--plots", type=Path, help="where PNG plots go (default: plots/ beside the network)")
    parser.add_argument("--run", type=Path, help="a run's folder, to plot its log too")
    parser.add_argument("--peer", type=Path, help="figures of fer, from benchmarks.expression --json (default: ours)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    figures = evaluate(data_dir(options.data), options.network)
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        tell(figures)
    from training.expression.card import PEER_PATH, peer_corruptions, read_peer  # card imports this module
    from training.expression.plots import draw, draw_run

    plots = options.plots or options.network.parent / "plots"
    peer = options.peer or (PEER_PATH if PEER_PATH.is_file() else None)
    draw(figures, plots, peer_corruptions(figures, read_peer(peer)))
    if options.run:
        draw_run(options.run / "log.jsonl", plots)


if __name__ == "__main__":
    main()
