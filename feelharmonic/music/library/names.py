"""Features by name: files whose artist and title match a row of the catalogue.

In: the store, a look-up of names. Out: how many files match. The order of keys is that of `song_names`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from feelharmonic.music.library.store import LibraryStore, packed
from feelharmonic.music.library.tags import UNKNOWN_ARTIST
from feelharmonic.music.messages import Track
from feelharmonic.music.song_names import first_artist_key, song_key

Named = Callable[[Sequence[str], Callable[[str, str], str]], dict[str, Track]]


def name_files(store: LibraryStore, named: Named) -> int:
    """Look every file's name up and keep what the catalogue knows of it; how many files changed."""
    files = [file for file in store.files() if not file.fault and file.artist != UNKNOWN_ARTIST]
    found: dict[str, bytes] = {}
    for key in (song_key, first_artist_key):
        keys = {file.key: key(file.artist, file.title) for file in files if file.key not in found}
        tracks = named(list(keys.values()), key) if keys else {}
        for file_key, text in keys.items():
            if text in tracks and tracks[text].features is not None:
                found[file_key] = packed(tracks[text].features or {})
    changes = {file.key: found.get(file.key) for file in files if file.named != found.get(file.key)}
    if changes:
        with store.writing() as writer:
            writer.name(changes)
    return len(changes)
