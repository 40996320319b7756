"""The tracks at hand, and the nearest ones to a target.

In: the starter table inside the package and, where it is there, the SQLite file that `flask catalogue import` fills.
Out: rows by spread-scaled distance, and Tracks. Only figures are held in memory (about 56 bytes a track); titles and
artists of imported tracks stay in the file until they are chosen. No network, no taste: who plays what is the
provider's business.
"""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.messages import EMOTIONS, FEATURES, MusicTargets, Track, Wishes

STARTER_PATH = Path(__file__).resolve().parent / "starter_tracks.csv"

#: In the file's header; a file made by another program or an older version is refused.
DATABASE_VERSION = 1

#: ``number`` runs from 1 without gaps: a track's row after the starter table's. ``features``: nine little-endian
#: float32 in FEATURES' order. Years, popularity and explicit are coded as in Columns.
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS tracks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    title TEXT NOT NULL,
    artist TEXT NOT NULL,
    artist_number INTEGER NOT NULL,
    year INTEGER NOT NULL,
    genre TEXT NOT NULL,
    popularity INTEGER NOT NULL,
    explicit INTEGER NOT NULL,
    features BLOB NOT NULL
);
PRAGMA user_version = {DATABASE_VERSION};
"""
UPSERT = """
INSERT INTO tracks (id, title, artist, artist_number, year, genre, popularity, explicit, features)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, artist = excluded.artist,
    artist_number = excluded.artist_number, year = excluded.year, genre = excluded.genre,
    popularity = excluded.popularity, explicit = excluded.explicit, features = excluded.features
