"""How well probabilities fit labels (accuracy, F1, confusion, calibration), and how long calls take. NumPy only.

Labels are (N,) int class indices, -1 for an unlabelled row, which is left out; probabilities and vote shares are
(N, classes), rows summing to 1.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

DEFAULT_BINS = 15
FOLDS = 5
BATCH = 256


class CropReader(Protocol):
    """An expression network as the app reads it."""

    def read_crops(self, crops: np.ndarray, *, labels: str | None) -> np.ndarray: ...


def read_in_batches(reader: CropReader, crops: np.ndarray, head: str | None) -> np.ndarray:
    """(N, 48, 48) uint8 → (N, 7) float32: the probabilities of ``head``, one of LABELS; of None what the page shows."""
    return np.concatenate([reader.read_crops(crops[i : i + BATCH], labels=head) for i in range(0, len(crops), BATCH)])


def median_ms(calls: Sequence[Callable[[], object]], *, rounds: int) -> list[float]:
    """Median milliseconds of each of ``calls``. They take turns, so that other load slows all of them alike; the
    first tenth of the rounds warms up and does not count."""
    taken_ms = np.empty((rounds, len(calls)))
    for i in range(rounds):
        for j, call in enumerate(calls):
            start = time.perf_counter()
            call()
            taken_ms[i, j] = (time.perf_counter() - start) * 1e3
    return np.median(taken_ms[rounds // 10 :], axis=0).tolist()


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities along the last axis."""
    raised = np.exp(logits - logits.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of the labelled rows whose likeliest class is the label, 0..1."""
    known = labels >= 0
    return float((probabilities[known].argmax(1) == labels[known]).mean())


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(classes, classes) int: how many rows have each label (rows) and each likeliest class (columns)."""
    known = labels >= 0
    side = probabilities.shape[1]
    pairs = labels[known] * side + probabilities[known].argmax(1)
    return np.bincount(pairs, minlength=side * side).reshape(side, side)


def macro_f1(counts: np.ndarray) -> float:
    """Mean over the classes of the harmonic mean of precision and recall, from a `confusion` table; 0..1."""
    hits = np.diag(counts)
    return float((2 * hits / np.maximum(counts.sum(0) + counts.sum(1), 1)).mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """A reliability plot: per bin of the top probability. Empty bins hold zeros."""

    count: np.ndarray  # (bins,) int
    confidence: np.ndarray  # (bins,) mean top probability
    share: np.ndarray  # (bins,) mean share of the votes for the likeliest class

    @property
    def error(self) -> float:
        """Expected calibration error: mean |confidence - share| over the bins, weighted by count."""
        return float((np.abs(self.confidence - self.share) * self.count).sum() / self.count.sum())


def reliability(probabilities: np.ndarray, shares: np.ndarray, bins: int = DEFAULT_BINS) -> Reliability:
    """The top probability in equally wide bins, against the share of votes for that class."""
    rows = np.arange(len(probabilities))
    read = probabilities.argmax(1)
    top, voted = probabilities[rows, read], shares[rows, read]
    places = np.minimum((top * bins).astype(int), bins - 1)
    count = np.bincount(places, minlength=bins)
    divisor = np.maximum(count, 1)
    return Reliability(
        count=count,
        confidence=np.bincount(places, top, bins) / divisor,
        share=np.bincount(places, voted, bins) / divisor,
    )


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(logits / temperature): flatter above 1, sharper below."""
    return softmax(np.log(np.maximum(probabilities.astype(np.float64), 1e-12)) / temperature)


def best_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature in 0.25..4 with the least cross-entropy to ``targets`` (N, classes), by golden-section search."""
    low, high = np.log(0.25), np.log(4.0)
    golden = (5**0.5 - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if _cross_entropy(probabilities, targets, left) < _cross_entropy(probabilities, targets, right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def cross_fitted(probabilities: np.ndarray, targets: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """(N, classes): each fifth of the rows at the temperature that fits the other four fifths."""
    fold = np.random.default_rng(seed).permutation(len(probabilities)) % FOLDS
    out = np.empty(probabilities.shape)
    for i in range(FOLDS):
        fitted = best_temperature(probabilities[fold != i], targets[fold != i])
        out[fold == i] = at_temperature(probabilities[fold == i], fitted)
    return out


def _cross_entropy(probabilities: np.ndarray, targets: np.ndarray, log_temperature: float) -> float:
    cooled = at_temperature(probabilities, float(np.exp(log_temperature)))
    return float(-(targets * np.log(np.maximum(cooled, 1e-12))).sum(1).mean())
