"""Which files of the music folders are sound, and whether a path may be served.

In: folders. Out: SoundFile, sorted by path. Links that lead out of their folder are not followed, and none twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: File name suffix → the type that browsers are told.
SOUND_TYPES = {
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg; codecs=opus",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".wav": "audio/wav",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFile:
    """A file as the file system has it. ``path``: absolute, inside its folder; ``size`` in bytes; ``levels``: how many
    folders lie between them."""

    path: str
    size: int
    modified_ns: int
    levels: int = 0


def sound_files(folders: Sequence[Path]) -> Iterator[SoundFile]:
    """The sound files of ``folders``, each once, hidden ones left out. Folders that cannot be read are passed over."""
    seen: set[str] = set()
    for folder in folders:
        root = os.path.realpath(folder)
        yield from _files_in(root, root, seen)


def _files_in(start: str, root: str, seen: set[str]) -> Iterator[SoundFile]:
    waiting = [start]
    while waiting:
        folder = waiting.pop()
        real = os.path.realpath(folder)
        if real in seen or not is_inside(real, root):
            continue
        seen.add(real)
        try:
            entries = sorted((entry for entry in os.scandir(folder) if not entry.name.startswith(".")), key=_name)
        except OSError:
            continue
        for entry in entries:
            if (found := _file_of(entry, root)) is not None:
                yield found
        waiting.extend(entry.path for entry in reversed(entries) if _is_folder(entry))


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _file_of(entry: os.DirEntry[str], root: str) -> SoundFile | None:
    if Path(entry.name).suffix.lower() not in SOUND_TYPES:
        return None
    try:
        if not entry.is_file() or (entry.is_symlink() and not is_inside(os.path.realpath(entry.path), root)):
            return None
        status = entry.stat()
    except OSError:
        return None
    levels = entry.path[len(root) :].count(os.sep) - 1
    return SoundFile(path=entry.path, size=status.st_size, modified_ns=status.st_mtime_ns, levels=levels)


def is_inside(path: str, root: str) -> bool:
    """Whether the real path ``path`` is ``root`` or below it."""
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def servable(path: str, folders: Sequence[Path]) -> Path | None:
    """The real file of ``path`` where it is, at this moment, a sound file inside one of ``folders``; else None."""
    real = os.path.realpath(path)
    inside = any(is_inside(real, os.path.realpath(folder)) for folder in folders)
    is_sound = Path(real).suffix.lower() in SOUND_TYPES
    return Path(real) if inside and is_sound and os.path.isfile(real) else None
