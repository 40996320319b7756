"""The plots."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.support.training_data import FIGURES

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from feelharmonic.reading.expression import LABELS
from training.expression import plots
from training.expression.plots import draw_figures, draw_run


def test_the_course_of_a_run_is_drawn_by_epoch(tmp_path, monkeypatch):
    lines = [{"epoch": i, "loss": 3.0 - i, **{f"valid_{head}": i / 4 for head in LABELS}} for i in (1, 2, 3)]
    lines[1] = {"epoch": 2, "loss": 1.0}  # not checked
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    figures = []
    save = plots._save
    monkeypatch.setattr(plots, "_save", lambda figure, path: figures.append(figure) or save(figure, path))
    path = draw_run(tmp_path / "log.jsonl", tmp_path / "plots")
    assert path == tmp_path / "plots" / "expression_training.png"
    assert path.read_bytes().startswith(b"\x89PNG")
    left, right = figures[0].axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [(1, 2), (2, 1), (3, 0)])
    assert [line.get_label() for line in right.lines] == list(LABELS)
    np.testing.assert_array_equal(right.lines[0].get_xydata(), [(1, 0.25), (3, 0.75)])


def test_the_plots_are_drawn(tmp_path):
    drawn = draw_figures(FIGURES, tmp_path, {"none": 0.65, "dark": 0.38})
    assert {path.name for path in drawn} == {
        "expression_confusion.png",
        "expression_reliability.png",
        "expression_corruptions.png",
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
