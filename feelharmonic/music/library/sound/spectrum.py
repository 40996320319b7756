"""Blocks of samples → short-time spectra at two resolutions: short frames for rhythm, long ones for pitch and loudness.

In: blocks as `decoding` gives them. Out: Spectra. One pass; what is held grows by 16 KB a second of sound.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from feelharmonic.music.library.sound.loudness import k_weights

#: Frame lengths in seconds; the nearest power of two in samples is taken, as the transform is fastest there.
SHORT_S, LONG_S = 0.046, 0.186

#: A short frame begins every quarter of its length, a long one every half.
SHORT_OVERLAP, LONG_OVERLAP = 4, 2

MEL_BANDS = 40
MEL_LOW_HZ, MEL_HIGH_HZ = 40.0, 11_000.0

#: Pitch: semitones from A1 (55 Hz) up, three bins each, so that the tuning can be told.
PITCH_LOW_HZ = 55.0
PITCH_SEMITONES = 60
BINS_PER_SEMITONE = 3

SILENCE = 1e-10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spectra:
    """What is kept of a sound. ``mel``: (T, 40) float32 dB, ``frame_rate_hz`` rows a second. ``pitch``: (U, 180)
    float32, amplitude at each third of a semitone. ``k_energy``: (U,) float64 mean square after K-weighting, channels
    added, ``long_rate_hz`` rows a second. ``bands``: (U, 6) float32, energy between BAND_EDGES_HZ. ``flatness``: (U,)
    float32, 0 a tone .. 1 noise. ``side_share``: the energy of the channels' difference, 0..1. ``peak``: greatest
    sample. ``duration_s``."""

    mel: np.ndarray
    frame_rate_hz: float
    pitch: np.ndarray
    k_energy: np.ndarray
    long_rate_hz: float
    bands: np.ndarray
    flatness: np.ndarray
    side_share: float
    peak: float
    duration_s: float


BAND_EDGES_HZ = (0.0, 120.0, 400.0, 1200.0, 3500.0, 8000.0, 24_000.0)


class _Framer:
    """Cuts a stream of samples into overlapping frames."""

    def __init__(self, length: int, overlap: int):
        self.length, self.hop = length, length // overlap
        self._rest: np.ndarray | None = None

    def frames(self, block: np.ndarray) -> np.ndarray:
        """(K, length, channels): the frames that ``block`` (n, channels) completes."""
        samples = block if self._rest is None else np.concatenate([self._rest, block])
        count = max(0, (len(samples) - self.length) // self.hop + 1)
        self._rest = samples[count * self.hop :]
        if not count:
            return np.empty((0, self.length, block.shape[1]), np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(samples, self.length, axis=0)
        frames: np.ndarray = windows[:: self.hop][:count].transpose(0, 2, 1)
        return frames


def spectra_of(rate: int, blocks: Iterable[np.ndarray]) -> Spectra:
    """The spectra of ``blocks``, sampled ``rate`` times a second."""
    return _Analysis(rate).run(iter(blocks))


class _Analysis:
    def __init__(self, rate: int):
        self._rate = rate
        short, long = _power_of_two(rate * SHORT_S), _power_of_two(rate * LONG_S)
        self._short, self._long = _Framer(short, SHORT_OVERLAP), _Framer(long, LONG_OVERLAP)
        self._short_window = np.hanning(short).astype(np.float32)
        self._long_window = np.hanning(long).astype(np.float32)
        short_hz = np.fft.rfftfreq(short, 1 / rate)
        long_hz = np.fft.rfftfreq(long, 1 / rate)
        self._mel = _mel_filters(short_hz)
        self._pitch_low, self._pitch_high, self._pitch_share = _pitch_bins(long_hz)
        # One-sided power summed over the bins gives the mean square.
        scale = 2.0 / (long * float(np.sum(self._long_window.astype(np.float64) ** 2)))
        self._k = (k_weights(long_hz) * scale).astype(np.float32)
        self._bands = np.array(
            [(long_hz >= low) & (long_hz < high) for low, high in itertools.pairwise(BAND_EDGES_HZ)],
            np.float32,
        ).T * np.float32(scale)
        self._flat = slice(int(np.searchsorted(long_hz, 200.0)), int(np.searchsorted(long_hz, 8000.0)))
        self._rows: dict[str, list[np.ndarray]] = {
            name: [] for name in ("mel", "pitch", "k_energy", "bands", "flatness")
        }
        self._mid = self._side = 0.0
        self._peak = 0.0
        self._samples = 0

    def run(self, blocks: Iterator[np.ndarray]) -> Spectra:
        for block in blocks:
            self._samples += len(block)
            self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
            self._add_short(_mono(block)[:, None])
            self._add_long(block)
        joined = {name: np.concatenate(rows) if rows else np.empty(0) for name, rows in self._rows.items()}
        return Spectra(
            **joined,
            frame_rate_hz=self._rate / self._short.hop,
            long_rate_hz=self._rate / self._long.hop,
            side_share=self._side / max(self._mid + self._side, SILENCE),
            peak=self._peak,
            duration_s=self._samples / self._rate,
        )

    def _add_short(self, mono: np.ndarray) -> None:
        frames = self._short.frames(mono)[:, :, 0]
        for start in range(0, len(frames), 512):  # a piece that fits into the processor's cache
            power = _power(frames[start : start + 512] * self._short_window)
            self._rows["mel"].append((10 * np.log10(power @ self._mel + SILENCE)).astype(np.float32))

    def _add_long(self, block: np.ndarray) -> None:
        frames = self._long.frames(block)
        for start in range(0, len(frames), 64):
            piece = frames[start : start + 64] * self._long_window[None, :, None]
            left = np.fft.rfft(np.ascontiguousarray(piece[:, :, 0]))
            if piece.shape[2] == 1:
                self._add_power(_squared(left), _squared(left))
                continue
            right = np.fft.rfft(np.ascontiguousarray(piece[:, :, 1]))
            power, mono = _squared(left) + _squared(right), _squared(left + right) / 4
            self._mid += 4 * float(mono.sum())
            self._side += float(2 * power.sum() - 4 * mono.sum())
            self._add_power(power, mono)

    def _add_power(self, power: np.ndarray, mono: np.ndarray) -> None:
        self._rows["k_energy"].append((power @ self._k).astype(np.float64))
        self._rows["bands"].append(power @ self._bands)
        middle = mono[:, self._flat] + np.float32(SILENCE)
        self._rows["flatness"].append(np.exp(np.log(middle).mean(axis=1)) / middle.mean(axis=1))
        amplitude = np.sqrt(mono)
        low, high, share = self._pitch_low, self._pitch_high, self._pitch_share
        self._rows["pitch"].append(amplitude[:, low] * (1 - share) + amplitude[:, high] * share)


def _mono(block: np.ndarray) -> np.ndarray:
    """(n,): the channels' mean. Not by `mean`, which is ten times as slow over an axis of two."""
    mono: np.ndarray = block[:, 0] if block.shape[1] == 1 else (block[:, 0] + block[:, 1]) * np.float32(0.5)
    return mono


