"""What a file says of itself: title, artist, album, year, genre, cover. By `tinytag`; files are only read.

In: a path. Out: Tags. Where tags are missing, the file's name ("Artist - Title") and its folders' names serve.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tinytag import TinyTag

from feelharmonic.music.song_names import MAX_NAME_CHARS

#: What stands before a title in a file's name: the track's number.
_NUMBER = re.compile(r"\A(?:\d{1,2}-)?\d{1,3}(?:\s*[-._)]\s*|\s+)(?=\S)")
_YEAR = re.compile(r"(?:19|20)\d\d")
UNKNOWN_ARTIST = "?"

#: A larger picture is no cover that a page should load.
MAX_COVER_BYTES = 4_000_000

#: The first bytes of pictures that browsers show, and their types.
PICTURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"GIF8": "image/gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """``duration_s``: as the file's header says, 0 where it does not."""

    title: str
    artist: str
    album: str = ""
    year: int | None = None
    genre: str = ""
    duration_s: float = 0.0


def read_tags(path: Path, levels: int = 0) -> Tags:
    """The tags of the file, completed by its name. ``levels``: how many folders lie between the music folder and the
    file. Never raises for what a file holds."""
    try:
        tag = TinyTag.get(path)
    except Exception:  # tinytag's own errors and, for damaged files, whatever its parsers run into
        tag = TinyTag()
    named = _from_name(path, levels)
    return Tags(
        title=_line(tag.title) or named.title,
        artist=_line(tag.artist) or _line(tag.albumartist) or named.artist,
        album=_line(tag.album),
        year=_year(tag.year),
        genre=_line(tag.genre).lower(),
        duration_s=max(0.0, float(tag.duration or 0.0)),
    )


def read_cover(path: Path) -> tuple[bytes, str] | None:
    """The cover in the file and its type; None without one that browsers show."""
    try:
        image = TinyTag.get(path, tags=True, image=True).images.any
    except Exception:  # as above
        return None
    data = image.data if image is not None else b""
    if not data or len(data) > MAX_COVER_BYTES:
        return None
    kind = next((kind for start, kind in PICTURES.items() if data.startswith(start)), None)
    return None if kind is None else (data, kind)


def _from_name(path: Path, levels: int) -> Tags:
    """Artist and title from "Artist - Title", "01 Title" and the names of the folders above (artist/album)."""
    name = _NUMBER.sub("", path.stem.replace("_", " "))
    artist, dash, title = name.partition(" - ")
    if dash and title:
        return Tags(title=_line(_NUMBER.sub("", title)), artist=_line(artist))
    above = "" if levels < 1 else (path.parent if levels == 1 else path.parent.parent).name
    return Tags(title=_line(name) or path.stem, artist=_line(above) or UNKNOWN_ARTIST)


def _year(text: str | None) -> int | None:
    found = _YEAR.search(text or "")
    return int(found[0]) if found else None


def _line(text: str | None) -> str:
    """``text`` on one line, printable, of bounded length."""
    kept = "".join(sign if sign.isprintable() else " " for sign in (text or "")[: 4 * MAX_NAME_CHARS])
    return " ".join(kept.split())[:MAX_NAME_CHARS]
