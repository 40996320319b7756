"""The library as the server and the commands use it: scanned, looked up, its sounds found, tracks placed by hand.

In: the instance folder and the music folders. Out: LibraryFile, paths of sound files. Reading sound is imported only
where a scan begins, so that a server without music loads none of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feelharmonic.errors import SetupFault
from feelharmonic.music.library.files import SOUND_TYPES, servable
from feelharmonic.music.library.store import LIBRARY_NAME, OWN_TRACKS_NAME, LibraryFile, LibraryStore
from feelharmonic.music.library.tracks import write_tracks

if TYPE_CHECKING:
    from feelharmonic.music.library.names import Named
    from feelharmonic.music.library.scanner import Progress, ScanReport


def understood_fields(path: Path) -> dict[str, Any]:
    """What a sound file's sound gives of LibraryFile's fields. Raises UnreadableSound."""
    from feelharmonic.music.library.understanding import understand

    known = understand(path)
    names = ("sound", "method", "loudness_lufs", "peak", "pitch_class", "mode", "key_clarity")
    return {name: getattr(known, name) for name in names}


class Library:
    """``instance``: where the library's files lie. ``folders``: the music folders; none given, those of the last scan.
    Safe between threads."""

    def __init__(self, instance: Path, folders: Sequence[Path] = ()):
        self._instance = instance
        self._named_folders = tuple(folders)
        self.store = LibraryStore(instance / LIBRARY_NAME)
        self.tracks_path = instance / OWN_TRACKS_NAME

    @property
    def folders(self) -> tuple[Path, ...]:
        if self._named_folders:
            return self._named_folders
        return tuple(Path(folder) for folder in json.loads(self.store.state().get("folders", "[]")))

    @property
    def is_used(self) -> bool:
        """Whether there are folders to take music from."""
        return bool(self._named_folders) or (self.store.exists() and bool(self.folders))

    def scan(
        self,
        named: Named,
        *,
        progress: Callable[[Progress], None] = lambda progress: None,
        processes: int | None = None,
        may_be_empty: bool = False,
    ) -> ScanReport:
        """Bring the library up to date. Raises SetupFault where a folder is missing or another scan runs."""
        from feelharmonic.music.library.pool import results_of
        from feelharmonic.music.library.scanner import Scanner, only_scan

        folders = self.folders
        if not folders:
            raise SetupFault(["No music folder is named. Name one, or set MUSIC_DIR."])
        with only_scan(self._instance) as is_only:
            if not is_only:
                raise SetupFault(["Another scan of this library is under way."])
            scanner = Scanner(
                self.store,
                folders,
                named=named,
                results=lambda jobs: results_of(jobs, processes),
                may_be_empty=may_be_empty,
            )
            return scanner.scan(progress)

    def sound(self, key: str) -> tuple[Path, str] | None:
        """The file of a track and its type; None where it is not, or no longer, inside the music folders."""
        file = self.store.file(key)
        if file is None or file.fault:
            return None
        path = servable(file.path, self.folders)
        return None if path is None else (path, SOUND_TYPES[path.suffix.lower()])

    def cover(self, key: str) -> tuple[bytes, str] | None:
        """The cover inside the file and its type."""
        from feelharmonic.music.library.tags import read_cover

        found = self.sound(key)
        return None if found is None else read_cover(found[0])

    def files(self) -> list[LibraryFile]:
        return self.store.files()

    def state(self) -> dict[str, str]:
        """What the last scan said of itself: ``state``, ``done``, ``total``, ``left_s``, ``files``, ``broken``."""
        return self.store.state()

    def place(self, key: str, point: tuple[float, float] | None) -> bool:
        """Keep where the listener put a track (valence and energy, 0..1), or forget it; whether the track is here. The
        next scan, or `write_tracks`, makes the player follow."""
        with self.store.writing() as writer:
            return writer.place(key, point)

    def export(self, folder: Path) -> dict[str, int]:
        """Write a table and a playlist for each mood into ``folder``; how many tracks each mood has."""
        from feelharmonic.music.library.export import export

        return export(self.store.files(), folder)

    def write_tracks(self) -> None:
        write_tracks(self.store.files(), self.tracks_path)
