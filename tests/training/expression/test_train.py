"""The training loop: resuming, starting from other runs, losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from feelharmonic.reading.expression import WEIGHTS_PATH, ExpressionReader, prepare
from training.expression.augment import DegradationShares, augmented
from training.expression.data import FER2013, STRANGERS, Faces
from training.expression.network import predict
from training.expression.runs import Plan, read_log, save
from training.expression.train import emotion_weights, head_loss, train

PLAN = Plan(shape="tiny", epochs=2, batch=16, warm_up_epochs=1)


def test_a_killed_run_ends_in_the_same_state(tmp_path, faces, monkeypatch):
    whole = train(PLAN, faces, tmp_path / "whole", quiet=True)

    def save_and_die(*args):
        save(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # after the first epoch's checkpoint, before the second's
        patch.setattr("training.expression.train.save", save_and_die)
        with pytest.raises(KeyboardInterrupt):
            train(PLAN, faces, tmp_path / "cut", quiet=True)
    resumed = train(PLAN, faces, tmp_path / "cut", quiet=True)
    assert resumed.epochs_done == whole.epochs_done == 2
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, resumed.average.state_dict()[name]), name


def test_a_run_refuses_another_plan(tmp_path, faces):
    train(PLAN, faces, tmp_path, quiet=True)
    with pytest.raises(SystemExit, match="Use another --name"):
        train(Plan(shape="tiny", epochs=3), faces, tmp_path, quiet=True)


def test_a_run_may_begin_with_anothers_weights(tmp_path, faces):
    first = train(PLAN, faces, tmp_path / "first", quiet=True)
    plan = Plan(shape="tiny", epochs=0, batch=16, start="first")
    second = train(plan, faces, tmp_path / "second", quiet=True)
    for name, value in first.average.state_dict().items():
        assert torch.equal(value, second.network.state_dict()[name]), name
        assert torch.equal(value, second.average.state_dict()[name]), name


def test_a_run_may_begin_with_the_mean_of_others(tmp_path, faces):
    first = train(PLAN, faces, tmp_path / "first", quiet=True)
    other = train(replace(PLAN, seed=PLAN.seed + 1), faces, tmp_path / "other", quiet=True)
    plan = Plan(shape="tiny", epochs=0, batch=16, start="first,other")
    second = train(plan, faces, tmp_path / "second", quiet=True)
    mean = (first.average.heads.weight + other.average.heads.weight) / 2
    assert not torch.equal(first.average.heads.weight, other.average.heads.weight)
    torch.testing.assert_close(second.average.heads.weight, mean)


@pytest.mark.parametrize("share", [0, 0.3, 0.98])
def test_a_checkpoint_that_was_cut_is_named(tmp_path, faces, share):
    train(PLAN, faces, tmp_path / "run", quiet=True)
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SystemExit, match=r"Expected a run's checkpoint in .*checkpoint\.pt, got a file that cannot"):
        train(PLAN, faces, tmp_path / "run", quiet=True)


def test_a_start_that_is_not_there_or_of_another_shape_is_named(tmp_path, faces):
    with pytest.raises(SystemExit, match=r"Expected a run in .*nobody, found none"):
        train(replace(PLAN, start="nobody"), faces, tmp_path / "student", quiet=True)
    train(PLAN, faces, tmp_path / "teacher", quiet=True)
    with pytest.raises(SystemExit, match="--start: expected runs of shape small, got tiny"):
        train(replace(PLAN, shape="small", start="teacher"), faces, tmp_path / "student", quiet=True)


def test_a_kill_between_log_and_checkpoint_loses_no_line(tmp_path, monkeypatch):
    plan = Plan(shape="tiny", epochs=2, batch=16, warm_up_epochs=1)
    chance = np.random.default_rng(0)
    faces = Faces(
        crops=chance.integers(0, 256, (16, 48, 48), dtype=np.uint8),
        targets=np.eye(7, dtype=np.float32)[chance.integers(0, 7, (16, 3))],
        weights=np.ones(16, np.float32),
    )
    for step in ("save", "append_log"):
        with monkeypatch.context() as patch:

            def killed(*_args):
                raise KeyboardInterrupt

            patch.setattr(f"training.expression.train.{step}", killed)
            with pytest.raises(KeyboardInterrupt):
                train(plan, faces, tmp_path, quiet=True)
    train(plan, faces, tmp_path, quiet=True)
    assert [line["epoch"] for line in read_log(tmp_path / "log.jsonl")] == [1, 2]


def test_a_run_augments_at_its_plans_strength(tmp_path, faces, monkeypatch):
    asked = []

    def watched(crops, generator, strength):
        asked.append(strength)
        return augmented(crops, generator, strength)

    monkeypatch.setattr("training.expression.train.augmented", watched)
    train(replace(PLAN, epochs=1, augmentation=0.25), faces, tmp_path, quiet=True)
    assert set(asked) == {DegradationShares().scaled(0.25)}
    assert asked[0].cover == DegradationShares().cover / 4


def test_a_face_without_a_label_costs_nothing():
    logits = torch.randn(2, 3, 7)
    assert head_loss(logits, torch.zeros(2, 3, 7), torch.ones(2), torch.ones(7), label_smoothing=0.1) == 0


def test_rare_emotions_of_strangers_count_for_more():
    targets = torch.zeros(120, 3, 7)
    targets[:100, STRANGERS, 3] = 1
    targets[100:110, STRANGERS, 0] = 1
    weights = emotion_weights(targets)
    assert weights[0] > 1 > weights[3]
    assert emotion_weights(torch.zeros(4, 3, 7)).tolist() == [1] * 7
    logits = torch.zeros(120, 3, 7)
    rare, common = (
        head_loss(logits[rows], targets[rows], torch.ones(10), weights) for rows in (slice(100, 110), slice(10))
    )
    assert rare / common == pytest.approx(float(weights[0] / weights[3]))


def test_a_run_starts_from_an_exported_file(tmp_path, faces):
    plan = replace(PLAN, shape="small", epochs=0, start_file="of the served file")
    run = train(plan, faces, tmp_path, start_file=WEIGHTS_PATH, quiet=True)
    served = ExpressionReader.load().read_crops(faces.crops, labels="fer2013")
    own = torch.from_numpy(predict(run.average, faces.crops)).softmax(2)[:, FER2013].numpy()
    assert np.abs(own - served).mean() < 0.01  # the file's last blocks are in 8 bits
    run.network.train()  # what the batch's statistics undo, the scale restores
    with torch.no_grad():
        batch = run.network(torch.from_numpy(prepare(faces.crops))).softmax(2)[:, FER2013].numpy()
    assert np.abs(batch - served).mean() < 0.15
