"""Each degradation changes faces in the way that it is named for; all randomness comes from the generator."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs requirements-train.txt")

from feelharmonic.reading.expression import prepare
from training.expression import augment
from training.expression.augment import DegradationShares, Random, augmented


@pytest.fixture
def crops() -> np.ndarray:
    """(12, 48, 48) uint8: middling grey, with soft and fine detail."""
    noise = np.random.default_rng(2).normal(0, 1, (12, 48, 48))
    soft = np.stack([cv2.GaussianBlur(one, (0, 0), 4) for one in noise])
    return np.uint8((140 + 250 * soft + 8 * noise).clip(20, 250))


def grain(crops: np.ndarray, axis: int = 2) -> np.ndarray:
    """How much each picture's neighbouring pixels differ."""
    return np.abs(np.diff(crops.astype(float), axis=axis)).mean((1, 2))


def degraded(crops: np.ndarray, name: str, seed: int = 0) -> np.ndarray:
    """(N, 48, 48) 0..255, as one of augmentation's degradations leaves them."""
    draw = Random(torch.device("cpu"), torch.Generator().manual_seed(seed))
    x = torch.from_numpy(crops)[:, None].float() / 255
    return getattr(augment, name)(x, draw).clamp(0, 1)[:, 0].numpy() * 255


def test_in_the_dark_little_light_is_left_and_some_noise(crops):
    means = degraded(crops, "_dark").mean((1, 2)) / crops.mean((1, 2))
    assert (means < 0.52).all()
    assert (means > 0.11).all()
    assert grain(degraded(np.full_like(crops, 100), "_dark")).min() > 0.5


def test_other_light_changes_level_contrast_and_slope(crops):
    even = degraded(np.full((40, 48, 48), 100, np.uint8), "_lit")
    assert even.mean((1, 2)).min() < 90 < 110 < even.mean((1, 2)).max()
    for slope in (even[:, :, -1] - even[:, :, 0], even[:, -1] - even[:, 0]):
        assert slope.mean(1).min() < -10 < 10 < slope.mean(1).max()
    spread = degraded(crops, "_lit").std((1, 2)) / crops.std((1, 2))
    assert spread.min() < 0.95
    assert spread.max() > 1.05


def test_blur_smooths_and_keeps_the_light(crops):
    out = degraded(crops, "_blurred")
    assert (grain(out) < 0.8 * grain(crops)).all()
    np.testing.assert_allclose(out.mean((1, 2)), crops.mean((1, 2)), atol=2)
    assert (grain(out, axis=1) < 0.8 * grain(crops, axis=1)).all()


def test_blur_follows_each_faces_own_strength():
    dots = np.zeros((40, 48, 48), np.uint8)
    dots[:, 24, 24] = 255
    peaks = degraded(dots, "_blurred")[:, 24, 24] / 255
    assert peaks.min() < 0.08
    assert peaks.max() > 0.4
    np.testing.assert_allclose(degraded(dots, "_blurred").sum((1, 2)), 255, rtol=1e-4)


def test_a_small_face_loses_its_detail_and_keeps_its_shape(crops):
    out = degraded(crops, "_small")
    assert (grain(out) < 0.8 * grain(crops)).all()
    for one, other in zip(out, crops, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8


def test_noise_adds_grain_and_keeps_the_light():
    even = np.full((30, 48, 48), 128, np.uint8)
    out = degraded(even, "_noisy")
    levels = out.std((1, 2)) / 255
    assert 0.009 < levels.min() < 0.02 < 0.05 < levels.max() < 0.062
    np.testing.assert_allclose(out.mean((1, 2)), 128, atol=1.5)


def test_jpeg_rounds_each_block_by_itself(crops):
    out = degraded(crops, "_jpeg")
    assert (np.abs(out - crops).mean((1, 2)) > 0.5).all()
    np.testing.assert_allclose(out, crops, atol=70)
    one_block = crops.copy()
    one_block[:, :8, :8] = 40
    changed = np.abs(degraded(one_block, "_jpeg") - out).max(0) > 1e-3
    assert changed[:8, :8].any()
    assert not changed[8:].any()
    assert not changed[:, 8:].any()


def test_jpeg_is_nearly_that_of_a_real_encoder(crops, monkeypatch):
    monkeypatch.setattr(Random, "uniform", lambda self, *shape, **_range: torch.zeros(shape))  # the table itself: 50
    ours = degraded(crops, "_jpeg")
    for one, crop in zip(ours, crops, strict=True):
        real = cv2.imdecode(cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)
        assert np.abs(one - real).mean() < 0.6


def test_a_cover_is_one_rectangle_of_one_grey(crops):
    out = degraded(crops, "_covered")
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


STILL = DegradationShares(tilt_deg=0, zoom=0, shift=0, stretch=0, **dict.fromkeys(augment.DEGRADATIONS, 0))


@pytest.mark.parametrize("name", augment.DEGRADATIONS)
def test_each_degradation_affects_faces_at_share_one(crops, name):
    def seen(strength: DegradationShares) -> torch.Tensor:
        return augmented(torch.from_numpy(crops), torch.Generator().manual_seed(1), strength)

    affected = seen(replace(STILL, **{name: 1.0})) != seen(STILL)
    assert affected.flatten(1).any(1).sum() >= len(crops) - (3 if name == "cover" else 0)


def test_without_augmentation_training_sees_what_serving_sees():
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


def test_a_lower_strength_degrades_fewer_faces(faces):
    crops = torch.from_numpy(faces.crops)

    def seen(strength: DegradationShares) -> torch.Tensor:
        return augmented(crops, torch.Generator().manual_seed(0), strength)

    degrading = replace(STILL, light=1.0)
    assert torch.equal(seen(degrading.scaled(0.0)), seen(STILL))
    assert torch.equal(seen(degrading.scaled(1.0)), seen(degrading))
    changed = (seen(replace(degrading, light=0.5)) != seen(STILL)).flatten(1).any(1)
    half = (seen(degrading.scaled(0.5)) != seen(STILL)).flatten(1).any(1)
    assert torch.equal(half, changed)
    assert 0 < half.sum() < len(crops)
    assert DegradationShares().scaled(0.0).tilt_deg == DegradationShares().tilt_deg  # moved as far as ever
