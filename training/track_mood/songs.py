"""The songs that the model of felt moods learns from, and the labels that people gave them.

In: the tables of ``songs/`` in the data folder and the lists by hand beside this file. Out: Songs and label arrays.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.felt_mood import words_of

HERE = Path(__file__).resolve().parent
UNKNOWN_YEAR = 0

#: Two-digit years up to this belong to 2000 and later.
LAST_SHORT_YEAR = 30

#: z-scores from which on listeners' tags count as a mood; the moods are the quadrants of valence and arousal.
STRONG, SLIGHT = 0.5, 0.3

#: Which of the labelled songs' moods stands for an emotion. Calm music is what a neutral face gets.
LABELLED_AS = {"angry": "Energetic", "happy": "Happy", "sad": "Sad", "neutral": "Calm"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Songs:
    """N songs. ``features``: (N, 9) float64 in FEATURES' order and units; ``years``: (N,) float64, 0 unknown;
    ``words``: a frozenset each, lower case; ``rows``: the tables' own fields."""

    ids: list[str]
    artists: np.ndarray
    titles: list[str]
    features: np.ndarray
    years: np.ndarray
    words: list[frozenset[str]]
    rows: list[dict[str, str]]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: np.ndarray) -> Songs:
        places = np.arange(len(self))[places]
        return Songs(
            ids=[self.ids[i] for i in places],
            artists=self.artists[places],
            titles=[self.titles[i] for i in places],
            features=self.features[places],
            years=self.years[places],
            words=[self.words[i] for i in places],
            rows=[self.rows[i] for i in places],
        )

    def without_words(self) -> Songs:
        return self.with_words([frozenset()] * len(self))

    def with_words(self, words: list[frozenset[str]]) -> Songs:
        return Songs(
            ids=self.ids,
            artists=self.artists,
            titles=self.titles,
            features=self.features,
            years=self.years,
            words=words,
            rows=self.rows,
        )


def read_songs(path: Path) -> Songs:
    """Any of the tables of ``songs/``, or the table of tracks chosen by hand."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return Songs(
        ids=[row.get("track_id") or row["id"] for row in rows],
        artists=np.array([(row.get("artist_name") or row["artist"]).strip() for row in rows]),
        titles=[(row.get("track_name") or row.get("title") or row.get("name", "")).strip() for row in rows],
        features=np.array([[float(row[name]) for name in FEATURES] for row in rows]),
        years=np.array([_year(row) for row in rows], float),
        words=[_words(row) for row in rows],
        rows=rows,
    )


def joined(*tables: Songs) -> Songs:
    """All songs of several tables; those with one id in two tables get the words of both, and stand once."""
    words: dict[str, frozenset[str]] = defaultdict(frozenset)
    for table in tables:
        for track_id, some in zip(table.ids, table.words, strict=True):
            words[track_id] |= some
    seen: set[str] = set()
    places = [[i for i, x in enumerate(table.ids) if not (x in seen or seen.add(x))] for table in tables]
    whole = joined_anew(*(table.take(np.array(some, int)) for table, some in zip(tables, places, strict=True)))
    return whole.with_words([words[x] for x in whole.ids])


def joined_anew(*parts: Songs) -> Songs:
    """The songs of all ``parts``, one after the other."""
    return Songs(
        ids=[x for part in parts for x in part.ids],
        artists=np.concatenate([part.artists for part in parts]),
        titles=[x for part in parts for x in part.titles],
        features=np.concatenate([part.features for part in parts]),
        years=np.concatenate([part.years for part in parts]),
        words=[x for part in parts for x in part.words],
        rows=[x for part in parts for x in part.rows],
    )


def _words(row: dict[str, str]) -> frozenset[str]:
    return words_of("|".join(row.get(name) or "" for name in ("genre", "genres", "subgenres", "playlists")))


def _year(row: dict[str, str]) -> int:
    text = (row.get("year") or row.get("release_date") or "").strip()
    if (match := re.search(r"\d{4}", text)) is not None:
        return int(match[0])
    if not text:
        return UNKNOWN_YEAR
    year = int(text.rpartition("/")[2])
    return year + (2000 if year <= LAST_SHORT_YEAR else 1900)


def tagged(songs: Songs) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """What listeners' tags say of ``listener_tags.csv``: for angry, happy, sad and neutral (calm and pleasant) whether
    each song is (N,) bool; and (N, 2) valence and arousal, z-scores."""
    felt = np.array([[float(row["tag_valence"]), float(row["tag_arousal"])] for row in songs.rows])
    valence, arousal = felt.T
    return {
        "angry": (valence < -STRONG) & (arousal > SLIGHT),
        "happy": (valence > STRONG) & (arousal > SLIGHT),
        "sad": (valence < -STRONG) & (arousal < -SLIGHT),
        "neutral": (valence > SLIGHT) & (arousal < -SLIGHT),
    }, felt


def labelled(songs: Songs) -> dict[str, np.ndarray]:
    """The same four emotions as one listener labelled ``mood_labelled.csv``."""
    moods = np.array([row["mood"] for row in songs.rows])
    return {emotion: moods == mood for emotion, mood in LABELLED_AS.items()}


def picked(songs: Songs) -> dict[str, np.ndarray]:
    """All seven emotions, of the tracks chosen by hand."""
    return {e: np.array([e in row["emotions"].split() for row in songs.rows]) for e in EMOTIONS}


def artists_by_hand() -> dict[str, list[str]]:
    """For each emotion the artists, lower case, whom listeners know for it."""
    with (HERE / "artists_by_hand.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {e: sorted({r["artist"].casefold() for r in rows if r["emotion"] == e}) for e in EMOTIONS}


def words_by_hand() -> dict[str, tuple[float, float]]:
    """Valence and arousal, -1 to 1, of words that say a mood."""
    with (HERE / "words_by_hand.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {word: (float(r["valence"]), float(r["arousal"])) for r in rows for word in r["words"].split()}


def parts_by_artist(artists: np.ndarray, seed: int, parts: int = 5) -> np.ndarray:
    """(N,) numbers below ``parts``, all songs of an artist in one."""
    names, places = np.unique([artist.casefold() for artist in artists], return_inverse=True)
    return (np.random.default_rng(seed).permutation(len(names)) % parts)[places]


def average_precision(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Of the songs ordered by descending score: the mean, over the wanted ones, of the precision down to each."""
    hits = wanted[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
