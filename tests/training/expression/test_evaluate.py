"""Figures of a network on made-up faces, and the command that prints and draws them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.training_data import FIGURES, certain, pictures, write_fer, write_utkface

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training.corruptions import CORRUPTIONS
from training.expression import evaluate
from training.expression.data import FERPLUS, VOTES, Faces, hard_labels
from training.expression.evaluate import FER_PATH, fer_corruptions, read_fer
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.onnx_file import write_network
from training.utkface import GROUPS, People


class LevelReader:
    """Reads a face by its grey level: 10 is EMOTIONS' first, 40 the second, and so on; by the other head the next."""

    def read_crops(self, crops: np.ndarray, *, labels: str | None) -> np.ndarray:
        level = (crops.mean((1, 2)) / 30).astype(int).clip(0, 6)
        return certain(*((level + (LABELS.index(labels) if labels else 0)) % 7), top=0.7).astype(np.float32)


def levelled(*emotions: int) -> np.ndarray:
    return np.stack([np.full((48, 48), 10 + 30 * i, np.uint8) for i in emotions])


@pytest.fixture
def valid() -> tuple[Faces, dict[str, np.ndarray]]:
    """Four faces; by FER+'s head three of four are read right, of which one has no majority, by the other two."""
    targets = np.zeros((4, 3, 7), np.float32)
    targets[:, FERPLUS] = certain(0, 1, 2, 4, top=0.4)
    faces = Faces(crops=levelled(0, 1, 2, 3), targets=targets, weights=np.ones(4, np.float32))
    return faces, {"ferplus": np.array([0, 1, -1, 4]), "fer2013": np.array([1, 2, 0, 0])}


def test_each_head_is_measured_by_its_own_labels(valid):
    found = evaluate.heads(LevelReader(), *valid)
    assert found["ferplus"]["accuracy"] == pytest.approx(2 / 3)
    assert found["fer2013"]["accuracy"] == pytest.approx(1 / 2)
    assert found["ferplus"]["recall"] == dict.fromkeys(EMOTIONS, 0.0) | {EMOTIONS[0]: 1.0, EMOTIONS[1]: 1.0}
    assert np.array(found["ferplus"]["confusion"])[4, 3] == 1
    assert found["fer2013"]["macro_f1"] == pytest.approx(2 / 7)


def test_corrupted_faces_are_measured_beside_untouched_ones(valid):
    found = evaluate.corrupted(LevelReader(), *valid)
    assert list(found) == ["none", *CORRUPTIONS]
    assert found["none"] == pytest.approx({"ferplus": 2 / 3, "fer2013": 1 / 2})
    assert found["blur"] == found["none"]  # an even face stays what it was
    assert found["dark"] == pytest.approx({"ferplus": 1 / 3, "fer2013": 1 / 4})


def test_calibration_is_measured_on_faces_with_a_majority_as_served_and_cross_fitted(valid):
    faces, labels = valid
    many = faces.take(np.tile(np.arange(4), 10))
    served, fitted = evaluate.calibration(LevelReader(), many, np.tile(labels["ferplus"], 10))
    assert served.count.sum() == fitted.count.sum() == 30
    assert served.error == pytest.approx(0.7 - (0.4 + 0.4 + 0.1) / 3, abs=1e-6)
    assert fitted.error < 0.5 * served.error


def test_shares_by_group_and_by_age():
    people = People(
        crops=levelled(0, 0, 3, 5),
        age=np.array([12, 13, 59, 60]),
        gender=np.zeros(4, int),
        group=np.array([0, 0, 0, 4]),
    )
    found = evaluate.by_group(LevelReader(), people)
    assert list(found) == [
        f"{GROUPS[0]} (3)", f"{GROUPS[4]} (1)", "0–12 years (1)", "13–19 years (1)", "40–59 years (1)", "60+ years (1)",
    ]  # fmt: skip
    assert found[f"{GROUPS[0]} (3)"] == pytest.approx([2 / 3, 0, 0, 1 / 3, 0, 0, 0])
    assert found["60+ years (1)"] == [0, 0, 0, 0, 0, 1, 0]


