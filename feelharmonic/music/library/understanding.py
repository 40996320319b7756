"""One file → how it sounds, in audio features. Runs in the scan's processes; opens no database.

In: a path. Out: Understood, or UnreadableSound. Tempo, loudness, key and mode are measured; the other features are
estimates of a model that was fitted, or of `vibenet` where its user installed it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from feelharmonic.errors import UnreadableSound
from feelharmonic.music.library.sound.decoding import SoundHash, open_sound, sound_hash
from feelharmonic.music.library.sound.description import describe
from feelharmonic.music.library.sound.estimates import Estimator
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.sound.vibenet import load_vibenet
from feelharmonic.music.library.store import packed

#: Quieter than this is silence.
MIN_PEAK = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """As LibraryFile has them. ``sound``: None where the sound is one of those that are known already."""

    sound_hash: str
    duration_s: float = 0.0
    sound: bytes | None = None
    method: str = ""
    loudness_lufs: float = 0.0
    peak: float = 0.0
    clarity: float = 0.0
    pitch_class: int | None = None
    mode: int | None = None
    key_clarity: float = 0.0


def understand(path: Path, known: Collection[str] = ()) -> Understood:
    """How the file sounds. ``known``: hashes of sounds that need not be understood again. Raises UnreadableSound."""
    # Understanding takes several times as long as decoding alone, which tells whether the sound is known.
    if known and (same := sound_hash(path)) in known:
        return Understood(sound_hash=same)
    digest = SoundHash()
    sound = open_sound(path)
    spectra = spectra_of(sound.rate, digest.passing(sound.blocks))
    if spectra.peak < MIN_PEAK:
        raise UnreadableSound("silent")
    description = describe(spectra)
    vibenet = load_vibenet()
    estimates = Estimator.load().estimate(description) if vibenet is None else vibenet.estimate(path)
    features = {
        **estimates,
        "loudness": description.loudness_lufs,
        "tempo": description.tempo.bpm,
    }
    return Understood(
        sound_hash=digest.text(),
        duration_s=spectra.duration_s,
        sound=packed(features),
        method="sound" if vibenet is None else "vibenet",
        loudness_lufs=description.loudness_lufs,
        peak=spectra.peak,
        clarity=description.tempo.clarity,
        pitch_class=description.key.pitch_class,
        mode=description.key.mode,
        key_clarity=description.key.clarity,
    )
