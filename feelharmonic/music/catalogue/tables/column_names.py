"""Names of columns in public tables and in exported playlists → ours. The one table for the importer and for playlists.

In: a table's header, and cells where names say nothing. Out: which column holds what. Names are compared in the form
that `plain_name` gives. Sources: the exporters' own headers (Exportify in its eight languages, Soundiiz, TuneMyMusic,
Shazam, YouTube Music's takeout, last.fm exports, Deezer, iTunes) and common public tables.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.messages import SPOTIFY_KEY

#: By our names; the first one that is present counts.
COLUMN_NAMES: dict[str, tuple[str, ...]] = {
    "id": (
        "track id", "spotify id", "spotify track id", "track uri", "spotify uri", "id", "uri", "spotify url",
        "track url",
        "uri de la cancion", "uri du titre", "uri da faixa", "uri del brano", "uri des tracks", "track uris",
        "uri van het nummer", "titel uri", "uri der titel", "トラック uri", "トラックuri", "song uri",
    ),
    "title": (
        "track name", "name", "title", "song name", "song", "track", "song title", "track title",
        "titel", "songtitel", "titelname", "name des titels", "name des tracks", "trackname", "songname",
        "titre", "nom du titre", "nom de la chanson", "nom de la piste", "morceau", "chanson",
        "nombre de la cancion", "nombre de la pista", "titulo", "titulo de la cancion", "cancion", "nombre",
        "nome da musica", "nome da faixa", "musica", "faixa", "nome do titulo",
        "nome del brano", "nome della traccia", "titolo", "brano", "nome brano",
        "naam van het nummer", "naam van nummer", "nummer", "nummernaam", "tracknaam",
        "曲名", "曲", "タイトル", "トラック名", "楽曲名",
    ),
    "artist": (
        "artist name", "artist names", "artist name s", "artists", "artist", "track artist", "artist s name",
        "performer",
        "performers", "singer", "band", "creator", "author", "album artist",
        "kunstler", "interpret", "interpreten", "kunstlername", "name des kunstlers", "name n des kunstlers",
        "kunstlername n",
        "artiste", "artistes", "nom de l artiste", "nom s de l artiste", "nom des artistes", "interprete",
        "artista", "artistas", "nombre del artista", "nombre s del artista", "nombres del artista",
        "nome do artista", "nome s do artista", "nomes dos artistas", "nome dos artistas",
        "nome dell artista", "nome i dell artista", "artisti", "nome artista",
        "artiest", "artiesten", "naam van de artiest", "naam van artiest", "artiestnaam", "namen van artiesten",
        "アーティスト名", "アーティスト", "歌手", "channel name", "uploader", "channel",
    ),
    "year": ("year", "release year", "released year", "release date", "track album release date", "album release date"),
    "genre": ("genre", "track genre", "playlist genre"),
    "popularity": ("popularity", "track popularity"),
    "explicit": ("explicit",),
    "genres": ("genres", "artist genres"),
    "subgenres": ("subgenres", "subgenre", "playlist subgenre"),
    "playlists": ("playlists", "playlist name"),
    **{name: (name,) for name in FEATURES},
}  # fmt: skip

#: How many rows are looked at to find what a column holds.
ROWS_LOOKED_AT = 20

NO_LETTERS = re.compile(r"[\W_]+")
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
TRACK_REFERENCE = re.compile(rf"(?:spotify:track:|/track/)({SPOTIFY_KEY.pattern})(?![0-9A-Za-z])")


def plain_name(column: str) -> str:
    """``column`` in lower case without accents, one space for everything that is no letter or digit."""
    apart = unicodedata.normalize("NFKD", CAMEL_CASE.sub(" ", column[:200]).casefold())
    # Only Latin accents go: a Japanese sound mark is part of its letter.
    kept = "".join(sign for sign in apart if not "\u0300" <= sign <= "\u036f")
    return NO_LETTERS.sub(" ", unicodedata.normalize("NFC", kept)).strip()


def find_columns(columns: Sequence[str]) -> dict[str, int]:
    """Where our names are among a table's column names; those absent are left out."""
    places = {plain_name(name): place for place, name in reversed(list(enumerate(columns)))}
    found = {ours: [places[name] for name in theirs if name in places] for ours, theirs in COLUMN_NAMES.items()}
    return {ours: hits[0] for ours, hits in found.items() if hits}


def track_reference(text: str) -> str | None:
    """Spotify's id in a URI (spotify:track:…) or an address (…/track/…) within ``text``."""
    found = TRACK_REFERENCE.search(text)
    return found[1] if found else None


def id_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The column whose cells are Spotify's ids, URIs or addresses in most of ``rows``, whatever it is called."""
    looked_at = [row for row in rows[:ROWS_LOOKED_AT] if row]
    counts: dict[int, int] = {}
    for row in looked_at:
        for place, cell in enumerate(row):
            if SPOTIFY_KEY.fullmatch(cell.strip()) or track_reference(cell):
                counts[place] = counts.get(place, 0) + 1
    best = max(counts, key=counts.__getitem__, default=None)
    return best if best is not None and counts[best] > len(looked_at) / 2 else None
