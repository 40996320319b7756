"""Figures by hand, harms that do what they say, evaluation and calibration on made-up faces, a run's log."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training's tests need requirements-train.txt")
pytest.importorskip("onnx", reason="training's tests need requirements-train.txt")

from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.expression import LABELS
from training import corruptions, measures
from training.corruptions import CORRUPTIONS
from training.expression import augment, evaluate, plots
from training.expression.augment import Chance, Strength, augmented
from training.expression.data import FERPLUS, Faces
from training.expression.export import calibrate
from training.expression.network import SHAPES, ExpressionNetwork
from training.expression.plots import draw_run
from training.expression.train import Plan, _log, predict, read_log, train
from training.expression.utkface import GROUPS, People
from training.measures import at_temperature, best_temperature, cross_fitted, reliability


def certain(*emotions: int, top: float = 0.7) -> np.ndarray:
    """(N, 7): ``top`` for each of ``emotions``, the rest spread."""
    return np.where(np.eye(7)[list(emotions)] > 0, top, (1 - top) / 6)


def distributions(count: int, seed: int = 0, spread: float = 2.0) -> np.ndarray:
    raised = np.exp(np.random.default_rng(seed).normal(0, spread, (count, 7)))
    return raised / raised.sum(1, keepdims=True)


def test_faces_without_a_label_do_not_count():
    read, labels = certain(0, 1, 2, 3), np.array([0, 1, 5, -1])
    assert measures.accuracy(read, labels) == pytest.approx(2 / 3)
    counts = measures.confusion(read, labels)
    assert counts.sum() == 3
    assert counts[5, 2] == counts[0, 0] == counts[1, 1] == 1


def test_macro_f1_by_hand():
    counts = np.zeros((7, 7), int)
    counts[0, :2] = 3, 1  # of emotion 0: precision 3/5, recall 3/4
    counts[1, :2] = 2, 4  # of emotion 1: precision 4/5, recall 4/6
    expected = (2 * 3 / (5 + 4) + 2 * 4 / (5 + 6)) / 7
    assert measures.macro_f1(counts) == pytest.approx(expected)
    assert measures.macro_f1(np.eye(7, dtype=int) * 5) == 1


def test_reliability_by_hand():
    read = np.concatenate([certain(0, 0, top=0.90), certain(1, top=0.92), certain(2, top=0.5), certain(3, top=1.0)])
    shares = np.concatenate([certain(0, top=0.8), certain(5, top=0.7), certain(1, 2, top=0.6), certain(3, top=1.0)])
    found = reliability(read, shares)
    assert found.count.tolist() == [0] * 7 + [1] + [0] * 5 + [3, 1]  # 0.50: bin 7; 0.90 and 0.92: 13; 1.0: the last
    voted = (0.8 + 0.05 + 0.6) / 3
    assert found.confidence[[7, 13, 14]] == pytest.approx([0.5, (0.9 + 0.9 + 0.92) / 3, 1])
    assert found.share[[7, 13, 14]] == pytest.approx([0.6, voted, 1])
    assert found.error == pytest.approx((abs(0.5 - 0.6) + 3 * (2.72 / 3 - voted) + 0) / 5)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.8, 3.0])
def test_the_best_temperature_is_the_one_that_was_there(temperature):
    true = distributions(300)
    assert best_temperature(at_temperature(true, 1 / temperature), true) == pytest.approx(temperature, rel=1e-3)


def test_a_temperature_makes_flatter_or_sharper_and_keeps_the_order():
    read = distributions(50)
    flat, sharp = at_temperature(read, 2), at_temperature(read, 0.5)
    np.testing.assert_allclose(flat.sum(1), 1)
    assert (flat.max(1) < read.max(1)).all()
    assert (sharp.max(1) > read.max(1)).all()
    np.testing.assert_array_equal(flat.argmax(1), read.argmax(1))
    np.testing.assert_allclose(sharp, read**2 / (read**2).sum(1, keepdims=True))


def test_cross_fitting_cools_what_is_too_sure():
    true = distributions(200)
    sharp = at_temperature(true, 0.5)
    np.testing.assert_allclose(cross_fitted(sharp, true), true, atol=1e-3)


def test_cross_fitting_learns_nothing_from_the_faces_that_it_changes():
    true = distributions(100)
    read = at_temperature(true, 0.5)
    before = cross_fitted(read, true)
    other = true.copy()
    other[7] = np.eye(7)[read[7].argmin()]
    changed = np.abs(cross_fitted(read, other) - before).max(1) > 1e-9
    assert not changed[7]
    assert changed.sum() == 80  # the other four folds


def test_each_fold_holds_a_fifth(monkeypatch):
    sizes = []
    monkeypatch.setattr(measures, "best_temperature", lambda read, _targets: sizes.append(len(read)) or 1.0)
    cross_fitted(distributions(50), distributions(50))
    assert sizes == [40] * 5


@pytest.fixture
def crops() -> np.ndarray:
    """(12, 48, 48) uint8: middling grey, with soft and fine detail."""
    noise = np.random.default_rng(2).normal(0, 1, (12, 48, 48))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in noise])
    return np.uint8((140 + 250 * soft + 8 * noise).clip(20, 250))


def grain(crops: np.ndarray, axis: int = 2) -> np.ndarray:
    """How much each picture's neighbouring pixels differ."""
    return np.abs(np.diff(crops.astype(float), axis=axis)).mean((1, 2))


