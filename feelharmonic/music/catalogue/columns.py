"""The catalogue's tracks in memory, column by column, and how unknown values are written."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.felt_mood import FELT
from feelharmonic.music.wishes.explicit_words import sounds_explicit

#: Places of tracks in the columns.
Rows = Sequence[int] | np.ndarray

UNKNOWN_YEAR = 0

UNKNOWN_POPULARITY = -1

NOT_EXPLICIT, EXPLICIT, EXPLICIT_UNKNOWN, SOUNDS_EXPLICIT = 0, 1, 2, 3

#: Rows of ``numeric``: the features, the popularity, then what a track feels like.
POPULARITY = len(FEATURES)
FIRST_FELT = POPULARITY + 1
NUMERIC_COUNT = FIRST_FELT + len(FELT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What is held of N tracks.

    ``numeric``: (19, N) float32, FEATURES in their units and order, then popularity 0..100 (-1 unknown), then FELT.
    ``genre``: (N,) uint16, places in the catalogue's genre names. ``year``: (N,) int16, 0 unknown. ``explicit``:
    (N,) uint8, 0 no, 1 yes, 2 unknown, 3 unknown but the title sounds so. ``artist``: (N,) uint32, the same for the
    same artist. ``chosen_for``: (N,) uint8, bit i is set where somebody chose the track for EMOTIONS[i]; 0 where
    nobody chose.
    """

    numeric: np.ndarray
    genre: np.ndarray
    year: np.ndarray
    explicit: np.ndarray
    artist: np.ndarray
    chosen_for: np.ndarray

    @classmethod
    def empty(cls, count: int) -> Columns:
        return cls(
            numeric=np.empty((NUMERIC_COUNT, count), np.float32),
            genre=np.zeros(count, np.uint16),
            year=np.zeros(count, np.int16),
            explicit=np.zeros(count, np.uint8),
            artist=np.zeros(count, np.uint32),
            chosen_for=np.zeros(count, np.uint8),
        )

    def reorder(self, order: np.ndarray) -> None:
        """Put row order[i] at i, in place and column by column: all at once would take the memory twice."""
        for column in (*self.numeric, self.genre, self.year, self.explicit, self.artist, self.chosen_for):
            column[:] = column[order]


def text_hash(text: str) -> int:
    """62 bits of a checksum, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 2


def artist_number(artist: str) -> int:
    """A 32-bit number that is the same for the same artist, whatever the capitals."""
    return zlib.crc32(artist.strip().casefold().encode())


def explicit_code(title: str, explicit: bool | None) -> int:
    """What Columns hold of whether the words are explicit; a title that sounds so counts where nobody says."""
    if explicit is not None:
        return int(explicit)
    return SOUNDS_EXPLICIT if sounds_explicit(title) else EXPLICIT_UNKNOWN
