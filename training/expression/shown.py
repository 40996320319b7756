"""What the page shows, out of all heads: the file's output `shown`, chosen by strangers' faces.

    python -m training.expression.shown --data FOLDER [--network FILE.onnx] [--table] [--before FILE.onnx]

In: an exported network, the data folder's `photographs/`, `posed/` and `smiles/` (their parts to choose by), and each
head's prior: the shares of the emotions in its labels, for the strangers' head in its answers on `valid`. Out: the same
file, whose output `shown` is the geometric mean of the heads, each divided by its prior to a power (logit adjustment;
Menon et al. 2021, arXiv:2007.07314), with neutral made a little less or more likely, at the temperature that fits
strangers' labels best. What was chosen goes into the file's metadata and from there into its card; with --before also
what each emotion on the photographs gained or paid against that file.

The rule, written before the candidates were compared: of those that read at least MIN_ACCURACY of the photographs
rightly, MIN_RESTING of the resting faces as neutral and no emotion of enough faces below MIN_RECALL, the one with the
highest mean of three figures: the mean recalls on `posed`, `photographs` and `smiles`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import SHOWN, WEIGHTS_PATH, prepare
from feelharmonic.reading.faces.face_finder import FaceFinder
from training.data_dir import add_data_option, data_dir
from training.expression.data import HEADS, STRANGERS, load_fer
from training.expression.onnx_file import MIN_PROBABILITY, read_metadata, set_shown, write
from training.measures import BATCH, best_temperature, softmax
from training.strangers import MIN_FACES, NEUTRAL, Strangers, figures, load_strangers

#: Weights of the heads, in HEADS' order: in steps of an eighth.
STEPS = 8
WEIGHTS = tuple((i / STEPS, j / STEPS, (STEPS - i - j) / STEPS) for i in range(STEPS + 1) for j in range(STEPS + 1 - i))
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Added to neutral's log probability.
NEUTRAL_OFFSETS = (-0.5, -0.25, 0.0, 0.25)
#: Two points above what strangers' photographs must reach elsewhere: these are the faces that one chooses by.
MIN_ACCURACY = 0.78
MIN_RESTING = 0.95
MIN_RECALL = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReading:
    """How one set of seven probabilities is made of all heads'."""

    weights: tuple[float, ...] = (1.0, 0.0, 0.0)  # of the heads, in HEADS' order; their sum is 1
    strength: float = 0.0  # the power of its prior that each head is divided by, 0..1
    temperature: float = 1.0
    offsets: tuple[float, ...] = (0.0,) * len(EMOTIONS)  # added to the emotions' log probabilities
    priors: tuple[tuple[float, ...], ...] = ((1.0,) * len(EMOTIONS),) * len(HEADS)

    def linear(self) -> tuple[np.ndarray, np.ndarray]:
        """(21, 7) and (7,) float32: what log probabilities of all heads, side by side, are multiplied by, and what is
        added; the softmax of that is shown."""
        weights = np.array(self.weights) / self.temperature
        matrix = np.concatenate([weight * np.eye(len(EMOTIONS)) for weight in weights])
        bias = -self.strength * (weights[:, None] * np.log(np.array(self.priors))).sum(0)
        bias += np.array(self.offsets) / self.temperature
        return matrix.astype(np.float32), bias.astype(np.float32)

    def of(self, heads: np.ndarray) -> np.ndarray:
        """(N, 3, 7) probabilities, heads in HEADS' order → (N, 7), as the graph computes it."""
        matrix, bias = self.linear()
        return softmax(np.log(np.maximum(heads.reshape(len(heads), -1), MIN_PROBABILITY)) @ matrix + bias)


