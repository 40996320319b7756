"""Expressions over time → the moment's expression and the mood: smoothing, hold time. Pure: times are passed in.

A face that talks changes its expression several times a second; a mood is what lasts. So both are averages of the same
readings, the expression over a short window, the mood over a longer one that another emotion must win clearly.
"""

from __future__ import annotations

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.params import Smoothing
from feelharmonic.reading.messages import Expression, Mood

#: Readings exactly one window apart do not end the mood, however their times were rounded.
CLOCK_ERROR_S = 1e-6


#: The smallest gap keeps an average defined for one sample, or for several at the same time.
SMALLEST_GAP_S = 1e-6


class _Samples:
    """The newest readings, oldest first, as rows of one array: averages are taken several times a second."""

    def __init__(self) -> None:
        self._rows = np.empty((64, 2 + len(EMOTIONS)))  # seconds, weight, probabilities
        self._first = self._end = 0

    def __len__(self) -> int:
        return self._end - self._first

    def append(self, at_s: float, weight: float, probabilities: tuple[float, ...]) -> None:
        if self._end == len(self._rows):
            self._make_room()
        self._rows[self._end] = (at_s, weight, *probabilities)
        self._end += 1

    def _make_room(self) -> None:
        """Move the samples to the start of an array twice as long as they are."""
        samples = self._rows[self._first : self._end]
        rows = np.empty((max(64, 2 * len(samples)), samples.shape[1]))
        rows[: len(samples)] = samples
        self._first, self._end, self._rows = 0, len(samples), rows

    def clear(self) -> None:
        self._first = self._end = 0

    def forget_before(self, start_s: float) -> None:
        """Keep one sample at or before the window's start: the time that follows it is shared with the next."""
        while len(self) > 1 and self._rows[self._first + 1, 0] <= start_s:
            self._first += 1

    def averages(self, windows_s: tuple[float, ...], longest_step_s: float) -> np.ndarray:
        """(len(windows_s), 7) float64: the trapezoidal rule in time × each sample's weight, over each window."""
        rows = self._rows[self._first : self._end]
        times_s, weights, probabilities = rows[:, 0], rows[:, 1], rows[:, 2:]
        starts_s = times_s[-1] - np.array(windows_s)
        clipped_s = np.maximum(times_s, starts_s[:, None])  # (windows, N)
        gaps_s = np.full((len(windows_s), len(rows) + 1), SMALLEST_GAP_S)
        gaps_s[:, 1:-1] = np.minimum(np.maximum(clipped_s[:, 1:] - clipped_s[:, :-1], SMALLEST_GAP_S), longest_step_s)
        shares = weights * (gaps_s[:, :-1] + gaps_s[:, 1:])
        means: np.ndarray = shares @ probabilities / shares.sum(axis=1, keepdims=True)
        return means


class MoodSmoother:
    """One listener's mood. Readings are weighted by the time they cover, so that 3 and 15 a second agree."""

    def __init__(self, smoothing: Smoothing):
        self._smoothing = smoothing
        self._samples = _Samples()
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
        smoothing = self._smoothing
        self._samples.append(at_s, max(face_score, 1e-6), expression.probabilities)
        self._samples.forget_before(at_s - smoothing.window_s)
        windows_s = (smoothing.expression_window_s, smoothing.window_s)
        self._moment, self._average = self._samples.averages(windows_s, smoothing.longest_step_s)
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
