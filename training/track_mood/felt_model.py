"""The model of what tracks feel like: forests that learn from people's labels, and a small network that learns from
them.

The forests (the teacher) see few hundred labelled songs; the network (the student) sees what they say of every song of
the public tables, once with all words, once with the genre alone, once without any. It takes 40 kB and numpy.
"""

from __future__ import annotations

import warnings
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.felt_mood import FELT, FELT_RANGE, FeltMoodReader, inputs
from training.track_mood.songs import (
    LABELLED_AS,
    Songs,
    artists_by_hand,
    joined_anew,
    labelled,
    picked,
    tagged,
    words_by_hand,
)

#: Emotions that listeners' tags tell: the quadrants of valence and arousal.
TOLD_BY_TAGS = tuple(LABELLED_AS)
TREES, LEAF = 300, 3

#: Minimum number of tagged songs that have a word, for the forests that learn from tags.
MIN_TAGGED_WITH_WORD, MIN_PICKED_WITH_WORD = 3, 4

#: Minimum number of the tables' songs that have a word, for the student.
MIN_SONGS_WITH_WORD = 40
HIDDEN, ALPHA, EPOCHS, BATCH, RATE = 32, 1e-3, 14, 128, 3e-3

QUANTILES = 33

#: How the teacher's parts are mixed, as shares of standard scores. By tags: the forest on listeners' tags, by the songs
#: that one listener labelled, by the tracks that were chosen by hand, and the plain direction (valence + energy and so
#: on). Chosen by all yardsticks together: see the notebook.
WITH_WORDS = {
    "angry": {"tags": 0.9, "labels": 0.0, "picks": 0.1, "direction": 0.0},
    "happy": {"tags": 0.65, "labels": 0.0, "picks": 0.05, "direction": 0.3},
    "sad": {"tags": 0.6, "labels": 0.05, "picks": 0.05, "direction": 0.3},
    "neutral": {"tags": 0.85, "labels": 0.1, "picks": 0.05, "direction": 0.0},
}
WITHOUT_WORDS = {
    "angry": {"tags": 0.45, "labels": 0.4, "picks": 0.05, "direction": 0.1},
    "happy": {"tags": 0.4, "labels": 0.35, "picks": 0.05, "direction": 0.2},
    "sad": {"tags": 0.35, "labels": 0.4, "picks": 0.05, "direction": 0.2},
    "neutral": {"tags": 0.45, "labels": 0.45, "picks": 0.05, "direction": 0.05},
}

#: Nobody's tags tell these. Where they lie in standard scores of felt valence and arousal (people's ratings of words
#: and of faces agree that disgust and fear are unpleasant and excited; surprise is excited), and what the tracks by
#: hand count.
LIE_AT = {"disgust": (-0.8, 0.5), "fear": (-1.1, 0.2), "surprise": (0.3, 1.3)}
PICKS_SHARE = 0.65

