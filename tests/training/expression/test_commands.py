"""From data to a network and its card, by the commands that `make train` runs, on a few made-up faces."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from benchmarks import expression as benchmark
from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import WEIGHTS_PATH, ExpressionReader
from tests.support.training_data import pictures, write_fer
from training.expression import card, data, distill, evaluate, export, int8, train
from training.expression.data import VOTES
from training.expression.onnx_file import read_metadata
from training.expression.soft_labels import read_soft_labels

LABELS = tuple(
    ("valid" if i % 3 == 0 else "train", EMOTIONS[i % 7], {VOTES[i % 7]: 7, VOTES[(i + 1) % 7]: 3}) for i in range(30)
)


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs a module's main() with the data folder, as the shell does."""
    monkeypatch.setattr(data, "FACES_PER_SHEET", 4)
    monkeypatch.setattr(int8, "QUANTISED_BLOCKS", 1)
    folder = write_fer(tmp_path / "sets", pictures(len(LABELS), side=48), LABELS)
    threads = torch.get_num_threads()

    def run(module, *words: object) -> None:
        monkeypatch.setattr(sys, "argv", [module.__name__, "--data", str(folder), *map(str, words)])
        module.main()

    yield run
    torch.set_num_threads(threads)


def test_the_commands_lead_from_the_data_to_a_network_and_its_card(command, tmp_path, capsys):
    served = {path: path.read_bytes() for path in WEIGHTS_PATH.parent.glob("*.*")}
    runs, out = ("--runs", tmp_path / "runs"), tmp_path / "made" / "net.onnx"
    out.parent.mkdir()
    tiny = ("--shape", "tiny", "--batch", 8)
    command(train, *runs, *tiny, "--name", "teacher", "--epochs", 2)
    command(distill, *runs, "--teachers", "teacher", "--views", 1, "--out", tmp_path / "soft_labels.npz")
    options = ("--soft-labels", tmp_path / "soft_labels.npz", "--soft-label-weight", 0.5, "--augmentation", 0.5)
    command(train, *runs, *tiny, "--name", "student", "--start", "teacher", *options, "--epochs", 1)
    command(export, *runs, "--name", "student,teacher", "--int8", "--out", out)
    command(evaluate, "--network", out, "--run", tmp_path / "runs" / "student")
    command(card, "--network", out, "--run", tmp_path / "runs" / "student")
    metadata = read_metadata(out)
    assert metadata["averaged_with"] == "teacher"
    read = ExpressionReader.load(out).read_crops(np.zeros((1, 48, 48), np.uint8))
    assert read.shape == (1, 7)
    text = out.with_suffix(".md").read_text(encoding="utf-8")
    assert 'shape "tiny"' in text
    assert "have a copy in the training split" in text
    assert (out.parent / "plots" / "expression_training.png").is_file()
    assert sorted(path.name for path in out.parent.iterdir()) == ["net.md", "net.onnx", "plots"]
    # Another network's card is nothing of the served one's.
    assert {path: path.read_bytes() for path in WEIGHTS_PATH.parent.glob("*.*")} == served


def test_an_export_that_fails_leaves_the_network_before(command, tmp_path, monkeypatch):
    runs, out = ("--runs", tmp_path / "runs"), tmp_path / "net.onnx"
    command(train, *runs, "--shape", "tiny", "--name", "one", "--epochs", 1, "--batch", 8)
    command(export, *runs, "--name", "one", "--out", out)
    before = out.read_bytes()

    def fails(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(int8, "compare", fails)
    with pytest.raises(MemoryError):
        command(export, *runs, "--name", "one", "--int8", "--out", out)
    assert out.read_bytes() == before
    assert not list(tmp_path.glob("net.onnx.*"))


def test_the_benchmark_prints_every_row_with_a_goal(command, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, "ROUNDS", 20)
    monkeypatch.setitem(sys.modules, "fer", None)
    command(benchmark, "--json")
    output = json.loads(capsys.readouterr().out)
    rows = {row[""]: row for row in output["rows"]}
    for title, goals in benchmark.GOALS.items():
        assert (rows[title]["least"], rows[title]["aim"]) == goals
        assert rows[title]["ours"]
    assert rows["FER2013 label, by its head"]["ours"].endswith("%")
    assert rows[benchmark.RATIO]["ours"] == "needs fer"
    assert any("make fer" in note for note in output["notes"])


@pytest.mark.parametrize("option", ["--augmentation", "--soft-label-weight"])
@pytest.mark.parametrize("share", ["-0.1", "3"])
def test_shares_lie_between_nothing_and_all(command, option, share, capsys):
    with pytest.raises(SystemExit):
        command(train, f"{option}={share}")
    assert f"expected 0..1, got {share}" in capsys.readouterr().err


def test_soft_labels_may_be_made_for_labelled_faces_alone(command, tmp_path, monkeypatch):
    monkeypatch.setattr(distill, "unlabelled_faces", lambda folder: pictures(3, seed=5, side=48))
    runs = ("--runs", tmp_path / "runs")
    command(train, *runs, "--shape", "tiny", "--name", "one", "--epochs", 1, "--batch", 8)
    for words, count in (((), 3), (("--labelled-only",), 0)):
        command(distill, *runs, "--teachers", "one", "--views", 1, "--out", tmp_path / "soft_labels.npz", *words)
        assert len(read_soft_labels(tmp_path / "soft_labels.npz").unlabelled) == count


def test_an_absent_run_is_named(command, tmp_path):
    with pytest.raises(SystemExit, match="Expected a run in"):
        command(distill, "--runs", tmp_path, "--teachers", "nobody", "--out", tmp_path / "soft_labels.npz")
