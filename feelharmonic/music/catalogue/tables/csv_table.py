"""Public tables of tracks (CSV) → TrackLines, or what is wrong with a line.

In: a file in one of the common public schemas. Out, line by line: a TrackLine, or a Rejected with the line's number and
the reason. Nothing is guessed: a line without a valid id, title, artist or feature is rejected, never repaired.
"""

from __future__ import annotations

import ast
import functools
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from feelharmonic.audio_features import FEATURE_RANGES, FEATURES
from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.tables.column_names import COLUMN_NAMES, find_columns
from feelharmonic.music.catalogue.tables.table_text import (
    LOST,
    Records,
    find_encoding,
    read_header,
    refuse_wrong_encoding,
)
from feelharmonic.music.felt_mood import FeltMoodReader
from feelharmonic.music.messages import SPOTIFY_KEY

#: What says in words what a track feels like.
WORD_COLUMNS = ("genre", "genres", "subgenres", "playlists")

NEEDED_TO_IMPORT = ("id", "title", "artist", *FEATURES)

#: A table to be ranked needs no ids: lines are called by their numbers.
NEEDED_TO_SCORE = FEATURES

(MIN_LOUDNESS, MAX_LOUDNESS), (_, MAX_TEMPO) = FEATURE_RANGES["loudness"], FEATURE_RANGES["tempo"]

MIN_YEAR, MAX_YEAR = 1860, 2100

#: Two-digit years up to this belong to 2000 and later (the table `data_moods` has dates like 10/27/82).
MAX_SHORT_YEAR = 30

MAX_TEXT_CHARS = 500

#: Different years, genres and the like whose values are cached while a table is read.
CACHE_SIZE = 4096

ID_SEPARATOR = re.compile(r"[:/]")

DATE_YEAR = re.compile(r"(\d{4})(?:-\d{1,2}(?:-\d{1,2})?)?(?:\.0)?")

SHORT_DATE = re.compile(r"\d{1,2}/\d{1,2}/(\d{4}|\d{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A line that is not used: its number in the file (from 1, the header's), why, and its fields."""

    line: int
    reason: str
    fields: tuple[str, ...]


class TrackLine(NamedTuple):
    """One line's track; ``features``: nine floats in FEATURES' order and units; ``words``: genres, subgenres and
    playlists, whatever the table has of them, joined by "|"; the rest as in messages.Track.

    A named tuple, since a large table has a million of them and frozen dataclasses take five times as long to make.
    """

    id: str
    title: str
    artist: str
    year: int | None
    genre: str | None
    popularity: int | None
    explicit: bool | None
    features: tuple[float, ...]
    words: str


class ScoredLine(NamedTuple):
    """One line of a table to be ranked: what is unknown is None or empty."""

    id: str
    features: tuple[float, ...] | None
    year: int | None
    words: str
    artist: str


class Table:
    """A CSV file of tracks, open for reading once. Use as a context manager."""

    def __init__(self, path: Path, needed: tuple[str, ...]):
        """``needed``: which of COLUMN_NAMES must be among the columns. Raises BadInput where one is missing or
        the file is no text with a header."""
        self.size_bytes = path.stat().st_size
        self._path = path
        #: How the file's text is encoded.
        self.encoding = find_encoding(path)
        self._raw = path.open("rb")
        try:
            # In an attribute: a text reader that is garbage-collected closes the file below it.
            self._text = text = io.TextIOWrapper(self._raw, encoding=self.encoding, newline="")
            delimiter, header, number = read_header(text, needed, path.name)
            self.columns = header
            self._places = find_columns(header)
            missing = [name for name in needed if name not in self._places]
            if missing:
                raise BadInput(
                    f"{path.name}: has no column for {', '.join(missing)}. "
                    f"Expected e.g. {', '.join('|'.join(COLUMN_NAMES[name][:3]) for name in missing[:4])}; "
                    f"got {', '.join(self.columns[:12])}."
                )
            self._records = Records(text, delimiter, len(header), number + 1)
        except UnicodeDecodeError:
            self._raw.close()
            raise refuse_wrong_encoding(path, self.encoding) from None
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *exc: object) -> None:
        self._raw.close()

    @property
    def read_bytes(self) -> int:
        """How much of the file has been read, for a progress bar."""
        return self._raw.tell()

    def tracks(self) -> Iterator[TrackLine | Rejected]:
        """Each line as a whole track, or the reason why it is none."""
        read = _track_reader(self._places)
        for line, fields in self._lines():
            try:
                yield read(fields)
            except ValueError as exc:
                yield Rejected(line=line, reason=str(exc), fields=tuple(fields))
            except IndexError:
                reason = f"expected {len(self.columns)} fields, got {len(fields)}"
                yield Rejected(line=line, reason=reason, fields=tuple(fields))

    def scored(self) -> Iterator[ScoredLine]:
        """Each line's id, whatever its form, and its nine features; None where one of them is missing or no number."""
        pick = {name: self._places.get(name) for name in ("id", "year", "artist")}
        places, words_of = [self._places[name] for name in FEATURES], _words_reader(self._places)

        def text(fields: list[str], name: str) -> str:
            place = pick[name]
            return fields[place].strip() if place is not None and place < len(fields) else ""

        for line, fields in self._lines():
            try:
                values = tuple(_float(fields[place]) for place in places)
                words = words_of(fields)
            except (ValueError, IndexError):
                values, words = (), ""
            known = bool(values) and all(map(math.isfinite, values))
            yield ScoredLine(
                text(fields, "id") or str(line),
                values if known else None,
                _year_or_none(text(fields, "year")),
                words,
                text(fields, "artist"),
            )

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """Each record's first line and its fields. Raises BadInput where the file leaves its encoding."""
        try:
            yield from self._records
        except UnicodeDecodeError:
            raise refuse_wrong_encoding(self._path, self.encoding) from None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoredTracks:
    """A table's tracks by their features. ``ids``, ``years``, ``words``, ``artists`` and ``features``, (N, 9) float64
    in FEATURES' order: of lines that can be read; ``unread``: the ids of those that cannot."""

    ids: list[str]
    features: np.ndarray
    years: list[int | None]
    words: list[str]
    artists: list[str]
    unread: list[str]

    def felt(self) -> np.ndarray:
        """(N, 9) in FELT's order: what the tracks feel like, from all that the table says of them."""
        return FeltMoodReader.load().read(self.features, years=self.years, words=self.words, artists=self.artists)

    def felt_by_features(self) -> np.ndarray:
        """The same by the features alone."""
        return FeltMoodReader.load().read(self.features)


