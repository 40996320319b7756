"""The card of the track-mood classifier: its figures, by cross-validation, and its limits."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from feelharmonic.music.track_mood import TRACK_MOODS
from training.measures import accuracy, reliability

FOLDS = 5
REPEATS = 10
CALIBRATION_BINS = 10

CARD = """# track_mood.json: a track's audio features → its mood

**What.** Multinomial logistic regression (4 × 9 weights and 4 intercepts, plain JSON) from nine audio features to
Calm, Energetic, Happy or Sad. Made by `training/track_mood/train.py`, read by
`feelharmonic/music/track_mood.py`; serving needs numpy only.

**Input.** The nine features under Spotify's names and in its units (`messages.FEATURES`), through
`track_mood.prepare`: logits of acousticness and instrumentalness, logarithms of liveness, speechiness and tempo, the
rest as they are.

**Output.** Four probabilities. Confidence is the highest, calibrated by one temperature ({temperature:.3f}, already in
the weights).

**Words.** Where a table has a year, an artist, genres, subgenres or names of playlists, the command `track-mood` adds
to the scores what these change of a song's fit to neutral, angry, happy and sad (`felt_mood.md`), times a weight in
`feelharmonic/music/track_mood.py`. The figures below are of features alone.

**Data.** {count} songs of Kaggle's "Spotify music mood" (`data_moods`), labelled by one listener: {counts}. What that
listener calls happy or calm is what this model calls so. The features are those of the Kaggle file; this project
fetched nothing from Spotify for it.

**Figures.** {parts}-fold cross-validation, {repeats} repeats, every song scored by a model that had not seen it:

| | |
|---|---|
| accuracy | {accuracy:.1%} (standard deviation over repeats {accuracy_deviation:.1%}) |
| always the commonest mood | {baseline:.1%} |
| log loss | {log_loss:.3f} |
| expected calibration error, {bins} bins | {calibration_error:.3f} |

Recall by mood: {by_mood}.

| labelled ↓ read → | {moods} |
|---|{rules}|
{confusion}

The 97 to 99 % that others print for such classifiers seem to come from labels that were themselves computed from the
same features.

**Limits.** One listener, {count} songs, mostly Western pop, rock and piano. Happy songs are the hardest: many are read
as Energetic. Features measured by other tools than Spotify's may differ.

**sha256** of track_mood.json: `{sha256}`

Terms: see LICENSE beside this file.
"""


def card(held_out: list[np.ndarray], labels: np.ndarray, temperature: float, weights: Path) -> str:
    """The card's text. ``held_out``: (N, 4) probabilities of each repeat, each row by a model not trained on it."""
    accuracies = np.array([accuracy(probabilities, labels) for probabilities in held_out])
    counts = np.bincount(labels, minlength=len(TRACK_MOODS))
    table = np.zeros((len(TRACK_MOODS), len(TRACK_MOODS)))
    for probabilities in held_out:
        np.add.at(table, (labels, probabilities.argmax(axis=1)), 1)
    table /= table.sum(axis=1, keepdims=True)
    return CARD.format(
        temperature=temperature,
        count=len(labels),
        counts=", ".join(f"{count} {mood}" for mood, count in zip(TRACK_MOODS, counts, strict=True)),
        parts=FOLDS,
        repeats=REPEATS,
        accuracy=accuracies.mean(),
        accuracy_deviation=accuracies.std(ddof=1),
        baseline=counts.max() / counts.sum(),
        log_loss=np.mean([log_loss(probabilities, labels) for probabilities in held_out]),
        bins=CALIBRATION_BINS,
        calibration_error=np.mean([calibration_error(probabilities, labels) for probabilities in held_out]),
        by_mood=", ".join(f"{mood} {table[i, i]:.0%}" for i, mood in enumerate(TRACK_MOODS)),
        moods=" | ".join(TRACK_MOODS),
        rules="|".join("---" for _ in TRACK_MOODS),
        confusion="\n".join(
            f"| {mood} | {' | '.join(f'{share:.0%}' for share in row)} |"
            for mood, row in zip(TRACK_MOODS, table, strict=True)
        ),
        sha256=hashlib.sha256(weights.read_bytes()).hexdigest(),
    )


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative logarithm of the label's probability."""
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Expected calibration error: the distance between confidence and accuracy."""
    return reliability(probabilities, np.eye(len(TRACK_MOODS))[labels], CALIBRATION_BINS).error
