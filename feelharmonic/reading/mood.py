"""Expressions over time → the moment's expression and the mood: smoothing, hold time. Pure: times are passed in.

A face that talks changes its expression several times a second; a mood is what lasts. So both are averages of the same
readings, the expression over a short window, the mood over a longer one that another emotion must win clearly.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Smoothing
from feelharmonic.reading.messages import Expression, Mood

#: Readings exactly one window apart do not end the mood, however their times were rounded.
CLOCK_ERROR_S = 1e-6


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    weight: float
    probabilities: tuple[float, ...]


class MoodSmoother:
    """One listener's mood. Readings are weighted by the time they cover, so that 3 and 15 a second agree."""

    def __init__(self, smoothing: Smoothing):
        self._smoothing = smoothing
        self._samples: deque[_Sample] = deque()
        self._moment = np.zeros(len(EMOTIONS))  # the average over expression_window_s
        self._average = np.zeros(len(EMOTIONS))  # the average over window_s
        self._last_at_s: float | None = None
        self._last_face_at_s: float | None = None
        self._emotion: str | None = None
        self._confidence = 0.0
        self._began_at_s = 0.0

    def update(self, expression: Expression, face_score: float, at_s: float) -> Mood | None:
        """Add the expression of a face with ``face_score`` (0..1) at ``at_s`` seconds; returns the mood afterwards."""
        at_s = self._move_on(at_s)
        self._last_face_at_s = at_s
        self._samples.append(_Sample(at_s, max(face_score, 1e-6), expression.probabilities))
        self._forget_before(at_s - self._smoothing.window_s)
        self._moment, self._average = self._averages()
        self._decide(at_s)
        return self.mood(at_s)

    def update_without_face(self, at_s: float) -> Mood | None:
        """No face was found at ``at_s``: the last mood holds until ``lost_after_s`` have passed."""
        at_s = self._move_on(at_s)
        if self._last_face_at_s is None or at_s - self._last_face_at_s >= self._smoothing.lost_after_s:
            self.forget_mood()
        return self.mood(at_s)

    def hold(self, at_s: float) -> Mood | None:
        """The picture at ``at_s`` cannot be read: the mood holds, for as long as that lasts."""
        at_s = self._move_on(at_s)
        if self._last_face_at_s is not None:
            self._last_face_at_s = at_s
        return self.mood(at_s)

    def mood(self, at_s: float) -> Mood | None:
        """The mood at ``at_s``, None while none holds."""
        if self._emotion is None:
            return None
        return Mood(
            emotion=self._emotion,
            confidence=self._confidence,
            since_s=max(0.0, at_s - self._began_at_s),
            probabilities=tuple(self._average.tolist()) if self._samples else None,
        )

    def expression(self) -> Expression | None:
        """What the face shows at the moment, averaged over ``expression_window_s``; None before the first face."""
        if not self._samples:
            return None
        return Expression(probabilities=tuple(self._moment.tolist()))

    def forget_mood(self) -> None:
        """Start anew."""
        self._samples.clear()
        self._emotion = None

    def resume(self, mood: Mood, at_s: float) -> None:
        """Continue ``mood`` as it was at ``at_s``, after the connection moved to this process."""
        self._emotion = mood.emotion
        self._confidence = mood.confidence
        self._began_at_s = at_s - mood.since_s
        self._last_at_s = self._last_face_at_s = at_s
        self._samples.clear()

    def _move_on(self, at_s: float) -> float:
        """The time of the next reading: ``at_s``, or the last time where a clock ran backwards.

        A gap longer than the window ends the mood: nobody was seen in it, so it is no time of that mood.
        """
        if self._last_at_s is not None:
            at_s = max(at_s, self._last_at_s)
            if at_s - self._last_at_s > self._smoothing.window_s + CLOCK_ERROR_S:
                self.forget_mood()
        self._last_at_s = at_s
        return at_s

    def _forget_before(self, start_s: float) -> None:
        """Keep one sample at or before the window's start: the time that follows it is shared with the next."""
        while len(self._samples) > 1 and self._samples[1].at_s <= start_s:
            self._samples.popleft()

    def _averages(self) -> tuple[np.ndarray, np.ndarray]:
        """(7,) float64 each, over the short and the long window: the trapezoidal rule in time × each face's score."""
        times_s = np.array([sample.at_s for sample in self._samples])
        scores = np.array([sample.weight for sample in self._samples])
        probabilities = np.array([sample.probabilities for sample in self._samples])  # (N, 7)

        def average(window_s: float) -> np.ndarray:
            gaps_s = np.diff(np.maximum(times_s, times_s[-1] - window_s))
            # The smallest gap keeps the average defined for one sample, or for several at the same time.
            gaps_s = np.clip(gaps_s, 1e-6, self._smoothing.longest_step_s)
            covered_s = (np.append(gaps_s, 1e-6) + np.insert(gaps_s, 0, 1e-6)) / 2
            weights = scores * covered_s
            mean: np.ndarray = weights @ probabilities / weights.sum()
            return mean

        return average(self._smoothing.expression_window_s), average(self._smoothing.window_s)

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
