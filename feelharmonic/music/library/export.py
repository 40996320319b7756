"""What was understood, for other players: a CSV table, and an M3U playlist for each mood. The sound files stay as they
are.

In: the library. Out: files in a folder that its user names.
"""

from __future__ import annotations

import csv
from pathlib import Path

from feelharmonic.audio_features import FEATURES
from feelharmonic.csv_cells import guarded
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.fill import felt_of
from feelharmonic.music.library.store import LibraryFile
from feelharmonic.music.library.tracks import OWN, features_of, moved_artists
from feelharmonic.music.messages import Track

COLUMNS = ("path", "title", "artist", "album", "year", "mood", "known_by", *FEATURES)

TABLE = "library.csv"


def export(files: list[LibraryFile], folder: Path) -> dict[str, int]:
    """Write TABLE and MOOD.m3u8 for each of EMOTIONS into ``folder``; how many tracks each mood has."""
    moves = moved_artists(files)
    known = [(file, features) for file in files if (features := features_of(file, moves)) is not None]
    moods = _moods(known)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TABLE).open("w", encoding="utf-8-sig", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(COLUMNS)
        for (file, features), mood in zip(known, moods, strict=True):
            names = (file.path, file.title, file.artist, file.album, file.year or "", mood, _known_by(file))
            writer.writerow([*map(guarded, names), *(f"{features[name]:.4g}" for name in FEATURES)])
    for emotion in EMOTIONS:
        of_mood = [file for (file, _), mood in zip(known, moods, strict=True) if mood == emotion]
        (folder / f"{emotion}.m3u8").write_text(_playlist(of_mood), encoding="utf-8")
    return {emotion: moods.count(emotion) for emotion in EMOTIONS}


def _moods(known: list[tuple[LibraryFile, dict[str, float]]]) -> list[str]:
    """The emotion that each track fits best."""
    tracks = [
        Track(
            source=OWN,
            key=file.key,
            title=file.title,
            artist=file.artist,
            year=file.year,
            genre=file.genre,
            features=found,
        )
        for file, found in known
    ]
    if not tracks:
        return []
    return [EMOTIONS[int(place)] for place in felt_of(tracks)[:, : len(EMOTIONS)].argmax(axis=1)]


def _known_by(file: LibraryFile) -> str:
    return "hand" if file.placed_valence is not None else "name" if file.named is not None else file.method


def _playlist(files: list[LibraryFile]) -> str:
    lines = ["#EXTM3U"]
    for file in files:
        lines += [f"#EXTINF:{round(file.duration_s)},{file.artist} - {file.title}", file.path]
    return "\n".join(lines) + "\n"
