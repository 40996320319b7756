"""`python -m benchmarks.song_names`: how well songs are found by names as people and exporters write them.

500 made-up lines: tracks of the shipped table under other spellings (`SPELLINGS`), and a hundred that are other songs
(a live take, another mix, another artist's song of that name) and must not be found. Prints the share found and the
share found wrongly.
"""

from __future__ import annotations

import html
import random
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.support.report import show
from feelharmonic.music import Catalogue, MusicService, Track
from feelharmonic.music.song_names import first_artist_key, song_key
from feelharmonic.params import Params

VARIANTS, STRANGERS = 400, 100

Spelling = Callable[[str, str], str]


class Variant(NamedTuple):
    """A line of a playlist, and the track that it means; None for a song that is not in the table."""

    line: str
    track_id: str | None
    spelling: str


class Outcome(NamedTuple):
    """Shares of 1: of the lines that mean a track those found; of all lines those found as another song."""

    found: float
    wrong: float
    missed: list[Variant]
    mistaken: list[Variant]


def plain_letters(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


SPELLINGS: dict[str, Spelling] = {
    "as it is": lambda artist, title: f"{artist} - {title}",
    "long dash": lambda artist, title: f"{artist} – {title}",
    "title first": lambda artist, title: f"{title} - {artist}",
    "by": lambda artist, title: f"{title} by {artist}",
    "official video": lambda artist, title: f"{artist} - {title} (Official Video)",
    "lyrics": lambda artist, title: f"{artist} - {title} [Lyrics]",
    "remastered": lambda artist, title: f"{artist} - {title} - 2011 Remaster",
    "remastered in brackets": lambda artist, title: f"{artist} - {title} (Remastered 2009)",
    "a guest": lambda artist, title: f"{artist} - {title} (feat. Somebody Else)",
    "a guest at the artist": lambda artist, title: f"{artist} feat. Somebody Else - {title}",
    "a second artist": lambda artist, title: f"{artist}, Somebody Else - {title}",
    "a second artist, and": lambda artist, title: f"{artist} & Somebody Else - {title}",
    "entities": lambda artist, title: f"{html.escape(artist)} - {html.escape(title)}",
    "typographic apostrophes": lambda artist, title: f"{artist} - {title}".replace("'", "’"),
    "without apostrophes' curls": lambda artist, title: f"{artist} - {title}".replace("’", "'"),
    "no accents": lambda artist, title: plain_letters(f"{artist} - {title}"),
    "capitals": lambda artist, title: f"{artist} - {title}".upper(),
    "topic": lambda artist, title: f"{artist} - Topic - {title}",
    "numbered": lambda artist, title: f"7. {artist} - {title}",
    "explicit": lambda artist, title: f"{artist} - {title} [Explicit]",
}

#: Other songs: none of these may be found.
OTHERS: dict[str, Spelling] = {
    "live": lambda artist, title: f"{artist} - {title} (Live at Wembley)",
    "remix": lambda artist, title: f"{artist} - {title} (Somebody Remix)",
    "acoustic": lambda artist, title: f"{artist} - {title} (Acoustic)",
    "another artist": lambda artist, title: f"Nobody Whom We Know - {title}",
    "another title": lambda artist, title: f"{artist} - A Song That Nobody Wrote",
}


def variants(tracks: list[Track], seed: int = 29) -> list[Variant]:
    """VARIANTS lines that mean one of ``tracks``, then STRANGERS that mean none; the same every time."""
    chance = random.Random(seed)
    chosen = chance.sample(tracks, VARIANTS + STRANGERS)
    made = []
    for table, part in ((SPELLINGS, chosen[:VARIANTS]), (OTHERS, chosen[VARIANTS:])):
        names = list(table)
        for number, track in enumerate(part):
            spelling = names[number % len(names)]
            line = table[spelling](track.artist, track.title)
            made.append(Variant(line, track.id if table is SPELLINGS else None, spelling))
    return made


def outcome(music: MusicService, made: list[Variant], tracks: list[Track]) -> Outcome:
    """What ``music`` finds of each line. The same song may be in the table under several ids: each is right."""
    same = {track.id: {key(track.artist, track.title) for key in (song_key, first_artist_key)} for track in tracks}
    missed, mistaken = [], []
    for variant in made:
        placed, _ = music.sorted_playlist(f"{variant.line}\n", "happy", "match")
        found = placed[0].track.id if placed else None
        if found is None and variant.track_id is not None:
            missed.append(variant)
        elif found is not None and (variant.track_id is None or not same[found] & same[variant.track_id]):
            mistaken.append(variant)
    meant = sum(variant.track_id is not None for variant in made)
    return Outcome(1 - len(missed) / meant, len(mistaken) / len(made), missed, mistaken)


def main() -> None:
    catalogue = Catalogue.load()
    tracks = catalogue.tracks(range(len(catalogue)))
    result = outcome(MusicService(Params.load(), [], catalogue), variants(tracks), tracks)
    row = {"lines": VARIANTS + STRANGERS, "found": f"{result.found:.1%}", "found wrongly": f"{result.wrong:.2%}"}
    show("Songs by their names", [row], as_json=False)
    for variant in (*result.missed, *result.mistaken):
        print(f"{variant.spelling}: {variant.line}")
