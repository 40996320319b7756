"""A playlist as people have it → its tracks' names: a CSV of the common export tools, or lines "artist – title". Pure.

In: text. Out: PlaylistLines, and the key under which the same song is found in a table that spells it a little
otherwise. Nothing is guessed: a line that names no artist and title comes back as it is, as unknown.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.csv_table import find_columns
from feelharmonic.music.messages import SPOTIFY_KEY

MAX_LINES = 2000

MAX_LINE_CHARS = 1000

#: Longer artists and titles are cut to this; real ones are shorter.
MAX_NAME_CHARS = 200

# Each pattern takes time linear in the text: no repetition starts again at each place that an earlier try passed over.
_ID = re.compile(rf"(?:^|track[:/])({SPOTIFY_KEY.pattern})(?:\?|$)")

_DASH = re.compile(r"\s[-–—]\s")

_BRACKETS = re.compile(r"[()\[\]]")

#: What tables add to a title that stays the same song. A live take or another mix is another song, remastered or not.
_GUEST = re.compile(r"(?:feat|ft|with)\b", re.IGNORECASE)

_GUEST_AT_END = re.compile(r"\s(?:feat|ft)\.\s", re.IGNORECASE)

_REMASTER = re.compile(r"\bremaster(?:ed)?\b", re.IGNORECASE)

_OTHER_TAKE = re.compile(r"\b(?:live|mix|remix|acoustic|demo|instrumental)\b", re.IGNORECASE)

_REMASTER_AT_END = re.compile(
    r"\s-\s(?:\d{4}\s)?(?:digital\s)?remaster(?:ed)?(?:\s\d{4})?(?:\sversion)?\Z", re.IGNORECASE
)


class PlaylistLine(NamedTuple):
    """One entry: Spotify's ``track_id`` or None; ``artist`` is empty where the line names none."""

    track_id: str | None
    artist: str
    title: str


def read_playlist(text: str) -> list[PlaylistLine]:
    """The entries of ``text``, a CSV with a header or one song a line. Raises BadInput for too many or none."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise BadInput("Expected a playlist: a CSV, or a line for each song, got nothing.")
    if len(lines) > MAX_LINES + 1:
        raise BadInput(f"Expected at most {MAX_LINES} songs, got {len(lines)} lines.")
    if max(map(len, lines)) > MAX_LINE_CHARS:
        raise BadInput(f"Expected lines of at most {MAX_LINE_CHARS} characters, got {max(map(len, lines))}.")
    columns = _columns(lines[0])
    return _table(lines, columns) if columns else [_plain_line(line.strip()) for line in lines]


def song_key(artist: str, title: str) -> str:
    """The same for one song however it is spelt: case, accents, signs, guests and remasters do not count."""
    return f"{_plain(_without_guests(_name(artist)))}\n{_plain(_without_asides(_name(title)))}"


def _name(text: str) -> str:
    """``text`` on one line, at most MAX_NAME_CHARS long."""
    return " ".join(text[:MAX_LINE_CHARS].split())[:MAX_NAME_CHARS]


def _without_guests(artist: str) -> str:
    """``artist`` up to what is said to be a guest. Not up to a comma: it may be part of a name (Earth, Wind & Fire)."""
    guest = _GUEST_AT_END.search(artist)
    ends = [guest.start()] if guest else []
    for bracket in _BRACKETS.finditer(artist):
        if bracket[0] in "([" and _GUEST.match(artist, bracket.end()):
            ends.append(bracket.start())
            break
    return artist[: min(ends, default=None)]


def _without_asides(title: str) -> str:
    """``title`` without its guests and the note that it was remastered."""
    kept, start, openings = [], 0, []
    for bracket in _BRACKETS.finditer(title):
        if bracket[0] in "([":
            openings.append(bracket.start())
        else:
            opening = _aside_start(title, openings, bracket.start())
            if opening is not None:
                kept.append(title[start:opening])
                start = bracket.end()
            openings = []
    rest = "".join([*kept, title[start:]])
    guest = _GUEST_AT_END.search(rest)
    return _REMASTER_AT_END.sub("", rest[: guest.start()] if guest else rest.rstrip())


def _aside_start(title: str, openings: list[int], end: int) -> int | None:
    """The first of ``openings`` that begins an aside which closes at ``end``."""
    if not openings:
        return None
    remasters = [word.start() for word in _REMASTER.finditer(title, openings[0], end)]
    other_takes = [word.start() for word in _OTHER_TAKE.finditer(title, openings[0], end)]
    remaster, other_take = max(remasters, default=-1), max(other_takes, default=-1)
    for opening in openings:
        if _GUEST.match(title, opening + 1) or other_take < opening < remaster:
            return opening
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """How a CSV is read: its ``separator`` and the ``places`` of id, artist and title, of those that it has."""

    separator: str
    places: dict[str, int]

    def cell(self, row: list[str], name: str) -> str:
        place = self.places.get(name, len(row))
        return row[place].strip() if place < len(row) else ""


def _columns(header: str) -> _Columns | None:
    """What ``header`` says, if it is a CSV's that has title and artist, or an id."""
    for separator in (",", ";", "\t"):
        names = _cells(header, separator)
        places = find_columns(names)
        if len(names) > 1 and ("id" in places or {"artist", "title"} <= places.keys()):
            return _Columns(separator=separator, places=places)
    return None


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _table(lines: list[str], columns: _Columns) -> list[PlaylistLine]:
    rows = csv.reader(io.StringIO("\n".join(lines[1:])), delimiter=columns.separator)
    try:
        entries = [
            PlaylistLine(
                _track_id(columns.cell(row, "id")),
                _name(columns.cell(row, "artist")),
                _name(columns.cell(row, "title")),
            )
            for row in rows
        ]
    except csv.Error as exc:  # a quoted cell that never ends
        raise BadInput(f"Expected a CSV of a playlist, got one that cannot be read ({exc}).") from exc
    return [entry for entry in entries if any(entry)]


def _plain_line(line: str) -> PlaylistLine:
    """ "artist – title", or a track's address."""
    if track_id := _track_id(line):
        return PlaylistLine(track_id, "", "")
    artist, *title = map(_name, _DASH.split(line, maxsplit=1))
    return PlaylistLine(None, artist, title[0]) if title else PlaylistLine(None, "", artist)


def _track_id(text: str) -> str | None:
    found = _ID.search(text)
    return found[1] if found else None


def _plain(text: str) -> str:
    """Lower case, without accents, letters and digits only."""
    # One sign may become 18 letters, an accented letter four.
    apart = unicodedata.normalize("NFKD", text.casefold())[: 4 * MAX_NAME_CHARS]
    kept = "".join(letter if letter.isalnum() else " " for letter in apart if not unicodedata.combining(letter))
    # A name made of signs alone is what it is.
    return " ".join(kept.split()) or " ".join(text.casefold().split())
