"""The card: figures, how the file was trained, fer's figures beside ours."""

from __future__ import annotations

import json

import pytest

from tests.support.training_data import FIGURES

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.expression.card import card
from training.expression.export import metadata_of
from training.expression.network import best_device
from training.expression.onnx_file import read_metadata, write_network
from training.expression.runs import Plan, new_run


def exported(plan: Plan, path) -> dict[str, str]:
    run = new_run(plan, best_device())
    write_network(run.average, path, metadata_of(run))
    return read_metadata(path)


def test_the_metadata_tells_how_the_file_was_trained(tmp_path):
    metadata = exported(Plan(shape="tiny", rate=0.07), tmp_path / "net.onnx")
    assert json.loads(metadata["plan"])["rate"] == 0.07
    assert metadata["epochs"] == "0"
    text = card(FIGURES, "tiny", {}, metadata)
    assert "| training | 0 of 36 epochs of SGD, batches of 128, highest rate 0.07" in text
    assert "UTKFace's faces (" not in text


def test_the_card_describes_soft_labels_and_the_starting_run(tmp_path):
    plan = Plan(shape="tiny", soft_labels="5f", soft_label_weight=0.6, start="small")
    metadata = exported(plan, tmp_path / "net.onnx")
    text = card(FIGURES, "tiny", {}, metadata)
    assert "60% of each target are soft labels of other networks" in text
    assert "started from the weights of run `small`" in text
    assert "augmentation strength" not in text


def test_the_card_gives_a_lower_augmentation_strength(tmp_path):
    metadata = exported(Plan(shape="tiny", start="one,other", augmentation=0.2), tmp_path / "net.onnx")
    text = card(FIGURES, "tiny", {}, metadata)
    assert "started from the mean weights of run `one,other`; 20% of the full augmentation strength" in text


def test_the_card_names_other_sets_that_were_mixed_in(tmp_path):
    alone, mixed = (exported(Plan(shape="tiny", sets=sets), tmp_path / "net.onnx") for sets in ("", "5f"))
    assert "press photographs, posed and smiling faces" not in card(FIGURES, "tiny", {}, alone)
    assert "press photographs, posed and smiling faces" in card(FIGURES, "tiny", {}, mixed)


def test_a_file_without_metadata_gets_a_card_without_training():
    assert "| training |" not in card(FIGURES, "tiny", {}, {})


def test_the_card_holds_the_figures_the_checksum_and_the_experiments():
    groups = {"0–12 years (3)": [0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.5]}
    head = {"accuracy": 0.7012, "macro_f1": 0.6, "recall": dict.fromkeys(EMOTIONS, 0.5)}
    figures = {
        "bytes": 3_210_000,
        "sha256": "ab" * 32,
        "faces": 3575,
        "heads": dict.fromkeys(LABELS, head),
        "calibration_error": {"served": 0.0111, "cross_fitted": 0.0123},
        "copies": {"faces": 0},
        "corruptions": {"none": dict.fromkeys(LABELS, 0.7012), "dark": dict.fromkeys(LABELS, 0.6)},
        "groups": groups,
    }
    fer = {
        "FER2013 label, by its head": "65.4%",
        "FER+ majority, by its head": "64.5%",
        "calibration error, as served": "0.120",
        "FER2013 label, dark": "37.7%",
    }
    text = card(figures, "small", fer)
    for words in ("ab" * 32, "70.1%", "0.0123", "| dark | 60.0% | 60.0% | 37.7% |", "0–12 years (3)", "| run |"):
        assert words in text
    assert "The `fer` package" in text
    assert "The `fer` package" not in card(figures, "small", {})


def test_the_card_of_an_older_file_uses_todays_names():
    plan = {"shape": "small", "epochs": 12, "batch": 128, "rate": 0.02, "start": "gentle,third", "sets": ""}
    plan |= {"harm": 0.2, "lessons": "d0", "trust": 0.3}
    metadata = {"plan": json.dumps(plan), "epochs": "12", "averaged_with": "third, gentle"}
    text = card(FIGURES, "small", {}, metadata)
    assert "started from the mean weights of run `fine-tune-1,fine-tune-3`; 20% of the full augmentation" in text
    assert "30% of each target are soft labels" in text
    assert "those of run `fine-tune-3,fine-tune-1`" in text
