"""The table of tracks that the program ships: where it is, how it is packed, and its rows.

In: tracks.npz, made by ``training/track_mood/table.py``. Out: arrays, and Tracks one at a time: twenty thousand objects
at once would take more memory and time than all the rest. Rows are the best known first.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.columns import artist_number
from feelharmonic.music.messages import Track

SHIPPED_PATH = Path(__file__).resolve().parent / "tracks.npz"

#: A Spotify id is 128 bits, written in these digits.
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ID_BYTES, ID_DIGITS = 16, 22

#: What each feature's byte counts: a share of 1, squared where most tracks crowd at 0; quarter decibels; BPM.
SQUARED = ("acousticness", "instrumentalness", "liveness", "speechiness")
LOUDNESS_STEP_DB, TEMPO_STEP_BPM = 0.25, 1.0


def encode_features(features: np.ndarray) -> np.ndarray:
    """(N, 9) features in FEATURES' order and units → (N, 9) uint8."""
    columns = []
    for name, column in zip(FEATURES, np.asarray(features, np.float64).T, strict=True):
        if name == "loudness":
            share = -column / LOUDNESS_STEP_DB
        elif name == "tempo":
            share = column / TEMPO_STEP_BPM
        else:
            share = 255 * (np.sqrt(column) if name in SQUARED else column)
        columns.append(np.clip(np.round(share), 0, 255).astype(np.uint8))
    return np.column_stack(columns)


def decode_features(codes: np.ndarray) -> np.ndarray:
    """(9, N) uint8 → (9, N) float32 in FEATURES' order and units."""
    features = codes.astype(np.float32)
    for name, column in zip(FEATURES, features, strict=True):
        if name == "loudness":
            column *= -LOUDNESS_STEP_DB
        elif name == "tempo":
            column *= TEMPO_STEP_BPM
        else:
            column /= 255
            if name in SQUARED:
                column *= column
    return features


def id_bytes(ids: Sequence[str]) -> np.ndarray:
    """Spotify's ids → (N, 16) uint8."""
    numbers = [sum(DIGITS.index(digit) * 62**place for place, digit in enumerate(reversed(one))) for one in ids]
    return np.array([list(number.to_bytes(ID_BYTES, "big")) for number in numbers], np.uint8)


def id_texts(codes: np.ndarray) -> np.ndarray:
    """(16, N) uint8 → (N,) bytes of 22 digits each."""
    limbs = codes.reshape(4, 4, -1).astype(np.uint64)
    numbers = limbs[:, 0] << 24 | limbs[:, 1] << 16 | limbs[:, 2] << 8 | limbs[:, 3]  # (4, N) of 32 bits each
    digits = np.frombuffer(DIGITS.encode(), np.uint8)
    texts = np.empty((numbers.shape[1], ID_DIGITS), np.uint8)
    for place in reversed(range(ID_DIGITS)):
        rest = np.zeros(numbers.shape[1], np.uint64)
        for limb in numbers:
            value = rest << np.uint64(32) | limb
            limb[:] = value // np.uint64(62)
            rest = value % np.uint64(62)
        texts[:, place] = digits[rest.astype(np.intp)]
    return texts.view(f"S{ID_DIGITS}")[:, 0]


class ShippedTracks:
    """The table's rows as arrays; ``self[row]`` is a Track.

    ``features``: (9, N) float32. ``felt``: (9, N) float32 0..1, see ``felt_mood.FELT``. ``year``, ``popularity``,
    ``emotions`` (bit i for EMOTIONS[i], 0 where nobody chose), ``explicit`` (as in Columns), ``artist_numbers``: (N,).
    ``genre``: (N,) places in ``genres``, each a few names joined by "|".
    """

    def __init__(self, path: Path = SHIPPED_PATH):
        """Raises SetupFault where the file cannot be read."""
        try:
            with np.load(path, allow_pickle=False) as file:
                self._ids = id_texts(file["ids"])
                lines = bytes(file["names"]).decode().split("\n")
                self.year, self.popularity = file["year"], file["popularity"]
                self.genre, self.emotions, self.explicit = file["genre"], file["emotions"], file["explicit"]
                self.genres = bytes(file["genres"]).decode().split("\n")
                self.features = decode_features(file["features"])
                self.felt = file["felt"].astype(np.float32) / np.float32(255)
        except (OSError, ValueError, KeyError) as exc:
            raise SetupFault(
                [f"{path.name}: is not a readable table of tracks ({exc!r}). Restore it with `git checkout`."]
            ) from exc
        self._lines = lines
        self._index()
        self.artist_numbers = np.array([artist_number(line.partition("\t")[2]) for line in lines], np.uint32)

    def _index(self) -> None:
        self._order = np.argsort(self._ids, kind="stable")
        self._sorted = self._ids[self._order]

    def first(self, count: int) -> ShippedTracks:
        """The ``count`` best known tracks."""
        some = copy.copy(self)
        for name in ("_ids", "_lines", "year", "popularity", "genre", "emotions", "explicit", "artist_numbers"):
            setattr(some, name, getattr(self, name)[:count])
        some.features, some.felt = self.features[:, :count], self.felt[:, :count]
        some._index()
        return some

    def __iter__(self) -> Iterator[Track]:
        return (self[row] for row in range(len(self)))

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, row: int) -> Track:
        title, _, artist = self._lines[row].partition("\t")
        features = self.features[:, row]
        return Track(
            key=self._ids[row].decode(),
            title=title,
            artist=artist,
            year=int(self.year[row]) or None,
            genre=self.genres[self.genre[row]].partition("|")[0] or None,
            features={name: round(float(value), 4) for name, value in zip(FEATURES, features, strict=True)},
            emotions=tuple(e for bit, e in enumerate(EMOTIONS) if self.emotions[row] >> bit & 1),
            popularity=int(self.popularity[row]),
        )

    def ids(self) -> list[str]:
        """All ids, in the rows' order."""
        return [code.decode() for code in self._ids]

    def rows(self, ids: Iterable[str]) -> dict[str, int]:
        """The rows of those ``ids`` that are here."""
        found = {}
        for one in ids:
            place = int(np.searchsorted(self._sorted, code := one.encode("ascii", "replace")))
            if place < len(self._sorted) and self._sorted[place] == code:
                found[one] = int(self._order[place])
        return found
