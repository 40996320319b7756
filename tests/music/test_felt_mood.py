"""What tracks feel like: the network's answers, their range, and what it does where little is known."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.music.felt_mood import FELT, FeltMoodReader, words_of

#: acousticness, danceability, energy, instrumentalness, liveness, loudness, speechiness, tempo, valence.
LOUD = [0.001, 0.45, 0.95, 0.0, 0.3, -4.0, 0.1, 150.0, 0.3]
BRIGHT = [0.1, 0.8, 0.85, 0.0, 0.1, -5.0, 0.05, 120.0, 0.95]
QUIET = [0.9, 0.4, 0.15, 0.0, 0.1, -15.0, 0.03, 90.0, 0.15]


@pytest.fixture(scope="module")
def reader() -> FeltMoodReader:
    return FeltMoodReader.load()


def fit(told: np.ndarray, emotion: str) -> np.ndarray:
    return told[:, EMOTIONS.index(emotion)]


def test_all_answers_are_shares(reader):
    chance = np.random.default_rng(0)
    features = chance.random((200, 9))
    features[:, 5], features[:, 7] = -40 * features[:, 5], 200 * features[:, 7]
    told = reader.read(features)
    assert told.shape == (200, len(FELT))
    assert ((told >= 0) & (told <= 1)).all()


def test_loud_is_angrier_bright_happier_and_quiet_sadder_by_features_alone(reader):
    told = reader.read(np.array([LOUD, BRIGHT, QUIET]))
    assert fit(told, "angry").argmax() == 0
    assert fit(told, "happy").argmax() == 1
    assert fit(told, "sad").argmax() == 2


def test_words_count(reader):
    alike = np.array([LOUD, LOUD])
    told = reader.read(alike, words=["rock|hard rock|Hard Rock Workout", "pop|dance pop|Happy EDM"])
    assert fit(told, "angry")[0] > fit(told, "angry")[1]
    assert fit(told, "happy")[0] < fit(told, "happy")[1]


def test_an_artist_whom_listeners_know_for_an_emotion_counts(reader):
    told = reader.read(np.array([LOUD, LOUD]), artists=["Nobody Knows Them", "Rage Against The Machine"])
    assert fit(told, "angry")[1] > fit(told, "angry")[0]


def test_a_track_is_read_alike_alone_and_among_others(reader):
    chance = np.random.default_rng(1)
    features = np.tile(LOUD, (40_000, 1)) * chance.uniform(0.9, 1.1, (40_000, 1))
    words = ["rock" if row % 3 else "" for row in range(len(features))]
    many = reader.read(features, years=[1990] * len(features), words=words)
    alone = reader.read(features[39_999:], years=[1990], words=words[39_999:])
    np.testing.assert_allclose(many[39_999:], alone, atol=1e-5)


def test_an_unknown_year_or_word_changes_nothing(reader):
    plain = reader.read(np.array([LOUD]))
    np.testing.assert_allclose(
        plain, reader.read(np.array([LOUD]), years=[None], words=["qwertz"], artists=["?"]), atol=1e-6
    )


def test_words_are_split_at_whatever_is_no_letter():
    assert words_of("R&B|New-Jack Swing_90s") == {"r", "b", "new", "jack", "swing", "90s"}


@pytest.mark.parametrize("features", [np.zeros((3, 8)), np.zeros(9), np.full((1, 9), np.nan)])
def test_other_shapes_and_values_are_refused(reader, features):
    with pytest.raises(BadInput, match="Expected"):
        reader.read(features)


def test_the_error_for_a_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "felt_mood.npz"
    path.write_bytes(b"no weights")
    with pytest.raises(SetupFault, match="git checkout"):
        FeltMoodReader.load(path)


def test_the_card_is_of_these_weights(project):
    import hashlib

    weights = project / "feelharmonic" / "music" / "weights" / "felt_mood.npz"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() in weights.with_suffix(".md").read_text(encoding="utf-8")
