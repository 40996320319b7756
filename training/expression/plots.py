"""The card's plots: figures of `evaluate.py` and a run's log as PNG files."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.expression.runs import read_log


def draw_figures(figures: dict, folder: Path, fer: dict[str, float] | None = None) -> list[Path]:
    """Write expression_{confusion,reliability,corruptions}.png and, where measured, expression_groups.png.

    ``fer``: the accuracy of the package `fer` by FER2013's label (0..1) under each corruption, drawn beside ours.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = [_save(_confusion(figures), folder / "expression_confusion.png")]
    drawn.append(_save(_reliability(figures), folder / "expression_reliability.png"))
    drawn.append(_save(_corruptions(figures["corruptions"], fer or {}), folder / "expression_corruptions.png"))
    if "strangers" in figures:
        drawn.append(_save(_strangers(figures["strangers"]), folder / "expression_strangers.png"))
    if "groups" in figures:
        drawn.append(_save(_groups(figures["groups"]), folder / "expression_groups.png"))
    return drawn


def draw_run(log: Path, folder: Path) -> Path:
    """Write expression_training.png to ``folder``: loss and accuracy on valid by epoch."""
    lines = list(read_log(log))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    left.plot([line["epoch"] for line in lines], [line["loss"] for line in lines])
    left.set(xlabel="epoch", ylabel="training loss")
    for head in LABELS:
        checked = [line for line in lines if f"valid_{head}" in line]
        right.plot([line["epoch"] for line in checked], [line[f"valid_{head}"] for line in checked], "o-", label=head)
    right.set(xlabel="epoch", ylabel="accuracy on valid")
    right.legend()
    folder.mkdir(parents=True, exist_ok=True)
    return _save(figure, folder / "expression_training.png")


def _strangers(figures: dict) -> plt.Figure:
    """Share of right readings by what the page's confidence was, a line per set."""
    figure, axis = plt.subplots(figsize=(4.5, 4.2), layout="constrained")
    axis.plot((0, 1), (0, 1), color="grey", linewidth=0.8)
    for name, one in figures.items():
        bins = {field: np.array(values) for field, values in one["bins"].items()}
        some = bins["count"] > 0
        axis.plot(bins["confidence"][some], bins["share"][some], "o-", label=f"{name} ({one['faces']})", markersize=4)
    axis.set(xlabel="confidence shown", ylabel="share read rightly", xlim=(0, 1), ylim=(0, 1))
    axis.legend()
    return figure


def _confusion(figures: dict) -> plt.Figure:
    figure, axes = plt.subplots(1, len(LABELS), figsize=(11, 5), layout="constrained")
    for axis, head in zip(axes, LABELS, strict=True):
        counts = np.array(figures["heads"][head]["confusion"])
        share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
        axis.imshow(share, cmap="Blues", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(share):
            axis.text(column, row, f"{value:.0%}", ha="center", va="center", color="white" if value > 0.5 else "black")
        axis.set(title=head, xlabel="read as", ylabel="labelled")
        axis.set_xticks(range(len(EMOTIONS)), EMOTIONS, rotation=45, ha="right")
        axis.set_yticks(range(len(EMOTIONS)), EMOTIONS)
    return figure


def _reliability(figures: dict) -> plt.Figure:
    bins = {name: np.array(values) for name, values in figures["reliability"].items()}
    filled = bins["count"] > 0
    figure, axis = plt.subplots(figsize=(4.6, 4.6), layout="constrained")
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axis.scatter(bins["confidence"][filled], bins["share"][filled], s=10 + bins["count"][filled] / 4, alpha=0.8)
    error = figures["calibration_error"]["cross_fitted"]
    axis.set(xlabel="top probability", ylabel="share of the votes", title=f"error {error:.3f} (cross-fitted)")
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    return figure


def _corruptions(ours: dict[str, dict[str, float]], fer: dict[str, float]) -> plt.Figure:
    names = list(ours)
    bars = {head: [ours[name][head] for name in names] for head in LABELS}
    if fer:
        bars["fer2013 by the package fer"] = [fer.get(name, 0.0) for name in names]
    width = 0.8 / len(bars)
    figure, axis = plt.subplots(figsize=(8, 3.4), layout="constrained")
    for i, (whose, heights) in enumerate(bars.items()):
        at = np.arange(len(names)) + (i - (len(bars) - 1) / 2) * width
        axis.bar(at, heights, width, label=whose)
    axis.set_xticks(range(len(names)), names)
    axis.set(ylim=(0, 1), ylabel="accuracy on valid")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _groups(groups: dict[str, list[float]]) -> plt.Figure:
    figure, axis = plt.subplots(figsize=(9, 0.5 + 0.38 * len(groups)), layout="constrained")
    left = np.zeros(len(groups))
    for i, emotion in enumerate(EMOTIONS):
        share = np.array([shares[i] for shares in groups.values()])
        axis.barh(list(groups), share, left=left, label=emotion)
        left += share
    axis.invert_yaxis()
    axis.set(xlim=(0, 1), xlabel="share of UTKFace's faces read as")
    axis.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _save(figure: plt.Figure, path: Path) -> Path:
    figure.savefig(path, dpi=110)
    plt.close(figure)
    return path
