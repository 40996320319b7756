"""A playlist as people have it → its songs, whatever its form: a table of an export tool, a player's list, JSON, lines.

In: text. Out: PlaylistLines. The form is recognised by structure: a table with any separator and a header within its
first lines; M3U and PLS; XSPF and JSPF; Spotify's JSON export; lines "artist – title", numbered or not. What is none
of these is refused with what was seen. Nothing is guessed: what names no song comes back as it is, as unknown.
"""

from __future__ import annotations

import csv
import json
import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from feelharmonic.errors import BadInput
from feelharmonic.music.catalogue.tables.column_names import find_columns, id_column, plain_name, track_reference
from feelharmonic.music.messages import SPOTIFY_KEY
from feelharmonic.music.song_names import name_of

MAX_SONGS = 10_000
#: A header is looked for within the first lines: some exporters write a title above it.
HEADER_LINES = 10
#: Lines by which a table without a header is recognised, and the share of them that must have the same number of cells.
TABLE_LINES, TABLE_SHARE = 50, 0.8
#: A longer line is no line of a list.
MAX_LINE_CHARS = 1000
#: How deep JSON is searched for songs.
MAX_JSON_DEPTH = 12
#: The share of signs that only binary files have.
MAX_CONTROL_SHARE = 0.01

SEPARATORS = (",", ";", "\t", "|")
#: What makes a refusal: at most this many columns are named.
MAX_COLUMNS_TOLD = 8

_SEPARATOR_LINE = re.compile(r"sep=(.)\s*\Z", re.I)
_DASH = re.compile(r"\s[-–—]\s|\t")
#: YouTube's channels of artists, before the title.
_CHANNEL = re.compile(r"\s-\sTopic(?=\s[-–—]\s|\t)")
#: A number, a sign of a list, or the time at which a song begins in a set.
_NUMBERED = re.compile(r"(?:\d{1,5}[.)]|[-*•]|\[?(?:\d{1,2}:)?\d{1,3}:\d\d\]?)\s")
_BY = re.compile(r"\sby\s", re.I)
_FILE_NUMBER = re.compile(r"\d{1,3}(?:[\s._-]+|\Z)")
_PLS_ENTRY = re.compile(r"(File|Title)(\d{1,6})=(.*)", re.I)
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{2,4}\Z")
_WEB_PAGE = re.compile(r"<(?:!doctype\shtml|html)", re.I)
#: Apple's lists name their kind so; any other document type may hold entities.
_PLIST_TYPE = re.compile(r'<!DOCTYPE plist PUBLIC "[^"<>]{1,200}" "[^"<>]{1,200}">')
_MARKUP = re.compile(r"<[a-z!?]", re.I)


class PlaylistLine(NamedTuple):
    """One entry: Spotify's ``track_id`` or None; ``artist`` is empty where the line names none. ``ordered``: whether
    it is known which of both is the artist; a line "A – B" may be either."""

    track_id: str | None
    artist: str
    title: str
    ordered: bool = True


def read_playlist(text: str) -> list[PlaylistLine]:
    """The entries of ``text``. Raises BadInput where it is no playlist, naming what was seen, or holds too many."""
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise BadInput("Expected a playlist: a CSV, or a line for each song, got nothing.")
    _refuse_binary(text)
    entries = [entry for entry in _entries(text) if entry.track_id or entry.artist or entry.title]
    if not entries:
        raise BadInput("Expected a playlist with songs, got one without.")
    if len(entries) > MAX_SONGS:
        raise BadInput(f"Expected at most {MAX_SONGS:,} songs, got {len(entries):,}.")
    return entries


def _entries(text: str) -> Iterator[PlaylistLine]:
    head = text.lstrip()
    if head.startswith(("{", "[")) and (read := _json(head)) is not None:
        return read
    if _MARKUP.match(head):
        return _markup(head)
    lines = [line for line in text.split("\n") if line.strip()]
    if any(line.startswith(("#EXTM3U", "#EXTINF")) for line in lines[:HEADER_LINES]):
        return _m3u(lines)
    if lines[0].strip().casefold() == "[playlist]":
        return _pls(lines)
    return _table(text, lines) or _plain_lines(lines)


def _refuse_binary(text: str) -> None:
    sample = text[:20_000]
    strange = sum(sign < " " and sign not in "\t\n\f" for sign in sample) + sample.count("\ufffd") // 4
    if strange > MAX_CONTROL_SHARE * len(sample):
        raise BadInput("Expected a playlist as text, got a binary file, such as a picture or a spreadsheet.")


# Tables


