"""What the page shows, made of both heads in the graph, and the rule that chooses it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="training's tests need requirements-train.txt")

import torch

from feelharmonic.reading.expression import ExpressionReader
from training.expression import shown
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.onnx_file import as_onnx, set_shown, write
from training.expression.shown import HeadReader, ShownReading, choose
from training.strangers import Strangers

PRIORS = ((0.1, 0.02, 0.04, 0.24, 0.15, 0.12, 0.33), (0.14, 0.02, 0.14, 0.25, 0.17, 0.11, 0.17), (1 / 7,) * 7)
READING = ShownReading(
    weights=(0.5, 0.3, 0.2), strength=0.75, temperature=0.6, offsets=(0, 0.5, 0, 0, 0, 0, -0.25), priors=PRIORS
)


def test_the_graph_computes_what_the_reading_says(tmp_path):
    torch.manual_seed(0)
    network = ExpressionNetwork(SHAPES["tiny"])
    network.heads.weight.data *= 20  # as far apart as a trained network's answers
    model = as_onnx(network)
    for reading in (ShownReading(), READING):  # the second takes the first one's place
        set_shown(model, *reading.linear())
    write(model, tmp_path / "net.onnx", {})
    crops = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)
    heads = HeadReader(tmp_path / "net.onnx")(crops)
    assert np.abs(heads[:, 0] - heads[:, 2]).mean() > 0.01
    shown_of = ExpressionReader.load(tmp_path / "net.onnx").read_crops(crops)
    np.testing.assert_allclose(shown_of, READING.of(heads), atol=1e-5)
    assert [output.name for output in model.graph.output] == ["ferplus", "fer2013", "strangers", "shown"]


def test_a_rare_emotion_is_shown_where_the_prior_alone_hid_it():
    heads = np.full((1, 3, 7), 0.05)
    heads[:, :, 6], heads[:, :, 1] = 0.5, 0.2  # neutral is common in the labels, disgust rare
    assert ShownReading(priors=PRIORS).of(heads).argmax() == 6
    assert ShownReading(priors=PRIORS, strength=0.75).of(heads).argmax() == 1


def test_the_first_head_alone_is_shown_before_anything_is_chosen():
    heads = np.random.default_rng(0).dirichlet(np.ones(7), (9, 3))
    np.testing.assert_allclose(ShownReading().of(heads), heads[:, 0], atol=1e-5)


def made_up(chance: np.random.Generator, name: str, labels: np.ndarray) -> tuple[Strangers, np.ndarray]:
    """Faces with ``labels``, and heads of which the second reads them right, the first always neutral."""
    right, neutral = (
        0.1 / 6 + (0.9 - 0.1 / 6) * np.eye(7)[labels],
        np.tile(np.eye(7)[6] * 0.4 + 0.6 / 7, (len(labels), 1)),
    )
    crops = np.zeros((len(labels), 48, 48), np.uint8)
    faces = Strangers(name=name, crops=crops, label=labels, person=np.arange(len(labels)).astype(str))
    return faces, np.stack([neutral, right, neutral], axis=1)


def test_the_rule_takes_the_head_that_reads_strangers():
    chance = np.random.default_rng(3)
    labels = {"posed": np.repeat(range(6), 20), "photographs": np.repeat(range(7), 20), "smiles": np.repeat((3, 6), 20)}
    made = {name: made_up(chance, name, values) for name, values in labels.items()}
    sets = {name: one for name, (one, _) in made.items()}
    heads = {name: values for name, (_, values) in made.items()}
    best, rows = choose(heads, sets, PRIORS)
    assert best.weights[1] > 0
    assert best.temperature < 1, "it is always right, so it may be surer"
    assert len(rows) == len(shown.WEIGHTS) * len(shown.STRENGTHS) * len(shown.NEUTRAL_OFFSETS)


def test_where_none_passes_the_rule_accuracy_decides(monkeypatch):
    monkeypatch.setattr(shown, "MIN_ACCURACY", 1.1)
    labels = {"posed": np.repeat(range(6), 20), "photographs": np.repeat(range(7), 20), "smiles": np.repeat((3, 6), 20)}
    made = {name: made_up(np.random.default_rng(3), name, values) for name, values in labels.items()}
    best, rows = choose({n: v for n, (_, v) in made.items()}, {n: one for n, (one, _) in made.items()}, PRIORS)
    assert best.weights[1] > 0
    assert not any(shown.passes(found) for _, found in rows)


def test_an_offset_makes_neutral_less_likely_by_its_factor():
    heads = np.full((1, 3, 7), 1 / 7)
    row = ShownReading(offsets=shown.neutral_offset(-0.5)).of(heads)[0]
    assert row[6] / row[0] == pytest.approx(np.exp(-0.5), rel=1e-5)


def test_a_file_is_compared_with_one_served_before(tmp_path):
    torch.manual_seed(0)
    write(as_onnx(ExpressionNetwork(SHAPES["tiny"])), tmp_path / "before.onnx", {})
    crops = np.random.default_rng(1).integers(0, 256, (6, 48, 48), dtype=np.uint8)
    read = ExpressionReader.load(tmp_path / "before.onnx").read_crops(crops).argmax(1)
    faces = Strangers(name="photographs", crops=crops, label=read, person=np.arange(6).astype(str))
    before = shown.recall_before(tmp_path / "before.onnx", faces)
    assert set(before["recall"].values()) == {1.0}
    assert len(before["sha256"]) == 64
