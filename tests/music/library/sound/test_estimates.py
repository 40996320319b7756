"""Estimates stay in their range, keep the order of plainly different sounds, and refuse weights of another version."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.errors import SetupFault
from feelharmonic.music.library.sound.description import describe, names
from feelharmonic.music.library.sound.estimates import ESTIMATED, WEIGHTS_PATH, Estimator
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.sound.vibenet import HOP, WINDOW, load_vibenet, mel_db
from tests.support.music.files import RATE, clicks, tones


def description(samples: np.ndarray):
    return describe(spectra_of(RATE, [samples[:, None].astype(np.float32)]))


def test_a_description_has_a_number_for_each_name():
    found = description(tones(220, 440, seconds=3))
    assert found.numbers.shape == (len(names()),)
    assert np.isfinite(found.numbers).all()


@pytest.mark.parametrize("samples", [tones(220, seconds=0.05), np.zeros(RATE), np.ones(RATE)])
def test_odd_sounds_have_a_description(samples):
    assert np.isfinite(description(samples).numbers).all()


def test_estimates_lie_between_0_and_1():
    estimate = Estimator.load().estimate(description(tones(220, seconds=3)))
    assert tuple(estimate) == ESTIMATED
    assert all(0 <= value <= 1 for value in estimate.values())


def test_a_loud_beat_with_noise_has_more_energy_than_a_quiet_tone():
    beat = clicks(150, 12) * 2 + np.random.default_rng(1).normal(0, 0.15, 12 * RATE)
    estimator = Estimator.load()
    loud, quiet = (
        estimator.estimate(description(beat)),
        estimator.estimate(description(tones(220, seconds=12, level=0.03))),
    )
    assert loud["energy"] > quiet["energy"] + 0.2
    assert loud["acousticness"] < quiet["acousticness"]


def test_weights_of_another_version_are_refused(tmp_path):
    with np.load(WEIGHTS_PATH) as file:
        np.savez(tmp_path / "w.npz", **{**file, "names": ["other"]})
    with pytest.raises(SetupFault, match=r"w\.npz: expected version 1"):
        Estimator.load(tmp_path / "w.npz")


def test_without_vibenet_the_built_in_estimates_serve():
    load_vibenet.cache_clear()
    assert load_vibenet() is None


def test_vibenets_front_end_has_its_shape_and_range():
    mel = mel_db(tones(1000, seconds=1, rate=16_000))
    assert mel.shape == (128, (16_000 - WINDOW) // HOP + 1)
    assert mel.max() - mel.min() <= 80.0
    # 1 kHz is 15 of 45.2 mel up to 8 kHz.
    assert abs(int(mel.mean(axis=1).argmax()) - 15 / 45.245 * 129) < 1.5
