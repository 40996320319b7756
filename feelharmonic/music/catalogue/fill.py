"""Tracks → Columns: from the shipped table, from Tracks, from the file of imported ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.columns import (
    FIRST_FELT,
    POPULARITY,
    UNKNOWN_POPULARITY,
    UNKNOWN_YEAR,
    Columns,
    artist_number,
    explicit_code,
)
from feelharmonic.music.catalogue.database import has_felt, reading
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.felt_mood import FELT, FeltMoodReader
from feelharmonic.music.messages import Track

#: Rows read from the file at a time.
READ_ROWS = 16_384

#: Gives a genre's number by its name, a new one where it has none.
GenreNumber = Callable[[str], int]


def fill_shipped(columns: Columns, table: ShippedTracks, genre_number: GenreNumber) -> None:
    """Put the shipped table's rows into the first places."""
    here = slice(0, len(table))
    columns.numeric[:POPULARITY, here] = table.features
    columns.numeric[POPULARITY, here] = table.popularity
    columns.numeric[FIRST_FELT:, here] = table.felt
    columns.genre[here] = np.array([genre_number(name) for name in table.genres], np.uint16)[table.genre]
    columns.year[here] = table.year
    columns.explicit[here] = table.explicit
    columns.artist[here] = table.artist_numbers
    columns.chosen_for[here] = table.emotions


def fill_tracks(columns: Columns, tracks: Sequence[Track], genre_number: GenreNumber) -> None:
    """Put ``tracks``, which have features, into the first places."""
    if not tracks:
        return
    features = np.array([[(track.features or {})[name] for name in FEATURES] for track in tracks])
    columns.numeric[:POPULARITY, : len(tracks)] = features.T
    columns.numeric[FIRST_FELT:, : len(tracks)] = felt_of(tracks).T
    for place, track in enumerate(tracks):
        columns.numeric[POPULARITY, place] = UNKNOWN_POPULARITY if track.popularity is None else track.popularity
        columns.genre[place] = genre_number((track.genre or "").lower())
        columns.year[place] = track.year or UNKNOWN_YEAR
        columns.explicit[place] = explicit_code(track.title, track.explicit)
        columns.artist[place] = artist_number(track.artist)
        columns.chosen_for[place] = sum(1 << EMOTIONS.index(emotion) for emotion in track.emotions)


def felt_of(tracks: Sequence[Track]) -> np.ndarray:
    """(N, 9) float32 in FELT's order, from what is known of tracks that have features."""
    return FeltMoodReader.load().read(
        np.array([[(track.features or {})[name] for name in FEATURES] for track in tracks]).reshape(len(tracks), -1),
        years=[track.year for track in tracks],
        words=[track.genre or "" for track in tracks],
        artists=[track.artist for track in tracks],
    )


def fill_database(columns: Columns, database: Path, place: int, genre_number: GenreNumber) -> None:
    """Put the file's tracks into the places from ``place``, some thousands at a time."""
    end = len(columns.year)
    felt_column = "felt" if has_felt(database) else "NULL"
    reader: FeltMoodReader | None = None
    with reading(database) as connection:
        cursor = connection.execute(
            f"SELECT features, popularity, genre, year, explicit, artist_number, {felt_column} FROM tracks "
            "ORDER BY number"
        )
        while place < end and (rows := cursor.fetchmany(min(READ_ROWS, end - place))):
            time.sleep(0)  # under gevent and eventlet the other listeners go on meanwhile
            features, popularity, genre, year, explicit, artist, felt = zip(*rows, strict=True)
            here = slice(place, place + len(rows))
            values = np.frombuffer(b"".join(features), "<f4").reshape(len(rows), -1)
            columns.numeric[:POPULARITY, here] = values.T
            columns.numeric[POPULARITY, here] = popularity
            columns.genre[here] = [genre_number(name) for name in genre]
            columns.year[here] = year
            columns.explicit[here] = explicit
            columns.artist[here] = artist
            if None in felt:  # imported by a release that did not predict it
                reader = reader or FeltMoodReader.load()
                read = reader.read(values, years=year, words=genre)
            else:
                read = np.frombuffer(b"".join(felt), np.uint8).reshape(len(rows), len(FELT)) / np.float32(255)
            columns.numeric[FIRST_FELT:, here] = read.T
            place += len(rows)
        if place < end:
            raise ValueError(f"{end - place} tracks are missing")
