"""Sound files → samples: by libsndfile (`soundfile`), and by FFmpeg (`av`, an extra) what that does not read.

In: a path. Out: blocks of (n, channels) float32 samples, -1..1. Nothing but the blocks is held in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from feelharmonic.errors import UnreadableSound

BLOCK_SAMPLES = 1 << 17

#: More is not looked at: a record's side, a mix. It bounds the time and the memory of one file.
MAX_SOUND_S = 600.0

#: libsndfile does not read AAC.
BY_FFMPEG = {".m4a", ".aac"}

MIN_RATE, MAX_RATE = 4000, 400_000
MAX_CHANNELS = 16


@dataclass(frozen=True, slots=True)
class Sound:
    """A file's sound. ``rate``: samples a second; ``blocks``: can be gone through once."""

    rate: int
    blocks: Iterator[np.ndarray]


def open_sound(path: Path) -> Sound:
    """The first MAX_SOUND_S of the file, at most two channels. Raises UnreadableSound, here or from the blocks."""
    sound = _by_ffmpeg(path) if path.suffix.lower() in BY_FFMPEG else _by_sndfile(path)
    if not MIN_RATE <= sound.rate <= MAX_RATE:
        raise UnreadableSound("damaged")
    return Sound(sound.rate, _first(sound.blocks, round(MAX_SOUND_S * sound.rate)))


class SoundHash:
    """The same for the same sound, whatever the tags and the name of its file."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def passing(self, blocks: Iterator[np.ndarray]) -> Iterator[np.ndarray]:
        """``blocks`` as they are, each counted."""
        for block in blocks:
            # 16 bits: decoders of other machines differ in the last bits of floats.
            self._digest.update((block * 32767).astype("<i2").tobytes())
            yield block

    def text(self) -> str:
        return self._digest.hexdigest()


def sound_hash(path: Path) -> str:
    """The SoundHash of the whole file. Raises UnreadableSound."""
    digest = SoundHash()
    for _ in digest.passing(open_sound(path).blocks):
        pass
    return digest.text()


def _first(blocks: Iterator[np.ndarray], most: int) -> Iterator[np.ndarray]:
    left = most
    for block in blocks:
        if left <= 0:
            return
        if block.shape[1] > MAX_CHANNELS:
            raise UnreadableSound("damaged")
        kept = block[:left, :2]
        if not np.isfinite(kept).all():
            raise UnreadableSound("damaged")
        left -= len(kept)
        yield kept


def _by_sndfile(path: Path) -> Sound:
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.SoundFileError, OSError) as exc:
        raise UnreadableSound("damaged" if path.is_file() else "gone") from exc
    return Sound(file.samplerate, _sndfile_blocks(file))


def _sndfile_blocks(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    with file:
        while True:
            try:
                block = file.read(BLOCK_SAMPLES, dtype="float32", always_2d=True)
            except (soundfile.SoundFileError, RuntimeError) as exc:
                raise UnreadableSound("damaged") from exc
            if not len(block):
                return
            yield block


def _by_ffmpeg(path: Path) -> Sound:
    try:
        import av
    except ImportError as exc:
        raise UnreadableSound("needs_av") from exc
    try:
        container = av.open(str(path), mode="r")
    except (av.error.FFmpegError, OSError, ValueError) as exc:
        raise UnreadableSound("damaged" if path.is_file() else "gone") from exc
    if not container.streams.audio:
        container.close()
        raise UnreadableSound("damaged")
    return Sound(int(container.streams.audio[0].rate or 0), _ffmpeg_blocks(container))


def _ffmpeg_blocks(container: object) -> Iterator[np.ndarray]:
    import av

    assert isinstance(container, av.container.InputContainer)
    with container:
        stream = container.streams.audio[0]
        # One channel stays one: spread over two it would lose 3 dB in each.
        layout = "mono" if stream.channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=stream.rate)
        try:
            for frame in container.decode(audio=0):
                for out in resampler.resample(frame):
                    yield out.to_ndarray().T
        except (av.error.FFmpegError, ValueError) as exc:
            raise UnreadableSound("damaged") from exc
