"""The same song however it is spelt: keys for names of songs, and the order in which they are tried.

In: an artist and a title as a list, a table or a file name has them. Out: keys that are equal for the same song. Pure;
every pattern takes time linear in the text.

The order: Spotify's id; all artists and the title; the first artist and the title; title and artist swapped, where a
line does not say which is which. A key leaves out case, accents, signs, guests, remasters and notes such as "official
video". A live take or another mix is another song.
"""

from __future__ import annotations

import html
import re
import unicodedata

#: Longer artists and titles are cut to this; real ones are shorter.
MAX_NAME_CHARS = 200
#: How much of a text is looked at.
MAX_TEXT_CHARS = 1000

_BRACKETS = re.compile(r"[()\[\]]")
#: What tables and videos add to a title that stays the same song.
_ASIDE = re.compile(
    r"(?:feat|ft|with|official|lyrics?|audio|video|visuali[sz]er|hd|hq|4k|mv|m/v|explicit|clean)\b", re.I
)
_GUEST = re.compile(r"(?:feat|ft|with)\b", re.I)
_GUEST_AT_END = re.compile(r"\s(?:feat|ft)\.\s", re.I)
_REMASTER = re.compile(r"\bremaster(?:ed)?\b", re.I)
_OTHER_TAKE = re.compile(r"\b(?:live|mix|remix|acoustic|demo|instrumental)\b", re.I)
_REMASTER_AT_END = re.compile(r"\s-\s(?:\d{4}\s)?(?:digital\s)?remaster(?:ed)?(?:\s\d{4})?(?:\sversion)?\Z", re.I)
_NOTE_AT_END = re.compile(r"\s[-|]\s(?:official\s)?(?:music\s)?(?:lyrics?|audio|video)(?:\svideo)?\Z", re.I)
#: Between the artists of one song. A comma or an ampersand may also be part of one name: see `first_artist_key`.
_NEXT_ARTIST = re.compile(r"[,;/、]|\s(?:&|and|x|und|et|y|e|con|vs\.?|with|feat|ft|featuring)\s", re.I)
#: What YouTube puts behind an artist's name.
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CHANNEL = re.compile(r"(?:\s-\sTopic|VEVO)\Z")


def name_of(text: str) -> str:
    """``text`` on one line, at most MAX_NAME_CHARS long, HTML's entities as the signs that they stand for."""
    return " ".join(html.unescape(text[:MAX_TEXT_CHARS]).split())[:MAX_NAME_CHARS]


def song_key(artist: str, title: str) -> str:
    """The same for one song by the same artists."""
    return f"{plain(_without_guests(_artist_of(artist)))}\n{plain(_without_asides(name_of(title)))}"


def first_artist_key(artist: str, title: str) -> str:
    """The same for one song by the same first artist. Coarser than `song_key`, so it is asked only after that."""
    first = _NEXT_ARTIST.split(_without_guests(_artist_of(artist)), maxsplit=1)[0]
    return f"{plain(first)}\n{plain(_without_asides(name_of(title)))}"


def plain(text: str) -> str:
    """Lower case, without accents, letters and digits only."""
    # One sign may become 18 letters, an accented letter four.
    apart = unicodedata.normalize("NFKD", text.casefold())[: 4 * MAX_NAME_CHARS]
    kept = "".join(letter if letter.isalnum() else " " for letter in apart if not unicodedata.combining(letter))
    # A name made of signs alone is what it is.
    return " ".join(kept.split()) or " ".join(text.casefold().split())


def _artist_of(text: str) -> str:
    name = name_of(text)
    without = _CHANNEL.sub("", name)
    # "MarkRonsonVEVO" is written without spaces.
    return _CAPITAL.sub(" ", without) if without != name and " " not in without else without


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
    """``title`` without its guests, notes and the word that it was remastered."""
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
    rest = "".join([*kept, title[start:]]).rstrip()
    guest = _GUEST_AT_END.search(rest)
    rest = rest[: guest.start()] if guest else rest
    return _NOTE_AT_END.sub("", _REMASTER_AT_END.sub("", rest)).strip() or title


def _aside_start(title: str, openings: list[int], end: int) -> int | None:
    """The first of ``openings`` that begins an aside which closes at ``end``."""
    if not openings:
        return None
    remasters = [word.start() for word in _REMASTER.finditer(title, openings[0], end)]
    other_takes = [word.start() for word in _OTHER_TAKE.finditer(title, openings[0], end)]
    remaster, other_take = max(remasters, default=-1), max(other_takes, default=-1)
    for opening in openings:
        # "(Official Live Video)" is a live take all the same.
        is_aside = _ASIDE.match(title, opening + 1) and (other_take < opening or _GUEST.match(title, opening + 1))
        if is_aside or other_take < opening < remaster:
            return opening
    return None
