"""Loudness follows EBU R 128: the cases of EBU Tech 3341, and FFmpeg's filter as a twin."""

from __future__ import annotations

import numpy as np
import pytest

from feelharmonic.music.library.sound.loudness import integrated_lufs, loudness_range_lu
from feelharmonic.music.library.sound.spectrum import spectra_of


def sine(*parts: tuple[float, float], rate: int = 48_000, channels: int = 2) -> np.ndarray:
    """1 kHz at each level (dBFS) for so many seconds, in every channel."""
    level = np.concatenate([np.full(round(seconds * rate), 10 ** (dbfs / 20)) for dbfs, seconds in parts])
    wave = (level * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / rate)).astype(np.float32)
    return np.stack([wave] * channels, axis=1)


def lufs(samples: np.ndarray, rate: int = 48_000) -> float:
    spectra = spectra_of(rate, np.array_split(samples, 7))
    return integrated_lufs(spectra.k_energy, spectra.long_rate_hz)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
    ids=["case 1", "case 2", "case 3", "case 4", "case 5"],
)
def test_the_cases_of_tech_3341(parts, expected):
    assert lufs(sine(*parts)) == pytest.approx(expected, abs=0.15)


@pytest.mark.parametrize("rate", [22_050, 44_100, 96_000])
def test_the_rate_does_not_matter(rate):
    assert lufs(sine((-23, 10), rate=rate), rate) == pytest.approx(-23, abs=0.15)


def test_one_channel_is_three_decibels_less_than_two():
    assert lufs(sine((-20, 10), channels=1)) == pytest.approx(-23, abs=0.15)


def test_silence_has_the_least_loudness_and_no_range():
    spectra = spectra_of(48_000, [np.zeros((96_000, 2), np.float32)])
    assert integrated_lufs(spectra.k_energy, spectra.long_rate_hz) == -70
    assert loudness_range_lu(spectra.k_energy, spectra.long_rate_hz) == 0


def test_the_range_is_the_distance_of_loud_and_quiet_parts():
    spectra = spectra_of(48_000, [sine((-20, 20), (-30, 20))])
    assert loudness_range_lu(spectra.k_energy, spectra.long_rate_hz) == pytest.approx(10, abs=0.5)


def test_it_agrees_with_ffmpeg_on_noise_of_changing_colour():
    av = pytest.importorskip("av")
    chance = np.random.default_rng(3)
    noise = chance.normal(0, 0.1, (48_000 * 12, 2))
    noise[48_000 * 4 :] = np.cumsum(noise[48_000 * 4 :], axis=0) * 0.02  # brown: mostly low
    noise = np.clip(noise - noise.mean(axis=0), -1, 1).astype(np.float32)
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=48_000, format="fltp", layout="stereo", time_base="1/48000")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(noise.T), format="fltp", layout="stereo")
    frame.rate, frame.pts = 48_000, 0
    source.push(frame)
    source.push(None)
    measured = None
    while True:
        try:
            measured = dict(sink.pull().metadata).get("lavfi.r128.I", measured)
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    assert lufs(noise) == pytest.approx(float(measured), abs=0.3)
