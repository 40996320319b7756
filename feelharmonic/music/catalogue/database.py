"""Imported tracks in SQLite: schema, writer, connection."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from operator import itemgetter
from pathlib import Path

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.columns import UNKNOWN_POPULARITY, UNKNOWN_YEAR, artist_number, explicit_code
from feelharmonic.music.felt_mood import FeltMoodReader

#: In the file's header; a file made by another program or an older version is refused.
DATABASE_VERSION = 1

#: ``number`` runs from 1 without gaps: a track's row after the starter table's. ``features``: nine little-endian
#: float32 in FEATURES' order. ``felt``: nine bytes in FELT's order, 0..255 for 0..1; NULL where an older release
#: imported the track. Years, popularity and explicit are coded as in Columns.
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
    features BLOB NOT NULL,
    felt BLOB
);
PRAGMA user_version = {DATABASE_VERSION};
"""

UPSERT = """
INSERT INTO tracks (id, title, artist, artist_number, year, genre, popularity, explicit, features, felt)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET title = excluded.title, artist = excluded.artist,
    artist_number = excluded.artist_number, year = excluded.year, genre = excluded.genre,
    popularity = excluded.popularity, explicit = excluded.explicit, features = excluded.features,
    felt = excluded.felt
"""

#: The file's name in the application's instance folder.
DATABASE_NAME = "catalogue.db"

#: What DatabaseWriter takes over: id, title, artist, year, genre, popularity, explicit (None where unknown), the nine
#: features in FEATURES' order, and the words that say what the track feels like (genres, playlists). Plain tuples,
#: since there may be a million of them.
ImportedTrack = tuple[str, str, str, "int | None", "str | None", "int | None", "bool | None", tuple[float, ...], str]


class DatabaseWriter:
    """Imports tracks into the SQLite file ``path``: all of them, or none if anything interrupts it.

    Use as a context manager. Everything happens in a copy beside the file, which takes its place when the block ends
    without an exception; a server that reads the old file is not disturbed and sees the new one after a restart.
    Importing the same tracks again changes nothing: a track keeps its number, new values replace the old ones.
    """

    def __init__(self, path: Path):
        self._path = path
        self._part = path.with_name(path.name + ".part")

    def __enter__(self) -> DatabaseWriter:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._part.unlink(missing_ok=True)
        try:
            self._begin()
        except BaseException:
            self._part.unlink(missing_ok=True)
            raise
        return self

    def _begin(self) -> None:
        if self._path.is_file():
            count_tracks(self._path)  # refuses a file that is no catalogue before it is copied
            shutil.copyfile(self._path, self._part)
        self._connection = sqlite3.connect(self._part, isolation_level=None)
        # The copy is thrown away after any fault, so it needs no journal of its own.
        self._connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-65536;")
        self._connection.executescript(SCHEMA)
        if not _has_felt(self._connection):
            self._connection.execute("ALTER TABLE tracks ADD COLUMN felt BLOB")
        self._felt = FeltMoodReader.load()
        self._connection.execute("BEGIN")
        self._before = self._rows()
        self._added = 0

    def add(self, tracks: Sequence[ImportedTrack]) -> None:
        """Take over ``tracks``; one with an id that is there replaces it. Thousands at once go fastest."""
        if not tracks:
            return
        ids, titles, artists, years, genres, popularity, explicit, features, words = zip(*tracks, strict=True)
        values = np.array(features, np.float64)  # (N, 9)
        felt = np.round(self._felt.read(values, years=years, words=words, artists=artists) * 255).astype(np.uint8)
        # By column: for a million rows a function called for each would take as long as SQLite.
        rows = list(
            zip(
                ids,
                titles,
                artists,
                map(artist_number, artists),
                [year or UNKNOWN_YEAR for year in years],
                [genre or "" for genre in genres],
                [UNKNOWN_POPULARITY if number is None else number for number in popularity],
                map(explicit_code, titles, explicit),
                _packed(values.astype("<f4")),
                _packed(felt),
                strict=True,
            )
        )
        # In the index's order, neighbours go to the same page of it. The sort is stable: of doubles the last stays.
        rows.sort(key=itemgetter(0))
        self._connection.executemany(UPSERT, rows)

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        try:
            try:
                if kind is None:
                    self._connection.execute("COMMIT")
                    self._added = self._rows() - self._before
            finally:
                self._connection.close()
            if kind is None:
                _flush_to_disk(self._part)
                self._part.replace(self._path)
        finally:
            self._part.unlink(missing_ok=True)  # where it took the file's place, there is none

    @property
    def added(self) -> int:
        """How many tracks were new, once the block has ended."""
        return self._added

    def _rows(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(number), 0) FROM tracks").fetchone()[0])


def _packed(rows: np.ndarray) -> list[bytes]:
    """Each row's bytes."""
    packed: list[bytes] = np.ascontiguousarray(rows).view(f"V{rows.shape[1] * rows.itemsize}").ravel().tolist()
    return packed


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def connect(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)


def has_felt(database: Path) -> bool:
    """Whether the file was made by a release that tells what tracks feel like."""
    with closing(connect(database)) as connection:
        return _has_felt(connection)


def _has_felt(connection: sqlite3.Connection) -> bool:
    return any(name == "felt" for _, name, *_ in connection.execute("PRAGMA table_info(tracks)"))


def count_tracks(database: Path) -> int:
    """How many tracks the file holds. Raises SetupFault where it is not a catalogue of this version."""
    with reading(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != DATABASE_VERSION:
            raise SetupFault(
                [
                    f"{database.name}: expected a catalogue of version {DATABASE_VERSION}, got {version}. "
                    "Delete it and import the tracks again."
                ]
            )
        return int(connection.execute("SELECT coalesce(max(number), 0) FROM tracks").fetchone()[0])


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only reads. Raises SetupFault where the file turns out to be damaged."""
    try:
        with closing(connect(database)) as connection:
            yield connection
    except (sqlite3.Error, ValueError, TypeError) as exc:  # the latter two for values that no catalogue holds
        raise SetupFault(
            [f"{database.name}: is not a readable catalogue ({exc}). Delete it and import the tracks again."]
        ) from exc
