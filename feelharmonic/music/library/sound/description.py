"""Spectra → a description of the sound in some dozens of numbers, from which features are estimated.

In: Spectra. Out: Description. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelharmonic.music.library.sound.key import Key, chroma_of, key_of
from feelharmonic.music.library.sound.loudness import block_energies, integrated_lufs, loudness_range_lu
from feelharmonic.music.library.sound.spectrum import Spectra
from feelharmonic.music.library.sound.tempo import Tempo, onset_strength, tempo_of

#: Coefficients of the cosine transform of a mel spectrum: its shape, coarse to fine.
SHAPE_COEFFICIENTS = 13


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Description:
    """``numbers``: (D,) float64 in the order of `names`."""

    loudness_lufs: float
    tempo: Tempo
    key: Key
    numbers: np.ndarray


def names() -> list[str]:
    """What each of ``Description.numbers`` is."""
    shape = [
        f"{kind}_{place}" for kind in ("shape", "shape_spread", "shape_change") for place in range(SHAPE_COEFFICIENTS)
    ]
    bands = [f"band_{place}" for place in range(6)]
    return [
        *("loudness", "range", "crest", "variation", "tempo", "clarity", "onsets", "rise", "rise_spread", "rise_high"),
        *("brightness", "key_clarity", "chroma_peak", "flatness", "flatness_spread", "side", "quiet", "syllables"),
        *bands,
        *shape,
    ]


def describe(spectra: Spectra) -> Description:
    tempo = tempo_of(spectra.mel, spectra.frame_rate_hz)
    key = key_of(spectra.pitch)
    loudness = integrated_lufs(spectra.k_energy, spectra.long_rate_hz)
    numbers = np.concatenate(
        [
            _dynamics(spectra, loudness),
            _rhythm(spectra, tempo),
            _pitch(spectra, key),
            _texture(spectra),
            _timbre(spectra),
        ]
    )
    return Description(loudness_lufs=loudness, tempo=tempo, key=key, numbers=np.nan_to_num(numbers))


def _dynamics(spectra: Spectra, loudness: float) -> np.ndarray:
    levels = 10 * np.log10(block_energies(spectra.k_energy, spectra.long_rate_hz) + 1e-9)
    peak_db = 20 * np.log10(max(spectra.peak, 1e-6))
    spread = float(levels.std()) if len(levels) else 0.0
    return np.array([loudness, loudness_range_lu(spectra.k_energy, spectra.long_rate_hz), peak_db - loudness, spread])


def _rhythm(spectra: Spectra, tempo: Tempo) -> np.ndarray:
    if len(spectra.mel) < 4:
        return np.zeros(6)
    strength = onset_strength(spectra.mel, spectra.frame_rate_hz)
    high = onset_strength(spectra.mel[:, 24:], spectra.frame_rate_hz)
    return np.array(
        [
            np.log2(max(tempo.bpm, 30.0) / 120.0),
            tempo.clarity,
            tempo.onsets_s,
            strength.mean(),
            strength.std() / (strength.mean() + 1e-6),
            high.mean(),
        ]
    )


def _pitch(spectra: Spectra, key: Key) -> np.ndarray:
    chroma = chroma_of(spectra.pitch)
    return np.array([key.brightness, key.clarity, chroma.max(initial=0.0)])


def _texture(spectra: Spectra) -> np.ndarray:
    flatness = np.log(spectra.flatness + 1e-6) if len(spectra.flatness) else np.zeros(1)
    bands = spectra.bands.mean(axis=0) if len(spectra.bands) else np.zeros(6)
    shares = np.log10((bands + 1e-9) / (bands.sum() + 1e-9))
    level = spectra.mel.mean(axis=1) if len(spectra.mel) else np.zeros(1)
    quiet = float((level < level.max() - 30).mean())
    return np.concatenate([[flatness.mean(), flatness.std(), spectra.side_share, quiet, _syllables(spectra)], shares])


def _syllables(spectra: Spectra) -> float:
    """How much of the level's variation between 400 and 3500 Hz comes 3 to 7 times a second, as in speech."""
    if len(spectra.mel) < 64:
        return 0.0
    voice = spectra.mel[:, 8:28].mean(axis=1)
    power = np.abs(np.fft.rfft(voice - voice.mean())) ** 2
    hz = np.fft.rfftfreq(len(voice), 1 / spectra.frame_rate_hz)
    within = (hz >= 3) & (hz <= 7)
    return float(power[within].sum() / (power[(hz > 0.3) & (hz < 20)].sum() + 1e-9))


def _timbre(spectra: Spectra) -> np.ndarray:
    """Mean, spread and change of the mel spectrum's shape."""
    if len(spectra.mel) < 2:
        return np.zeros(3 * SHAPE_COEFFICIENTS)
    bands = spectra.mel.shape[1]
    turns = np.pi / bands * (np.arange(bands)[:, None] + 0.5) * np.arange(SHAPE_COEFFICIENTS)[None, :]
    shape = np.maximum(spectra.mel, spectra.mel.max() - 80) @ np.cos(turns).astype(np.float32) / bands
    return np.concatenate([shape.mean(axis=0), shape.std(axis=0), np.abs(np.diff(shape, axis=0)).mean(axis=0)])
