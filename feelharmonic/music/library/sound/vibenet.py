"""Features by `vibenet`, where its user installed it (`pip install --no-deps vibenet`): its network, our front end.

In: a path. Out: the seven features other than loudness and tempo. The package is GPL-3.0-or-later and no part of ours:
it is found at run time. Only its network's file is used; the package itself asks for 600 MB of others.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from feelharmonic.music.library.sound.decoding import open_sound

log = logging.getLogger(__name__)

NETWORK = Path("artifacts", "efficientnet_model.onnx")

#: The order of its answers, and those that are logits.
OUTPUTS = ("acousticness", "danceability", "energy", "instrumentalness", "liveness", "speechiness", "valence")
LOGITS = {"acousticness", "liveness", "instrumentalness"}

#: Its front end: 16 kHz mono, Hann windows, mel bands, decibels within 80 of the loudest.
RATE = 16_000
WINDOW, HOP, TRANSFORM = 640, 320, 1024
BANDS, HIGH_HZ = 128, 8000.0
RANGE_DB = 80.0

#: It looks at this much, from the middle: more changes little and takes memory.
MAX_HEARD_S = 150.0


@functools.cache
def load_vibenet() -> Vibenet | None:
    """The network, once for each process; None where it is not installed or cannot be used."""
    spec = importlib.util.find_spec("vibenet")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(next(iter(spec.submodule_search_locations))) / NETWORK
    try:
        return Vibenet(path)
    except Exception as exc:  # whatever ONNX Runtime raises for a file of another form
        log.warning("vibenet is installed but cannot be used (%s); the built-in estimates serve.", exc)
        return None


class Vibenet:
    def __init__(self, path: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def estimate(self, path: Path) -> dict[str, float]:
        """The seven features, 0..1 each. Raises UnreadableSound."""
        mel = mel_db(_mono(path))
        values = np.asarray(self._session.run(None, {self._input: mel[None]})[0], np.float64)[0]
        return {
            name: float(1 / (1 + np.exp(-value))) if name in LOGITS else float(np.clip(value, 0, 1))
            for name, value in zip(OUTPUTS, values, strict=True)
        }


def mel_db(samples: np.ndarray) -> np.ndarray:
    """(128, T) float32 of mono samples at 16 kHz."""
    samples = np.pad(samples, (0, max(0, WINDOW - len(samples))))
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    filters = _slaney_filters()
    rows = []
    for start in range(0, len(frames), 1024):  # whole songs would take hundreds of MB
        spectrum = np.fft.rfft(frames[start : start + 1024] * window, TRANSFORM)
        rows.append(((spectrum.real**2 + spectrum.imag**2) @ filters).astype(np.float32))
    decibels = 10 * np.log10(np.maximum(np.concatenate(rows), 1e-10))
    clipped: np.ndarray = np.maximum(decibels, decibels.max() - RANGE_DB).T.astype(np.float32)
    return clipped


@functools.cache
def _slaney_filters() -> np.ndarray:
    """(513, 128): triangles of equal area on Slaney's mel scale, linear below 1 kHz and logarithmic above."""
    hz = np.fft.rfftfreq(TRANSFORM, 1 / RATE)
    mels = np.linspace(0.0, 15.0 + 27.0 * np.log(HIGH_HZ / 1000) / np.log(6.4), BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * np.log(6.4) / 27))
    rising = (hz[:, None] - edges[None, :-2]) / np.diff(edges)[:-1]
    falling = (edges[None, 2:] - hz[:, None]) / np.diff(edges)[1:]
    filters: np.ndarray = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))
    return filters


def _mono(path: Path) -> np.ndarray:
    """The middle of the file at 16 kHz."""
    sound = open_sound(path)
    mono = np.concatenate(
        [
            *_resampled(
                sound.rate, (block @ np.full(block.shape[1], 1 / block.shape[1], np.float32) for block in sound.blocks)
            ),
            np.empty(0),
        ]
    )
    spare = max(0, len(mono) - round(MAX_HEARD_S * RATE)) // 2
    heard: np.ndarray = mono[spare : len(mono) - spare].astype(np.float32)
    return heard


def _resampled(rate: int, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
    """``blocks`` at 16 kHz, each second by its spectrum, with a quarter of a second around it."""
    rest = np.zeros(rate // 4, np.float32)
    step, margin = rate, rate // 4
    waiting = [rest]
    length = len(rest)
    for block in blocks:
        waiting.append(block)
        length += len(block)
        while length >= step + 2 * margin:
            joined = np.concatenate(waiting)
            yield _second(joined[: step + 2 * margin], rate)
            waiting = [joined[step:]]
            length = len(waiting[0])
    joined = np.concatenate([*waiting, np.zeros(step + 2 * margin, np.float32)])[: step + 2 * margin]
    heard = max(0, length - margin)
    yield _second(joined, rate)[: heard * RATE // rate]


def _second(samples: np.ndarray, rate: int) -> np.ndarray:
    """The middle second of one and a half, at 16 kHz."""
    spectrum = np.fft.rfft(samples)
    out = RATE * len(samples) // rate
    kept = np.zeros(out // 2 + 1, complex)
    count = min(len(spectrum), len(kept))
    kept[:count] = spectrum[:count]
    resampled = np.fft.irfft(kept, out) * (out / len(samples))
    margin = RATE // 4
    return resampled[margin : margin + RATE]
