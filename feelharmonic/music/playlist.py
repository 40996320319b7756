"""A playlist as people have it → its tracks' names: a CSV of the common export tools, or lines "artist – title". Pure.

In: text. Out: PlaylistLines, and the key under which the same song is found in a table that spells it a little
otherwise. Nothing is guessed: a line that names no artist and title is kept as it is, to be told as unknown.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from typing import NamedTuple

from feelharmonic.errors import BadInput

MOST_LINES = 2000

LONGEST_LINE = 1000

#: A longer artist or title is cut to this; no real one is so long.
MAX_NAME_CHARS = 200

#: Columns as Exportify, Soundiiz, TuneMyMusic and the like name them, lower case, spaces for everything else.
ID_COLUMNS = ("track uri", "spotify id", "spotify uri", "track id", "uri", "id", "spotify url", "track url")

TITLE_COLUMNS = ("track name", "title", "name", "song", "song name", "track")

ARTIST_COLUMNS = ("artist name s", "artist name", "artists", "artist", "artist names", "track artist")

# Each pattern takes time linear in the text: no repetition starts again at each place that an earlier try passed over.
_ID = re.compile(r"(?:^|track[:/])([0-9A-Za-z]{22})(?:\?|$)")

_DASH = re.compile(r"\s[-–—]\s")

_NO_LETTERS = re.compile(r"[^a-z]+")

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
    """One entry: Spotify's ``track_id`` or None; ``artist`` is empty where the line does not tell."""

    track_id: str | None
    artist: str
    title: str


def read_playlist(text: str) -> list[PlaylistLine]:
    """The entries of ``text``, a CSV with a header or one song a line. Raises BadInput for too many or none."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    if not lines:
        raise BadInput("Expected a playlist: a CSV, or a line for each song, got nothing.")
    if len(lines) > MOST_LINES + 1:
        raise BadInput(f"Expected at most {MOST_LINES} songs, got {len(lines)} lines.")
    if max(map(len, lines)) > LONGEST_LINE:
        raise BadInput(f"Expected lines of at most {LONGEST_LINE} characters, got {max(map(len, lines))}.")
    columns = _columns(lines[0])
    return _table(lines, columns) if columns else [_spoken(line.strip()) for line in lines]


def song_key(artist: str, title: str) -> str:
    """The same for one song however it is spelt: case, accents, signs, guests and remasters do not count."""
    return f"{_plain(_without_guests(_name(artist)))}\n{_plain(_without_asides(_name(title)))}"


def _name(text: str) -> str:
    """``text`` on one line, at most MAX_NAME_CHARS long."""
    return " ".join(text[:LONGEST_LINE].split())[:MAX_NAME_CHARS]


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


def _columns(header: str) -> dict[str, int] | None:
    """Where id, artist and title are, if ``header`` is a CSV's that has title and artist, or an id."""
    for separator in (",", ";", "\t"):
        names = [_NO_LETTERS.sub(" ", name.lower()).strip() for name in _cells(header, separator)]
        kinds = {"id": ID_COLUMNS, "artist": ARTIST_COLUMNS, "title": TITLE_COLUMNS}
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        found = {kind: next((places[name] for name in known if name in places), -1) for kind, known in kinds.items()}
        if len(names) > 1 and (found["id"] >= 0 or (found["artist"] >= 0 and found["title"] >= 0)):
            return {**found, "separator": ord(separator)}
    return None


def _cells(line: str, separator: str) -> list[str]:
    return next(csv.reader([line], delimiter=separator), [])


def _table(lines: list[str], columns: dict[str, int]) -> list[PlaylistLine]:
    rows = csv.reader(io.StringIO("\n".join(lines[1:])), delimiter=chr(columns["separator"]))

    def cell(row: list[str], kind: str) -> str:
        place = columns[kind]
        return row[place].strip() if 0 <= place < len(row) else ""

    try:
        entries = [
            PlaylistLine(_track_id(cell(row, "id")), _name(cell(row, "artist")), _name(cell(row, "title")))
            for row in rows
        ]
    except csv.Error as exc:  # a quoted cell that never ends
        raise BadInput(f"Expected a CSV of a playlist, got one that cannot be read ({exc}).") from exc
    return [entry for entry in entries if any(entry)]


def _spoken(line: str) -> PlaylistLine:
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
