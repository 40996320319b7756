"""Tempo and key of sounds whose tempo and key are known."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.music.library.sound.key import key_of
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.sound.tempo import tempo_of
from tests.support.music.files import RATE, clicks, tones

#: Semitones above A of the chords of a cadence: tonic, subdominant, dominant, tonic.
CADENCES = {1: ((0, 4, 7), (5, 9, 12), (7, 11, 14), (0, 4, 7)), 0: ((0, 3, 7), (5, 8, 12), (7, 11, 14), (0, 3, 7))}


def spectra(samples: np.ndarray):
    return spectra_of(RATE, [samples[:, None]])


def cadence(key: int, mode: int, tuning: float = 1.0) -> np.ndarray:
    """Chords with overtones. ``key``: 0 is C."""
    lowest = 220 * tuning * 2 ** ((key - 9) / 12)
    chords = []
    for _ in range(2):
        for chord in CADENCES[mode]:
            notes = [lowest * 2 ** (step / 12) for step in chord]
            chords.append(tones(*notes, *(2 * note for note in notes), seconds=1.0))
    return np.concatenate(chords)


@pytest.mark.parametrize("bpm", [72, 100, 128, 150])
def test_clicks_have_their_tempo(bpm):
    tempo = tempo_of(spectra(clicks(bpm, 20)).mel, spectra(clicks(bpm, 20)).frame_rate_hz)
    assert tempo.bpm == pytest.approx(bpm, rel=0.01)
    assert tempo.clarity > 0.5
    assert tempo.onsets_s == pytest.approx(bpm / 60, rel=0.1)


@pytest.mark.parametrize("samples", [tones(440, seconds=8), tones(440, seconds=0.5), np.zeros(RATE * 5, np.float32)])
def test_what_has_no_beat_is_not_clear(samples):
    found = spectra(samples)
    assert tempo_of(found.mel, found.frame_rate_hz).clarity < 0.5


@pytest.mark.parametrize("mode", [0, 1])
@pytest.mark.parametrize("key", [0, 4, 9])
def test_a_cadence_has_its_key(key, mode):
    found = key_of(spectra(cadence(key, mode)).pitch)
    assert (found.pitch_class, found.mode) == (key, mode)
    assert (found.brightness > 0) == (mode == 1)


def test_another_tuning_has_the_same_key():
    assert key_of(spectra(cadence(2, 1, tuning=432 / 440)).pitch).pitch_class == 2


def test_silence_has_no_key():
    assert key_of(spectra(np.zeros(RATE, np.float32)).pitch).pitch_class is None
