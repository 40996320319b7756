"""A face read against itself: what a listener shows beyond their own resting face. Pure: times are passed in.

Faces differ at rest: some look a little sad or stern to a network that sees them for the first time. So what is shown
is how far a face moves from its own rest, in log-odds of each emotion against neutral. The resting face is either given
(the page's "Learn my resting face") or estimated from the readings of the same face.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadInput
from feelharmonic.params import Baseline
from feelharmonic.reading.messages import Expression, SeenFace

#: Smallest probability of which a logarithm is taken: what four decimals still tell from 0.
FLOOR = 1e-4

NEUTRAL = EMOTIONS.index("neutral")


def relative_to_rest(probabilities: np.ndarray, resting: np.ndarray, *, neutral: float = 1.5) -> np.ndarray:
    """Probabilities (N, 7) of a listener whose resting face reads as ``resting`` (7,) → what is shown of them (N, 7).

    The log-odds of each emotion against neutral less those of the resting face; neutral has the fixed log-odds
    ``neutral``, the distance from rest at which an emotion becomes as likely; then the softmax. Raises BadInput.
    """
    rows, rest, count = np.asarray(probabilities, np.float64), np.asarray(resting, np.float64), len(EMOTIONS)
    if rows.ndim != 2 or rows.shape[1] != count or rest.shape != (count,):
        raise BadInput(f"Expected shapes (N, {count}) and ({count},), got {rows.shape} and {rest.shape}.")
    return _softmax(log_odds(rows) - log_odds(rest), neutral).astype(np.float32)


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """(…, 7) probabilities → (…, 7) float64: the logarithm of each over that of neutral; neutral's own is 0."""
    logs = np.log(np.maximum(probabilities, FLOOR))
    difference: np.ndarray = logs - logs[..., NEUTRAL, None]
    return difference


def _softmax(moved: np.ndarray, neutral: float) -> np.ndarray:
    """(…, 7) log-odds relative to rest → (…, 7) float64, rows summing to 1."""
    moved[..., NEUTRAL] = neutral
    raised = np.exp(moved - moved.max(axis=-1, keepdims=True))
    shown: np.ndarray = raised / raised.sum(axis=-1, keepdims=True)
    return shown


class RestingFace:
    """The estimate of one face's resting log-odds: a bounded quantile of its own over the last minutes.

    It starts from the prior, at which a reading is shown as a single picture's would be, and moves to the face's own
    quantile with the seconds for which it is read. It never leaves the bounds around the prior, so that a listener who
    comes sad stays sad.
    """

    def __init__(self, params: Baseline):
        self._params = params
        size = max(1, round(params.window_s / params.sample_s))
        self._samples = np.empty((size, len(EMOTIONS)), np.float32)  # the newest replaces the oldest
        self.restart()

    def restart(self) -> None:
        """Forget the estimate."""
        self._count = 0
        self._seen_s = 0.0
        self._last_at_s: float | None = None
        self._sampled_at_s = -np.inf
        self._quantile = np.full(len(EMOTIONS), self._params.prior)

    @property
    def is_learned(self) -> bool:
        """Whether the face's own readings count for more than the prior."""
        return self._seen_s >= self._params.prior_s

    def update(self, probabilities: np.ndarray, at_s: float) -> np.ndarray:
        """Add a reading (7,) at ``at_s`` seconds to the estimate; returns what is shown of it, (7,) float64."""
        odds = log_odds(probabilities)
        if self._last_at_s is not None:
            self._seen_s += min(max(at_s - self._last_at_s, 0.0), self._params.longest_step_s)
        self._last_at_s = at_s
        if at_s - self._sampled_at_s >= self._params.sample_s:
            self._sampled_at_s = at_s
            self._samples[self._count % len(self._samples)] = odds
            self._count += 1
            self._quantile = np.quantile(self._samples[: self._count], self._params.quantile, axis=0)
        return _softmax(odds - self.log_odds(), self._params.neutral)

    def log_odds(self) -> np.ndarray:
        """(7,) float64: the current estimate."""
        params = self._params
        weight = self._seen_s / (self._seen_s + params.prior_s)
        moved = np.clip(weight * (self._quantile - params.prior), -params.below, params.above)
        estimate: np.ndarray = params.prior + moved
        return estimate


@dataclass(slots=True)
class _Known:
    rest: RestingFace
    seen: SeenFace
    at_s: float


class RestingFaces:
    """The resting faces of everybody in one listener's view, by the tracker's ids."""

    def __init__(self, params: Baseline):
        self._params = params
        self._known: dict[int | None, _Known] = {}

    def update(self, faces: Sequence[SeenFace], at_s: float) -> tuple[SeenFace, ...]:
        """``faces`` of one frame, each read one with what is shown of it relative to its own rest."""
        for id, known in list(self._known.items()):
            if at_s - known.at_s > self._params.lost_after_s:
                del self._known[id]
        shown = []
        for seen in faces:
            if seen.expression is None:
                shown.append(seen)
                continue
            known = self._of(seen, faces, at_s)
            known.seen, known.at_s = seen, at_s
            row = known.rest.update(np.array(seen.expression.probabilities), at_s)
            shown.append(replace(seen, expression=Expression(probabilities=tuple(row.tolist()))))
        return tuple(shown)

    def is_learned(self, id: int | None) -> bool:
        """Whether the readings of the face with this id count for more than the prior."""
        known = self._known.get(id)
        return known is not None and known.rest.is_learned

    def _of(self, seen: SeenFace, faces: Sequence[SeenFace], at_s: float) -> _Known:
        """What is known of this face: under its id, or of one that was lost at its place a moment ago, or nothing."""
        known = self._known.get(seen.face.id)
        if known is None:
            present = {other.face.id for other in faces}
            lost = [id for id in self._known if id not in present and not self._is_other(seen, self._known[id].seen)]
            known = self._known.pop(lost[-1]) if lost else _Known(RestingFace(self._params), seen, at_s)
            self._known[seen.face.id] = known
        elif at_s - known.at_s <= self._params.longest_step_s and self._is_other(seen, known.seen):
            known.rest.restart()
        return known

    def _is_other(self, now: SeenFace, before: SeenFace) -> bool:
        """Whether size, place or look of a face say that it is another person's."""
        params = self._params
        (x, y, width, height), (old_x, old_y, old_width, old_height) = now.face.box, before.face.box
        ratio = max(height, 1e-6) / max(old_height, 1e-6)
        moved = max(abs(x + width / 2 - old_x - old_width / 2), abs(y + height / 2 - old_y - old_height / 2))
        if max(ratio, 1 / ratio) > params.other_size or moved > params.other_place * max(height, old_height):
            return True
        if now.appearance is None or before.appearance is None:
            return False
        return float(now.appearance @ before.appearance) < params.other_likeness


def appearance_of(crop: np.ndarray) -> np.ndarray:
    """(48, 48) uint8 crop → (64,) float32: its 8×8 means, centred, of length 1. Products of two are correlations."""
    means = crop.reshape(8, 6, 8, 6).mean(axis=(1, 3)).ravel()
    means -= means.mean()
    scaled: np.ndarray = (means / max(float(np.linalg.norm(means)), 1e-9)).astype(np.float32)
    return scaled