class HeadReader:
    """Reads all heads of an exported file, the strangers' too, which the app never asks for alone."""

    def __init__(self, path: Path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """(N, 48, 48) uint8 → (N, 3, 7) float32 probabilities, in HEADS' order."""
        parts = [crops[i : i + BATCH] for i in range(0, len(crops), BATCH)]
        return np.concatenate([np.stack(self._session.run(HEADS, {"faces": prepare(part)}), 1) for part in parts])


def priors_of(folder: Path, read: HeadReader) -> tuple[tuple[float, ...], ...]:
    """Each head's prior, (3, 7): its labels' shares in FER2013's training split; the strangers' head's mean answer on
    `valid`, since its labels are of many sets."""
    shares = load_fer(folder, "train").targets.mean(0)  # (3, 7)
    shares[STRANGERS] = read(load_fer(folder, "valid").crops)[:, STRANGERS].mean(0)
    return tuple(tuple((row / row.sum()).round(5).tolist()) for row in shares)


def candidates(priors: tuple[tuple[float, ...], ...]) -> list[ShownReading]:
    """All readings that are compared."""
    return [
        ShownReading(weights=weights, strength=strength, offsets=neutral_offset(offset), priors=priors)
        for weights in WEIGHTS
        for strength in STRENGTHS
        for offset in NEUTRAL_OFFSETS
    ]


def neutral_offset(value: float) -> tuple[float, ...]:
    """(7,): ``value`` for neutral, 0 for the others."""
    return tuple(value if i == NEUTRAL else 0.0 for i in range(len(EMOTIONS)))


def judged(reading: ShownReading, heads: dict[str, np.ndarray], sets: dict[str, Strangers]) -> dict:
    """What the rule goes by, each 0..1: posed, photographs, smiles (mean recalls), accuracy, resting, worst."""
    found = {name: figures(reading.of(heads[name]), one.label) for name, one in sets.items()}
    enough = [
        one["recall"][name] for one in found.values() for name, count in one["counts"].items() if count >= MIN_FACES
    ]
    return {
        "posed": found["posed"]["mean_recall"],
        "photographs": found["photographs"]["mean_recall"],
        "smiles": found["smiles"]["mean_recall"],
        "worst": min(enough),
        "accuracy": found["photographs"]["accuracy"],
        "resting": found["smiles"]["recall"][EMOTIONS[NEUTRAL]],
    }


def passes(figures_: dict) -> bool:
    """Whether the rule lets a candidate with these figures be chosen."""
    least = {"accuracy": MIN_ACCURACY, "resting": MIN_RESTING, "worst": MIN_RECALL}
    return all(figures_[name] >= value for name, value in least.items())


def choose(heads: dict[str, np.ndarray], sets: dict[str, Strangers], priors: tuple) -> tuple[ShownReading, list[tuple]]:
    """The reading that the rule picks, calibrated, and all that were compared with their figures.

    Where none passes, the one that reads most of the photographs rightly.
    """
    rows = [(one, judged(one, heads, sets)) for one in candidates(priors)]
    able = [row for row in rows if passes(row[1])]
    if able:
        best = max(able, key=lambda row: row[1]["posed"] + row[1]["photographs"] + row[1]["smiles"])[0]
    else:
        best = max(rows, key=lambda row: row[1]["accuracy"])[0]
    return calibrated(best, heads, sets), rows


def calibrated(reading: ShownReading, heads: dict[str, np.ndarray], sets: dict[str, Strangers]) -> ShownReading:
    """``reading`` at the temperature that fits its answers to the labels best: the geometric mean of the photographs'
    and the posed faces', since people in front of the page do a little of both."""
    fitted = [
        best_temperature(reading.of(heads[name]), np.eye(len(EMOTIONS))[sets[name].label])
        for name in ("photographs", "posed")
    ]
    temperature = reading.temperature * float(np.sqrt(fitted[0] * fitted[1]))
    return ShownReading(**{**asdict(reading), "temperature": round(temperature, 4)})


def recall_before(path: Path, photographs: Strangers) -> dict:
    """The recall of each emotion in the photographs by the file ``path``: by what it shows, or by its FER+ head where
    it has no such output. With the file's checksum, JSON-ready."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    output = SHOWN if SHOWN in {one.name for one in session.get_outputs()} else HEADS[0]
    parts = [photographs.crops[i : i + BATCH] for i in range(0, len(photographs.crops), BATCH)]
    read = np.concatenate([session.run([output], {"faces": prepare(part)})[0] for part in parts])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"sha256": digest, "recall": figures(read, photographs.label)["recall"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the one that the app serves")
    parser.add_argument("--table", action="store_true", help="print all that was compared; write nothing")
    parser.add_argument("--before", type=Path, help="the file to compare each emotion of the photographs with")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    folder = data_dir(options.data)
    model = onnx.load(options.network)
    metadata = read_metadata(options.network)
    read = HeadReader(options.network)
    sets = {name: one.part("choose") for name, one in load_strangers(folder, FaceFinder.load()).items()}
    heads = {name: read(one.crops) for name, one in sets.items()}
    best, rows = choose(heads, sets, priors_of(folder, read))
    titles = ("posed", "photographs", "smiles", "accuracy", "resting", "worst")
    print(f"| {' | '.join(HEADS)} | strength | neutral | {' | '.join(titles)} | |")
    print("|" + "---|" * (len(HEADS) + len(titles) + 3))
    for one, found in rows if options.table else [(best, judged(best, heads, sets))]:
        cells = [*(f"{weight:g}" for weight in one.weights), f"{one.strength:g}", f"{one.offsets[NEUTRAL]:+g}"]
        cells += [f"{found[name]:.1%}" for name in titles]
        print(f"| {' | '.join(cells)} | {'' if passes(found) else 'fails the rule'} |")
    if options.table:
        return
    set_shown(model, *best.linear())
    metadata["shown"] = json.dumps(asdict(best))
    if options.before:
        metadata["before"] = json.dumps(recall_before(options.before, sets["photographs"]))
    digest = write(model, options.network, metadata)
    print(f"{options.network}: temperature {best.temperature:g}, sha256 {digest}")


if __name__ == "__main__":
    main()
