"""The expression network's card, weights/expression.md: figures, plots and the list of experiments.

    python -m training.expression.card --data FOLDER --run ~/.cache/feelharmonic/expression/pupil [--peer FILE.json]

``--peer``: what `.venv-fer/bin/python -m benchmarks.expression --json` printed, for the columns about fer;
by default fer.json in this folder. How the network was trained stands in the file's own metadata (`export.py`).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, WEIGHTS_PATH
from training.data_dir import data_dir
from training.expression.evaluate import evaluate, tell_copies, tell_strangers
from training.expression.export import KEPT_AS, read_facts
from training.expression.network import SHAPES, ExpressionNetwork, multiply_accumulates
from training.expression.plots import draw, draw_run

TRIES_PATH = Path(__file__).resolve().parents[1] / "experiments.md"
PEER_PATH = Path(__file__).resolve().with_name("fer.json")


def card(figures: dict, shape: str, peer: dict[str, str], facts: dict[str, str] | None = None) -> str:
    """The card's text; ``peer``: fer's figures by the row's name in benchmarks.expression, empty where unknown.

    ``facts``: what `training.expression.export` put into the file; empty for one that tells nothing.
    """
    network = ExpressionNetwork(SHAPES[shape])
    parameters = sum(one.numel() for one in network.parameters())
    plan = _plan(facts or {})
    lines = [
        "# expression.onnx: what a face shows",
        "",
        "Written by `python -m training.expression.card` (the last step of `make train`); change the command or "
        "`training/experiments.md`, not this file.",
        "",
        "| | |",
        "|---|---|",
        "| input | `faces` (n, 1, 48, 48) float32, grey, `(pixel / 255 − 0.5) × 2` "
        "(`feelharmonic.reading.expression.prepare`: one for training and serving), "
        "tight crops in FER2013's framing, eyes level |",
        "| outputs | `ferplus` (n, 7): share of FER+'s annotators; `fer2013` (n, 7): FER2013's own label. Both after "
        f"softmax, calibrated: {', '.join(EMOTIONS)}. `shown` (n, 7): what the page shows, made of both in the graph |",
        *_shown(facts or {}),
        f'| network | residual, shape "{shape}" of `training/expression/network.py`: channels '
        f"{' → '.join(map(str, SHAPES[shape].widths))}, {parameters / 1e6:.1f} million parameters, "
        f"{multiply_accumulates(network) / 1e6:.0f} MMAC, two heads over one body, opset 17 |",
        f"| file | {figures['bytes'] / 1e6:.2f} MB: {(facts or {}).get('weights', KEPT_AS)} |",
        "| data | FER2013's training split (without what crosses over to `valid`: near-duplicates by correlation) with "
        f"FER+'s votes{'; sets of pictures by folder' if plan.get('sets') else ''}; `docs/training.md` |",
        *_training(facts or {}),
        *([f"| 8 bits | accuracy on `valid` before → after: {facts['int8']} |"] if facts and "int8" in facts else []),
        "| licence | `LICENSE` in this folder |",
        f"| sha256 | {figures['sha256']} |",
        "",
        f"## Figures on `valid` ({figures['faces']} faces; it alone picked the network, the private test never did)",
        "",
        f"| head | accuracy | macro-F1 | {' | '.join(f'{name} (recall)' for name in EMOTIONS)} |",
        "|---|---|---|" + "---|" * len(EMOTIONS),
        *(_head(name, figures["heads"][name]) for name in LABELS),
        "",
        _beside(peer),
        "![Confusion of both heads](plots/expression_confusion.png)",
        "",
        f"Calibration of the FER+ head against the votes: error {figures['calibration_error']['cross_fitted']:.4f} "
        "cross-fitted over five folds (temperature scaling; 15 bins of the top probability), "
        f"{figures['calibration_error']['served']:.4f} as served.",
        "",
        f"{tell_copies(figures)} Training leaves out those that its search finds; the private test has some, too, "
        "which nobody without its faces can take out.",
        "",
        "![Reliability](plots/expression_reliability.png)",
        "",
        *_strangers(figures),
        "## Faces as webcams see them",
        "",
        "Accuracy on the same faces, harmed (`training/corruptions.py`; not what training harms them by):",
        "",
        f"| faces | {' | '.join(f'`{name}`' for name in LABELS)} | fer, FER2013 label |",
        "|---|---|---|---|",
        *(_corrupted(name, by_head, peer) for name, by_head in figures["corruptions"].items()),
        "",
        "![Accuracy under each corruption](plots/expression_corruptions.png)",
        "",
        *_groups(figures),
        "## What is known to be wrong with it",
        "",
        "Disgust is rare in the data (437 of 28,536 faces) and read worst. FER2013's people were found by web search "
        "for emotion words: posed and exaggerated faces, few old and few dark-skinned. Its labels agree with FER+'s on "
        "63 % of the faces, so either head is wrong by the other's standard in every third face. Strong posed "
        "expressions read weaker by the FER+ head. A face is not a feeling.",
        "",
        "## What was tried",
        "",
        TRIES_PATH.read_text(encoding="utf-8").strip(),
        "",
        "![The course of the training](plots/expression_training.png)",
    ]
    return "\n".join(lines) + "\n"


def _plan(facts: dict[str, str]) -> dict:
    """The plan of the run that the file came from; empty where it tells nothing."""
    return json.loads(facts.get("plan", "{}"))


def _training(facts: dict[str, str]) -> list[str]:
    plan = _plan(facts)
    if not plan:
        return []
    done, planned = int(facts["epochs"]), plan["epochs"]
    text = (
        f"{done}{'' if done == planned else f' of {planned}'} epochs of SGD, batches of {plan['batch']}, highest rate "
        f"{plan['rate']:g}, half a cosine down to zero, the weights' average"
    )
    if plan["start"]:
        text += f"; begun with the {'mean ' if ',' in plan['start'] else ''}weights of run `{plan['start']}`"
    if plan.get("harm", 1.0) < 1:  # files of before there was a choice do not tell
        text += f"; {plan['harm']:.0%} of augmentation's usual harms"
    if plan["lessons"]:
        text += (
            f"; its targets are {plan['trust']:.0%} the answers of networks trained here before "
            "(`training.expression.distill`), also on half of UTKFace's faces (Zhang, Song, Qi 2017; non-commercial "
            "research), which have no labels"
        )
    if "averaged_with" in facts:
        text += f"; then the mean of its weights and those of run {facts['averaged_with']}"
    return [f"| training | {text} |"]


def _shown(facts: dict[str, str]) -> list[str]:
    """How `shown` is made of the heads."""
    if "shown" not in facts:
        return []
    said = json.loads(facts["shown"])
    priors = "; ".join(
        f"`{head}` {', '.join(f'{name} {share:.1%}' for name, share in zip(EMOTIONS, shares, strict=True))}"
        for head, shares in zip(LABELS, said["priors"], strict=True)
    )
    return [
        f"| `shown` | geometric mean of the heads, {said['votes_weight']:.0%} `ferplus`, each divided by its labels' "
        f"shares in the training split ({priors}) to the power of {said['strength']:g}, at a temperature of "
        f"{said['temperature']:g}. People in front of this page make faces more often than the pictures of a web "
        "search do: what is rare there need not be rare here (logit adjustment; Menon et al. 2021, arXiv:2007.07314) |"
    ]


def _strangers(figures: dict) -> list[str]:
    if "strangers" not in figures:
        return []
    smiles = figures["strangers"].get("smiles")
    text = (
        f" Area under the curve of P(happy), small smiles against resting faces: {smiles['auc']:.3f}." if smiles else ""
    )
    return [
        "## Strangers",
        "",
        "What the page shows of faces from elsewhere, of the half of their people that no network learns from and that "
        "`shown` is chosen by (`training/strangers.py`, rule in `training/expression/shown.py`): press photographs "
        '(muxspace "facial_expressions", Apache-2.0) through finder and crop, posed laboratory faces (Extended '
        "Cohn-Kanade, Lucey et al. 2010) as crops, people at rest and smiling a little (Face Research Lab London Set, "
        "DeBruine & Jones 2017, CC BY 4.0). The mean is over emotions with at least 15 faces." + text,
        "",
        *tell_strangers(figures),
        "",
    ]


def _head(name: str, one: dict) -> str:
    cells = [one["accuracy"], one["macro_f1"], *one["recall"].values()]
    return f"| `{name}` | " + " | ".join(f"{value:.1%}" for value in cells) + " |"


def _beside(peer: dict[str, str]) -> str:
    if not peer:
        return ""
    return (
        f"The `fer` package's network on the same faces: {peer['FER2013 label, by its head']} of FER2013's labels, "
        f"{peer['FER+ majority, by its head']} of FER+'s majorities, calibration error "
        f"{peer['calibration error, as served']} (`python -m benchmarks.expression`).\n"
    )


def _corrupted(name: str, by_head: dict[str, float], peer: dict[str, str]) -> str:
    theirs = peer.get(_peer_row(name), "–")
    return f"| {name} | " + " | ".join(f"{by_head[head]:.1%}" for head in LABELS) + f" | {theirs} |"


def _peer_row(corruption: str) -> str:
    return "FER2013 label, by its head" if corruption == "none" else f"FER2013 label, {corruption}"


def peer_corruptions(figures: dict, peer: dict[str, str]) -> dict[str, float]:
    """fer's accuracy (FER2013 label, 0..1) under each corruption of ``figures`` that ``peer`` knows."""
    known = {name: peer[_peer_row(name)] for name in figures["corruptions"] if _peer_row(name) in peer}
    return {name: float(text.removesuffix("%")) / 100 for name, text in known.items()}


