"""The shipped track-mood weights are those that training makes from the data folder's songs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs requirements-train.txt")

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.track_mood import TRACK_MOODS, WEIGHTS_PATH, prepare
from training.data_dir import DataMissing
from training.track_mood import train
from training.track_mood.card import calibration_error
from training.track_mood.data import SONGS, read_songs


@pytest.fixture(scope="module")
def songs(data_dir):
    features, labels = read_songs(data_dir)
    return prepare(features), labels


def test_training_again_gives_the_shipped_weights(songs, tmp_path):
    inputs, labels = songs
    temperature = train.fit_temperature(train.cross_validated_scores(inputs, labels, 0), labels)
    train.write_weights(inputs, labels, temperature, tmp_path / "track_mood.json")
    again, shipped = (json.loads(path.read_text()) for path in (tmp_path / "track_mood.json", WEIGHTS_PATH))
    for key in ("coefficients", "intercepts"):
        np.testing.assert_allclose(again[key], shipped[key], atol=1e-3)


def test_confidence_on_held_out_songs_is_calibrated(songs):
    inputs, labels = songs
    probabilities = train.held_out_probabilities(inputs, labels, seed=0)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.78
    assert calibration_error(probabilities, labels) < 0.06


def write_songs(folder: Path, count: int = 80) -> None:
    """Made-up songs whose valence and energy give their mood."""
    rng = np.random.default_rng(0)
    (folder / SONGS).parent.mkdir(parents=True)
    rows = [",".join((*FEATURES, "mood"))]
    for i in range(count):
        values = dict.fromkeys(FEATURES, 0.5) | {"tempo": 120.0, "loudness": -8.0}
        values["valence"], values["energy"] = (np.array([i // 2 % 2, i % 2]) * 0.6 + rng.uniform(0, 0.4, 2)).tolist()
        values["danceability"] = float(rng.uniform(0, 1))
        rows.append(",".join((*(f"{values[name]:.4f}" for name in FEATURES), TRACK_MOODS[i % 4])))
    (folder / SONGS).write_text("\n".join(rows) + "\n")


def test_the_songs_are_those_of_the_data_folder_that_dotenv_names(tmp_path, monkeypatch, capsys):
    write_songs(tmp_path / "sets")
    (tmp_path / ".env").write_text("DATA_DIR=sets\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATA_DIR", raising=False)
    monkeypatch.setattr(train, "REPEATS", 2)
    monkeypatch.setattr(sys, "argv", ["train", "--out", str(tmp_path / "track_mood.json")])
    served = WEIGHTS_PATH.read_bytes()
    train.main()
    assert json.loads((tmp_path / "track_mood.json").read_text())["moods"] == list(TRACK_MOODS)
    assert "80 songs" in (tmp_path / "track_mood.md").read_text(encoding="utf-8")
    assert "accuracy on held-out songs" in capsys.readouterr().out
    assert WEIGHTS_PATH.read_bytes() == served


def test_absent_and_invalid_songs_are_named(tmp_path):
    with pytest.raises(DataMissing, match=r"mood_labelled\.csv is missing"):
        read_songs(tmp_path)
    write_songs(tmp_path)
    (tmp_path / SONGS).write_text((tmp_path / SONGS).read_text().replace(TRACK_MOODS[0], "bored", 1))
    with pytest.raises(DataMissing, match=r"expected numbers in the columns .* in mood, got .*'bored'"):
        read_songs(tmp_path)
