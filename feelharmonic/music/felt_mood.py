"""What a track feels like: how well it fits each of the seven emotions, and its felt valence and arousal.

In: audio features, the year, the artist, and the words of genres and of the names of playlists that hold the track;
anything but the features may be missing. Out: arrays. A small network, taught by ``training/track_mood/felt_train.py``
from what listeners said about songs; its card is weights/felt_mood.md. Serving needs numpy only.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadInput, SetupFault

WEIGHTS_PATH = Path(__file__).resolve().parent / "weights" / "felt_mood.npz"

VERSION = 1

#: What is predicted of a track, in this order: seven fits, then felt valence and arousal; all 0..1, 0.5 is the middle
#: of the shipped table's tracks.
FELT = (*EMOTIONS, "valence", "arousal")

#: Standard deviations below and above the middle that 0 and 1 stand for.
FELT_RANGE = 3.0

#: Years are counted from and in units of these; where none is known, the former stands for it.
MIDDLE_YEAR, YEAR_SCALE, YEAR_RANGE = 1998.0, 15.0, 3.0

WORD = re.compile(r"[^\W_]+")

#: Different texts of words are remembered with what they add.
REMEMBERED_TEXTS = 8192

#: Tracks that are read at a time: what is made meanwhile stays small.
ROWS_AT_A_TIME = 16_384


@functools.lru_cache(REMEMBERED_TEXTS)
def words_of(text: str) -> frozenset[str]:
    """The words of ``text``, lower case."""
    return frozenset(WORD.findall(text.casefold()))


def inputs(features: np.ndarray, years: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """(N, 9) features in FEATURES' order and units, (N,) years, 0 where unknown → (N, 22). Shared with training.

    Each feature as its place among the ``knots``, (9, K) quantiles of many tracks, -1..1, and the place's square;
    then valence + energy, energy - valence, the year, and whether it is known.
    """
    quantiles = np.linspace(-1, 1, knots.shape[1])
    places = np.column_stack(
        [np.interp(column, own, quantiles) for column, own in zip(np.asarray(features, float).T, knots, strict=True)]
    )
    energy, valence = features[:, FEATURES.index("energy")], features[:, FEATURES.index("valence")]
    known = years > 0
    year = np.where(known, np.clip((years - MIDDLE_YEAR) / YEAR_SCALE, -YEAR_RANGE, YEAR_RANGE), 0)
    return np.column_stack([places, places**2, valence + energy - 1.2, energy - valence, year, known]).astype(
        np.float32
    )


class FeltMoodReader:
    """Reads what tracks feel like. Safe between threads."""

    def __init__(
        self,
        *,
        knots: np.ndarray,
        inward: np.ndarray,
        outward: np.ndarray,
        words: Sequence[str],
        artists: Sequence[str],
        artist_emotions: np.ndarray,
    ):
        """``inward``: (I, H) float32, whose rows are those of ``inputs``, one per word, "no words", one per emotion
        that the artist is known for, and the bias. ``outward``: (H + 1, 9), the bias last. ``artist_emotions``: (A, 7)
        bool for ``artists``, lower case."""
        self._knots, self._outward = knots, outward
        first = len(inward) - len(words) - 2 - len(EMOTIONS)
        self._dense = inward[:first]
        self._words = {word: inward[first + place] for place, word in enumerate(words)}
        self._no_words = inward[first + len(words)] + inward[-1]
        self._bias = inward[-1]
        by_emotion = inward[first + len(words) + 1 : -1]
        known = artist_emotions.astype(np.float32) @ by_emotion
        self._artists = dict(zip(artists, known, strict=True))
        self._nobody = np.zeros(inward.shape[1], np.float32)
        self._from_words = functools.lru_cache(REMEMBERED_TEXTS)(self._add_words)

    @classmethod
    def load(cls, path: Path = WEIGHTS_PATH) -> FeltMoodReader:
        """Raises SetupFault where the file is missing or is not what training/track_mood/felt_train.py writes."""
        try:
            with np.load(path, allow_pickle=False) as file:
                if int(file["version"]) != VERSION:
                    raise ValueError(f"expected version {VERSION}, got {int(file['version'])}")
                return cls(
                    knots=file["knots"].astype(np.float64),
                    inward=file["inward"].astype(np.float32),
                    outward=file["outward"].astype(np.float32),
                    words=bytes(file["words"]).decode().split("\n"),
                    artists=bytes(file["artists"]).decode().split("\n"),
                    artist_emotions=file["artist_emotions"],
                )
        except (OSError, ValueError, KeyError) as exc:
            raise SetupFault([f"{path.name}: cannot be read ({exc!r}). Restore it with `git checkout`."]) from exc

    def read(
        self,
        features: np.ndarray,
        *,
        years: Sequence[int | None] | None = None,
        words: Sequence[str] | None = None,
        artists: Sequence[str] | None = None,
    ) -> np.ndarray:
        """(N, 9) features in FEATURES' order and Spotify's units → (N, 9) float32 in FELT's order, all 0..1.

        ``words``: a text for each track, such as its genres and playlists joined by "|". ``artists``: names as tables
        have them. Raises BadInput for another shape or features that are not finite.
        """
        features = np.asarray(features, np.float64)
        if features.ndim != 2 or features.shape[1] != len(FEATURES):
            raise BadInput(f"Expected features of shape (N, {len(FEATURES)}), got {features.shape}.")
        if not np.isfinite(features).all():
            raise BadInput("Expected finite features, got NaN or infinity. Leave such tracks out.")
        count = len(features)
        felt = np.empty((count, len(FELT)), np.float32)
        for start in range(0, count, ROWS_AT_A_TIME):
            here = slice(start, start + ROWS_AT_A_TIME)
            felt[here] = self._read(
                features[here],
                None if years is None else years[here],
                None if words is None else words[here],
                None if artists is None else artists[here],
            )
        return felt

    def _read(
        self,
        features: np.ndarray,
        years: Sequence[int | None] | None,
        words: Sequence[str] | None,
        artists: Sequence[str] | None,
    ) -> np.ndarray:
        year = np.zeros(len(features)) if years is None else np.array([value or 0 for value in years], np.float64)
        hidden = inputs(features, year, self._knots) @ self._dense  # (N, H)
        if words is None:
            hidden += self._no_words
        else:
            hidden += np.array([self._from_words(text) for text in words], np.float32).reshape(hidden.shape)
        for place, name in enumerate(artists or ()):
            if (known := self._artists.get(name.casefold())) is not None:
                hidden[place] += known
        np.maximum(hidden, 0, out=hidden)
        felt = hidden @ self._outward[:-1] + self._outward[-1]
        shares: np.ndarray = np.clip(felt / (2 * FELT_RANGE) + 0.5, 0, 1)
        return shares

    def _add_words(self, text: str) -> np.ndarray:
        known = [self._words[word] for word in sorted(words_of(text)) if word in self._words]
        return np.asarray(self._bias + np.sum(known, axis=0) if known else self._no_words)
