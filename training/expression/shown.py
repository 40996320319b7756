"""What the page shows, out of both heads: the file's third output, `shown`, chosen by strangers' faces.

    python -m training.expression.shown --data FOLDER [--network FILE.onnx] [--table]

In: an exported network, the data folder's `photographs/`, `posed/` and `smiles/` (their parts to choose by), the
shares of each emotion in both sets of labels. Out: the same file, whose output `shown` is the geometric mean of both
heads, each divided by its labels' shares to a power (logit adjustment; Menon et al. 2021, arXiv:2007.07314), at the
temperature that fits strangers' labels best. What was chosen goes into the file's metadata and from there its card.

The rule, as it stood before anything was chosen by it: of the candidates that read at least MIN_ACCURACY of the
photographs rightly and MIN_RESTING of the resting faces as neutral, the one with the highest mean of two figures, the
mean recall on `posed` and that on `photographs`.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, SHOWN, WEIGHTS_PATH, ExpressionReader
from feelharmonic.reading.face_finder import FaceFinder
from training.data_dir import add_data_option, data_dir
from training.expression.data import load_fer
from training.expression.onnx_file import MIN_PROBABILITY, read_metadata, set_shown, write
from training.measures import best_temperature, read_in_batches, softmax
from training.strangers import NEUTRAL, Strangers, figures, load_strangers

VOTES_WEIGHTS = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
MIN_ACCURACY = 0.76
MIN_RESTING = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReading:
    """How one set of seven probabilities is made of both heads'."""

    votes_weight: float = 1.0  # of the head for annotators' votes, 0..1; the other head has the rest
    strength: float = 0.0  # the power of the labels' shares that each head is divided by, 0..1
    temperature: float = 1.0
    priors: tuple[tuple[float, ...], ...] = ((1.0,) * len(EMOTIONS),) * len(
        LABELS
    )  # the shares, heads in LABELS' order

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        """(14, 7) and (7,) float32: what log probabilities of both heads, one beside the other, are multiplied by, and
        what is added; the softmax of that is shown."""
        weights = np.array([self.votes_weight, 1 - self.votes_weight]) / self.temperature
        matrix = np.concatenate([weight * np.eye(len(EMOTIONS)) for weight in weights])
        bias = -self.strength * (weights[:, None] * np.log(np.array(self.priors))).sum(0)
        return matrix.astype(np.float32), bias.astype(np.float32)

    def of(self, heads: np.ndarray) -> np.ndarray:
        """(N, 2, 7) probabilities, heads in LABELS' order → (N, 7), as the graph computes it."""
        matrix, bias = self.linear()
        return softmax(np.log(np.maximum(heads.reshape(len(heads), -1), MIN_PROBABILITY)) @ matrix + bias)


def label_shares(folder: Path) -> tuple[tuple[float, ...], ...]:
    """The share of each emotion in FER2013's training split by each head's labels, in LABELS' order."""
    shares = load_fer(folder, "train").targets.mean(0)  # (2, 7)
    return tuple(tuple((row / row.sum()).round(5).tolist()) for row in shares)


def heads_of(reader: ExpressionReader, crops: np.ndarray) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 2, 7): both heads, in LABELS' order."""
    return np.stack([read_in_batches(reader, crops, head) for head in LABELS], axis=1)


def candidates(priors: tuple[tuple[float, ...], ...]) -> list[ShownReading]:
    """All readings that are compared."""
    return [
        ShownReading(votes_weight=weight, strength=strength, priors=priors)
        for weight in VOTES_WEIGHTS
        for strength in STRENGTHS
    ]


def judged(reading: ShownReading, heads: dict[str, np.ndarray], sets: dict[str, Strangers]) -> dict:
    """What the rule goes by, each 0..1: posed, photographs (mean recalls), accuracy, resting."""
    found = {name: figures(reading.of(heads[name]), one.label) for name, one in sets.items()}
    return {
        "posed": found["posed"]["mean_recall"],
        "photographs": found["photographs"]["mean_recall"],
        "accuracy": found["photographs"]["accuracy"],
        "resting": found["smiles"]["recall"][EMOTIONS[NEUTRAL]],
    }


def passes(figures_: dict) -> bool:
    """Whether the rule lets a candidate with these figures be chosen."""
    return figures_["accuracy"] >= MIN_ACCURACY and figures_["resting"] >= MIN_RESTING


def choose(heads: dict[str, np.ndarray], sets: dict[str, Strangers], priors: tuple) -> tuple[ShownReading, list[tuple]]:
    """The reading that the rule picks, calibrated on the photographs, and all that were compared with their figures.

    Where none passes, the one that reads most of the photographs rightly.
    """
    rows = [(one, judged(one, heads, sets)) for one in candidates(priors)]
    able = [row for row in rows if passes(row[1])]
    if able:
        best = max(able, key=lambda row: row[1]["posed"] + row[1]["photographs"])[0]
    else:
        best = max(rows, key=lambda row: row[1]["accuracy"])[0]
    return calibrated(best, heads["photographs"], sets["photographs"].label), rows


def calibrated(reading: ShownReading, heads: np.ndarray, label: np.ndarray) -> ShownReading:
    """``reading`` at the temperature under which its answers to ``heads`` (N, 2, 7) fit the labels (N,) best."""
    found = best_temperature(reading.of(heads), np.eye(len(EMOTIONS))[label])
    return ShownReading(**{**asdict(reading), "temperature": round(reading.temperature * found, 4)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the one that the app serves")
    parser.add_argument("--table", action="store_true", help="print all that was compared; write nothing")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = data_dir(options.data)
    model = onnx.load(options.network)
    metadata = read_metadata(options.network)
    if SHOWN not in {output.name for output in model.graph.output}:
        set_shown(model, *ShownReading().linear())
        write(model, options.network, metadata)
    reader = ExpressionReader.load(path=options.network)
    sets = {name: one.part("choose") for name, one in load_strangers(folder, FaceFinder.load()).items()}
    heads = {name: heads_of(reader, one.crops) for name, one in sets.items()}
    best, rows = choose(heads, sets, label_shares(folder))
    print("| votes' weight | strength | posed | photographs | their accuracy | resting faces | |\n|" + "---|" * 7)
    for one, found in rows if options.table else [(best, judged(best, heads, sets))]:
        figures_ = " | ".join(f"{found[name]:.1%}" for name in ("posed", "photographs", "accuracy", "resting"))
        print(f"| {one.votes_weight:g} | {one.strength:g} | {figures_} | {'' if passes(found) else 'fails the rule'} |")
    if options.table:
        return
    set_shown(model, *best.linear())
    digest = write(model, options.network, metadata | {"shown": json.dumps(asdict(best))})
    print(f"{options.network}: temperature {best.temperature:g}, sha256 {digest}")


if __name__ == "__main__":
    main()
