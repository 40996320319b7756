"""Train the classifier of track moods; write its weights and its card. Takes seconds.

    DATA_DIR=… python -m training.track_mood.train

In: songs/mood_labelled.csv of the data folder (532 songs, labelled by one listener). Out: weights/track_mood.json and
weights/track_mood.md, whose every figure comes from this run. Needs requirements-train.txt.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.track_mood import TRACK_MOODS, VERSION, WEIGHTS_PATH, TrackMoodReader, prepare

#: Inverse strength of the penalty on weights: 0.3, 1, 3 and 10 were cross-validated; 1 had the best accuracy.
PENALTY_C = 1.0
PARTS = 5
REPEATS = 10
CALIBRATION_BINS = 10
DIGITS = 5

CARD = """# track_mood.json: a track's audio features → its mood

**What.** Multinomial logistic regression (4 × 9 weights and 4 intercepts, plain JSON) from nine audio features to
Calm, Energetic, Happy or Sad. Made by `training/track_mood/train.py`, read by
`feelharmonic/music/track_mood.py`; serving needs numpy only.

**Input.** The nine features under Spotify's names and in its units (`messages.FEATURES`), through
`track_mood.prepare`: logits of acousticness and instrumentalness, logarithms of liveness, speechiness and tempo, the
rest as they are.

**Output.** Four probabilities. Confidence is the highest, calibrated by one temperature ({temperature:.3f}, already in
the weights).

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


def main() -> None:
    features, moods = read_songs(Path(os.environ.get("DATA_DIR") or "data") / "songs" / "mood_labelled.csv")
    inputs, labels = prepare(features), np.array([TRACK_MOODS.index(mood) for mood in moods])
    unseen = [honest_probabilities(inputs, labels, seed) for seed in range(REPEATS)]
    temperature = fit_temperature(cross_validated_scores(inputs, labels, 0), labels)
    write_weights(inputs, labels, temperature)
    write_card(unseen, labels, temperature)
    agree = TrackMoodReader.load().probabilities(features).argmax(axis=1) == labels
    print(f"accuracy on songs unseen {accuracy(unseen, labels).mean():.3f}, on songs seen {agree.mean():.3f}")


def read_songs(path: Path) -> tuple[np.ndarray, list[str]]:
    """(N, 9) features and N labels."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row[name]) for name in FEATURES] for row in rows]), [row["mood"] for row in rows]


def new_model():
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY_C, max_iter=5000))


def cross_validated_scores(inputs: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """(N, 4) scores, each row by a model that has not seen it."""
    parts = StratifiedKFold(PARTS, shuffle=True, random_state=seed)
    return cross_val_predict(new_model(), inputs, labels, cv=parts, method="decision_function")


def honest_probabilities(inputs: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """(N, 4) calibrated probabilities; neither weights nor temperature have seen the row."""
    probabilities = np.empty((len(labels), len(TRACK_MOODS)))
    for seen, unseen in StratifiedKFold(PARTS, shuffle=True, random_state=seed).split(inputs, labels):
        temperature = fit_temperature(cross_validated_scores(inputs[seen], labels[seen], seed), labels[seen])
        scores = new_model().fit(inputs[seen], labels[seen]).decision_function(inputs[unseen])
        probabilities[unseen] = softmax(scores / temperature)
    return probabilities


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """What scores are divided by so that their log loss is least."""
    return float(minimize_scalar(lambda t: log_loss(softmax(scores / t), labels), bounds=(0.2, 5), method="bounded").x)


def softmax(scores: np.ndarray) -> np.ndarray:
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def accuracy(unseen: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    return np.array([(probabilities.argmax(axis=1) == labels).mean() for probabilities in unseen])


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean distance between confidence and accuracy over equally wide bins of confidence, weighted by their songs."""
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    gaps = [abs(confidence[bins == b].mean() - right[bins == b].mean()) * (bins == b).mean() for b in np.unique(bins)]
    return float(sum(gaps))


def write_weights(inputs: np.ndarray, labels: np.ndarray, temperature: float) -> None:
    """Train on all songs; fold the scaling and the temperature into the weights."""
    scaler, regression = (step for _, step in new_model().fit(inputs, labels).steps)
    coefficients = regression.coef_ / scaler.scale_ / temperature
    intercepts = regression.intercept_ / temperature - coefficients @ scaler.mean_
    document = {
        "version": VERSION,
        "moods": list(TRACK_MOODS),
        "features": list(FEATURES),
        "coefficients": coefficients.round(DIGITS).tolist(),
        "intercepts": intercepts.round(DIGITS).tolist(),
    }
    WEIGHTS_PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def write_card(unseen: list[np.ndarray], labels: np.ndarray, temperature: float) -> None:
    accuracies = accuracy(unseen, labels)
    counts = np.bincount(labels, minlength=len(TRACK_MOODS))
    table = np.zeros((len(TRACK_MOODS), len(TRACK_MOODS)))
    for probabilities in unseen:
        np.add.at(table, (labels, probabilities.argmax(axis=1)), 1)
    table /= table.sum(axis=1, keepdims=True)
    text = CARD.format(
        temperature=temperature,
        count=len(labels),
        counts=", ".join(f"{count} {mood}" for mood, count in zip(TRACK_MOODS, counts, strict=True)),
        parts=PARTS,
        repeats=REPEATS,
        accuracy=accuracies.mean(),
        accuracy_deviation=accuracies.std(ddof=1),
        baseline=counts.max() / counts.sum(),
        log_loss=np.mean([log_loss(probabilities, labels) for probabilities in unseen]),
        bins=CALIBRATION_BINS,
        calibration_error=np.mean([calibration_error(probabilities, labels) for probabilities in unseen]),
        by_mood=", ".join(f"{mood} {table[i, i]:.0%}" for i, mood in enumerate(TRACK_MOODS)),
        moods=" | ".join(TRACK_MOODS),
        rules="|".join("---" for _ in TRACK_MOODS),
        confusion="\n".join(
            f"| {mood} | {' | '.join(f'{share:.0%}' for share in row)} |"
            for mood, row in zip(TRACK_MOODS, table, strict=True)
        ),
        sha256=hashlib.sha256(WEIGHTS_PATH.read_bytes()).hexdigest(),
    )
    WEIGHTS_PATH.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