"""
FEATURES_PACKING = struct.Struct(f"<{len(FEATURES)}f")

#: The file's name in the application's instance folder.
DATABASE_NAME = "catalogue.db"

UNKNOWN_YEAR = 0
UNKNOWN_POPULARITY = -1
NOT_EXPLICIT, EXPLICIT, EXPLICIT_UNKNOWN = 0, 1, 2

#: Spotify on instrumentalness: above 0.5 is meant for tracks without vocals.
LEAST_INSTRUMENTAL = 0.5

#: Popularity is 0..100; so far from the wished familiarity counts like one spread of a feature.
FAMILIARITY_SPREAD = 15.0

#: Tracks of a liked genre count as so much nearer (their squared distance is multiplied by it).
LIKED_GENRE_FACTOR = 0.5

#: Rows looked at together: 11 float32 columns of it fit in a core's second-level cache.
BLOCK_ROWS = 16_384

NO_WISHES = Wishes()

POPULARITY = len(FEATURES)
INSTRUMENTALNESS = FEATURES.index("instrumentalness")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """What is held of N tracks.

    ``figures``: (10, N) float32, FEATURES in their units and order, then popularity 0..100 (-1 unknown).
    ``genre``: (N,) uint16, places in the catalogue's genre names. ``year``: (N,) int16, 0 unknown. ``explicit``:
    (N,) uint8, 0 no, 1 yes, 2 unknown. ``artist``: (N,) uint32, the same for the same artist. ``chosen_for``: (N,)
    uint8, bit i is set where somebody chose the track for EMOTIONS[i]; 0 where nobody chose.
    """

    figures: np.ndarray
    genre: np.ndarray
    year: np.ndarray
    explicit: np.ndarray
    artist: np.ndarray
    chosen_for: np.ndarray

    @classmethod
    def empty(cls, count: int) -> Columns:
        return cls(
            figures=np.empty((len(FEATURES) + 1, count), np.float32),
            genre=np.zeros(count, np.uint16),
            year=np.zeros(count, np.int16),
            explicit=np.zeros(count, np.uint8),
            artist=np.zeros(count, np.uint32),
            chosen_for=np.zeros(count, np.uint8),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nearest:
    """``rows``: (K,) intp, nearest first; ``distances``: (K,) float64, root mean square of spreads, ascending."""

    rows: np.ndarray
    distances: np.ndarray


class Catalogue:
    """The tracks at hand. Read-only once loaded, so safe between threads. A row is a track's place, from 0."""

    def __init__(self, starter: Sequence[Track], database: Path | None = None):
        """``starter``: tracks with features. ``database``: a file made by ``DatabaseWriter``, or None.

        Raises SetupFault where it is not such a file.
        """
        self._starter = tuple(starter)
        self._database = database
        self._genres: dict[str, int] = {"": 0}
        self._rows_by_id = {track.id: row for row, track in enumerate(self._starter)}
        count = _count(database) if database else 0
        self.columns = Columns.empty(len(self._starter) + count)
        for row, track in enumerate(self._starter):
            self._put_starter(row, track)
        if database:
            self._put_database(database, count)
        #: Rows of the file that the starter table has too; the starter's know their emotions.
        self._doubles = (
            np.array(sorted(self._database_rows(list(self._rows_by_id)).values()), np.intp)
            if database
            else np.empty(0, np.intp)
        )

    @classmethod
    def load(cls, database: Path | None = None, starter: Path = STARTER_PATH) -> Catalogue:
        """The starter table, and the imported tracks where the file ``database`` is there."""
        return cls(read_starter(starter), database if database and database.is_file() else None)

    def __len__(self) -> int:
        """How many different tracks there are."""
        return len(self.columns.year) - len(self._doubles)

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres' names, lower case, by their numbers in ``columns.genre``; the first is the empty one."""
        return tuple(self._genres)

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The rows of those ids that are here."""
        found = {track_id: self._rows_by_id[track_id] for track_id in ids if track_id in self._rows_by_id}
        missing = [track_id for track_id in ids if track_id not in found]
        return {**self._database_rows(missing), **found} if self._database and missing else found

    def tracks(self, rows: Sequence[int]) -> list[Track]:
        """The tracks at ``rows``, in that order."""
        named = self._names([int(row) for row in rows if row >= len(self._starter)])
        return [
            self._starter[row] if row < len(self._starter) else self._track(int(row), named[int(row)]) for row in rows
        ]

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here, with their features."""
        rows = self.rows(ids)
        return dict(zip(rows, self.tracks(list(rows.values())), strict=True))

    def features(self, rows: Sequence[int]) -> np.ndarray:
        """(K, 9) float64 in FEATURES' order and units."""
        return self.columns.figures[: len(FEATURES), np.asarray(rows, np.intp)].T.astype(np.float64)

    def allowed(self, rows: np.ndarray | slice, wishes: Wishes, emotions: frozenset[str]) -> np.ndarray | None:
        """Which of ``rows`` may play: (K,) bool, or None where all may.

        ``emotions``: a track that somebody chose for other emotions only may not; none given, all may.
        """
        columns = self.columns
        kept: list[np.ndarray] = []
        if emotions:
            bits = np.uint8(sum(1 << EMOTIONS.index(emotion) for emotion in emotions))
            chosen_for = columns.chosen_for[rows]
            kept.append(((chosen_for & bits) | (chosen_for == 0)).astype(bool))
        for genre in wishes.genres_barred:
            if genre in self._genres:
                kept.append(columns.genre[rows] != self._genres[genre])
        if wishes.decades:
            year = columns.year[rows]
            kept.append(_any((year >= decade) & (year < decade + 10) for decade in wishes.decades))
        if wishes.explicit is False:
            kept.append(columns.explicit[rows] != EXPLICIT)
        if wishes.instrumental_only:
            kept.append(columns.figures[INSTRUMENTALNESS, rows] > LEAST_INSTRUMENTAL)
        if wishes.familiarity is not None:
            kept.append(columns.figures[POPULARITY, rows] >= 0)
        return _all(kept) if kept else None

    def nearest(
        self,
        targets: Sequence[MusicTargets],
        count: int,
        *,
        wishes: Wishes = NO_WISHES,
        emotions: frozenset[str] = frozenset(),
        without: Iterable[int] = (),
    ) -> list[Nearest]:
        """For each of ``targets`` the ``count`` nearest tracks that ``allowed`` lets pass, but for rows in ``without``.

        All targets are measured in one pass. The distance is the root of the mean over the nine features of
        ((value - centre) / spread) ** 2; a wish for familiarity adds a tenth term, a liked genre brings nearer.
        """
        linear, square, constant = _weights(targets, wishes)
        barred = np.union1d(np.fromiter(without, np.intp), self._doubles)
        liked = [self._genres[genre] for genre in wishes.genres_liked if genre in self._genres]
        best = [_Best(count) for _ in targets]
        for start in range(0, len(self.columns.year), BLOCK_ROWS):
            block = slice(start, min(start + BLOCK_ROWS, len(self.columns.year)))
            rows, figures = self._block(block, wishes, emotions, barred)
            if not len(rows):
                continue
            # ((x - c) / s)² = x²/s² - 2xc/s² + c²/s²: two small matrix products for all targets together.
            squares = linear @ figures + square @ np.square(figures) + constant  # (T, K) float32
            if liked:
                squares[:, np.isin(self.columns.genre[rows], liked)] *= LIKED_GENRE_FACTOR
            for index, keeper in enumerate(best):
                keeper.add(rows, squares[index])
        return [keeper.sorted() for keeper in best]

    def _block(
        self, block: slice, wishes: Wishes, emotions: frozenset[str], barred: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The rows of ``block`` that may play, (K,) intp, and their figures, (10, K) float32."""
        keep = self.allowed(block, wishes, emotions)
        first, last = np.searchsorted(barred, (block.start, block.stop))
        if first < last:
            keep = np.ones(block.stop - block.start, bool) if keep is None else keep
            keep[barred[first:last] - block.start] = False
        if keep is None:
            return np.arange(block.start, block.stop), self.columns.figures[:, block]
        places = np.flatnonzero(keep)
        return places + block.start, self.columns.figures[:, block][:, places]

    def _put_starter(self, row: int, track: Track) -> None:
        columns = self.columns
        columns.figures[:POPULARITY, row] = [track.features[name] for name in FEATURES]
        columns.figures[POPULARITY, row] = _popularity_figure(track)
        columns.genre[row] = self._genre_number(track.genre)
        columns.year[row] = track.year or UNKNOWN_YEAR
        columns.explicit[row] = _explicit_number(track)
        columns.artist[row] = artist_number(track.artist)
        columns.chosen_for[row] = sum(1 << EMOTIONS.index(emotion) for emotion in track.emotions)

    def _put_database(self, database: Path, count: int) -> None:
        """Read the figures of the file's ``count`` tracks, some thousands at a time."""
        columns, row = self.columns, len(self._starter)
        with closing(_connect(database)) as connection:
            cursor = connection.execute(
                "SELECT features, popularity, genre, year, explicit, artist_number FROM tracks ORDER BY number"
            )
            while rows := cursor.fetchmany(BLOCK_ROWS):
                features, popularity, genre, year, explicit, artist = zip(*rows, strict=True)
                here = slice(row, row + len(rows))
                columns.figures[:POPULARITY, here] = np.frombuffer(b"".join(features), "<f4").reshape(len(rows), -1).T
                columns.figures[POPULARITY, here] = popularity
                columns.genre[here] = [self._genre_number(name) for name in genre]
                columns.year[here] = year
                columns.explicit[here] = explicit
                columns.artist[here] = artist
                row += len(rows)

    def _genre_number(self, name: str | None) -> int:
        return self._genres.setdefault((name or "").lower(), len(self._genres))

    def _database_rows(self, ids: Sequence[str]) -> dict[str, int]:
        marks = ",".join("?" * len(ids))
        with closing(_connect(self._database)) as connection:
            found = connection.execute(f"SELECT id, number FROM tracks WHERE id IN ({marks})", ids).fetchall()
        # Tracks that were imported after this catalogue was loaded have no row here.
        last = len(self.columns.year)
        rows = {track_id: len(self._starter) + number - 1 for track_id, number in found}
        return {track_id: row for track_id, row in rows.items() if row < last}

    def _names(self, rows: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """id, title and artist of imported tracks by row."""
        if not rows:
            return {}
        numbers = [row - len(self._starter) + 1 for row in rows]
        marks = ",".join("?" * len(numbers))
        with closing(_connect(self._database)) as connection:
            found = connection.execute(
                f"SELECT number, id, title, artist FROM tracks WHERE number IN ({marks})", numbers
            ).fetchall()
        return {len(self._starter) + number - 1: tuple(names) for number, *names in found}

    def _track(self, row: int, names: tuple[str, str, str]) -> Track:
        track_id, title, artist = names
        *figures, popularity = self.columns.figures[:, row]
        return Track(
            id=track_id,
            title=title,
            artist=artist,
            year=int(self.columns.year[row]) or None,
            genre=self.genres[self.columns.genre[row]] or None,
            features={name: round(float(value), 6) for name, value in zip(FEATURES, figures, strict=True)},
            popularity=None if popularity < 0 else int(popularity),
            explicit={NOT_EXPLICIT: False, EXPLICIT: True}.get(int(self.columns.explicit[row])),
        )


class DatabaseWriter:
    """Imports tracks into the SQLite file ``path``: all of them, or none if anything interrupts it.

    Use as a context manager. Everything happens in a copy beside the file, which takes its place when the block ends
    without an exception; a server that reads the old file is not disturbed, and sees the new one when it starts anew.
    Importing the same tracks again changes nothing: a track keeps its number, what is new about it replaces the old.
    """

    def __init__(self, path: Path):
        self._path = path
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> DatabaseWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part.unlink(missing_ok=True)
        if self._path.is_file():
            _count(self._path)  # refuses a file that is no catalogue before it is copied
            shutil.copyfile(self._path, self._part)
        self._connection = sqlite3.connect(self._part, isolation_level=None)
        # The copy is thrown away after any fault, so it needs no journal of its own.
        self._connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
        self._connection.executescript(SCHEMA)
        self._connection.execute("BEGIN")
        self._before = self._rows()
        self._added = 0
        return self

    def add(self, tracks: Iterable[Track]) -> None:
        """Take over ``tracks``, which must have all features; those with an id that is there replace the old."""
        self._connection.executemany(UPSERT, (_database_row(track) for track in tracks))

    def __exit__(self, kind: type | None, *exc: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
                self._added = self._rows() - self._before
        finally:
            self._connection.close()
        if kind is None:
            _flush_to_disk(self._part)
            self._part.replace(self._path)
        else:
            self._part.unlink(missing_ok=True)

    @property
    def added(self) -> int:
        """How many tracks were new, once the block has ended."""
        return self._added

    def _rows(self) -> int:
        return self._connection.execute("SELECT coalesce(max(number), 0) FROM tracks").fetchone()[0]


def _database_row(track: Track) -> tuple:
    return (
        track.id,
        track.title,
        track.artist,
        artist_number(track.artist),
        track.year or UNKNOWN_YEAR,
        track.genre or "",
        _popularity_figure(track),
        _explicit_number(track),
        FEATURES_PACKING.pack(*[track.features[name] for name in FEATURES]),
    )


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


class _Best:
    """The ``count`` smallest of many distances that come in blocks."""

    def __init__(self, count: int):
        self._count = count
        self._rows = np.empty(0, np.intp)
        self._squares = np.empty(0, np.float32)
        self._bound = np.float32(np.inf)

    def add(self, rows: np.ndarray, squares: np.ndarray) -> None:
        # Once the bound is low, nearly every row of a block falls here, by one comparison.
        near = np.flatnonzero(squares < self._bound)
        if not len(near):
            return
        self._rows = np.concatenate((self._rows, rows[near]))
        self._squares = np.concatenate((self._squares, squares[near]))
        if len(self._rows) > self._count:
            kept = np.argpartition(self._squares, self._count - 1)[: self._count]
            self._rows, self._squares = self._rows[kept], self._squares[kept]
            self._bound = self._squares.max()

    def sorted(self) -> Nearest:
        order = np.lexsort((self._rows, self._squares))
        # Cancellation can leave a tiny negative square where a track sits on the target.
        distances = np.sqrt(np.maximum(self._squares[order].astype(np.float64), 0))
        return Nearest(rows=self._rows[order], distances=distances)


def distances(features: np.ndarray, targets: MusicTargets) -> np.ndarray:
    """(N,) float64 spread-scaled distances of ``features``, (N, 9) in FEATURES' order, from ``targets``.

    The root of the mean over the features of ((value - centre) / spread) ** 2.
    """
    centres = np.array([targets.features[name].centre for name in FEATURES])
    spreads = np.array([targets.features[name].spread for name in FEATURES])
    return np.sqrt(np.mean(((np.asarray(features, np.float64) - centres) / spreads) ** 2, axis=1))


def artist_number(artist: str) -> int:
    """A 32-bit number that is the same for the same artist, whatever the capitals."""
    return zlib.crc32(artist.strip().casefold().encode())


def _popularity_figure(track: Track) -> float:
    return UNKNOWN_POPULARITY if track.popularity is None else track.popularity


def _explicit_number(track: Track) -> int:
    return EXPLICIT_UNKNOWN if track.explicit is None else EXPLICIT if track.explicit else NOT_EXPLICIT


def read_starter(path: Path = STARTER_PATH) -> list[Track]:
    """The starter table's tracks. Raises SetupFault where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_starter_track(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SetupFault(
            [f"{path.name}: is not a readable table of tracks ({exc!r}). Restore it with `git checkout`."]
        ) from exc


def _starter_track(row: dict[str, str]) -> Track:
    return Track(
        id=row["id"],
        title=row["title"],
        artist=row["artist"],
        year=int(row["year"]),
        genre=row["genre"],
        features={name: float(row[name]) for name in FEATURES},
        emotions=tuple(row["emotions"].split()),
        popularity=int(row["popularity"]),
    )


def _weights(targets: Sequence[MusicTargets], wishes: Wishes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a column and its square are multiplied by, both (T, 10) float32, and what is added, (T, 1)."""
    centres = np.zeros((len(targets), len(FEATURES) + 1))
    weights = np.zeros_like(centres)
    for index, target in enumerate(targets):
        centres[index, :POPULARITY] = [target.features[name].centre for name in FEATURES]
        weights[index, :POPULARITY] = [target.features[name].spread ** -2 for name in FEATURES]
    if wishes.familiarity is not None:
        centres[:, POPULARITY] = 100 * wishes.familiarity
        weights[:, POPULARITY] = FAMILIARITY_SPREAD**-2
    weights /= len(FEATURES)
    constant = (weights * centres**2).sum(axis=1, keepdims=True)
    return (-2 * weights * centres).astype(np.float32), weights.astype(np.float32), constant.astype(np.float32)


def _any(masks: Iterable[np.ndarray]) -> np.ndarray:
    return np.logical_or.reduce(list(masks))


def _all(masks: Iterable[np.ndarray]) -> np.ndarray:
    return np.logical_and.reduce(list(masks))


def _connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)


def _count(database: Path) -> int:
    """How many tracks the file holds. Raises SetupFault where it is not a catalogue of this version."""
    try:
        with closing(_connect(database)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version != DATABASE_VERSION:
                raise SetupFault(
                    [
                        f"{database.name}: expected a catalogue of version {DATABASE_VERSION}, got {version}. "
                        "Delete it and import the tracks again."
                    ]
                )
            return connection.execute("SELECT coalesce(max(number), 0) FROM tracks").fetchone()[0]
    except sqlite3.Error as exc:
        raise SetupFault(
            [f"{database.name}: is not a readable catalogue ({exc}). Delete it and import the tracks again."]
        ) from exc