def _table(text: str, lines: Sequence[str]) -> Iterator[PlaylistLine] | None:
    """The rows of a table whose header names songs, or that holds Spotify's ids; None where ``text`` is no table."""
    named = _SEPARATOR_LINE.match(lines[0])
    body = text.split("\n", 1)[1] if named and "\n" in text else text
    for separator in (named[1],) if named else SEPARATORS:
        rows = list(_rows(body, separator))
        for number, row in enumerate(rows[:HEADER_LINES]):
            places = find_columns(row)
            if len(row) > 1 and ("title" in places or "id" in places) and not _holds_ids(row):
                return _table_entries(rows[number + 1 :], places)
        if any(len(row) > 1 for row in rows) and (ids := id_column(rows)) is not None:
            return _table_entries(rows, {"id": ids})
    _refuse_unknown_table(body)
    return None


def _rows(text: str, separator: str) -> Iterator[list[str]]:
    csv.field_size_limit(sys.maxsize if sys.maxsize < 2**31 else 2**31 - 1)
    try:
        for row in csv.reader(text.split("\n"), delimiter=separator):
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as exc:  # a quoted cell that never ends
        raise BadInput(f"Expected a CSV of a playlist, got one that cannot be read ({exc}).") from exc


def _holds_ids(row: Sequence[str]) -> bool:
    return any(SPOTIFY_KEY.fullmatch(cell.strip()) or track_reference(cell) for cell in row)


def _table_entries(rows: Sequence[Sequence[str]], places: dict[str, int]) -> Iterator[PlaylistLine]:
    named_ids = places.get("id")
    found_ids = id_column(rows)

    def cell(row: Sequence[str], place: int | None) -> str:
        return row[place].strip() if place is not None and place < len(row) else ""

    for row in rows:
        track_id = _track_id(cell(row, named_ids)) or _track_id(cell(row, found_ids))
        artist, title = (name_of(cell(row, places.get(name))) for name in ("artist", "title"))
        if title and not artist:
            # TuneMyMusic writes a video's whole name into the first column.
            yield _plain_line(title)._replace(track_id=track_id)
        else:
            yield PlaylistLine(track_id, artist, title)


def _refuse_unknown_table(text: str) -> None:
    """Raises BadInput for lines that have the same number of cells, three or more, under names that nobody knows."""
    lines = [line for line in text.split("\n") if line.strip()][:TABLE_LINES]
    for separator in SEPARATORS:
        counts = Counter(line.count(separator) + 1 for line in lines)
        cells, times = counts.most_common(1)[0]
        if len(lines) >= 3 and cells >= 3 and times >= TABLE_SHARE * len(lines):
            columns = ", ".join(name.strip()[:40] for name in lines[0].split(separator)[:MAX_COLUMNS_TOLD])
            raise BadInput(f"Expected a table with a title, or with Spotify's ids, got one with the columns {columns}.")


# Players' lists


def _m3u(lines: Sequence[str]) -> Iterator[PlaylistLine]:
    """Extended M3U: the line above a path names the song; a path without one is read by its folders."""
    named: PlaylistLine | None = None
    for line in lines:
        if line.startswith("#"):
            if line.upper().startswith("#EXTINF:"):
                named = _plain_line(line.partition(",")[2])
            continue
        yield named or _file(line)
        named = None


def _pls(lines: Sequence[str]) -> Iterator[PlaylistLine]:
    titles: dict[int, str] = {}
    files: dict[int, str] = {}
    for line in lines:
        if (entry := _PLS_ENTRY.match(line.strip())) is not None:
            (titles if entry[1].casefold() == "title" else files)[int(entry[2])] = entry[3]
    for number in sorted({*titles, *files}):
        yield _plain_line(titles[number]) if titles.get(number) else _file(files[number])


def _file(path: str) -> PlaylistLine:
    """A song by its file: "Artist/Album/01 Title.mp3", or "Artist - Title.mp3"."""
    if track_id := _track_id(path):
        return PlaylistLine(track_id, "", "")
    parts = PurePosixPath(path.strip().replace("\\", "/")).parts
    stem = _FILE_NUMBER.sub("", _EXTENSION.sub("", parts[-1]), count=1) if parts else ""
    line = _plain_line(stem)
    return line if line.artist or len(parts) < 3 else PlaylistLine(None, name_of(parts[-3]), line.title)


def _markup(text: str) -> Iterator[PlaylistLine]:
    """The songs of XSPF, of iTunes' XML or of Windows' WPL. Raises BadInput for other markup."""
    seen = "a web page" if _WEB_PAGE.match(text) else "XML of another kind"
    text = _PLIST_TYPE.sub("", text, count=1)
    if _WEB_PAGE.match(text) or "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise BadInput(f"Expected a playlist, got {seen}.")
    try:
        # The declaration names an encoding, which no longer holds of text.
        root = ElementTree.fromstring(text.partition("?>")[2] if text.startswith("<?xml") else text)
    except ElementTree.ParseError as exc:
        raise BadInput(f"Expected a playlist, got markup that cannot be read ({exc}).") from exc
    read = {"playlist": _xspf, "plist": _plist, "smil": _wpl}.get(_local(root))
    entries = read(root) if read else []
    if not entries:
        raise BadInput(f"Expected a playlist, got {seen} (<{_local(root)[:40]}>).")
    return iter(entries)