def read_scored(path: Path) -> ScoredTracks:
    """The tracks of the CSV file ``path`` by their features. Raises BadInput where it has no column for them."""
    with Table(path, NEEDED_TO_SCORE) as table:
        lines = list(table.scored())
    known = [line for line in lines if line.features is not None]
    return ScoredTracks(
        ids=[line.id for line in known],
        features=np.array([line.features for line in known], np.float64).reshape(len(known), len(FEATURES)),
        years=[line.year for line in known],
        words=[line.words for line in known],
        artists=[line.artist for line in known],
        unread=[line.id for line in lines if line.features is None],
    )


def _year_or_none(text: str) -> int | None:
    try:
        return _year(text)
    except ValueError:
        return None


def _track_reader(places: dict[str, int]) -> Callable[[list[str]], TrackLine]:
    """A function from a line's fields to a TrackLine, built once per table; it raises ValueError with the reason.

    It runs a million times for a large table: what can be looked up once is, and what repeats is remembered.
    """
    pick_texts = itemgetter(places["id"], places["title"], places["artist"])
    pick_features = itemgetter(*(places[name] for name in FEATURES))
    optional = [places.get(name) for name in ("year", "popularity", "explicit")]
    words_of = _words_reader(places)
    # A table with several genres a track has them in "genres"; they are kept as they are, joined by "|".
    genre_place = places.get("genre", places.get("genres"))

    def read(fields: list[str]) -> TrackLine:
        track_id, title, artist = pick_texts(fields)
        year, popularity, explicit = ["" if place is None else fields[place] for place in optional]
        return TrackLine(
            track_id if SPOTIFY_KEY.fullmatch(track_id) else _id_within(track_id),
            _text("title", title),
            _artist(artist),
            _year(year),
            None if genre_place is None else _genre(fields[genre_place]),
            _popularity(popularity),
            _explicit(explicit),
            _features(pick_features(fields)),
            words_of(fields),
        )

    return read


