"""Small sound files made on the spot: tones and chords with tags, in every format that the library reads."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import numpy as np
import soundfile

from feelharmonic.music.library.pool import Job, Result, read_file

RATE = 22_050

#: A picture of one pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50"
    "0f0003860180c1d3f6a60000000049454e44ae426082"
)


def tones(*hz: float, seconds: float = 1.0, level: float = 0.2, rate: int = RATE) -> np.ndarray:
    """(n,) float32: the tones together."""
    at_s = np.arange(round(seconds * rate)) / rate
    return (level * sum(np.sin(2 * np.pi * one * at_s) for one in hz) / max(1, len(hz))).astype(np.float32)


def clicks(bpm: float, seconds: float, rate: int = RATE) -> np.ndarray:
    """(n,) float32: a short burst of noise on every beat."""
    samples = np.zeros(round(seconds * rate), np.float32)
    burst = np.random.default_rng(1).normal(0, 0.3, rate // 50) * np.exp(-np.arange(rate // 50) / (rate / 200))
    for beat in np.arange(0, seconds - 0.1, 60 / bpm):
        start = round(beat * rate)
        samples[start : start + len(burst)] += burst.astype(np.float32)
    return samples


def write_sound(path: Path, samples: np.ndarray, *, rate: int = RATE, title: str = "", artist: str = "") -> Path:
    """Write ``samples`` in the format of the path's suffix, with tags where the format has them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".m4a":
        return _write_m4a(path, samples, rate, title, artist)
    kinds = {".mp3": ("MP3", None), ".flac": ("FLAC", None), ".ogg": ("OGG", "VORBIS"), ".opus": ("OGG", "OPUS")}
    kind, subtype = kinds.get(path.suffix, ("WAV", "PCM_16"))
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    rate = 24_000 if path.suffix == ".opus" else rate
    with soundfile.SoundFile(path, "w", rate, channels, subtype, format=kind) as file:
        if title and kind != "MP3":
            file.title, file.artist = title, artist
        file.write(samples)
    if kind == "MP3" and title:
        path.write_bytes(id3(title, artist) + path.read_bytes())
    return path


def id3(title: str, artist: str, cover: bytes = b"") -> bytes:
    """An ID3v2.3 tag, as MP3 files begin with."""
    texts = ((b"TIT2", title), (b"TPE1", artist), (b"TALB", "An album"), (b"TYER", "1999"), (b"TCON", "Folk"))
    frames = b"".join(_frame(name, b"\x03" + text.encode()) for name, text in texts)
    if cover:
        frames += _frame(b"APIC", b"\x00image/png\x00\x03\x00" + cover)
    size = bytes((len(frames) >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + size + frames


def _frame(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">IH", len(body), 0) + body


def _write_m4a(path: Path, samples: np.ndarray, rate: int, title: str, artist: str) -> Path:
    import av

    with av.open(str(path), "w", format="mp4") as container:
        container.metadata.update({"title": title, "artist": artist})
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None, :].astype(np.float32), format="fltp", layout="mono")
        frame.rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return path


def read_or_die(job: Job) -> Result:
    """Reads a file; one that is called "deadly" ends the process, as a fault in a decoder does."""
    if "deadly" in job.path:
        os._exit(1)
    return read_file(job)