def harmed(crops: np.ndarray, harm: str, seed: int = 0) -> np.ndarray:
    """(N, 48, 48) 0..255, as one of augmentation's harms leaves them."""
    chance = Chance(torch.device("cpu"), torch.Generator().manual_seed(seed))
    x = torch.from_numpy(crops)[:, None].float() / 255
    return getattr(augment, harm)(x, chance).clamp(0, 1)[:, 0].numpy() * 255


def test_in_the_dark_little_light_is_left_and_some_noise(crops):
    means = harmed(crops, "_dark").mean((1, 2)) / crops.mean((1, 2))
    assert (means < 0.52).all()
    assert (means > 0.11).all()
    assert grain(harmed(np.full_like(crops, 100), "_dark")).min() > 0.5


def test_other_light_changes_level_contrast_and_slope(crops):
    even = harmed(np.full((40, 48, 48), 100, np.uint8), "_lit")
    assert even.mean((1, 2)).min() < 90 < 110 < even.mean((1, 2)).max()
    for slope in (even[:, :, -1] - even[:, :, 0], even[:, -1] - even[:, 0]):
        assert slope.mean(1).min() < -10 < 10 < slope.mean(1).max()
    spread = harmed(crops, "_lit").std((1, 2)) / crops.std((1, 2))
    assert spread.min() < 0.95
    assert spread.max() > 1.05


def test_blur_smooths_and_keeps_the_light(crops):
    out = harmed(crops, "_blurred")
    assert (grain(out) < 0.8 * grain(crops)).all()
    np.testing.assert_allclose(out.mean((1, 2)), crops.mean((1, 2)), atol=2)
    assert (grain(out, axis=1) < 0.8 * grain(crops, axis=1)).all()


def test_blur_follows_each_faces_own_strength():
    dots = np.zeros((40, 48, 48), np.uint8)
    dots[:, 24, 24] = 255
    peaks = harmed(dots, "_blurred")[:, 24, 24] / 255
    assert peaks.min() < 0.08
    assert peaks.max() > 0.4
    np.testing.assert_allclose(harmed(dots, "_blurred").sum((1, 2)), 255, rtol=1e-4)