def _squared(spectrum: np.ndarray) -> np.ndarray:
    squared: np.ndarray = spectrum.real**2 + spectrum.imag**2
    return squared


def _power(frames: np.ndarray) -> np.ndarray:
    return _squared(np.fft.rfft(frames))


def _power_of_two(samples: float) -> int:
    return int(2 ** max(7, round(np.log2(samples))))


def _mel_filters(hz: np.ndarray) -> np.ndarray:
    """(F, 40) float32: triangles, evenly spaced in mel."""
    edges = 700 * (np.exp(np.linspace(_mel(MEL_LOW_HZ), _mel(MEL_HIGH_HZ), MEL_BANDS + 2)) - 1)
    rising = (hz[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - hz[:, None]) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    filters_32: np.ndarray = (filters / np.maximum(filters.sum(axis=0), 1e-9)).astype(np.float32)
    return filters_32


def _mel(hz: float) -> float:
    return float(np.log(1 + hz / 700))


def _pitch_bins(hz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between which two bins each third of a semitone lies, and how near to the second one."""
    wanted = PITCH_LOW_HZ * 2 ** (np.arange(PITCH_SEMITONES * BINS_PER_SEMITONE) / (12 * BINS_PER_SEMITONE))
    places = np.clip(wanted / (hz[1] - hz[0]), 0, len(hz) - 2)
    low = places.astype(np.intp)
    return low, low + 1, (places - low).astype(np.float32)
