"""The shipped track-mood weights are what training makes of the data folder's songs."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="training's requirements are not installed: requirements-train.txt")

from feelharmonic.music.track_mood import TRACK_MOODS, WEIGHTS_PATH, prepare
from training.track_mood import train as track_mood


@pytest.fixture(scope="module")
def songs(data_dir):
    features, moods = track_mood.read_songs(data_dir / "songs" / "mood_labelled.csv")
    return prepare(features), np.array([TRACK_MOODS.index(mood) for mood in moods])


def test_training_again_gives_the_shipped_weights(songs, tmp_path, monkeypatch):
    monkeypatch.setattr(track_mood, "WEIGHTS_PATH", tmp_path / "track_mood.json")
    inputs, labels = songs
    temperature = track_mood.fit_temperature(track_mood.cross_validated_scores(inputs, labels, 0), labels)
    track_mood.write_weights(inputs, labels, temperature)
    again, shipped = (json.loads(path.read_text()) for path in (tmp_path / "track_mood.json", WEIGHTS_PATH))
    for key in ("coefficients", "intercepts"):
        np.testing.assert_allclose(again[key], shipped[key], atol=1e-3)


def test_confidence_on_unseen_songs_is_what_it_says(songs):
    inputs, labels = songs
    unseen = track_mood.honest_probabilities(inputs, labels, seed=0)
    assert (unseen.argmax(axis=1) == labels).mean() > 0.78
    assert track_mood.calibration_error(unseen, labels) < 0.06