@pytest.fixture
def measured(tmp_path) -> tuple[Path, Path]:
    """A data folder of twelve faces of valid, all but the last two with a majority, and an untrained network."""
    chosen = [("valid", EMOTIONS[i % 7], {VOTES[(i + 1) % 7]: 6, VOTES[i % 7]: 4}) for i in range(10)]
    labels = (*chosen, ("valid", "sad", {"contempt": 9}), ("train", "sad", {"sadness": 9}), ("valid", "fear", {}))
    torch.manual_seed(0)
    write_network(ExpressionNetwork(SHAPES["tiny"]), tmp_path / "net.onnx")
    return write_fer(tmp_path / "sets", pictures(13, side=48), labels), tmp_path / "net.onnx"


def test_evaluation_goes_by_the_majority_and_by_the_label(measured):
    labels = hard_labels(measured[0], "valid")
    assert labels["ferplus"].tolist() == [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, -1, -1]
    assert labels["fer2013"].tolist() == [*range(7), 0, 1, 2, EMOTIONS.index("sad"), EMOTIONS.index("fear")]


def run(monkeypatch, *words: object) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, words)])
    evaluate.main()


def test_evaluating_prints_the_figures_and_draws_the_plots(measured, monkeypatch, capsys):
    folder, network = measured
    write_utkface(folder, ["26_1_3_2017.jpg", "70_1_0_2017.jpg"])
    drawn = []
    monkeypatch.setattr(evaluate, "draw_figures", lambda *given: drawn.append(given))
    run(monkeypatch, "--data", folder, "--network", network, "--json")
    figures = json.loads(capsys.readouterr().out)
    assert figures["faces"] == 12
    assert figures["bytes"] == network.stat().st_size
    assert [np.sum(figures["heads"][head]["confusion"]) for head in ("ferplus", "fer2013")] == [10, 12]
    assert sum(figures["reliability"]["count"]) == 10
    assert list(figures["groups"]) == ["White (1)", "Indian (1)", "20–39 years (1)", "60+ years (1)"]
    ((plotted, where, fer),) = drawn
    assert plotted["heads"] == figures["heads"]
    assert where == network.parent / "plots"
    assert fer == fer_corruptions(figures, read_fer(FER_PATH))
    assert set(fer) == {"none", *CORRUPTIONS}


def test_evaluating_draws_into_the_given_folder(measured, monkeypatch, capsys, tmp_path):
    folder, network = measured
    (tmp_path / "log.jsonl").write_text('{"epoch": 1, "loss": 2.0}\n')
    run(monkeypatch, "--data", folder, "--network", network, "--plots", tmp_path / "here", "--run", tmp_path)
    names = {path.stem.removeprefix("expression_") for path in (tmp_path / "here").iterdir()}
    assert names == {"confusion", "reliability", "corruptions", "training"}
    assert "on 12 faces of valid" in capsys.readouterr().out


def test_accuracy_is_split_by_copies(tmp_path):
    """Faces 0 and 1 have copies, 2 and 3 none; a reader who is right about the copies alone."""
    crops = pictures(4, side=48)
    targets = np.eye(7, dtype=np.float32)[[[0, 0], [1, 1], [2, 2], [3, 3]]]
    faces = Faces(crops=crops, targets=targets, weights=np.ones(4, np.float32))

    class ByHeart:
        def read_crops(self, seen: np.ndarray, labels: str | None) -> np.ndarray:
            known = [int(np.abs(crops.astype(int) - one).sum((1, 2)).argmin()) for one in seen]
            return np.eye(7, dtype=np.float32)[[i if i < 2 else 6 for i in known]]

    labels = {"ferplus": np.array([0, -1, 2, -1]), "fer2013": np.arange(4)}
    found = evaluate.copies(ByHeart(), faces, labels, crops[:2, :, ::-1])
    assert found == {"faces": 2, "ferplus": {"copied": 1, "rest": 0}, "fer2013": {"copied": 1, "rest": 0}}
    text = evaluate.describe_copies({"faces": 4, "copies": found})
    assert "2 faces (50.0%) have a copy" in text
    assert "`fer2013` 100.0% and 0.0%" in text
    assert evaluate.copies(ByHeart(), faces, labels, crops[:0])["fer2013"] == {"copied": None, "rest": 0.5}


def test_the_kept_figures_of_fer_cover_every_corruption():
    known = fer_corruptions(FIGURES, read_fer(FER_PATH))
    assert set(known) == set(FIGURES["corruptions"])
    assert all(0 < share < 1 for share in known.values())