def _xspf(root: ElementTree.Element) -> list[PlaylistLine]:
    entries = []
    for track in (element for element in root.iter() if _local(element) == "track"):
        values = {_local(child): child.text or "" for child in track}
        place = values.get("location", "") or values.get("identifier", "")
        artist, title = name_of(values.get("creator", "")), name_of(values.get("title", ""))
        entries.append(PlaylistLine(_track_id(place), artist, title))
    return entries


def _plist(root: ElementTree.Element) -> list[PlaylistLine]:
    """iTunes' XML: a dictionary for each track, keys and values in turn."""
    entries = []
    for dictionary in root.iter("dict"):
        children = list(dictionary)
        values = {key.text: value.text or "" for key, value in zip(children[::2], children[1::2], strict=False)}
        if "Track ID" in values and "Name" in values:
            entries.append(PlaylistLine(None, name_of(values.get("Artist", "")), name_of(values["Name"])))
    return entries


def _wpl(root: ElementTree.Element) -> list[PlaylistLine]:
    return [_file(media.get("src", "")) for media in root.iter() if _local(media) == "media"]


def _local(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2].casefold()


# JSON


def _json(text: str) -> Iterator[PlaylistLine] | None:
    """The songs of Spotify's own export, of JSPF, or of any JSON whose objects name a title; None for text that only
    begins like JSON. Raises BadInput for JSON without songs."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    entries = list(_songs(document, 0))
    if not entries:
        kind = (
            "an object with the keys " + ", ".join(list(document)[:MAX_COLUMNS_TOLD])
            if isinstance(document, dict)
            else "a list"
        )
        raise BadInput(f"Expected JSON of a playlist, with titles and artists, got {kind[:200]}.")
    return iter(entries)


def _songs(value: object, depth: int) -> Iterator[PlaylistLine]:
    if depth > MAX_JSON_DEPTH:
        return
    if isinstance(value, list):
        for item in value:
            yield from _songs(item, depth + 1)
    elif isinstance(value, dict):
        song = _song(value)
        if song is not None:
            yield song
        else:
            for item in value.values():
                yield from _songs(item, depth + 1)


def _song(value: dict[str, object]) -> PlaylistLine | None:
    """An object as a song, where its keys name a title and an artist, or it holds Spotify's URI of a track."""
    names = {_json_name(key): key for key in value}
    places = find_columns(list(names))
    keys = list(names.values())

    def text(name: str) -> str:
        found = value[keys[places[name]]] if name in places else ""
        if isinstance(found, list):
            found = ", ".join(str(one.get("name", "") if isinstance(one, dict) else one) for one in found)
        return found if isinstance(found, str) else ""

    references = (track_reference(item) for item in value.values() if isinstance(item, str))
    track_id = next((reference for reference in references if reference), None)
    title, artist = name_of(text("title")), name_of(text("artist"))
    if not track_id and not (title and artist):
        return None
    return PlaylistLine(track_id or _track_id(text("id")), artist, title)


def _json_name(key: str) -> str:
    """``master_metadata_track_name`` is Spotify's word for a track's name."""
    name = plain_name(key).removeprefix("master metadata ")
    return {"album artist name": "artist name"}.get(name, name)


# Lines


def _plain_lines(lines: Sequence[str]) -> Iterator[PlaylistLine]:
    lines = [line.strip() for line in lines]
    is_numbered = sum(_NUMBERED.match(line) is not None for line in lines) > len(lines) / 2
    for line in lines:
        number = _NUMBERED.match(line) if is_numbered else None
        yield _plain_line(line[number.end() :] if number else line)


def _plain_line(line: str) -> PlaylistLine:
    """ "artist – title", "title by artist", or a track's address."""
    line = line.strip()
    if len(line) > MAX_LINE_CHARS:
        return PlaylistLine(None, "", name_of(line))
    if track_id := _track_id(line):
        return PlaylistLine(track_id, "", "")
    first, *rest = map(name_of, _DASH.split(_CHANNEL.sub("", line, count=1), maxsplit=1))
    if rest:
        return PlaylistLine(None, first, rest[0], ordered=False)
    title, *artist = map(name_of, _BY.split(line, maxsplit=1))
    return PlaylistLine(None, artist[0], title, ordered=False) if artist else PlaylistLine(None, "", first)


def _track_id(text: str) -> str | None:
    """Spotify's id in a URI or an address, or standing alone; another service's number is none."""
    text = text.strip()
    return track_reference(text) or (text if SPOTIFY_KEY.fullmatch(text) else None)