def test_a_small_face_loses_its_detail_and_keeps_its_shape(crops):
    out = harmed(crops, "_small")
    assert (grain(out) < 0.8 * grain(crops)).all()
    for one, other in zip(out, crops, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


def test_noise_adds_grain_and_keeps_the_light():
    even = np.full((30, 48, 48), 128, np.uint8)
    out = harmed(even, "_noisy")
    levels = out.std((1, 2)) / 255
    assert 0.009 < levels.min() < 0.02 < 0.05 < levels.max() < 0.062
    np.testing.assert_allclose(out.mean((1, 2)), 128, atol=1.5)


def test_jpeg_rounds_each_block_by_itself(crops):
    out = harmed(crops, "_jpeg")
    assert (np.abs(out - crops).mean((1, 2)) > 0.5).all()
    np.testing.assert_allclose(out, crops, atol=70)
    one_block = crops.copy()
    one_block[:, :8, :8] = 40
    changed = np.abs(harmed(one_block, "_jpeg") - out).max(0) > 1e-3
    assert changed[:8, :8].any()
    assert not changed[8:].any()
    assert not changed[:, 8:].any()


def test_jpeg_is_nearly_that_of_a_real_encoder(crops, monkeypatch):
    monkeypatch.setattr(Chance, "uniform", lambda self, *shape, **_range: torch.zeros(shape))  # the table itself: 50
    mine = harmed(crops, "_jpeg")
    for one, crop in zip(mine, crops, strict=True):
        real = cv2.imdecode(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)
        assert np.abs(one - real).mean() < 0.6


def test_a_cover_is_one_rectangle_of_one_grey(crops):
    out = harmed(crops, "_covered")
    shares = []
    for one, crop in zip(out, crops, strict=True):
        changed = np.abs(one - crop) > 1e-3
        if not changed.any():
            continue
        rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
        inside = one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert np.ptp(inside) < 1e-3
        shares.append(inside.size / one.size)
    assert len(shares) > 6
    assert max(shares) < 0.6


STILL = Strength(tilt_deg=0, zoom=0, shift=0, stretch=0, **dict.fromkeys(augment.HARMS, 0))


@pytest.mark.parametrize("name", augment.HARMS)
def test_each_harm_strikes_when_it_is_asked_for(crops, name):
    def seen(strength: Strength) -> torch.Tensor:
        return augmented(torch.from_numpy(crops), torch.Generator().manual_seed(1), strength)

    struck = seen(replace(STILL, **{name: 1.0})) != seen(STILL)
    assert struck.flatten(1).any(1).sum() >= len(crops) - (3 if name == "cover" else 0)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_every_face_and_always_alike(crops, name):
    before = crops.copy()
    out = CORRUPTIONS[name](crops)
    assert out.shape == crops.shape
    assert out.dtype == np.uint8
    assert (out != crops).any((1, 2)).all()
    np.testing.assert_array_equal(out, CORRUPTIONS[name](crops))
    np.testing.assert_array_equal(crops, before)


def test_dark_faces_have_a_fifth_of_the_light_and_a_sensors_noise():
    out = corruptions.dark(np.full((4, 48, 48), 150, np.uint8)).astype(float)
    assert out.mean() == pytest.approx(30, abs=0.2)
    assert out.std() == pytest.approx(3, abs=0.2)


def test_blurred_faces_are_those_of_a_gaussian_of_one_and_a_half_pixels():
    dot = np.zeros((1, 48, 48), np.uint8)
    dot[0, 24, 24] = 255
    assert corruptions.blurred(dot)[0, 24, 24] == pytest.approx(255 / (2 * np.pi * 1.5**2), abs=1.5)


def test_tilted_faces_lean_by_turns_to_either_side():
    crops = np.zeros((2, 48, 48), np.uint8)
    crops[:, 4:44, 22:26] = 255  # an upright bar
    leans = []
    for one in corruptions.tilted(crops).astype(float):
        upper, lower = ((one[row] * np.arange(48)).sum() / one[row].sum() for row in (10, 37))
        leans.append(np.rad2deg(np.arctan((lower - upper) / 27)))
    assert leans == pytest.approx([20, -20], abs=1)


def test_small_faces_keep_what_twenty_pixels_hold(crops):
    out = corruptions.small(crops)
    assert (grain(out) < 0.8 * grain(crops)).all()
    stripes = np.zeros((1, 48, 48), np.uint8)
    stripes[:, :, ::2] = 200
    assert corruptions.small(stripes).std() < 30
    wide = np.zeros((1, 48, 48), np.uint8)
    wide[:, :, 24:] = 200
    assert corruptions.small(wide).std() > 90


def test_jpeg_leaves_blocks(crops):
    steps = np.abs(np.diff(corruptions.jpeg(crops).astype(float), axis=2)).mean((0, 1))
    borders = steps[7::8].mean()
    assert 2.6 < borders / np.delete(steps, np.arange(7, 47, 8)).mean() < 3.2  # 2.5 at quality 20, 3.6 at 10


def test_half_covered_faces_show_the_other_half_by_turns(crops):
    out = corruptions.half_covered(crops)
    assert (out[::2, :, :24] == 128).all()
    assert (out[1::2, :, 24:] == 128).all()
    np.testing.assert_array_equal(out[::2, :, 24:], crops[::2, :, 24:])
    np.testing.assert_array_equal(out[1::2, :, :24], crops[1::2, :, :24])


class LevelReader:
    """Reads a face by its grey level: 10 is EMOTIONS' first, 40 the second, and so on; by the other head the next."""

    def read_crops(self, crops: np.ndarray, *, labels: str) -> np.ndarray:
        level = (crops.mean((1, 2)) / 30).astype(int).clip(0, 6)
        return certain(*((level + LABELS.index(labels)) % 7), top=0.7).astype(np.float32)


def levelled(*emotions: int) -> np.ndarray:
    return np.stack([np.full((48, 48), 10 + 30 * i, np.uint8) for i in emotions])


@pytest.fixture
def valid() -> tuple[Faces, dict[str, np.ndarray]]:
    """Four faces; by FER+'s head three of four are read right, of which one has no majority, by the other two."""
    targets = np.zeros((4, 2, 7), np.float32)
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


def test_shares_are_told_by_group_and_by_age():
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


def test_calibrating_makes_what_is_too_sure_fit(crops):
    torch.manual_seed(0)
    network = ExpressionNetwork(SHAPES["tiny"])
    with torch.no_grad():
        network.heads.bias += torch.randn(14)
    true = torch.from_numpy(predict(network, crops)).softmax(2).numpy()
    with torch.no_grad():
        network.heads.weight[:7] *= 3
        network.heads.bias[:7] *= 3
        network.heads.weight[7:] *= 0.5
        network.heads.bias[7:] *= 0.5
    targets = true.copy()
    targets[:3] = 0  # faces without labels tell nothing
    faces = Faces(crops=crops, targets=targets, weights=np.ones(len(crops), np.float32))
    assert calibrate(network, faces) == pytest.approx({"ferplus": 3, "fer2013": 0.5}, rel=1e-2)
    np.testing.assert_allclose(torch.from_numpy(predict(network, crops)).softmax(2).numpy(), true, atol=5e-3)


def lines(*epochs: tuple[int, float]) -> str:
    return "".join(json.dumps({"epoch": epoch, "loss": loss}) + "\n" for epoch, loss in epochs)


def test_of_an_epoch_done_twice_the_log_tells_the_later(tmp_path):
    (tmp_path / "log.jsonl").write_text(lines((1, 2.0), (2, 1.9), (2, 1.8), (3, 1.5)))
    assert [line["loss"] for line in read_log(tmp_path / "log.jsonl")] == [2.0, 1.8, 1.5]


@pytest.mark.parametrize("cut", ["{", '{"epoch": 3, "lo', '{"epoch": 3, "loss": 1.5}'])
def test_a_cut_last_line_is_none_and_is_not_written_on(tmp_path, cut):
    path = tmp_path / "log.jsonl"
    path.write_text(lines((1, 2.0), (2, 1.9)) + cut)
    assert [line["epoch"] for line in read_log(path)] == [1, 2]
    _log(path, {"epoch": 3, "loss": 1.4})
    assert path.read_text() == lines((1, 2.0), (2, 1.9), (3, 1.4))


def test_a_log_that_holds_only_a_cut_line_is_empty(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"epoch"')
    assert list(read_log(tmp_path / "log.jsonl")) == []


def test_a_kill_between_log_and_checkpoint_loses_no_epochs_line(tmp_path, monkeypatch):
    plan = Plan(shape="tiny", epochs=2, batch=16, warm_up_epochs=1)
    chance = np.random.default_rng(0)
    faces = Faces(
        crops=chance.integers(0, 256, (16, 48, 48), dtype=np.uint8),
        targets=np.eye(7, dtype=np.float32)[chance.integers(0, 7, (16, 2))],
        weights=np.ones(16, np.float32),
    )
    for step in ("save", "_log"):
        with monkeypatch.context() as patch:

            def killed(*_args):
                raise KeyboardInterrupt

            patch.setattr(f"training.expression.train.{step}", killed)
            with pytest.raises(KeyboardInterrupt):
                train(plan, faces, tmp_path, quiet=True)
    train(plan, faces, tmp_path, quiet=True)
    assert [line["epoch"] for line in read_log(tmp_path / "log.jsonl")] == [1, 2]


def test_the_course_of_a_run_is_drawn_by_epoch(tmp_path, monkeypatch):
    told = [{"epoch": i, "loss": 3.0 - i, **{f"valid_{head}": i / 4 for head in LABELS}} for i in (1, 2, 3)]
    told[1] = {"epoch": 2, "loss": 1.0}  # not checked
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in told))
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
