"""How well probabilities fit labels: accuracy, F1, confusion, calibration. NumPy only.

Labels are (N,) int in EMOTIONS' order, -1 where there is none (such faces do not count); probabilities (N, 7), rows
summing to 1; vote shares (N, 7), rows summing to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15
FOLDS = 5


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of the labelled faces whose likeliest emotion is the label, 0..1."""
    known = labels >= 0
    return float((probabilities[known].argmax(1) == labels[known]).mean())


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(7, 7) int: faces by label (rows) and by what was read (columns)."""
    known = labels >= 0
    side = probabilities.shape[1]
    pairs = labels[known] * side + probabilities[known].argmax(1)
    return np.bincount(pairs, minlength=side * side).reshape(side, side)


def macro_f1(counts: np.ndarray) -> float:
    """Mean over the emotions of the harmonic mean of precision and recall, of a `confusion` table; 0..1."""
    hits = np.diag(counts)
    return float((2 * hits / np.maximum(counts.sum(0) + counts.sum(1), 1)).mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reliability:
    """What a reliability plot shows, per bin of the top probability; empty bins have a count of 0 and zeros."""

    count: np.ndarray  # (15,) int
    confidence: np.ndarray  # (15,) mean top probability
    share: np.ndarray  # (15,) mean share of the votes for the emotion that was read

    @property
    def error(self) -> float:
        """Mean |confidence - share| over the bins, weighted by count."""
        return float((np.abs(self.confidence - self.share) * self.count).sum() / self.count.sum())


def reliability(probabilities: np.ndarray, shares: np.ndarray) -> Reliability:
    """Fifteen equal bins of the top probability against the annotators' share for that emotion."""
    rows = np.arange(len(probabilities))
    read = probabilities.argmax(1)
    top, voted = probabilities[rows, read], shares[rows, read]
    bins = np.minimum((top * BINS).astype(int), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    most = np.maximum(count, 1)
    return Reliability(
        count=count,
        confidence=np.bincount(bins, top, BINS) / most,
        share=np.bincount(bins, voted, BINS) / most,
    )


def at_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """(N, 7) probabilities made flatter (above 1) or sharper (below): softmax(logits / temperature)."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12)) / temperature
    raised = np.exp(logits - logits.max(1, keepdims=True))
    return raised / raised.sum(1, keepdims=True)


def best_temperature(probabilities: np.ndarray, targets: np.ndarray) -> float:
    """The temperature under which ``targets`` (N, 7), distributions, cost the least cross-entropy; 0.25..4."""
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
    """(N, 7): each fifth of the faces at the temperature that fits the other four fifths."""
    fold = np.random.default_rng(seed).permutation(len(probabilities)) % FOLDS
    out = np.empty(probabilities.shape)
    for i in range(FOLDS):
        fitted = best_temperature(probabilities[fold != i], targets[fold != i])
        out[fold == i] = at_temperature(probabilities[fold == i], fitted)
    return out


def _cross_entropy(probabilities: np.ndarray, targets: np.ndarray, log_temperature: float) -> float:
    cooled = at_temperature(probabilities, float(np.exp(log_temperature)))
    return float(-(targets * np.log(np.maximum(cooled, 1e-12))).sum(1).mean())
