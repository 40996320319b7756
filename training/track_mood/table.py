"""`python -m training.track_mood.table`: build the table of tracks that the program ships.

In: ``songs/`` of the data folder and the tracks chosen by hand. Out: music/catalogue/tracks.npz, one row per song, the
best known first, with what the model of felt moods says of each. The same input gives the same rows.
"""

from __future__ import annotations

import argparse
import csv
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.columns import explicit_code
from feelharmonic.music.catalogue.shipped import SHIPPED_PATH, encode_features, id_bytes
from feelharmonic.music.catalogue.starter import STARTER_PATH
from feelharmonic.music.felt_mood import FELT, FeltMoodReader
from feelharmonic.music.song_names import song_key
from training.data_dir import data_dir
from training.track_mood.songs import HERE, Songs, joined, read_songs

MAX_TRACKS = 20_000

#: A decade with fewer songs than this keeps all that it has.
RARE_DECADE = 800

#: A take of a song, not the song.
TAKES = re.compile(
    r"\b(?:remix(?:ed)?|rmx|live|en vivo|ao vivo|karaoke|tribute|acapella|"
    r"a cappella|instrumental|reprise|skit|interlude|"
    r"demo|cover|rework|bootleg|vip|mashup|medley|sped up|slowed|nightcore|8d|commentary|session|unplugged|orchestral|"
    r"acoustic|acústic[ao]|rerecorded)\b",
    re.IGNORECASE,
)

#: Where a title says which take it is, or who is a guest: behind a dash, or in brackets behind the song's own title.
ASIDES = (re.compile(r"\s-\s.*$"), re.compile(r"(?<=\S)\s*[(\[].*$"))

#: What editions add to a title; the song is the same, and a playlist that names it does not say so.
EDITION = re.compile(
    r"\s(?:-\s|[(\[])(?:[^-()]*\b(?:remaster(?:ed)?|mono|stereo|"
    r"(?:single|album|original|lp|radio|full length|hit|main) "
    r"(?:version|edit|mix)|single master|\d{4} mix|edit|main|explicit)\b.*|from [\"“'].*)$",
    re.IGNORECASE,
)

#: Nobody wants these for eleven months.
SEASONAL = re.compile(
    r"\b(?:christmas|xmas|santa|jingle|frosty the|winter wonderland|mistletoe|navidad|noel)\b", re.IGNORECASE
)

#: Genres that the tables' six and twenty-four do not tell, but the names of playlists do.
GENRES_BY_WORD = {
    "lofi": "lo-fi",
    "lo-fi beats": "lo-fi",
    "jazz": "jazz",
    "gospel": "gospel",
    "punk": "punk",
    "grunge": "grunge",
    "metal": "metal",
    "blues": "blues",
    "bluegrass": "bluegrass",
    "swing top": "electro swing",
    "electro swing": "electro swing",
    "disco": "disco",
    "trance": "trance",
    "techno": "techno",
    "tropical house": "tropical house",
    "deep house": "deep house",
    "soft rock": "soft rock",
    "indie rock": "indie rock",
    "christian": "christian",
    "christmas": "christmas",
    "city pop": "city pop",
    "k-party": "k-pop",
    "synthwave": "synthwave",
    "bossa": "bossa nova",
    "sertanejo": "sertanejo",
    "dark trap": "dark trap",
    "goth": "goth",
    "chillout": "chill",
    "lush lofi": "chill",
    "ballads": "ballads",
}
MAX_GENRES = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tracks", type=int, default=MAX_TRACKS)
    count = parser.parse_args().tracks
    songs = data_dir() / "songs"
    picks = read_songs(Path(STARTER_PATH))
    tables = joined(picks, read_songs(songs / "popular_tracks.csv"), read_songs(songs / "playlist_tracks.csv"))
    chosen = one_row_per_song(tables, set(picks.ids))
    kept = best_known(chosen, count, set(picks.ids))
    write_table(kept, {row["id"]: row["emotions"].split() for row in picks.rows})
    print(f"{len(tables)} tracks, {len(chosen)} songs, {len(kept)} kept, {SHIPPED_PATH.stat().st_size / 1e6:.2f} MB")