VALENCE, ENERGY = FEATURES.index("valence"), FEATURES.index("energy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What people said of songs: by listeners' tags, by one listener, by hand."""

    tags: Songs
    labels: Songs
    picks: Songs


class Encoder:
    """Songs → numbers for the forests: features, year, directions, what is known by hand of artist and words, words."""

    def __init__(self, words: list[str]):
        self._words = {word: place for place, word in enumerate(words)}
        self._artists = {e: set(names) for e, names in artists_by_hand().items()}
        self._by_hand = words_by_hand()

    @classmethod
    def of(cls, songs: Songs, least: int) -> Encoder:
        counts = Counter(word for words in songs.words for word in words)
        return cls(sorted(word for word, count in counts.items() if count >= least))

    def __call__(self, songs: Songs) -> np.ndarray:
        valence, energy = songs.features[:, VALENCE], songs.features[:, ENERGY]
        names = [artist.casefold() for artist in songs.artists]
        by_hand = [[name in self._artists[e] for e in EMOTIONS] for name in names]
        spoken = [
            np.mean([self._by_hand[w] for w in words if w in self._by_hand] or [(0, 0)], axis=0)
            for words in songs.words
        ]
        bag = np.zeros((len(songs), len(self._words)), np.float32)
        for row, words in enumerate(songs.words):
            bag[row, [self._words[word] for word in words if word in self._words]] = 1
        return np.column_stack(
            [songs.features, songs.years, valence + energy, energy - valence, by_hand, spoken, bag]
        ).astype(np.float32)


def directions(songs: Songs) -> dict[str, np.ndarray]:
    """For each of four emotions where it lies on the plane of valence and energy, (N,)."""
    valence, energy = songs.features[:, VALENCE], songs.features[:, ENERGY]
    return {
        "angry": energy - valence,
        "happy": valence + energy,
        "sad": -valence - energy,
        "neutral": valence - energy,
    }


class Teacher:
    """Forests over the labelled songs, and the reference songs among which their scores are placed."""

    def __init__(self, known: Labels, reference: Songs, trees: int = TREES, seed: int = 0):
        self._trees, self._seed = trees, seed
        wanted, felt = tagged(known.tags)
        self._encode = Encoder.of(known.tags, MIN_TAGGED_WITH_WORD)
        self._bare = Encoder([])
        self._encode_picks = Encoder.of(known.picks, MIN_PICKED_WITH_WORD)
        worded, bare = self._encode(known.tags), self._bare(known.tags.without_words())
        self._tags = {e: self._forest(worded, wanted[e]) for e in TOLD_BY_TAGS}
        self._tags_bare = {e: self._forest(bare, wanted[e]) for e in TOLD_BY_TAGS}
        self._felt = self._regression(worded, felt)
        self._felt_bare = self._regression(bare, felt)
        moods = self._bare(known.labels.without_words())
        self._labels = {e: self._forest(moods, mask) for e, mask in labelled(known.labels).items()}
        picks = self._encode_picks(known.picks)
        self._picks = {e: self._forest(picks, mask) for e, mask in picked(known.picks).items()}
        self._sorted = {
            name: {key: np.sort(values) for key, values in self._parts(songs, with_words).items()}
            for name, songs, with_words in (("worded", reference, True), ("bare", reference.without_words(), False))
        }
        self._mixed_sorted = {
            with_words: np.sort(self._mixed(songs, with_words), axis=0)
            for songs, with_words in ((reference, True), (reference.without_words(), False))
        }

    def scores(self, songs: Songs, *, with_words: bool) -> np.ndarray:
        """(N, 9) in FELT's order: standard scores among the reference songs, cut off at FELT_RANGE."""
        mixed = self._mixed(songs, with_words)
        return np.column_stack(
            [_standard(column, own) for column, own in zip(mixed.T, self._mixed_sorted[with_words].T, strict=True)]
        )

    def _mixed(self, songs: Songs, with_words: bool) -> np.ndarray:
        own = self._sorted["worded" if with_words else "bare"]
        parts = {key: _standard(values, own[key]) for key, values in self._parts(songs, with_words).items()}
        weights = WITH_WORDS if with_words else WITHOUT_WORDS
        columns = {}
        for emotion in TOLD_BY_TAGS:
            columns[emotion] = sum(share * parts[kind, emotion] for kind, share in weights[emotion].items())
        valence, arousal = parts["felt", "valence"], parts["felt", "arousal"]
        for emotion, (at_valence, at_arousal) in LIE_AT.items():
            away = -np.hypot(valence - at_valence, arousal - at_arousal)
            columns[emotion] = PICKS_SHARE * parts["picks", emotion] + (1 - PICKS_SHARE) * away
        columns |= {"valence": valence, "arousal": arousal}
        return np.column_stack([columns[name] for name in FELT])

    def _parts(self, songs: Songs, with_words: bool) -> dict[tuple[str, str], np.ndarray]:
        encoded, bare = self._encode(songs), self._bare(songs.without_words())
        picks = self._encode_picks(songs)
        tags = self._tags if with_words else self._tags_bare
        seen = encoded if with_words else bare
        parts = {("tags", e): forest.predict_proba(seen)[:, 1] for e, forest in tags.items()}
        parts |= {("labels", e): forest.predict_proba(bare)[:, 1] for e, forest in self._labels.items()}
        parts |= {("picks", e): forest.predict_proba(picks)[:, 1] for e, forest in self._picks.items()}
        parts |= {("direction", e): values for e, values in directions(songs).items()}
        felt = (self._felt if with_words else self._felt_bare).predict(seen)
        return parts | {("felt", "valence"): felt[:, 0], ("felt", "arousal"): felt[:, 1]}

    def _forest(self, values: np.ndarray, wanted: np.ndarray) -> RandomForestClassifier:
        return RandomForestClassifier(
            self._trees,
            min_samples_leaf=LEAF,
            class_weight="balanced_subsample",
            random_state=self._seed,
            n_jobs=2,
        ).fit(values, wanted)

    def _regression(self, values: np.ndarray, felt: np.ndarray) -> RandomForestRegressor:
        return RandomForestRegressor(
            self._trees, min_samples_leaf=LEAF, max_features=0.1, random_state=self._seed, n_jobs=2
        ).fit(values, felt)


def _standard(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The standard score of each value's place among the sorted ``reference``; ties share the middle place."""
    low, high = np.searchsorted(reference, values, "left"), np.searchsorted(reference, values, "right")
    share = ((low + high) / 2 + 0.5) / (len(reference) + 1)
    return np.clip(ndtri(np.clip(share, 1e-4, 1 - 1e-4)), -FELT_RANGE, FELT_RANGE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Student:
    """The network's arrays, as FeltMoodReader takes them."""

    knots: np.ndarray
    inward: np.ndarray
    outward: np.ndarray
    words: list[str]
    artists: list[str]
    artist_emotions: np.ndarray

    def reader(self) -> FeltMoodReader:
        return FeltMoodReader(
            knots=self.knots,
            inward=self.inward,
            outward=self.outward,
            words=self.words,
            artists=self.artists,
            artist_emotions=self.artist_emotions,
        )


def between(known: Labels, count: int, seed: int = 0) -> Songs:
    """``count`` made-up songs without words, each between two that one listener labelled or that were chosen by hand.

    The public tables hold little quiet music; without these the network would have to guess there.
    """
    chance = np.random.default_rng(seed)
    sources = [table.without_words() for table in (known.labels, known.picks)]
    rows = [chance.integers(0, len(table), (count // 2, 2)) for table in sources]
    share = chance.random((count // 2, 1))
    taken = [table.take(pair[:, 0]) for table, pair in zip(sources, rows, strict=True)]
    features = [
        share * table.features[pair[:, 0]] + (1 - share) * table.features[pair[:, 1]]
        for table, pair in zip(sources, rows, strict=True)
    ]
    return replace(joined_anew(*taken), features=np.concatenate(features))


def distil(teacher: Teacher, songs: Songs, made_up: Songs, epochs: int = EPOCHS, seed: int = 0) -> Student:
    """A network that says of ``songs`` what ``teacher`` says, with all words, with genres alone, and without any; of
    ``made_up`` songs without."""
    counts = Counter(word for words in songs.words for word in words)
    words = sorted(word for word, count in counts.items() if count >= MIN_SONGS_WITH_WORD)
    # As the file keeps them. Where several are equal, as at no instrumentalness, interpolation takes the last.
    knots = np.quantile(songs.features, np.linspace(0, 1, QUANTILES), axis=0).T.astype(np.float32)
    by_hand = artists_by_hand()
    artists = sorted({artist for names in by_hand.values() for artist in names})
    known = np.array([[artist in by_hand[e] for e in EMOTIONS] for artist in artists])
    fewer = songs.with_words([_genres_alone(own, row) for own, row in zip(songs.words, songs.rows, strict=True)])
    forms = ((songs, True), (fewer, True), (songs.without_words(), False), (made_up, False))
    values = np.concatenate([_student_inputs(form, knots, words, by_hand) for form, _ in forms])
    wanted = np.concatenate([teacher.scores(form, with_words=with_words) for form, with_words in forms])
    network = MLPRegressor(
        hidden_layer_sizes=(HIDDEN,),
        alpha=ALPHA,
        learning_rate_init=RATE,
        max_iter=epochs,
        batch_size=BATCH,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is ours
        network.fit(values, wanted)
    (inward, outward), (inner, outer) = network.coefs_, network.intercepts_
    return Student(
        knots=knots,
        inward=np.vstack([inward, inner]).astype(np.float32),
        outward=np.vstack([outward, outer]).astype(np.float32),
        words=words,
        artists=artists,
        artist_emotions=known,
    )


def _genres_alone(words: frozenset[str], row: dict[str, str]) -> frozenset[str]:
    genres = "|".join(row.get(name) or "" for name in ("genre", "genres")).casefold()
    return frozenset(word for word in words if word in genres)


def _student_inputs(songs: Songs, knots: np.ndarray, words: list[str], by_hand: dict[str, list[str]]) -> np.ndarray:
    places = {word: place for place, word in enumerate(words)}
    bag = np.zeros((len(songs), len(words) + 1), np.float32)
    for row, own in enumerate(songs.words):
        known = [places[word] for word in own if word in places]
        bag[row, known or [-1]] = 1
    names = [artist.casefold() for artist in songs.artists]
    sets = {e: set(artists) for e, artists in by_hand.items()}
    artists = np.array([[name in sets[e] for e in EMOTIONS] for name in names], np.float32)
    return np.column_stack([inputs(songs.features, songs.years, knots), bag, artists])
