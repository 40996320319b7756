"""The library in SQLite: every sound file, what it says of itself, how it sounds, where its listener placed it.

In and out: LibraryFile. The file lies in the instance folder; several processes may read it while one scans.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURE_RANGES, FEATURES
from feelharmonic.errors import SetupFault

#: The files' names in the application's instance folder: the library, and the tracks made of it.
LIBRARY_NAME = "library.db"
OWN_TRACKS_NAME = "library-tracks.db"

LIBRARY_VERSION = 1

#: In the state: 1 where the tracks that are searched are older than what the library holds.
TRACKS_STALE = "tracks_stale"

#: How long a writer waits for another one.
LOCK_TIMEOUT_S = 10.0

#: Bytes of randomness in the key by which a file is known outside: nobody can guess one, and it says nothing.
KEY_BYTES = 12


#: Another number where the same sound would be understood otherwise: files are then read again.
ANALYSIS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFile:
    """A file of the library. ``key``: its name outside, the same after it was moved or retagged. ``fault``: why it
    cannot be read, "" where it can. ``sound``: nine float32 in FEATURES' order as its sound gave them, None before it
    was read; ``method``: by what ("sound" or "vibenet"). ``named``: those of the catalogue's row of the same name.
    ``loudness_lufs``, ``peak`` (0 or more), ``pitch_class`` (0 C .. 11 B) and ``mode`` (1 major, 0 minor) are measured.
    ``placed_valence`` and ``placed_energy``: where its listener put it, 0..1. ``tagged_moods``: what a server says."""

    key: str
    path: str
    size: int
    modified_ns: int
    fault: str = ""
    title: str = ""
    artist: str = ""
    album: str = ""
    year: int | None = None
    genre: str = ""
    duration_s: float = 0.0
    sound_hash: str = ""
    analysis: int = 0
    method: str = ""
    sound: bytes | None = None
    named: bytes | None = None
    loudness_lufs: float | None = None
    peak: float | None = None
    clarity: float | None = None
    pitch_class: int | None = None
    mode: int | None = None
    key_clarity: float | None = None
    placed_valence: float | None = None
    placed_energy: float | None = None
    tagged_moods: str = ""


COLUMNS = tuple(item.name for item in fields(LibraryFile))

SCHEMA = f"""
CREATE TABLE IF NOT EXISTS files (
    key TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL, modified_ns INTEGER NOT NULL,
    fault TEXT NOT NULL, title TEXT NOT NULL, artist TEXT NOT NULL, album TEXT NOT NULL, year INTEGER,
    genre TEXT NOT NULL, duration_s REAL NOT NULL, sound_hash TEXT NOT NULL, analysis INTEGER NOT NULL,
    method TEXT NOT NULL, sound BLOB, named BLOB, loudness_lufs REAL, peak REAL, clarity REAL, pitch_class INTEGER,
    mode INTEGER, key_clarity REAL, placed_valence REAL, placed_energy REAL, tagged_moods TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS files_by_hash ON files (sound_hash);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL);
PRAGMA user_version = {LIBRARY_VERSION};
"""

PUT = f"INSERT OR REPLACE INTO files ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def new_key() -> str:
    """An opaque key: letters, digits, "-" and "_"."""
    return secrets.token_urlsafe(KEY_BYTES)


class LibraryStore:
    """The library's file. Each call opens a connection of its own, so it is safe between threads."""

    def __init__(self, path: Path):
        self.path = path

    def exists(self) -> bool:
        return self.path.is_file()

    @contextmanager
    def writing(self) -> Iterator[LibraryWriter]:
        """A writer; what it wrote is there once it commits. Raises SetupFault where the file is no library."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._faults(), closing(sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S)) as connection:
            self._check(connection)
            # Readers go on while a scan writes; a kill loses at most what was not committed.
            connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)
            yield LibraryWriter(connection)
            connection.commit()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._faults(), closing(sqlite3.connect(self.path, timeout=LOCK_TIMEOUT_S)) as connection:
            self._check(connection)
            yield connection

    def files(self) -> list[LibraryFile]:
        """Every file, in the order of artist, album and path."""
        if not self.exists():
            return []
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM files ORDER BY artist, album, path")
            return [_file_of(row) for row in rows]

    def file(self, key: str) -> LibraryFile | None:
        found = self.files_by_key([key])
        return found.get(key)

    def files_by_key(self, keys: Sequence[str]) -> dict[str, LibraryFile]:
        """Those of ``keys`` that are here."""
        if not keys or not self.exists():
            return {}
        marks = ",".join("?" * len(keys))
        with self._reading() as connection:
            rows = connection.execute(f"SELECT {', '.join(COLUMNS)} FROM files WHERE key IN ({marks})", list(keys))
            return {found.key: found for found in map(_file_of, rows)}

    def state(self) -> dict[str, str]:
        """What the last scan said of itself."""
        if not self.exists():
            return {}
        with self._reading() as connection:
            return dict(connection.execute("SELECT name, value FROM state").fetchall())

    def _check(self, connection: sqlite3.Connection) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, LIBRARY_VERSION):
            raise SetupFault(
                [
                    f"{self.path.name}: expected a library of version {LIBRARY_VERSION}, got {version}. "
                    "Delete it and scan the music again."
                ]
            )

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as exc:
            if isinstance(exc, sqlite3.OperationalError) and "locked" in str(exc):
                raise
            raise SetupFault(
                [f"{self.path.name}: is not a readable library ({exc}). Delete it and scan the music again."]
            ) from exc


class LibraryWriter:
    """Changes the library within `LibraryStore.writing`."""

    def __init__(self, connection: sqlite3.Connection):
        self._connection = connection

    def put(self, file: LibraryFile) -> None:
        """Add ``file``, in the place of the one with its key and of one with its path."""
        self._connection.execute(PUT, [getattr(file, name) for name in COLUMNS])

    def remove(self, keys: Iterable[str]) -> None:
        self._connection.executemany("DELETE FROM files WHERE key = ?", [(key,) for key in keys])

    def name(self, features: Mapping[str, bytes | None]) -> None:
        """Set the features by name of the files with these keys."""
        rows = [(value, key) for key, value in features.items()]
        self._connection.executemany("UPDATE files SET named = ? WHERE key = ?", rows)

    def place(self, key: str, point: tuple[float, float] | None) -> bool:
        """Keep where the listener put a track, or forget it; whether the track is here. The next scan writes the tracks
        anew."""
        valence, energy = point or (None, None)
        self.set_state({TRACKS_STALE: 1})
        cursor = self._connection.execute(
            "UPDATE files SET placed_valence = ?, placed_energy = ? WHERE key = ?", (valence, energy, key)
        )
        return cursor.rowcount > 0

    def set_state(self, values: Mapping[str, object]) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO state VALUES (?, ?)", [(name, str(value)) for name, value in values.items()]
        )

    def commit(self) -> None:
        self._connection.commit()


def _file_of(row: Sequence[object]) -> LibraryFile:
    return LibraryFile(**dict(zip(COLUMNS, row, strict=True)))  # type: ignore[arg-type]


def packed(features: dict[str, float]) -> bytes:
    """Nine little-endian float32 in FEATURES' order, within their ranges."""
    values = [float(np.clip(features[name], *FEATURE_RANGES[name])) for name in FEATURES]
    return np.array(values, "<f4").tobytes()


def unpacked(data: bytes) -> dict[str, float]:
    return {name: float(value) for name, value in zip(FEATURES, np.frombuffer(data, "<f4"), strict=True)}
