"""Key and mode: which of 24 keys the pitches of a piece fit best.

In: amplitudes at thirds of semitones. Out: Key. The profile of each mode says how often each step of its scale sounds:
Albrecht's and Shanahan's counts over classical pieces (2013), which find the key of more rendered pieces than those of
Krumhansl and Kessler or of Temperley (docs/own_music.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelharmonic.music.library.sound.spectrum import BINS_PER_SEMITONE, PITCH_LOW_HZ

#: Spotify's number of the lowest pitch: 0 is C.
LOWEST_PITCH_CLASS = 9
assert PITCH_LOW_HZ == 55.0  # an A

#: How often each step above the tonic sounds.
MAJOR = np.array([0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081])
MINOR = np.array([0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052])

#: The upper octaves hold more overtones than notes.
MAX_SEMITONES = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """``pitch_class``: 0 C .. 11 B; ``mode``: 1 major, 0 minor, as Spotify has them; None where nothing has a pitch.
    ``clarity``: how much better it fits than the next one, 0 or more. ``brightness``: how much better the best major
    key fits than the best minor one, -1..1."""

    pitch_class: int | None
    mode: int | None
    clarity: float
    brightness: float


def key_of(pitch: np.ndarray) -> Key:
    """The key of ``pitch``: (U, bins) amplitudes over time."""
    chroma = chroma_of(pitch)
    if chroma.max(initial=0.0) <= 0:
        return Key(pitch_class=None, mode=None, clarity=0.0, brightness=0.0)
    fits = np.array([[_fit(chroma, np.roll(profile, tonic)) for tonic in range(12)] for profile in (MINOR, MAJOR)])
    best = np.sort(fits.ravel())[::-1]
    mode, tonic = divmod(int(np.argmax(fits)), 12)
    return Key(
        pitch_class=tonic,
        mode=mode,
        clarity=float(best[0] - best[1]),
        brightness=float(fits[1].max() - fits[0].max()),
    )


def chroma_of(pitch: np.ndarray) -> np.ndarray:
    """(12,): how strongly each pitch class sounds, C first; its sum is 1, or 0 in silence."""
    if not len(pitch):
        return np.zeros(12)
    # Each moment counts alike, loud or quiet, but silence does not.
    level = pitch.max(axis=1)
    heard = pitch[level > 0.01 * level.max(initial=0.0)]
    if not len(heard):
        return np.zeros(12)
    # A tone stands out above its neighbourhood; noise and drums do not.
    around = _neighbourhood(heard)
    tones = np.maximum(0.0, heard - around)
    tones = np.sqrt(tones / np.maximum(tones.max(axis=1, keepdims=True), 1e-12))
    thirds = tones.mean(axis=0).reshape(-1, BINS_PER_SEMITONE)
    tuned = _tuned(thirds)[:MAX_SEMITONES]
    octaves = np.pad(tuned, (0, -len(tuned) % 12)).reshape(-1, 12).sum(axis=0)
    chroma: np.ndarray = np.roll(octaves, LOWEST_PITCH_CLASS)
    return chroma / max(float(chroma.sum()), 1e-12)


def _neighbourhood(pitch: np.ndarray, reach: int = 2 * BINS_PER_SEMITONE) -> np.ndarray:
    total = np.cumsum(np.pad(pitch, ((0, 0), (reach + 1, reach))), axis=1)
    mean: np.ndarray = (total[:, 2 * reach + 1 :] - total[:, : -2 * reach - 1]) / (2 * reach + 1)
    return mean


def _tuned(thirds: np.ndarray) -> np.ndarray:
    """(semitones,): summed around the third of a semitone where most sounds: the instruments' tuning."""
    flat = thirds.ravel()
    offset = int(np.argmax(thirds.sum(axis=0)))
    offset -= BINS_PER_SEMITONE if offset == BINS_PER_SEMITONE - 1 else 0
    summed = flat + 0.5 * (np.roll(flat, 1) + np.roll(flat, -1))
    tuned: np.ndarray = np.roll(summed, -offset)[::BINS_PER_SEMITONE]
    return tuned


def _fit(chroma: np.ndarray, profile: np.ndarray) -> float:
    return float(np.corrcoef(chroma, profile)[0, 1])
