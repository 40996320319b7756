"""Expressions over time → the mood: smoothing, hold time, the listener's baseline. Pure: times are passed in."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Baseline, Smoothing
from feelharmonic.reading.messages import Expression, Mood

#: What a neutral face reads as on average. A listener whose neutral face reads like this needs no correction.
NEUTRAL_FACE = np.array([0.03, 0.01, 0.02, 0.03, 0.08, 0.03, 0.80])

#: Smallest probability of which a logarithm is taken.
FLOOR = 0.005


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    weight: float
    probabilities: np.ndarray  # (7,) float64


class MoodSmoother:
    """One listener's mood. Readings are weighted by the time they cover, so that 3 and 15 a second agree."""

    def __init__(self, smoothing: Smoothing, baseline: Baseline):
        self._smoothing = smoothing
        self._strength = baseline.strength
        self._correction = np.zeros(len(EMOTIONS))  # added to log probabilities
        self._samples: deque[_Sample] = deque()
        self._average = np.zeros(len(EMOTIONS))  # over the samples
        self._last_at_s: float | None = None
        self._last_face_at_s: float | None = None
        self._emotion: str | None = None
        self._confidence = 0.0
        self._began_at_s = 0.0

    def update(self, expression: Expression, face_score: float, at_s: float) -> Mood | None:
        """Add the expression of a face with ``face_score`` (0..1) at ``at_s`` seconds; returns the mood afterwards."""
        at_s = self._forward(at_s)
        self._last_at_s = self._last_face_at_s = at_s
        corrected = self._corrected(np.asarray(expression.probabilities, np.float64))
        self._samples.append(_Sample(at_s, max(face_score, 1e-6), corrected))
        self._forget_before(at_s - self._smoothing.window_s)
        self._average = self._averaged()
        self._decide(at_s)
        return self.mood(at_s)

    def update_without_face(self, at_s: float) -> Mood | None:
        """No face was found at ``at_s``: the last mood holds until ``lost_after_s`` have passed."""
        at_s = self._forward(at_s)
        self._last_at_s = at_s
        if self._last_face_at_s is None or at_s - self._last_face_at_s >= self._smoothing.lost_after_s:
            self._samples.clear()
            self._emotion = None
        return self.mood(at_s)

    def mood(self, at_s: float) -> Mood | None:
        """The mood at ``at_s``, None while none holds."""
        if self._emotion is None:
            return None
        return Mood(emotion=self._emotion, confidence=self._confidence, since_s=max(0.0, at_s - self._began_at_s))

    def expression(self) -> Expression | None:
        """The probabilities averaged over the window, None before the first face."""
        if not self._samples:
            return None
        return Expression(probabilities=tuple(self._average.tolist()))

    def set_baseline(self, probabilities: tuple[float, ...] | None) -> None:
        """Correct later readings by the listener's neutral face (seven probabilities); None stops correcting."""
        self._correction = np.zeros(len(EMOTIONS))
        if probabilities is not None:
            neutral = np.maximum(np.asarray(probabilities, np.float64), FLOOR)
            self._correction = self._strength * (np.log(NEUTRAL_FACE) - np.log(neutral / neutral.sum()))

    def forget_mood(self) -> None:
        """Start anew; the baseline stays."""
        self._samples.clear()
        self._emotion = None

    def resume(self, mood: Mood, at_s: float) -> None:
        """Continue ``mood`` as it was at ``at_s``, after the connection moved to this process."""
        self._emotion = mood.emotion
        self._confidence = mood.confidence
        self._began_at_s = at_s - mood.since_s
        self._last_at_s = self._last_face_at_s = at_s
        self._samples.clear()

    def _forward(self, at_s: float) -> float:
        """``at_s``, or the last time where a clock ran backwards."""
        return at_s if self._last_at_s is None else max(at_s, self._last_at_s)

    def _corrected(self, probabilities: np.ndarray) -> np.ndarray:
        if not self._correction.any():
            return probabilities
        logs = np.log(np.maximum(probabilities, FLOOR)) + self._correction
        raised = np.exp(logs - logs.max())
        shown: np.ndarray = raised / raised.sum()
        return shown

    def _forget_before(self, start_s: float) -> None:
        """Keep one sample at or before the window's start: the time that follows it is shared with the next."""
        while len(self._samples) > 1 and self._samples[1].at_s <= start_s:
            self._samples.popleft()

    def _averaged(self) -> np.ndarray:
        """(7,) float64 over the window: the trapezoidal rule in time, times each face's score."""
        times_s = np.array([sample.at_s for sample in self._samples])
        gaps_s = np.diff(np.maximum(times_s, times_s[-1] - self._smoothing.window_s))
        # The smallest gap keeps the average defined for one sample, or for several at the same time.
        gaps_s = np.clip(gaps_s, 1e-6, self._smoothing.longest_step_s)
        lasts_s = (np.append(gaps_s, 1e-6) + np.insert(gaps_s, 0, 1e-6)) / 2
        weights = np.array([sample.weight for sample in self._samples]) * lasts_s
        probabilities = np.array([sample.probabilities for sample in self._samples])  # (N, 7)
        return np.asarray(np.average(probabilities, axis=0, weights=weights))

    def _decide(self, at_s: float) -> None:
        average = self._average
        best = int(average.argmax())
        if self._emotion is not None:
            held = float(average[EMOTIONS.index(self._emotion)])
            self._confidence = held
            if at_s - self._began_at_s < self._smoothing.hold_s:
                return
            challenged = average[best] >= max(self._smoothing.enter, held + self._smoothing.margin)
            if not challenged and held >= self._smoothing.leave:
                return
        if average[best] < self._smoothing.enter:
            self._emotion = None
        elif self._emotion != EMOTIONS[best]:
            self._emotion = EMOTIONS[best]
            self._confidence = float(average[best])
            self._began_at_s = at_s
