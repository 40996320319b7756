"""Fits the estimates of features by sound: `python -m training.own_music.fit TABLE.npz...`

Writes feelharmonic/music/weights/sound_features.npz and its card. In: tables of `training.own_music.label`. The network
has one hidden layer beside a linear path; several are trained from different starts and joined into one. The figures
are fivefold by recording: no piece of a recording is judged by a network that saw another piece of it.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from feelharmonic.music.library.sound.description import names
from feelharmonic.music.library.sound.estimates import ESTIMATED, VERSION, WEIGHTS_PATH, Estimator

FOLDS = 5
#: Networks that are joined, hidden units of each, steps of gradient descent, weight decay.
NETWORKS, HIDDEN, STEPS, DECAY = 4, 16, 1500, 2e-3
RATE = 3e-3
MIN_LABEL = 0.01
#: How far an estimate may go from the median, tried one by one.
SHARES = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)


def read_tables(paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, D) descriptions, (N, 7) labels, (N,) groups."""
    tables = [np.load(path) for path in paths]
    for table, path in zip(tables, paths, strict=True):
        if list(table["names"]) != names():
            raise SystemExit(f"{path}: was made by another version of the description. Make it again.")
    joined = [np.concatenate([table[name] for table in tables]) for name in ("numbers", "labels", "groups")]
    return joined[0], joined[1], joined[2]


def fit(numbers: np.ndarray, labels: np.ndarray, *, networks: int = NETWORKS, steps: int = STEPS) -> Estimator:
    """The joined networks."""
    middle, scale = numbers.mean(axis=0), numbers.std(axis=0) + 1e-6
    known = np.hstack([np.clip((numbers - middle) / scale, -3, 3), np.ones((len(numbers), 1))])
    trained = [_train(known, labels, seed, steps) for seed in range(networks)]
    outward = np.vstack(
        [*(hidden / networks for _, hidden, _ in trained), sum(linear for _, _, linear in trained) / networks]
    )
    return Estimator(middle=middle, scale=scale, inward=np.hstack([one for one, _, _ in trained]), outward=outward)


def _train(known: np.ndarray, labels: np.ndarray, seed: int, steps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adam on the squared error of the estimates, in the scale of each feature's spread."""
    chance = np.random.default_rng(seed)
    weights = [
        chance.normal(0, 0.3 / np.sqrt(known.shape[1]), (known.shape[1], HIDDEN)),
        np.zeros((HIDDEN, labels.shape[1])),
        np.zeros((known.shape[1], labels.shape[1])),
    ]
    target = np.clip(labels, MIN_LABEL, 1 - MIN_LABEL)
    spread = target.std(axis=0) + 0.03
    first, second = ([np.zeros_like(one) for one in weights] for _ in range(2))
    for step in range(1, steps + 1):
        hidden = np.tanh(known @ weights[0])
        estimate = 1 / (1 + np.exp(-(hidden @ weights[1] + known @ weights[2])))
        away = (estimate - target) / spread**2 * estimate * (1 - estimate) / len(known)
        slopes = [known.T @ ((away @ weights[1].T) * (1 - hidden**2)), hidden.T @ away, known.T @ away]
        for place, slope in enumerate(slopes):
            slope = slope + DECAY * weights[place]
            first[place] = 0.9 * first[place] + 0.1 * slope
            second[place] = 0.999 * second[place] + 0.001 * slope**2
            away_from_start = first[place] / (1 - 0.9**step) / (np.sqrt(second[place] / (1 - 0.999**step)) + 1e-8)
            weights[place] -= RATE * away_from_start
    return weights[0], weights[1], weights[2]


def cross_validated(numbers: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """(N, 7): every piece as estimated by networks that saw nothing of its recording."""
    different = np.random.default_rng(0).permutation(np.unique(groups))
    estimates = np.zeros_like(labels)
    for fold in range(FOLDS):
        held_back = np.isin(groups, different[fold::FOLDS])
        fitted = fit(numbers[~held_back], labels[~held_back], networks=2)
        estimates[held_back] = fitted.estimates(numbers[held_back])
    return estimates


def rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    ranks = [np.argsort(np.argsort(values)) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1])


def logit(values: np.ndarray | float) -> np.ndarray:
    kept = np.clip(values, 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept))