def _words_reader(places: dict[str, int]) -> Callable[[Sequence[str]], str]:
    """A function from a line's fields to the words of its genres and playlists, joined by "|"."""
    own = [places[name] for name in WORD_COLUMNS if name in places]
    if len(own) == 1:
        return itemgetter(own[0])
    return lambda fields: "|".join([fields[place] for place in own])


def _features(texts: tuple[str, ...]) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, texts))
    except ValueError:
        numbers = tuple(map(_number, FEATURES, texts))  # decimal commas; finds the one that is no number
    if not _in_range(*numbers):
        for name, number in zip(FEATURES, numbers, strict=True):
            low, high = FEATURE_RANGES[name]
            if not low <= number <= high:
                raise ValueError(f"{name}: expected {low:g} to {high:g}, got {number:g}")
    return numbers


def _in_range(
    acousticness: float,
    danceability: float,
    energy: float,
    instrumentalness: float,
    liveness: float,
    loudness: float,
    speechiness: float,
    tempo: float,
    valence: float,
) -> bool:
    """Whether all are in FEATURE_RANGES, which NaN is not. Written out: a loop takes a fifth of a line's time."""
    return (
        0 <= acousticness <= 1
        and 0 <= danceability <= 1
        and 0 <= energy <= 1
        and 0 <= instrumentalness <= 1
        and 0 <= liveness <= 1
        and MIN_LOUDNESS <= loudness <= MAX_LOUDNESS
        and 0 <= speechiness <= 1
        and 0 <= tempo <= MAX_TEMPO
        and 0 <= valence <= 1
    )


def _number(name: str, text: str) -> float:
    try:
        return _float(text)
    except ValueError:
        raise ValueError(f"{name}: expected a number, got {text[:40]!r}") from None


def _float(text: str) -> float:
    """A number, with a decimal point or, as spreadsheets in much of Europe write it, a decimal comma."""
    return float(text.replace(",", ".", 1) if "," in text else text)


def _id_within(text: str) -> str:
    """The id in a URI (spotify:track:…) or an address (…/track/…?si=…), which some tables hold."""
    track_id = ID_SEPARATOR.split(text.strip())[-1].partition("?")[0]
    if not SPOTIFY_KEY.fullmatch(track_id):
        raise ValueError(f"id: expected 22 letters and digits, got {text[:40]!r}")
    return track_id


def _text(name: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise ValueError(f"{name}: is empty")
    if LOST in text:
        raise ValueError(
            f"{name}: holds a sign that an earlier conversion lost ({text[:40]!r}); save the table as UTF-8"
        )
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"{name}: expected at most {MAX_TEXT_CHARS} characters, got {len(text)}")
    return text


def _artist(text: str) -> str:
    """The artists' names, separated by commas; some tables hold a Python list or semicolons."""
    text = _text("artist", text)
    if text.startswith("[") and text.endswith("]"):
        try:
            names = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return text
        return _text("artist", ", ".join(str(name) for name in names))
    return text.replace(";", ", ") if ";" in text else text


@functools.lru_cache(CACHE_SIZE)
def _year(text: str) -> int | None:
    """A year, or the year of a date; None for none and for 0."""
    text = text.strip()
    if not text or text in ("0", "0.0", "0000"):
        return None
    if (match := DATE_YEAR.fullmatch(text)) is not None:
        year = int(match[1])
    elif (match := SHORT_DATE.fullmatch(text)) is not None:
        year = int(match[1])
        if year < 100:
            year += 2000 if year <= MAX_SHORT_YEAR else 1900
    else:
        raise ValueError(f"year: expected a year or a date, got {text[:40]!r}")
    if not MIN_YEAR <= year <= MAX_YEAR:
        raise ValueError(f"year: expected {MIN_YEAR} to {MAX_YEAR}, got {year}")
    return year


@functools.lru_cache(CACHE_SIZE)
def _genre(text: str) -> str | None:
    return text.strip().lower() or None


@functools.lru_cache(CACHE_SIZE)
def _popularity(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    number = _number("popularity", text)
    if not 0 <= number <= 100:
        raise ValueError(f"popularity: expected 0 to 100, got {text[:40]}")
    return int(number)


@functools.lru_cache(CACHE_SIZE)
def _explicit(text: str) -> bool | None:
    known = {"": None, "true": True, "false": False, "1": True, "0": False, "1.0": True, "0.0": False}
    try:
        return known[text.strip().lower()]
    except KeyError:
        raise ValueError(f"explicit: expected true or false, got {text[:40]!r}") from None