def _groups(figures: dict) -> list[str]:
    if "groups" not in figures:
        return []
    return [
        "## By group and age",
        "",
        "The share of each emotion read on UTKFace's faces, which have no labels of their own. People of all groups do "
        "not pose alike, so a difference here is a warning light, not an error rate. A network that learnt from "
        "`training.expression.distill` saw these faces, with its teachers' answers.",
        "",
        f"| read as (`ferplus`) | {' | '.join(EMOTIONS)} |",
        "|---|" + "---|" * len(EMOTIONS),
        *(
            f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |"
            for name, shares in figures["groups"].items()
        ),
        "",
        "![By group and age](plots/expression_groups.png)",
        "",
    ]


def read_peer(path: Path | None) -> dict[str, str]:
    """fer's column of what `benchmarks.expression --json` printed to ``path``."""
    if path is None:
        return {}
    return {row[""]: row["fer"] for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if "fer" in row}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")
    parser.add_argument("--network", type=Path, default=WEIGHTS_PATH, help="default: the one that the app serves")
    parser.add_argument("--shape", choices=sorted(SHAPES), default="small", help="of a file that does not tell")
    parser.add_argument("--run", type=Path, help="the run's folder, to plot its log")
    kept = PEER_PATH if PEER_PATH.is_file() else None
    parser.add_argument("--peer", type=Path, default=kept, help="figures of fer, from benchmarks.expression --json")
    options = parser.parse_args()
    figures = evaluate(data_dir(options.data), options.network)
    peer = read_peer(options.peer)
    plots = options.network.parent / "plots"
    draw(figures, plots, peer_corruptions(figures, peer))
    if options.run:
        draw_run(options.run / "log.jsonl", plots)
    facts = read_facts(options.network)
    path = options.network.with_suffix(".md")
    path.write_text(card(figures, _plan(facts).get("shape", options.shape), peer, facts), encoding="utf-8")
    print(f"{path}: {len(figures['corruptions'])} corruptions, {len(figures.get('groups', []))} groups")


if __name__ == "__main__":
    main()
