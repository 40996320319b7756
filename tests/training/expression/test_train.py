"""The expression network's training, on a few made-up faces: resuming, losses, duplicates, export, measures' inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS, ExpressionReader, normalised, prepare
from training.expression.augment import Strength, augmented
from training.expression.card import card
from training.expression.data import Faces, ferplus_majority, without_duplicates
from training.expression.distill import UNLABELLED_WEIGHT, Lessons, answers, read_lessons, taught
from training.expression.export import calibrate, export, mean_weights
from training.expression.network import SHAPES, ExpressionNetwork, Shape
from training.expression.train import Plan, head_loss, predict, read_run, save, train
from training.expression.widen import widened

PLAN = Plan(shape="tiny", epochs=2, batch=16, warm_up_epochs=1)
STILL = Strength(tilt_deg=0, zoom=0, shift=0, stretch=0, light=0, dark=0, blur=0, small=0, noise=0, jpeg=0, cover=0)


@pytest.fixture
def faces() -> Faces:
    chance = np.random.default_rng(0)
    targets = np.eye(7, dtype=np.float32)[chance.integers(0, 7, (40, 2))]
    crops = chance.integers(0, 256, (40, 48, 48), dtype=np.uint8)
    return Faces(crops=crops, targets=targets, weights=np.ones(40, np.float32))


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


WIDER = Shape(widths=(11, 13), depths=(1, 1))


def warmed(faces: Faces) -> ExpressionNetwork:
    """A network whose every number matters: its norms have seen faces, no block begins as its shortcut."""
    torch.manual_seed(3)
    network = ExpressionNetwork(SHAPES["tiny"])
    for block in network.body:
        torch.nn.init.uniform_(block.second_norm.weight, 0.5, 1.5)
    with torch.no_grad():
        network.train()(normalised(torch.from_numpy(faces.crops).float())[:, None])
    return network


def test_a_network_grown_wider_says_what_it_said(faces, monkeypatch):
    monkeypatch.setattr("training.expression.widen.NOISE", 0.0)
    network = warmed(faces)
    grown = widened(network, SHAPES["tiny"], WIDER, torch.Generator().manual_seed(0))
    assert grown.heads.in_features == 13
    np.testing.assert_allclose(predict(grown, faces.crops), predict(network, faces.crops), atol=1e-4)


def test_copied_channels_begin_a_little_apart(faces):
    grown = widened(warmed(faces), SHAPES["tiny"], WIDER, torch.Generator().manual_seed(0))
    weights = grown.stem[0].weight.flatten(1)
    assert len(torch.unique(weights, dim=0)) == 11


@pytest.mark.parametrize(
    "shape", [Shape(widths=(7, 8), depths=(1, 1)), Shape(widths=(8, 8), depths=(1, 2)), Shape(widths=(8,), depths=(1,))]
)
def test_a_shape_that_is_no_wider_one_is_refused(shape):
    with pytest.raises(ValueError, match="Expected"):
        widened(ExpressionNetwork(SHAPES["tiny"]), SHAPES["tiny"], shape, torch.Generator())


def test_a_run_may_grow_out_of_a_narrower_one(tmp_path, faces, monkeypatch):
    monkeypatch.setitem(SHAPES, "wider", WIDER)
    first = train(PLAN, faces, tmp_path / "first", quiet=True)
    second = train(Plan(shape="wider", epochs=0, batch=16, start="first"), faces, tmp_path / "second", quiet=True)
    assert second.average.heads.in_features == 13
    torch.testing.assert_close(second.average.heads.bias, first.average.heads.bias)


def lessons_for(labelled: int, unlabelled: int) -> Lessons:
    chance = np.random.default_rng(5)
    one, other = (np.float32(chance.dirichlet(np.ones(7), (count, 2))) for count in (labelled, unlabelled))
    return Lessons(labelled=one, unlabelled=other)


def test_lessons_are_mixed_with_labels_and_stand_alone_where_there_are_none(faces):
    faces.targets[0, 0] = 0  # a face without votes
    others = np.zeros((3, 48, 48), np.uint8)
    lessons = lessons_for(40, 3)
    learnt = taught(faces, others, lessons, trust=0.25)
    np.testing.assert_allclose(learnt.targets[0, 0], lessons.labelled[0, 0])
    np.testing.assert_allclose(learnt.targets[1], 0.75 * faces.targets[1] + 0.25 * lessons.labelled[1], rtol=1e-6)
    np.testing.assert_allclose(learnt.targets[40:], lessons.unlabelled)
    np.testing.assert_allclose(learnt.targets.sum(2), 1, rtol=1e-5)
    assert learnt.weights[40:].tolist() == [UNLABELLED_WEIGHT] * 3


@pytest.mark.parametrize("lessons", [lessons_for(39, 3), lessons_for(40, 2)])
def test_lessons_for_other_faces_are_refused(faces, lessons):
    with pytest.raises(SystemExit, match="Expected lessons for 40 and 3 faces"):
        taught(faces, np.zeros((3, 48, 48), np.uint8), lessons, trust=0.5)


def test_what_is_no_file_of_lessons_is_refused(tmp_path):
    (tmp_path / "lessons.npz").write_bytes(b"no archive")
    for name in ("lessons.npz", "absent.npz"):
        with pytest.raises(SystemExit, match="Expected a file of training"):
            read_lessons(tmp_path / name)


def test_a_teachers_answers_are_distributions_and_repeat(faces):
    network = ExpressionNetwork(SHAPES["tiny"])
    said = answers(network, faces.crops, views=2)
    assert said.shape == (40, 2, 7)
    np.testing.assert_allclose(said.sum(2), 1, rtol=1e-5)
    np.testing.assert_array_equal(said, answers(network, faces.crops, views=2))


def test_of_several_networks_the_mean_is_served(faces):
    one, other = (ExpressionNetwork(SHAPES["tiny"]) for _ in range(2))
    expected = (one.heads.weight + other.heads.weight).detach() / 2
    kept = other.heads.weight.clone()
    mean_weights([one, other])
    torch.testing.assert_close(one.heads.weight.detach(), expected)
    assert torch.equal(other.heads.weight, kept)
    with pytest.raises(SystemExit, match="Expected runs of one shape"):
        mean_weights([one, ExpressionNetwork(SHAPES["small"])])


def test_a_run_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SystemExit, match=r"Expected a run in .*absent, found none"):
        read_run(tmp_path / "absent", torch.device("cpu"))


@pytest.mark.parametrize("share", [0, 0.3, 0.98])
def test_a_checkpoint_that_was_cut_is_named(tmp_path, faces, share):
    train(PLAN, faces, tmp_path / "run", quiet=True)
    path = tmp_path / "run" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(SystemExit, match=r"Expected a run's checkpoint in .*checkpoint\.pt, got what cannot be read"):
        train(PLAN, faces, tmp_path / "run", quiet=True)


def test_a_start_that_is_not_there_or_of_another_shape_is_named(tmp_path, faces):
    with pytest.raises(SystemExit, match=r"Expected a run in .*nobody, found none"):
        train(replace(PLAN, start="nobody"), faces, tmp_path / "pupil", quiet=True)
    train(PLAN, faces, tmp_path / "teacher", quiet=True)
    with pytest.raises(SystemExit, match="--start: Expected a shape like"):
        train(replace(PLAN, shape="small", start="teacher"), faces, tmp_path / "pupil", quiet=True)


def test_about_no_faces_a_teacher_says_nothing(faces):
    assert answers(ExpressionNetwork(SHAPES["tiny"]), faces.crops[:0]).shape == (0, 2, 7)


def test_the_exported_file_reads_as_the_network_does(tmp_path, faces):
    coarse = faces.crops[:, :4, :4].repeat(12, 1).repeat(12, 2)  # fine noise looks the same to every network
    faces = replace(faces, crops=coarse)
    network = warmed(faces)
    own = torch.from_numpy(predict(network, faces.crops))
    with torch.no_grad():  # as far apart as a trained network's answers, or calibrating would not show
        network.heads.bias -= own.mean(0).ravel()
        for parameter in (network.heads.weight, network.heads.bias):
            parameter *= 6 / own.std(0).mean()
    assert min(calibrate(network, faces).values()) > 1.5
    export(network, tmp_path / "net.onnx")
    reader = ExpressionReader.load(path=tmp_path / "net.onnx")
    expected = torch.from_numpy(predict(network, faces.crops)).softmax(2).numpy()
    assert expected.std(0).min() > 0.02
    assert np.abs(expected[:, 0] - expected[:, 1]).mean() > 0.02
    for i, head in enumerate(LABELS):
        # Half-precision weights: about three digits.
        np.testing.assert_allclose(reader.read_crops(faces.crops, labels=head), expected[:, i], atol=2e-3)


def test_training_sees_what_serving_sees_where_nothing_is_harmed():
    even = np.tile(np.arange(48, dtype=np.uint8) * 5, (2, 48, 1))
    even = np.minimum(even, even[:, :, ::-1])  # its own mirror image
    seen = augmented(torch.from_numpy(even), torch.Generator().manual_seed(0), STILL).numpy()
    np.testing.assert_allclose(seen, prepare(even), atol=1e-5)


def test_augmentation_depends_on_its_generator_alone(faces):
    crops = torch.from_numpy(faces.crops)
    one, same, other = (augmented(crops, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.min() >= -1
    assert one.max() <= 1


def test_fewer_faces_are_harmed_where_less_harm_is_asked_for(faces):
    crops = torch.from_numpy(faces.crops)

    def seen(strength: Strength) -> torch.Tensor:
        return augmented(crops, torch.Generator().manual_seed(0), strength)

    harmful = replace(STILL, light=1.0)
    assert torch.equal(seen(harmful.gentler(0.0)), seen(STILL))
    assert torch.equal(seen(harmful.gentler(1.0)), seen(harmful))
    changed = (seen(replace(harmful, light=0.5)) != seen(STILL)).flatten(1).any(1)
    half = (seen(harmful.gentler(0.5)) != seen(STILL)).flatten(1).any(1)
    assert torch.equal(half, changed)
    assert 0 < half.sum() < len(crops)
    assert Strength().gentler(0.0).tilt_deg == Strength().tilt_deg  # moved as far as ever


def test_a_run_harms_as_much_as_its_plan_says(tmp_path, faces, monkeypatch):
    asked = []

    def watched(crops, generator, strength):
        asked.append(strength)
        return augmented(crops, generator, strength)

    monkeypatch.setattr("training.expression.train.augmented", watched)
    train(replace(PLAN, epochs=1, harm=0.25), faces, tmp_path, quiet=True)
    assert set(asked) == {Strength().gentler(0.25)}
    assert asked[0].cover == Strength().cover / 4


def test_a_face_without_a_label_costs_nothing():
    logits = torch.randn(2, 2, 7)
    assert head_loss(logits, torch.zeros(2, 2, 7), torch.ones(2), smoothing=0.1) == 0


def test_photographs_that_cross_the_splits_are_left_out(faces):
    kept = without_duplicates(faces, np.stack([faces.crops[3], faces.crops[5][:, ::-1]]))
    assert len(kept) == len(faces) - 2
    assert not (kept.crops == faces.crops[3]).all((1, 2)).any()


@pytest.mark.parametrize(
    ("counts", "emotion"),
    [
        ((0, 0, 0, 5, 0, 0, 5, 0, 0, 0), 6),  # happy and neutral tie: neutral is the file's first
        ((4, 0, 0, 0, 3, 0, 0, 0, 0, 0), 0),
        ((2, 0, 0, 0, 0, 0, 0, 8, 0, 0), -1),  # contempt leads
        ((0,) * 10, -1),
    ],
)
def test_majority_of_the_votes(counts, emotion):
    assert ferplus_majority(np.array([counts])).tolist() == [emotion]


def test_the_card_holds_the_figures_the_checksum_and_the_tries():
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
    peer = {
        "FER2013 label, by its head": "65.4%",
        "FER+ majority, by its head": "64.5%",
        "calibration error, as served": "0.120",
        "FER2013 label, dark": "37.7%",
    }
    text = card(figures, "small", peer)
    for words in ("ab" * 32, "70.1%", "0.0123", "| dark | 60.0% | 60.0% | 37.7% |", "0–12 years (3)", "| run |"):
        assert words in text
    assert "The `fer` package" in text
    assert "The `fer` package" not in card(figures, "small", {})
