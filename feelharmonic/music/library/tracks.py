"""The library's files → tracks that the search over audio features understands, with what is known of how.

In: LibraryFile. Out: `features_of`, `moved_artists`, and the file of tracks that the provider `own` searches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from feelharmonic.audio_features import FEATURE_RANGES, FEATURES
from feelharmonic.music.catalogue.database import DatabaseWriter, ImportedTrack
from feelharmonic.music.library.store import LibraryFile, unpacked

#: The source of these tracks in their ids.
OWN = "own"

#: How far the other tracks of an artist follow one that the listener moved.
ARTIST_SHARE = 0.5

#: Where a listener may move a track: these two features.
PLANE = ("valence", "energy")

#: An artist, and how far its tracks were moved on PLANE.
Moves = dict[str, tuple[float, float]]

ROWS_AT_A_TIME = 5000


def estimated_features(file: LibraryFile) -> dict[str, float] | None:
    """The features by the catalogue's row of the same name, else by the sound. The loudness is always the file's own,
    so that tracks can be made equally loud."""
    data = file.named or file.sound
    if data is None or file.fault:
        return None
    features = unpacked(data)
    if file.loudness_lufs is not None:
        low, high = FEATURE_RANGES["loudness"]
        features["loudness"] = min(max(file.loudness_lufs, low), high)
    return features


def features_of(file: LibraryFile, moves: Moves) -> dict[str, float] | None:
    """The features as the search has them: moved to where the listener put the track, or after its artist's others."""
    features = estimated_features(file)
    if features is None:
        return None
    if file.placed_valence is not None and file.placed_energy is not None:
        return features | {"valence": file.placed_valence, "energy": file.placed_energy}
    if file.named is None and file.artist.casefold() in moves:
        away = moves[file.artist.casefold()]
        moved = {name: features[name] + ARTIST_SHARE * by for name, by in zip(PLANE, away, strict=True)}
        return features | {name: min(max(value, 0.0), 1.0) for name, value in moved.items()}
    return features


def moved_artists(files: Iterable[LibraryFile]) -> Moves:
    """By artist the mean of how far its tracks were moved by hand."""
    by_artist: dict[str, list[tuple[float, float]]] = {}
    for file in files:
        features = estimated_features(file)
        if features is None or file.placed_valence is None or file.placed_energy is None:
            continue
        away = (file.placed_valence - features["valence"], file.placed_energy - features["energy"])
        by_artist.setdefault(file.artist.casefold(), []).append(away)
    return {
        artist: (sum(x for x, _ in moves) / len(moves), sum(y for _, y in moves) / len(moves))
        for artist, moves in by_artist.items()
    }


def write_tracks(files: Sequence[LibraryFile], path: Path, source: str = OWN) -> int:
    """Write the tracks that may play into the file ``path``, in the place of what it holds; how many there are."""
    part = path.with_name(f"{path.stem}.new{path.suffix}")
    part.unlink(missing_ok=True)
    moves = moved_artists(files)
    rows = [row for file in files if (row := _row(file, moves, source)) is not None]
    try:
        with DatabaseWriter(part) as writer:
            for start in range(0, len(rows), ROWS_AT_A_TIME):
                writer.add(rows[start : start + ROWS_AT_A_TIME])
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


def _row(file: LibraryFile, moves: Moves, source: str) -> ImportedTrack | None:
    features = features_of(file, moves)
    if features is None:
        return None
    values = tuple(features[name] for name in FEATURES)
    words = f"{file.genre} {file.tagged_moods}".strip()
    return (f"{source}:{file.key}", file.title, file.artist, file.year, file.genre, None, None, values, words)
