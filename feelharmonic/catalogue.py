"""The tracks at hand, and the nearest ones to a target.

In: the starter table inside the package and, where it is there, the SQLite file that `flask catalogue import` fills.
Out: rows by spread-scaled distance, and Tracks. Only figures are held in memory (about 56 bytes a track); titles and
artists of imported tracks stay in the file until they are chosen. No network, no taste: who plays what is the
provider's business.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import sqlite3
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np

from feelharmonic.errors import SetupFault
from feelharmonic.messages import EMOTIONS, FEATURES, MusicTargets, Track, Wishes

STARTER_PATH = Path(__file__).resolve().parent / "starter_tracks.csv"

#: So many names are read before others get their turn.
NAMES_AT_A_TIME = 500

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

#: Rows in a bunch at most. Tracks that sound alike lie together, so that a search looks into few bunches.
BUNCH_ROWS = 512
#: How many bunches a search looks into at a time: few at first, since they are the likeliest, then ever more.
FEWEST_BUNCHES, MOST_BUNCHES = 4, 64

#: Rows read from the file at a time.
READ_ROWS = 16_384

NO_WISHES = Wishes()

POPULARITY = len(FEATURES)
INSTRUMENTALNESS = FEATURES.index("instrumentalness")


#: What DatabaseWriter takes over: id, title, artist, year, genre, popularity, explicit (None where unknown), and the
#: nine features in FEATURES' order. Plain tuples, since there may be a million of them.
ImportedTrack = tuple[str, str, str, "int | None", "str | None", "int | None", "bool | None", tuple[float, ...]]


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

    def reorder(self, order: np.ndarray) -> None:
        """Put row order[i] at i, in place and column by column: all at once would take the memory twice."""
        for column in (*self.figures, self.genre, self.year, self.explicit, self.artist, self.chosen_for):
            column[:] = column[order]


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
        self._starter_places = {track.id: place for place, track in enumerate(self._starter)}
        count = _count(database) if database else 0
        self.columns = Columns.empty(len(self._starter) + count)
        for place, track in enumerate(self._starter):
            self._put_starter(place, track)
        if database:
            self._put_database(database, count)
        order, starts = _bunched(self.columns.figures)
        self.columns.reorder(order)
        self._bunches = _Bunches.around(self.columns.figures, starts)
        #: Where a row came from: the starter table's places, then the file's numbers; and the way back.
        self._places = order.astype(np.int32)
        self._rows_by_place = np.empty_like(self._places)
        self._rows_by_place[order] = np.arange(len(order), dtype=np.int32)
        self._naming = threading.Lock()
        self._names_known: tuple[np.ndarray, np.ndarray] | None = None
        #: Rows of the file that the starter table has too; the starter's know their emotions.
        self._doubles = list(self._database_rows(list(self._starter_places)).values()) if database else []

    @classmethod
    def load(cls, database: Path | None = None, starter: Path = STARTER_PATH) -> Catalogue:
        """The starter table, and the imported tracks where the file ``database`` is there."""
        return cls(read_starter(starter), database if database and database.is_file() else None)

    def __len__(self) -> int:
        """How many different tracks there are."""
        return len(self.columns.year) - len(self._doubles)

    def different(self) -> np.ndarray:
        """(K,) intp: all rows, each track once."""
        return np.delete(np.arange(len(self._places)), self._doubles)

    @property
    def genres(self) -> tuple[str, ...]:
        """The genres' names, lower case, by their numbers in ``columns.genre``; the first is the empty one."""
        return tuple(self._genres)

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The rows of those ids that are here."""
        places = {track_id: self._starter_places[track_id] for track_id in ids if track_id in self._starter_places}
        found = {track_id: int(self._rows_by_place[place]) for track_id, place in places.items()}
        missing = [track_id for track_id in ids if track_id not in found]
        return {**self._database_rows(missing), **found} if self._database and missing else found

    def tracks(self, rows: Sequence[int]) -> list[Track]:
        """The tracks at ``rows``, in that order."""
        places = [int(self._places[row]) for row in rows]
        names = self._names([place for place in places if place >= len(self._starter)])
        return [
            self._starter[place] if place < len(self._starter) else self._track(row, names[place])
            for row, place in zip(rows, places, strict=True)
        ]

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here, with their features."""
        rows = self.rows(ids)
        return dict(zip(rows, self.tracks(list(rows.values())), strict=True))

    def named(self, keys: Sequence[str], key: Callable[[str, str], str]) -> dict[str, Track]:
        """The tracks whose ``key(artist, title)`` is one of ``keys``; of several, the best known one.

        The first call reads every name once (a few seconds for a million tracks); later ones look them up.
        """
        with self._naming:
            if self._names_known is None:
                self._names_known = self._read_names(key)
        hashes, places = self._names_known
        found: dict[str, Track] = {}
        for wanted in dict.fromkeys(keys):
            start, end = np.searchsorted(hashes, [_hash(wanted), _hash(wanted) + 1])
            rows = [int(self._rows_by_place[place]) for place in places[start:end]]
            rows.sort(key=lambda row: -float(self.columns.figures[-1, row]))
            # Two names may share a hash: the names themselves decide.
            same = (track for track in self.tracks(rows) if key(track.artist, track.title) == wanted)
            if (track := next(same, None)) is not None:
                found[wanted] = track
        return found

    def _read_names(self, key: Callable[[str, str], str]) -> tuple[np.ndarray, np.ndarray]:
        """(N,) int64 sorted hashes of all names' keys, and the place of each."""
        hashes = [_hash(key(track.artist, track.title)) for track in self._starter]
        places = list(range(len(hashes)))
        if self._database:
            with closing(_connect(self._database)) as connection:
                rows = connection.execute("SELECT number, artist, title FROM tracks")
                for count, (number, artist, title) in enumerate(rows):
                    if count % NAMES_AT_A_TIME == 0:
                        time.sleep(0)  # under gevent and eventlet the other listeners go on meanwhile
                    place = len(self._starter) + number - 1
                    if place < len(self._places):
                        hashes.append(_hash(key(artist, title)))
                        places.append(place)
        all_hashes = np.array(hashes, np.int64)
        order = np.argsort(all_hashes, kind="stable")
        return all_hashes[order], np.array(places, np.int32)[order]

    def features(self, rows: Sequence[int]) -> np.ndarray:
        """(K, 9) float64 in FEATURES' order and units."""
        return self.columns.figures[: len(FEATURES), np.asarray(rows, np.intp)].T.astype(np.float64)

    def playable(self, rows: np.ndarray, wishes: Wishes, emotions: frozenset[str]) -> np.ndarray:
        """Those of ``rows`` that may play, in their order.

        ``emotions``: a track that somebody chose for other emotions only may not; none given, all may.
        """
        columns = self.columns
        # Each filter sees only what the one before it let pass; the first ones usually let the fewest.
        if wishes.instrumental_only:
            rows = rows[columns.figures[INSTRUMENTALNESS, rows] > LEAST_INSTRUMENTAL]
        if wishes.decades:
            year = columns.year[rows]
            rows = rows[_any((year >= decade) & (year < decade + 10) for decade in wishes.decades)]
        if wishes.explicit is False:
            rows = rows[columns.explicit[rows] != EXPLICIT]
        if barred := self._genre_numbers(wishes.genres_barred):
            rows = rows[~self._is_of(rows, barred)]
        if wishes.familiarity is not None:
            rows = rows[columns.figures[POPULARITY, rows] >= 0]
        if emotions:
            bits = np.uint8(sum(1 << EMOTIONS.index(emotion) for emotion in emotions))
            chosen_for = columns.chosen_for[rows]
            rows = rows[(chosen_for & bits).astype(bool) | (chosen_for == 0)]
        return rows

    def nearest(
        self,
        targets: Sequence[MusicTargets],
        count: int,
        *,
        wishes: Wishes = NO_WISHES,
        emotions: frozenset[str] = frozenset(),
        without: Iterable[int] = (),
    ) -> list[Nearest]:
        """For each of ``targets`` the ``count`` nearest ``playable`` tracks, but for rows in ``without``.

        The distance is the root of the mean over the nine features of ((value - centre) / spread) ** 2; a wish for
        familiarity adds a tenth term, a liked genre brings nearer. Exact: no track that is nearer is missed.
        """
        barred = np.zeros(len(self._places), bool)
        barred[[*without, *self._doubles]] = True
        return [self._nearest(_Measure.of(target, wishes), count, wishes, emotions, barred) for target in targets]

    def _nearest(
        self, measure: _Measure, count: int, wishes: Wishes, emotions: frozenset[str], barred: np.ndarray
    ) -> Nearest:
        """Look into one bunch of tracks after the other, the nearest first, until none left can hold a nearer track."""
        liked = self._genre_numbers(wishes.genres_liked)
        floors = measure.floors(self._bunches) * (LIKED_GENRE_FACTOR if liked else 1.0)
        if wishes.instrumental_only:
            floors[self._bunches.highest[INSTRUMENTALNESS] <= LEAST_INSTRUMENTAL] = np.inf
        order = np.argsort(floors, kind="stable")
        floors = floors[order]
        best, seen, together = _Best(count), 0, FEWEST_BUNCHES
        while seen < (end := min(seen + together, int(np.searchsorted(floors, best.bound)))):
            rows = self._bunches.rows(order[seen:end])
            rows = self.playable(rows[~barred[rows]], wishes, emotions)
            squares = measure.squares(self.columns.figures[:, rows])
            if liked:
                squares[self._is_of(rows, liked)] *= LIKED_GENRE_FACTOR
            best.add(rows, squares)
            seen, together = end, min(2 * together, MOST_BUNCHES)
        return best.sorted()

    def _genre_numbers(self, names: Iterable[str]) -> list[int]:
        return [self._genres[name] for name in names if name in self._genres]

    def _is_of(self, rows: np.ndarray, genres: Sequence[int]) -> np.ndarray:
        """(K,) bool: which rows are of one of ``genres``, of which there is at least one."""
        genre = self.columns.genre[rows]
        return _any(genre == number for number in genres)

    def _put_starter(self, place: int, track: Track) -> None:
        columns = self.columns
        columns.figures[:POPULARITY, place] = [track.features[name] for name in FEATURES]
        columns.figures[POPULARITY, place] = UNKNOWN_POPULARITY if track.popularity is None else track.popularity
        columns.genre[place] = self._genre_number(track.genre)
        columns.year[place] = track.year or UNKNOWN_YEAR
        columns.explicit[place] = EXPLICIT_UNKNOWN if track.explicit is None else int(track.explicit)
        columns.artist[place] = artist_number(track.artist)
        columns.chosen_for[place] = sum(1 << EMOTIONS.index(emotion) for emotion in track.emotions)

    def _put_database(self, database: Path, count: int) -> None:
        """Read the figures of the file's ``count`` tracks, some thousands at a time."""
        columns, place = self.columns, len(self._starter)
        with closing(_connect(database)) as connection:
            cursor = connection.execute(
                "SELECT features, popularity, genre, year, explicit, artist_number FROM tracks ORDER BY number"
            )
            while rows := cursor.fetchmany(READ_ROWS):
                features, popularity, genre, year, explicit, artist = zip(*rows, strict=True)
                here = slice(place, place + len(rows))
                columns.figures[:POPULARITY, here] = np.frombuffer(b"".join(features), "<f4").reshape(len(rows), -1).T
                columns.figures[POPULARITY, here] = popularity
                columns.genre[here] = [self._genre_number(name) for name in genre]
                columns.year[here] = year
                columns.explicit[here] = explicit
                columns.artist[here] = artist
                place += len(rows)

    def _genre_number(self, name: str | None) -> int:
        return self._genres.setdefault((name or "").lower(), len(self._genres))

    def _database_rows(self, ids: Sequence[str]) -> dict[str, int]:
        marks = ",".join("?" * len(ids))
        with closing(_connect(self._database)) as connection:
            found = connection.execute(f"SELECT id, number FROM tracks WHERE id IN ({marks})", ids).fetchall()
        places = {track_id: len(self._starter) + number - 1 for track_id, number in found}
        # Tracks that were imported after this catalogue was loaded have no row here.
        return {
            track_id: int(self._rows_by_place[place]) for track_id, place in places.items() if place < len(self._places)
        }

    def _names(self, places: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """id, title and artist of imported tracks by place."""
        if not places:
            return {}
        numbers = [place - len(self._starter) + 1 for place in places]
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

    def add(self, tracks: Iterable[ImportedTrack]) -> None:
        """Take over ``tracks``; one with an id that is there replaces it. Tens of thousands at once go fastest."""
        # In the index's order, neighbours go to the same page of it. The sort is stable: of doubles the last stays.
        self._connection.executemany(UPSERT, sorted(map(_database_row, tracks), key=itemgetter(0)))

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


def _database_row(track: ImportedTrack) -> tuple:
    track_id, title, artist, year, genre, popularity, explicit, features = track
    return (
        track_id,
        title,
        artist,
        artist_number(artist),
        year or UNKNOWN_YEAR,
        genre or "",
        UNKNOWN_POPULARITY if popularity is None else popularity,
        EXPLICIT_UNKNOWN if explicit is None else int(explicit),
        FEATURES_PACKING.pack(*features),
    )


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


class _Best:
    """The ``count`` smallest of many squared distances that come part by part."""

    def __init__(self, count: int):
        self._count = count
        self._rows = np.empty(0, np.intp)
        self._squares = np.empty(0, np.float32)
        #: No row from here up can be among them.
        self.bound = np.float32(np.inf)

    def add(self, rows: np.ndarray, squares: np.ndarray) -> None:
        near = np.flatnonzero(squares < self.bound)
        self._rows = np.concatenate((self._rows, rows[near]))
        self._squares = np.concatenate((self._squares, squares[near]))
        if len(self._rows) > self._count:
            kept = np.argpartition(self._squares, self._count - 1)[: self._count]
            self._rows, self._squares = self._rows[kept], self._squares[kept]
            self.bound = self._squares.max()

    def sorted(self) -> Nearest:
        order = np.lexsort((self._rows, self._squares))
        return Nearest(rows=self._rows[order], distances=np.sqrt(self._squares[order].astype(np.float64)))


def distances(features: np.ndarray, targets: MusicTargets) -> np.ndarray:
    """(N,) float64 spread-scaled distances of ``features``, (N, 9) in FEATURES' order, from ``targets``.

    The root of the mean over the features of ((value - centre) / spread) ** 2.
    """
    centres = np.array([targets.features[name].centre for name in FEATURES])
    spreads = np.array([targets.features[name].spread for name in FEATURES])
    return np.sqrt(np.mean(((np.asarray(features, np.float64) - centres) / spreads) ** 2, axis=1))


def _hash(text: str) -> int:
    """62 bits of a checksum, the same in every process."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 2


def artist_number(artist: str) -> int:
    """A 32-bit number that is the same for the same artist, whatever the capitals."""
    return zlib.crc32(artist.strip().casefold().encode())


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Measure:
    """How far a track is from a target: ``centres`` and ``weights``, both (10, 1) float32, one per figure."""

    centres: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, target: MusicTargets, wishes: Wishes) -> _Measure:
        centres = [target.features[name].centre for name in FEATURES]
        weights = [target.features[name].spread ** -2 / len(FEATURES) for name in FEATURES]
        if wishes.familiarity is None:
            centres, weights = [*centres, 0.0], [*weights, 0.0]
        else:
            centres.append(100 * wishes.familiarity)
            weights.append(FAMILIARITY_SPREAD**-2 / len(FEATURES))
        return cls(centres=np.array(centres, np.float32)[:, None], weights=np.array(weights, np.float32)[:, None])

    def squares(self, figures: np.ndarray) -> np.ndarray:
        """(10, K) figures → (K,) float32 squared distances."""
        differences = figures - self.centres
        np.square(differences, out=differences)
        return self.weights[:, 0] @ differences

    def floors(self, bunches: _Bunches) -> np.ndarray:
        """(B,) float32: the least squared distance that a track in each bunch can have."""
        return self.squares(np.clip(self.centres, bunches.lowest, bunches.highest))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Bunches:
    """Which rows lie together. ``starts``: (B + 1,) intp, bunch i is rows starts[i] to starts[i + 1]. ``lowest`` and
    ``highest``: (10, B) float32, the box around each bunch."""

    starts: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def around(cls, figures: np.ndarray, starts: Sequence[int]) -> _Bunches:
        if not figures.shape[1]:
            nothing = np.empty((len(figures), 0), np.float32)
            return cls(starts=np.zeros(1, np.intp), lowest=nothing, highest=nothing)
        return cls(
            starts=np.array([*starts, figures.shape[1]], np.intp),
            lowest=np.minimum.reduceat(figures, starts, axis=1),
            highest=np.maximum.reduceat(figures, starts, axis=1),
        )

    def rows(self, chosen: np.ndarray) -> np.ndarray:
        """(K,) intp: the rows of the bunches ``chosen``, one bunch after the other."""
        return np.concatenate([np.arange(self.starts[bunch], self.starts[bunch + 1]) for bunch in chosen])


def _bunched(figures: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """An order of (10, N) figures in which near ones lie together, (N,) intp, and where each bunch starts in it.

    A k-d tree's leaves: halved at the median of the feature that differs most, until a half is small enough.
    """
    order, starts = np.arange(figures.shape[1]), []
    if not len(order):
        return order, starts
    scales = figures[:POPULARITY].std(axis=1) + np.float32(1e-6)
    waiting = [(0, len(order))]
    while waiting:
        start, stop = waiting.pop()
        if stop - start <= BUNCH_ROWS:
            starts.append(start)
            continue
        here = order[start:stop]
        sample = figures[:POPULARITY, here[:: len(here) // BUNCH_ROWS]]
        widest = np.argmax(sample.std(axis=1) / scales)
        middle = len(here) // 2
        order[start:stop] = here[np.argpartition(figures[widest, here], middle)]
        waiting += [(start + middle, stop), (start, start + middle)]
    return order, starts


def _any(masks: Iterable[np.ndarray]) -> np.ndarray:
    return np.logical_or.reduce(list(masks))


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