def best_shares(estimates: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(7,): how far from the median each estimate should go for the least mean error; 0 where it says nothing."""
    middles = logit(np.median(labels, axis=0))
    errors = [np.abs(shrunk(estimates, middles, share) - labels).mean(axis=0) for share in SHARES]
    return np.array(SHARES)[np.argmin(errors, axis=0)]


def shrunk(estimates: np.ndarray, middles: np.ndarray, shares: np.ndarray | float) -> np.ndarray:
    return 1 / (1 + np.exp(-(middles + shares * (logit(estimates) - middles))))


def with_shares(estimator: Estimator, middles: np.ndarray, shares: np.ndarray) -> Estimator:
    """The same, its estimates moved towards the medians."""
    arrays = estimator.arrays()
    arrays["outward"] = arrays["outward"] * shares
    arrays["outward"][-1] += (1 - shares) * middles
    return Estimator(**arrays)


def write_weights(estimator: Estimator, path: Path = WEIGHTS_PATH) -> None:
    np.savez_compressed(path, version=VERSION, names=names(), **estimator.arrays())


CARD = """# sound_features.npz: what a sound file's audio features are

**What.** A network with one hidden layer (numpy at run time, 20 kB) that estimates seven of Spotify's audio features
from a description of the sound in {numbers} numbers: loudness and its range, tempo and how clear it is, onsets, key,
timbre. Made by `training/own_music/fit.py`, read by `feelharmonic/music/library/sound/estimates.py`.

**Measured, not estimated**: tempo, loudness (EBU R 128), key and mode come from the sound itself and are not in this
file.

**Estimated**: energy, danceability, acousticness, and hardly better than the median instrumentalness, liveness and
speechiness. **A guess**: valence. The page says so of each track ("estimated").

**How it learnt.** From what the network of the package `vibenet` 0.1.0 (GPL-3.0-or-later; not part of this project)
says of {pieces} pieces of {recordings} recordings in packages of Debian 12 under free licences. `vibenet` in turn
learned from the Free Music Archive with Echonest's values. So this network repeats its errors, and adds some.

| Debian package | licence of its music |
|---|---|
| asc-music, warzone2100-music | GPL-2+ |
| hedgewars-data, wesnoth-1.16-music | GPL-2 |
| planetblupi-music-ogg | GPL-3+ |
| parsec47-data, fretsonfire-songs-sectoid | GPL |
| fretsonfire-songs-muldjord, hyperrogue-music | CC BY-SA 3.0 |
| singularity-music | Creative Commons, as its copyright file says |
| drascula-music | the licence of Drascula: free to pass on |

Nothing of these recordings is in the project or in the weights. The music of games is mostly instrumental, so little is
known of voices.

**Figures**, fivefold by recording, against what `vibenet` says: rank correlation, mean error, and that of the median
for every track.

| feature | rank correlation | mean error | of the median |
|---|---|---|---|
{rows}

How well `vibenet` itself agrees with Spotify on unknown songs is not measured here; on two known recordings its order
was right and its range too narrow. No recording of a known song was used.
"""


def write_card(estimates: np.ndarray, labels: np.ndarray, recordings: int) -> None:
    rows = []
    for place, name in enumerate(ESTIMATED):
        error = np.abs(estimates[:, place] - labels[:, place]).mean()
        baseline = np.abs(labels[:, place] - np.median(labels[:, place])).mean()
        correlation = rank_correlation(estimates[:, place], labels[:, place])
        rows.append(f"| {name} | {correlation:.2f} | {error:.3f} | {baseline:.3f} |")
    text = CARD.format(numbers=len(names()), pieces=len(labels), recordings=recordings, rows="\n".join(rows))
    WEIGHTS_PATH.with_suffix(".md").write_text(text, encoding="utf-8")
    print("\n".join(rows))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path)
    arguments = parser.parse_args()
    numbers, labels, groups = read_tables(arguments.tables)
    estimates = cross_validated(numbers, labels, groups)
    shares, middles = best_shares(estimates, labels), logit(np.median(labels, axis=0))
    write_card(shrunk(estimates, middles, shares), labels, len(np.unique(groups)))
    write_weights(with_shares(fit(numbers, labels), middles, shares))


if __name__ == "__main__":
    main()
