"""A track's audio features → its mood: Calm, Energetic, Happy or Sad, with a calibrated confidence.

In: arrays of the nine features, and what words add to them. Out: probabilities and TrackMoods. It is a multinomial
logistic regression, made by training/track_mood/train.py; its card is weights/track_mood.md. Serving needs numpy only.
No track fetched from Spotify was used in training, and none may be.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.music.felt_mood import FELT
from feelharmonic.music.messages import TRACK_MOODS, TrackMood

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "track_mood.json"

VERSION = 1

#: Shares that crowd at 0 and 1 are stretched there; this is added on both sides to keep the logit finite.
LOGIT_MARGIN = 0.01

#: The same for the logarithm of shares that crowd at 0.
LOG_MARGIN = 0.02

#: The emotion whose fit stands for each mood.
EMOTION_OF = {"Calm": "neutral", "Energetic": "angry", "Happy": "happy", "Sad": "sad"}

#: How much counts what words, year and artist change of a fit (0..1), in the scores' units. Of 0, 1, 2, 4, 8, 16 and 32
#: the one by which most songs of unseen artists got the mood that listeners tagged; `training.track_mood.felt_evaluate`
#: prints its figures beside those without.
WORDS_WEIGHT = 4.0


def shift_by_words(felt: np.ndarray, felt_by_features: np.ndarray) -> np.ndarray:
    """(N, 4) in TRACK_MOODS' order: what is added to the scores of tracks of whose words, year or artist something is
    known. Both (N, 9) in FELT's order: with that, and by features alone."""
    places = [FELT.index(EMOTION_OF[mood]) for mood in TRACK_MOODS]
    shift: np.ndarray = WORDS_WEIGHT * (np.asarray(felt, np.float64) - felt_by_features)[:, places]
    return shift


class TrackMoodReader:
    """Reads moods; safe between threads."""

    def __init__(self, coefficients: np.ndarray, intercepts: np.ndarray):
        """``coefficients``: (4, 9) over what ``prepare`` gives, ``intercepts``: (4,)."""
        self._coefficients = coefficients
        self._intercepts = intercepts

    @classmethod
    def load(cls, path: Path = WEIGHTS_PATH) -> TrackMoodReader:
        """Raises SetupFault where the file is missing or is not what training/track_mood/train.py writes."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            expected = {"version": VERSION, "moods": list(TRACK_MOODS), "features": list(FEATURES)}
            wrong = [key for key, value in expected.items() if document[key] != value]
            coefficients = np.array(document["coefficients"], np.float64)
            intercepts = np.array(document["intercepts"], np.float64)
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise SetupFault([f"{path.name}: cannot be read ({exc!r}). Restore it with `git checkout`."]) from exc
        if wrong or coefficients.shape != (len(TRACK_MOODS), len(FEATURES)) or intercepts.shape != (len(TRACK_MOODS),):
            raise SetupFault(
                [
                    f"{path.name}: expected {len(TRACK_MOODS)}×{len(FEATURES)} weights of version {VERSION}, got "
                    f"{'other ' + ', '.join(wrong) if wrong else 'another shape'}. Restore it with `git checkout`."
                ]
            )
        return cls(coefficients, intercepts)

    def probabilities(self, features: np.ndarray, shift: np.ndarray | None = None) -> np.ndarray:
        """(N, 9) features in FEATURES' order and Spotify's units → (N, 4) float64 that sum to 1, TRACK_MOODS' order.

        ``shift``: what `shift_by_words` gives. Raises BadInput for another shape or values that are not finite.
        """
        scores = prepare(features) @ self._coefficients.T + self._intercepts
        if shift is not None:
            scores += shift
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        shares: np.ndarray = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def read(self, features: np.ndarray, shift: np.ndarray | None = None) -> list[TrackMood]:
        """The likeliest mood of each of N tracks; input and faults as for ``probabilities``."""
        probabilities = self.probabilities(features, shift)
        return [TrackMood(mood=TRACK_MOODS[row.argmax()], confidence=float(row.max())) for row in probabilities]


def prepare(features: np.ndarray) -> np.ndarray:
    """(N, 9) features → (N, 9) float64, with the crowded ends of skewed ones stretched. Shared with training.

    Shares outside 0..1 are clipped. Raises BadInput for another shape or values that are not finite.
    """
    features = np.asarray(features, np.float64)
    if features.ndim != 2 or features.shape[1] != len(FEATURES):
        raise BadInput(f"Expected features of shape (N, {len(FEATURES)}), got {features.shape}.")
    if not np.isfinite(features).all():
        raise BadInput("Expected finite features, got NaN or infinity. Leave such tracks out.")
    named = dict(zip(FEATURES, features.T, strict=True))
    return np.column_stack(
        [
            _logit(named["acousticness"]),
            named["danceability"],
            named["energy"],
            _logit(named["instrumentalness"]),
            _log(named["liveness"]),
            named["loudness"],
            _log(named["speechiness"]),
            np.log(np.maximum(named["tempo"], 1.0)),
            named["valence"],
        ]
    )


def _logit(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    logit: np.ndarray = np.log((share + LOGIT_MARGIN) / (1 - share + LOGIT_MARGIN))
    return logit


def _log(share: np.ndarray) -> np.ndarray:
    logarithm: np.ndarray = np.log(np.clip(share, 0, 1) + LOG_MARGIN)
    return logarithm
