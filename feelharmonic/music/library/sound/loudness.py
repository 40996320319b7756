"""Loudness by EBU R 128 (ITU-R BS.1770): K-weighting, 400 ms blocks, two gates.

In: mean squares after K-weighting. Out: LUFS. The weighting is applied to spectra, as the squared response of the two
filters of BS.1770, so that no filter runs over the samples.
"""

from __future__ import annotations

import numpy as np

#: The filters of BS.1770 at 48 kHz: a high shelf for the head, a high pass.
FILTERS_RATE_HZ = 48_000.0
SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))

OFFSET_DB = -0.691
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
BLOCK_S = 0.4

#: What silence is given as.
SILENT_LUFS = -70.0


def k_weights(hz: np.ndarray) -> np.ndarray:
    """By how much the power at each frequency counts."""
    turn = np.exp(-2j * np.pi * np.minimum(hz, FILTERS_RATE_HZ / 2) / FILTERS_RATE_HZ)
    weights = np.ones(len(hz))
    for above, below in (SHELF, HIGH_PASS):
        weights = weights * np.abs(_at(above, turn) / _at(below, turn)) ** 2
    return weights


def _at(coefficients: tuple[float, ...], turn: np.ndarray) -> np.ndarray:
    value: np.ndarray = coefficients[0] + coefficients[1] * turn + coefficients[2] * turn**2
    return value


def integrated_lufs(energy: np.ndarray, rate_hz: float) -> float:
    """The loudness of the whole. ``energy``: mean squares, ``rate_hz`` a second."""
    blocks = block_energies(energy, rate_hz)
    loud = blocks[_lufs(blocks) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return SILENT_LUFS
    gate = float(_lufs(np.array([loud.mean()]))[0]) + RELATIVE_GATE_LU
    return float(_lufs(np.array([loud[_lufs(loud) > gate].mean()]))[0])


def loudness_range_lu(energy: np.ndarray, rate_hz: float) -> float:
    """How far the loudness of 3 s varies between its 10th and its 95th percentile (EBU Tech 3342)."""
    windows = _smoothed(energy, max(1, round(3.0 * rate_hz)))
    loud = windows[_lufs(windows) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return 0.0
    levels = _lufs(loud)
    gated = levels[levels > float(_lufs(np.array([loud.mean()]))[0]) - 20.0]
    low, high = np.percentile(gated, (10, 95))
    return float(high - low)


def block_energies(energy: np.ndarray, rate_hz: float) -> np.ndarray:
    return _smoothed(energy, max(1, round(BLOCK_S * rate_hz)))


def _smoothed(energy: np.ndarray, length: int) -> np.ndarray:
    """Means over ``length`` neighbours; over all of them where there are fewer."""
    length = min(length, len(energy))
    if not length:
        return np.empty(0)
    total = np.concatenate([[0.0], np.cumsum(energy)])
    smoothed: np.ndarray = np.maximum(0.0, (total[length:] - total[:-length]) / length)
    return smoothed


def _lufs(energy: np.ndarray) -> np.ndarray:
    lufs: np.ndarray = OFFSET_DB + 10 * np.log10(np.maximum(energy, 1e-12))
    return lufs
