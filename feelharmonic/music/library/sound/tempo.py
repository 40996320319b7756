"""Tempo: how often a minute the beat comes, and how clear it is.

In: mel bands over time. Out: Tempo. The strength of onsets is compared with itself shifted in time; a beat's period is
one at which also its multiples repeat, weighted by how likely people tap so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MIN_BPM, MAX_BPM = 50.0, 210.0

#: What people tap to most, and how fast that falls off on both sides (in octaves).
USUAL_BPM, USUAL_OCTAVES = 118.0, 0.75

#: Steps of the search: 0.4 %, a tenth of what counts as right.
STEP = 1.004

#: The beat is compared with itself over windows of this length, so that a tempo may drift.
WINDOW_S, WINDOW_STEP_S = 14.0, 7.0

#: Which multiples of a period should repeat as well, and how much each counts.
MULTIPLES = ((1, 1.0), (2, 0.5), (3, 0.5), (4, 0.5))

#: Weaker onsets than this, in dB over all bands, are no beat: a steady tone has such.
MIN_ONSET_DB = 0.5

#: The running mean that onsets must rise above.
MEAN_S = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """``bpm``: 0 where there is no beat. ``clarity``: 0 no beat .. 1 the same at every beat. ``onsets_s``: onsets a
    second."""

    bpm: float
    clarity: float
    onsets_s: float


def tempo_of(mel_db: np.ndarray, rate_hz: float) -> Tempo:
    """The tempo of ``mel_db``: (T, bands) dB, ``rate_hz`` rows a second."""
    if len(mel_db) < 4 * rate_hz:
        return Tempo(bpm=0.0, clarity=0.0, onsets_s=0.0)
    strength = onset_strength(mel_db, rate_hz)
    if strength.max() < MIN_ONSET_DB:
        return Tempo(bpm=0.0, clarity=0.0, onsets_s=0.0)
    repeats = _repetition(strength, rate_hz)
    bpms = MIN_BPM * STEP ** np.arange(int(np.log(MAX_BPM / MIN_BPM) / np.log(STEP)) + 1)
    scores = _scores(repeats, bpms, rate_hz)
    usual = np.exp(-0.5 * (np.log2(bpms / USUAL_BPM) / USUAL_OCTAVES) ** 2)
    best = int(np.argmax(scores * usual))
    clarity = float(np.clip(scores[best] / sum(weight for _, weight in MULTIPLES), 0.0, 1.0))
    if clarity <= 0:
        return Tempo(bpm=0.0, clarity=0.0, onsets_s=_onsets(strength, rate_hz))
    bpm = _refined(repeats, float(bpms[best]), rate_hz)
    return Tempo(bpm=bpm, clarity=clarity, onsets_s=_onsets(strength, rate_hz))


def onset_strength(mel_db: np.ndarray, rate_hz: float) -> np.ndarray:
    """(T,): how much the bands rise, above their running mean."""
    floor = np.maximum(mel_db, mel_db.max() - 70.0)
    rise = np.zeros(len(floor))
    rise[2:] = np.maximum(0.0, floor[2:] - floor[:-2]).mean(axis=1)
    length = min(len(rise), max(1, round(MEAN_S * rate_hz)))
    mean = np.convolve(rise, np.ones(length) / length, "same")
    strength: np.ndarray = np.maximum(0.0, rise - mean)
    return strength


def _onsets(strength: np.ndarray, rate_hz: float) -> float:
    """Peaks a second."""
    least = 0.3 * np.percentile(strength, 98) + 1e-9
    middle = strength[1:-1]
    peaks = (middle >= strength[:-2]) & (middle > strength[2:]) & (middle > least)
    return float(peaks.sum() * rate_hz / len(strength))


def _repetition(strength: np.ndarray, rate_hz: float) -> np.ndarray:
    """(L,): the autocorrelation of windows, averaged; 1 at no shift."""
    length = min(len(strength), round(WINDOW_S * rate_hz))
    step = max(1, round(WINDOW_STEP_S * rate_hz))
    total = np.zeros(length)
    for start in range(0, len(strength) - length + 1, step):
        window = strength[start : start + length]
        window = window - window.mean()
        spectrum = np.fft.rfft(window, 2 * length)
        correlation = np.fft.irfft(np.abs(spectrum) ** 2)[:length]
        if correlation[0] > 0:
            total += correlation / correlation[0] * np.sqrt(window.var())
    # A shift leaves less to compare.
    total /= np.maximum(1 - np.arange(length) / length, 0.2)
    return total / total[0] if total[0] > 0 else total


def _scores(repeats: np.ndarray, bpms: np.ndarray, rate_hz: float) -> np.ndarray:
    lags = 60.0 / bpms * rate_hz
    score = np.zeros(len(bpms))
    for multiple, weight in MULTIPLES:
        score += weight * _at(repeats, multiple * lags)
    return score


def _refined(repeats: np.ndarray, bpm: float, rate_hz: float) -> float:
    """``bpm`` as its longest multiple says, which measures it most exactly."""
    near = bpm * np.linspace(0.985, 1.015, 61)
    for multiple in (8, 4, 2):
        lags = multiple * 60.0 / near * rate_hz
        if lags.max() < len(repeats) - 2:
            return float(near[int(np.argmax(_at(repeats, lags)))])
    return bpm


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """``values`` between its places; 0 beyond them."""
    inside: np.ndarray = np.interp(places, np.arange(len(values)), values, right=0.0)
    return inside