def one_row_per_song(tables: Songs, by_hand: set[str]) -> Songs:
    """The best known track of each song; those chosen by hand in any case. The words of all its tracks stay with it.

    A song of which the tables have a take alone is left out, but in decades of which they have few songs.
    """
    rows = defaultdict(list)
    for place, (artist, title) in enumerate(zip(tables.artists, tables.titles, strict=True)):
        if not SEASONAL.search(title) and "christmas" not in tables.words[place]:
            rows[key_of(artist, title)].append(place)
    rare = rare_decades(tables)
    places, words, years = [], [], []
    by_key = years_by_hand()
    for key, some in rows.items():
        best = max(
            some, key=lambda p: (tables.ids[p] in by_hand, not is_take(tables.titles[p]), popularity(tables, p), -p)
        )
        if tables.ids[best] in by_hand or not is_take(tables.titles[best]) or (tables.years[best] // 10 in rare):
            places.append(best)
            words.append(frozenset().union(*(tables.words[p] for p in some)))
            # A reissue is dated later than its song.
            earliest = by_key.get(key, min(tables.years[p] for p in some))
            years.append(tables.years[best] if tables.ids[best] in by_hand else earliest)
    return replace(tables.take(np.array(places)).with_words(words), years=np.array(years))


def rare_decades(songs: Songs) -> set[int]:
    """The decades, 196 for 1960 to 1969, of which there are at most RARE_DECADE songs."""
    counts = Counter((songs.years // 10).astype(int).tolist())
    return {decade for decade, count in counts.items() if count <= RARE_DECADE}


def is_take(title: str) -> bool:
    """Whether ``title`` says that this is a live take, a remix, karaoke or the like."""
    return any(TAKES.search(aside) for pattern in ASIDES for aside in pattern.findall(title))


def key_of(artist: str, title: str) -> str:
    """The same for all takes of a song."""
    for pattern in ASIDES:
        title = pattern.sub("", title)
    return song_key(artist, title)


def clean_title(title: str) -> str:
    """``title`` without what editions add."""
    return EDITION.sub("", title).strip() or title


def years_by_hand() -> dict[str, int]:
    """When songs came out of which the tables have late editions alone, by ``key_of``."""
    with (HERE / "years_by_hand.csv").open(encoding="utf-8", newline="") as file:
        return {key_of(row["artist"], row["title"]): int(row["year"]) for row in csv.DictReader(file)}


def popularity(songs: Songs, place: int) -> int:
    return int(songs.rows[place]["popularity"])


def best_known(songs: Songs, count: int, by_hand: set[str]) -> Songs:
    """The ``count`` best known, with all that were chosen by hand and all of rare decades; the best known first."""
    known = np.array([popularity(songs, place) for place in range(len(songs))])
    sure = np.array([track_id in by_hand for track_id in songs.ids]) | np.isin(
        songs.years // 10, list(rare_decades(songs))
    )
    order = np.lexsort((np.array(songs.ids), -known, ~sure))[:count]
    return songs.take(order[np.lexsort((np.array(songs.ids)[order], -known[order]))])


def genres_of(songs: Songs, place: int) -> str:
    """At most MAX_GENRES names joined by "|", the likeliest to be asked for first."""
    row = songs.rows[place]
    named = "|".join(row.get(name) or "" for name in ("genre", "subgenres", "genres")).casefold().split("|")
    said = (row.get("playlists") or "").casefold()
    told = [genre for word, genre in GENRES_BY_WORD.items() if word in said]
    return "|".join([name for name in dict.fromkeys([*named[:2], *told[:1], *named[2:]]) if name][:MAX_GENRES])


def write_table(songs: Songs, emotions: dict[str, list[str]]) -> None:
    genres = [genres_of(songs, place) for place in range(len(songs))]
    names = [name for name, _ in Counter(genres).most_common()]
    felt = FeltMoodReader.load().read(
        songs.features,
        years=songs.years.astype(int).tolist(),
        words=["|".join(sorted(words)) for words in songs.words],
        artists=songs.artists.tolist(),
    )
    bits = [sum(1 << EMOTIONS.index(e) for e in emotions.get(track_id, ())) for track_id in songs.ids]
    lines = [f"{clean_title(title)}\t{artist}" for title, artist in zip(songs.titles, songs.artists, strict=True)]
    assert not any("\n" in line or line.count("\t") != 1 for line in lines)
    assert songs.features.shape[1] == len(FEATURES)
    assert felt.shape[1] == len(FELT)
    np.savez_compressed(
        SHIPPED_PATH,
        ids=id_bytes(songs.ids).T,  # by column, as all below: neighbours that are alike pack better
        names=np.frombuffer("\n".join(lines).encode(), np.uint8),
        year=songs.years.astype(np.int16),
        popularity=np.array([popularity(songs, place) for place in range(len(songs))], np.uint8),
        genre=np.array([names.index(name) for name in genres], np.uint16),
        genres=np.frombuffer("\n".join(names).encode(), np.uint8),
        emotions=np.array(bits, np.uint8),
        explicit=np.array([explicit_code(title, None) for title in songs.titles], np.uint8),
        features=encode_features(songs.features).T,
        felt=np.round(felt.T * 255).astype(np.uint8),
    )


if __name__ == "__main__":
    main()
