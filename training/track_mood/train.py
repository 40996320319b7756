"""Train the classifier of track moods and write its weights and card. Takes seconds.

    python -m training.track_mood.train [--data FOLDER]

In: songs/mood_labelled.csv of the data folder (532 songs, labelled by one listener). Out: track_mood.json and its card,
track_mood.md, all of whose figures come from this run. Needs requirements-train.txt.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.track_mood import TRACK_MOODS, VERSION, WEIGHTS_PATH, TrackMoodReader, prepare
from training.data_dir import add_data_option, data_dir
from training.measures import accuracy, softmax
from training.track_mood.card import FOLDS, REPEATS, card, log_loss
from training.track_mood.data import read_songs

#: Inverse strength of the penalty on weights: 0.3, 1, 3 and 10 were cross-validated; 1 had the best accuracy.
PENALTY_C = 1.0
DIGITS = 5


def new_model() -> Pipeline:
    """The untrained classifier."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY_C, max_iter=5000))


def cross_validated_scores(inputs: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """(N, 4) scores, each row by a model that was not trained on it."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    return cross_val_predict(new_model(), inputs, labels, cv=folds, method="decision_function")


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """The divisor of ``scores`` (N, 4) with the least log loss.

    Not `measures.best_temperature`, which would change the last digit of the shipped weights.
    """
    return float(minimize_scalar(lambda t: log_loss(softmax(scores / t), labels), bounds=(0.2, 5), method="bounded").x)


def held_out_probabilities(inputs: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """(N, 4) calibrated probabilities, each row by a model and a temperature that were not fitted on it."""
    probabilities = np.empty((len(labels), len(TRACK_MOODS)))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(inputs, labels):
        temperature = fit_temperature(cross_validated_scores(inputs[train], labels[train], seed), labels[train])
        scores = new_model().fit(inputs[train], labels[train]).decision_function(inputs[test])
        probabilities[test] = softmax(scores / temperature)
    return probabilities


def write_weights(inputs: np.ndarray, labels: np.ndarray, temperature: float, path: Path) -> None:
    """Train on all songs, with scaling and temperature folded into the weights, and write them to ``path``."""
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
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_data_option(parser)
    parser.add_argument("--out", type=Path, default=WEIGHTS_PATH, help="default: the file that the app serves")
    options = parser.parse_args()
    features, labels = read_songs(data_dir(options.data))
    inputs = prepare(features)
    held_out = [held_out_probabilities(inputs, labels, seed) for seed in range(REPEATS)]
    temperature = fit_temperature(cross_validated_scores(inputs, labels, 0), labels)
    write_weights(inputs, labels, temperature, options.out)
    options.out.with_suffix(".md").write_text(card(held_out, labels, temperature, options.out), encoding="utf-8")
    trained = accuracy(TrackMoodReader.load(options.out).probabilities(features), labels)
    accuracies = [accuracy(probabilities, labels) for probabilities in held_out]
    print(f"accuracy on held-out songs {np.mean(accuracies):.3f}, on training songs {trained:.3f}")


if __name__ == "__main__":
    main()
