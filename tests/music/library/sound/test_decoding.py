"""Every format gives the samples that were written; damage is a fault with a reason."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from feelharmonic.errors import UnreadableSound
from feelharmonic.music.library.sound import decoding
from feelharmonic.music.library.sound.decoding import open_sound, sound_hash
from feelharmonic.music.library.sound.spectrum import spectra_of
from feelharmonic.music.library.understanding import understand
from tests.support.music.files import tones, write_sound

FORMATS = ["wav", "flac", "mp3", "ogg", "opus", "m4a"]


def read(path) -> np.ndarray:
    return np.concatenate(list(open_sound(path).blocks))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_decoded(tmp_path, suffix):
    path = write_sound(tmp_path / f"x.{suffix}", tones(440, seconds=2, level=0.4))
    sound = open_sound(path)
    spectra = spectra_of(sound.rate, sound.blocks)
    assert spectra.duration_s == pytest.approx(2, rel=0.1)
    assert spectra.peak == pytest.approx(0.4, rel=0.15)
    # The third of a semitone at 440 Hz: three octaves above 55 Hz.
    written_hz = 440 * (24_000 / 22_050 if suffix == "opus" else 1)
    place = 36 * np.log2(written_hz / 55)
    assert abs(int(spectra.pitch.sum(axis=0).argmax()) - place) <= 1.5


def test_the_same_sound_has_the_same_hash_whatever_its_tags_and_name(tmp_path):
    one = write_sound(tmp_path / "a.flac", tones(440), title="One", artist="A")
    other = write_sound(tmp_path / "b.flac", tones(440), title="Other", artist="B")
    third = write_sound(tmp_path / "c.flac", tones(441), title="One", artist="A")
    assert one.read_bytes() != other.read_bytes()
    assert sound_hash(one) == sound_hash(other) != sound_hash(third)


def test_long_sounds_are_heard_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(decoding, "MAX_SOUND_S", 0.5)
    assert len(read(write_sound(tmp_path / "x.wav", tones(440, seconds=2)))) == 11_025


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("data", [b"", b"\x00" * 500, b"RIFF\x00\x00\x00\x00WAVE"])
def test_what_is_no_sound_is_damaged(tmp_path, suffix, data):
    path = tmp_path / f"x.{suffix}"
    path.write_bytes(data)
    with pytest.raises(UnreadableSound, match=r"damaged|silent"):
        understand(path)


def test_a_file_that_is_gone_says_so(tmp_path):
    with pytest.raises(UnreadableSound, match="gone"):
        open_sound(tmp_path / "x.mp3")


def test_m4a_without_ffmpeg_names_what_it_needs(tmp_path, monkeypatch):
    path = write_sound(tmp_path / "x.m4a", tones(440))
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnreadableSound, match="needs_av"):
        open_sound(path)


def test_infinite_samples_are_damage(tmp_path):
    import soundfile

    soundfile.write(tmp_path / "x.wav", np.array([0.1, np.inf, 0.2], np.float32), 8000, subtype="FLOAT")
    with pytest.raises(UnreadableSound, match="damaged"):
        read(tmp_path / "x.wav")
