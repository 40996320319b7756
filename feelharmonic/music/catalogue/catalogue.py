"""The tracks at hand: the starter table and what was imported."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES, MIN_INSTRUMENTALNESS
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.columns import (
    EXPLICIT,
    FIRST_FELT,
    NOT_EXPLICIT,
    POPULARITY,
    SOUNDS_EXPLICIT,
    Columns,
    Rows,
    text_hash,
)
from feelharmonic.music.catalogue.database import count_tracks, reading
from feelharmonic.music.catalogue.fill import fill_database, fill_shipped, fill_tracks
from feelharmonic.music.catalogue.nearest import (
    INSTRUMENTALNESS,
    Leaves,
    Measure,
    Nearest,
    Search,
    leaf_order,
)
from feelharmonic.music.catalogue.shipped import SHIPPED_PATH, ShippedTracks
from feelharmonic.music.messages import NO_WISHES, MusicTargets, Track, TrackId, Wishes
from feelharmonic.music.wishes.genres import SEPARATOR, means

#: Names read before other green threads get their turn.
NAMES_AT_A_TIME = 500

#: Ids that are asked of SQLite at once; it allows 32,766.
IDS_AT_A_TIME = 10_000

#: Genre wishes whose meaning is cached.
MAX_WISHES_CACHED = 1000

#: What makes one text of an artist and a title, equal for the same song.
SongKey = Callable[[str, str], str]


class Catalogue:
    """The tracks at hand. Read-only once loaded, so safe between threads. A row is a track's place, from 0."""

    def __init__(self, starter: Sequence[Track] | ShippedTracks, database: Path | None = None):
        """``starter``: tracks with features. ``database``: a file made by ``DatabaseWriter``, or None.

        Raises SetupFault where it is not such a file.
        """
        self._starter = starter if isinstance(starter, ShippedTracks) else tuple(starter)
        self._database = database
        self._genres: dict[str, int] = {"": 0}
        self._starter_places = {} if isinstance(starter, ShippedTracks) else {t.id: p for p, t in enumerate(starter)}
        count = count_tracks(database) if database else 0
        self.columns = Columns.empty(len(self._starter) + count)
        if isinstance(self._starter, ShippedTracks):
            fill_shipped(self.columns, self._starter, self._genre_number)
        else:
            fill_tracks(self.columns, self._starter, self._genre_number)
        if database:
            fill_database(self.columns, database, len(self._starter), self._genre_number)
        order, starts = leaf_order(self.columns.numeric)
        self.columns.reorder(order)
        self._leaves = Leaves.around(self.columns.numeric, starts)
        #: Where a row came from: the starter table's places, then the file's numbers; and the way back.
        self._places = order.astype(np.int32)
        self._rows_by_place = np.empty_like(self._places)
        self._rows_by_place[order] = np.arange(len(order), dtype=np.int32)
        self._naming = threading.Lock()
        self._names: dict[SongKey, tuple[np.ndarray, np.ndarray]] = {}
        #: Rows of the file that the starter table has too; the starter's know their emotions.
        self._doubles = self._find_doubles() if database else []
        self._picked = np.flatnonzero(self.columns.chosen_for)
        self._genres_meant: dict[str, np.ndarray] = {}

    @classmethod
    def load(cls, database: Path | None = None, shipped: Path = SHIPPED_PATH) -> Catalogue:
        """The shipped table, and the imported tracks where the file ``database`` is there."""
        return cls(ShippedTracks(shipped), database if database and database.is_file() else None)

    def current(self) -> Catalogue:
        """Itself; see CurrentCatalogue."""
        return self

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
        places = self._starter_rows(ids)
        found = {track_id: int(self._rows_by_place[place]) for track_id, place in places.items()}
        missing = [track_id for track_id in ids if track_id not in found]
        return {**self._database_rows(missing), **found} if self._database and missing else found

    def _starter_rows(self, ids: Sequence[str]) -> dict[str, int]:
        """The places in the shipped table, or among the tracks given instead, of those ids that are there."""
        if isinstance(self._starter, ShippedTracks):
            return self._starter.rows(ids)
        return {track_id: self._starter_places[track_id] for track_id in ids if track_id in self._starter_places}

    def felt(self, rows: Rows) -> np.ndarray:
        """(K, 9) float64 in FELT's order: how well each track fits each emotion, felt valence and arousal."""
        felt: np.ndarray = self.columns.numeric[FIRST_FELT:, np.asarray(rows, np.intp)].T.astype(np.float64)
        return felt

    def tracks(self, rows: Rows) -> list[Track]:
        """The tracks at ``rows``, in that order."""
        places = [int(self._places[row]) for row in rows]
        names = self._names_at([place for place in places if place >= len(self._starter)])
        return [
            self._starter[place] if place < len(self._starter) else self._track(row, names[place])
            for row, place in zip(rows, places, strict=True)
        ]

    def known(self, ids: Sequence[str]) -> dict[str, Track]:
        """The tracks of those ids that are here, with their features."""
        rows = self.rows(ids)
        return dict(zip(rows, self.tracks(list(rows.values())), strict=True))

    def named(self, keys: Sequence[str], key: SongKey) -> dict[str, Track]:
        """The tracks whose ``key(artist, title)`` is one of ``keys``; of several, the most popular one.

        The first call for a ``key`` reads every name once (seconds for a million tracks); later ones look them up.
        """
        hashes, places = self._names_by(key)
        found: dict[str, Track] = {}
        for wanted in dict.fromkeys(keys):
            start, end = np.searchsorted(hashes, [text_hash(wanted), text_hash(wanted) + 1])
            rows = [int(self._rows_by_place[place]) for place in places[start:end]]
            rows.sort(key=lambda row: -float(self.columns.numeric[POPULARITY, row]))
            # Two names may share a hash: the names themselves decide.
            same = (track for track in self.tracks(rows) if key(track.artist, track.title) == wanted)
            if (track := next(same, None)) is not None:
                found[wanted] = track
        return found

    def _names_by(self, key: SongKey) -> tuple[np.ndarray, np.ndarray]:
        """(N,) int64 sorted hashes of all names' keys, and the place of each. Cached for each ``key``."""
        with self._naming:
            if key not in self._names:
                self._names[key] = self._read_names(key)
            return self._names[key]

    def _read_names(self, key: SongKey) -> tuple[np.ndarray, np.ndarray]:
        """(N,) int64 sorted hashes of all names' keys, and the place of each."""
        hashes = [text_hash(key(track.artist, track.title)) for track in self._starter]
        places = list(range(len(hashes)))
        if self._database:
            with reading(self._database) as connection:
                rows = connection.execute("SELECT number, artist, title FROM tracks")
                for count, (number, artist, title) in enumerate(rows):
                    if count % NAMES_AT_A_TIME == 0:
                        time.sleep(0)  # under gevent and eventlet the other listeners go on meanwhile
                    place = len(self._starter) + number - 1
                    if place < len(self._places):
                        hashes.append(text_hash(key(artist, title)))
                        places.append(place)
        all_hashes = np.array(hashes, np.int64)
        order = np.argsort(all_hashes, kind="stable")
        return all_hashes[order], np.array(places, np.int32)[order]

    def features(self, rows: Rows) -> np.ndarray:
        """(K, 9) float64 in FEATURES' order and units."""
        values: np.ndarray = self.columns.numeric[: len(FEATURES), np.asarray(rows, np.intp)].T.astype(np.float64)
        return values

    def playable(self, rows: np.ndarray, wishes: Wishes, emotions: frozenset[str]) -> np.ndarray:
        """Those of ``rows`` that may play, in their order.

        ``emotions``: a track that somebody chose for other emotions only may not; none given, all may.
        """
        columns = self.columns
        # Each filter sees only what the one before it let pass; the first ones usually let the fewest.
        if wishes.instrumental_only:
            rows = rows[columns.numeric[INSTRUMENTALNESS, rows] > MIN_INSTRUMENTALNESS]
        if wishes.decades:
            year = columns.year[rows]
            rows = rows[_any((year >= decade) & (year < decade + 10) for decade in wishes.decades)]
        if wishes.explicit is False:
            explicit = columns.explicit[rows]
            rows = rows[(explicit != EXPLICIT) & (explicit != SOUNDS_EXPLICIT)]
        if (barred := self._of_genres(wishes.genres_barred)) is not None:
            rows = rows[~barred[columns.genre[rows]]]
        if wishes.familiarity is not None:
            rows = rows[columns.numeric[POPULARITY, rows] >= 0]
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

        The distance is that of ``nearest.distances``; little known tracks, or those far from the wished familiarity,
        are further, a liked genre and a choice by hand bring nearer. Exact: no track that is nearer is missed.
        """
        picked = self._picked[self._picked_for(emotions)]
        barred = np.zeros(len(self._places), bool)
        barred[[*without, *self._doubles]] = True
        picked = self.playable(picked[~barred[picked]], wishes, emotions)
        barred[picked] = True
        liked = self._of_genres(wishes.genres_liked)
        search = Search(
            numeric=self.columns.numeric,
            leaves=self._leaves,
            may_play=lambda rows: self.playable(rows[~barred[rows]], wishes, emotions),
            picked=picked,
            is_liked=None if liked is None else (lambda rows: liked[self.columns.genre[rows]]),
        )
        found = []
        for target in targets:
            time.sleep(0)  # under gevent and eventlet the other listeners go on meanwhile
            measure = Measure.of(target, wishes)
            found.append(search.nearest(measure, count, instrumental_only=wishes.instrumental_only))
        return found

    def _picked_for(self, emotions: frozenset[str]) -> np.ndarray:
        """Which of the rows that somebody chose by hand count as nearer: those for one of ``emotions``."""
        bits = sum(1 << EMOTIONS.index(emotion) for emotion in emotions)
        picked: np.ndarray = (self.columns.chosen_for[self._picked] & np.uint8(bits)).astype(bool)
        return picked

    def genres_meant(self, wishes: Iterable[str]) -> dict[str, int]:
        """For each wish how many tracks it means; 0 where no genre at hand is called so."""
        counts = np.bincount(self.columns.genre[self.different()], minlength=len(self._genres))
        return {wish: int(counts[self._of_genre(wish)].sum()) for wish in wishes}

    def decades(self) -> dict[int, int]:
        """How many tracks each decade has, by its first year; those of an unknown year count nowhere."""
        years, counts = np.unique(self.columns.year[self.different()] // 10 * 10, return_counts=True)
        return {int(year): int(count) for year, count in zip(years, counts, strict=True) if year > 0}

    def instrumental(self) -> int:
        """How many tracks have no singing."""
        return int((self.columns.numeric[INSTRUMENTALNESS, self.different()] > MIN_INSTRUMENTALNESS).sum())

    def _of_genres(self, wishes: Iterable[str]) -> np.ndarray | None:
        """(G,) bool, which genres the ``wishes`` mean; None where they mean none at hand."""
        meant = [self._of_genre(wish) for wish in wishes]
        found = np.logical_or.reduce(meant) if meant else np.zeros(1, bool)
        return found if found.any() else None

    def _of_genre(self, wish: str) -> np.ndarray:
        if wish not in self._genres_meant:
            if len(self._genres_meant) >= MAX_WISHES_CACHED:
                self._genres_meant.clear()
            self._genres_meant[wish] = np.array([means(wish, genre) for genre in self._genres], bool)
        return self._genres_meant[wish]

    def _genre_number(self, name: str) -> int:
        return self._genres.setdefault(name, len(self._genres))

    def _find_doubles(self) -> list[int]:
        """Rows of the file that the starter table has, too."""
        ids = self._starter.ids() if isinstance(self._starter, ShippedTracks) else list(self._starter_places)
        found: dict[str, int] = {}
        for start in range(0, len(ids), IDS_AT_A_TIME):
            found |= self._database_rows(ids[start : start + IDS_AT_A_TIME])
        return list(found.values())

    def _database_rows(self, ids: Sequence[str]) -> dict[str, int]:
        assert self._database is not None
        marks = ",".join("?" * len(ids))
        with reading(self._database) as connection:
            found = connection.execute(f"SELECT id, number FROM tracks WHERE id IN ({marks})", ids).fetchall()
        places = {track_id: len(self._starter) + number - 1 for track_id, number in found}
        # Tracks that were imported after this catalogue was loaded have no row here.
        return {
            track_id: int(self._rows_by_place[place]) for track_id, place in places.items() if place < len(self._places)
        }

    def _names_at(self, places: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """id, title and artist of imported tracks by place."""
        if not places:
            return {}
        assert self._database is not None
        numbers = [place - len(self._starter) + 1 for place in places]
        marks = ",".join("?" * len(numbers))
        with reading(self._database) as connection:
            found = connection.execute(
                f"SELECT number, id, title, artist FROM tracks WHERE number IN ({marks})", numbers
            ).fetchall()
        return {len(self._starter) + number - 1: tuple(names) for number, *names in found}

    def _track(self, row: int, names: tuple[str, str, str]) -> Track:
        text, title, artist = names
        track_id = TrackId.parse(text)
        numeric, popularity = self.columns.numeric[:POPULARITY, row], self.columns.numeric[POPULARITY, row]
        return Track(
            source=track_id.source,
            key=track_id.key,
            title=title,
            artist=artist,
            year=int(self.columns.year[row]) or None,
            genre=self.genres[self.columns.genre[row]].partition(SEPARATOR)[0] or None,
            features={name: round(float(value), 6) for name, value in zip(FEATURES, numeric, strict=True)},
            popularity=None if popularity < 0 else int(popularity),
            explicit={NOT_EXPLICIT: False, EXPLICIT: True}.get(int(self.columns.explicit[row])),
        )


def _any(masks: Iterable[np.ndarray]) -> np.ndarray:
    mask: np.ndarray = np.logical_or.reduce(list(masks))
    return mask
