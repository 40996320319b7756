"""Brings the library up to date with its folders: new, changed, moved and removed files.

In: folders, the store. Out: ScanReport; progress is called. Files are understood in several processes of low priority;
what is done is committed as it comes, so that a scan goes on where it was killed.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from feelharmonic.errors import SetupFault
from feelharmonic.music.library.files import SoundFile, sound_files
from feelharmonic.music.library.names import name_files
from feelharmonic.music.library.pool import Job, Result, results_of
from feelharmonic.music.library.store import ANALYSIS, OWN_TRACKS_NAME, TRACKS_STALE, LibraryFile, LibraryStore, new_key
from feelharmonic.music.library.tracks import write_tracks
from feelharmonic.music.library.understanding import Understood
from feelharmonic.music.messages import Track

#: What is done is committed this often, and tracks are written for the player.
COMMIT_EVERY_S = 1.0
FIRST_TRACKS_S, TRACKS_EVERY_S = 10.0, 60.0

#: Names that are looked up in the catalogue: gives the tracks whose key is one of the first argument.
Named = Callable[[Sequence[str], Callable[[str, str], str]], dict[str, Track]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``done`` of ``total`` files that had to be read; ``left_s``: about how long the rest takes, None at first."""

    done: int
    total: int
    left_s: float | None


@dataclass(slots=True, kw_only=True)
class ScanReport:
    files: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    broken: int = 0
    named: int = 0


@contextmanager
def only_scan(folder: Path) -> Iterator[bool]:
    """Whether no other scan of this instance runs while the block does; the lock ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "library-scan.lock", timeout=0.1, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            yield False
        else:
            yield True


class Scanner:
    """``named``: looks names up in the catalogue; ``results``: reads files; ``may_be_empty``: whether folders without a
    file forget the library; ``clock``: seconds that never run backwards."""

    def __init__(
        self,
        store: LibraryStore,
        folders: Sequence[Path],
        *,
        named: Named = lambda keys, key: {},
        results: Callable[[Sequence[Job]], Iterator[Result]] = results_of,
        may_be_empty: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._store, self._folders, self._named = store, folders, named
        self._results, self._clock = results, clock
        self._may_be_empty = may_be_empty
        self._tracks_path = store.path.with_name(OWN_TRACKS_NAME)

    def scan(self, progress: Callable[[Progress], None] = lambda progress: None) -> ScanReport:
        """Go through the folders once. Raises SetupFault where another folder's files would be taken for removed."""
        if self._store.state().get(TRACKS_STALE) == "1":
            self._write_tracks()
        missing = [folder for folder in self._folders if not folder.is_dir()]
        if missing:
            raise SetupFault([f"MUSIC_DIR: {folder} is no folder that can be read." for folder in missing])
        known = {file.path: file for file in self._store.files()}
        found = {file.path: file for file in sound_files(self._folders)}
        if known and not found and not self._may_be_empty:
            raise SetupFault(
                ["The music folders hold no sound file any more: is a disk missing? --empty forgets them."]
            )
        report = ScanReport(files=len(found))
        gone = _Gone(file for path, file in known.items() if path not in found)
        jobs = _jobs(found, known, gone)
        folders = json.dumps([str(folder) for folder in self._folders])
        self._state(state="scanning", done=0, total=len(jobs), files=len(found), folders=folders)
        try:
            changed = self._read(jobs, found, known, gone, report, progress)
            self._remove(gone.keys, report)
            report.named = name_files(self._store, self._named)
            if changed or report.removed or report.moved or report.named or not self._tracks_path.is_file():
                self._write_tracks()
        except BaseException:
            self._state(state="stopped")
            raise
        report.broken = sum(1 for file in self._store.files() if file.fault)
        self._state(state="done", finished_at=int(time.time()), broken=report.broken)
        return report

    def _read(
        self,
        jobs: Sequence[Job],
        found: dict[str, SoundFile],
        known: dict[str, LibraryFile],
        gone: _Gone,
        report: ScanReport,
        progress: Callable[[Progress], None],
    ) -> int:
        """Understand the files of ``jobs``; how many rows changed. Takes files that were moved out of ``gone``."""
        began_s = committed_s = self._clock()
        tracks_due_s = began_s + FIRST_TRACKS_S
        done = 0
        if not jobs:
            return 0
        with self._store.writing() as writer:
            for result in self._results(jobs):
                done += 1
                writer.put(_row_of(result, found[result.path], known.get(result.path), gone, report))
                now_s = self._clock()
                left_s = (now_s - began_s) / done * (len(jobs) - done) if done >= 5 else None
                progress(Progress(done=done, total=len(jobs), left_s=left_s))
                if now_s - committed_s >= COMMIT_EVERY_S:
                    writer.set_state({"done": done, "left_s": round(left_s or 0)})
                    writer.commit()
                    committed_s = now_s
                    if now_s >= tracks_due_s:
                        self._write_tracks()
                        tracks_due_s = self._clock() + TRACKS_EVERY_S
            writer.set_state({"done": done, "left_s": 0})
        return done

    def _write_tracks(self) -> None:
        write_tracks(self._store.files(), self._tracks_path)
        self._state(**{TRACKS_STALE: 0})

    def _remove(self, keys: Sequence[str], report: ScanReport) -> None:
        with self._store.writing() as writer:
            writer.remove(keys)
        report.removed = len(keys)

    def _state(self, **values: object) -> None:
        with self._store.writing() as writer:
            writer.set_state(values)


class _Gone:
    """The files that were not found again, until one with the same sound is."""

    def __init__(self, files: Iterable[LibraryFile]):
        self._files = {file.key: file for file in files}
        self.by_hash = {file.sound_hash: file for file in self._files.values() if _is_understood(file)}

    @property
    def keys(self) -> list[str]:
        return list(self._files)

    def taken(self, sound_hash: str) -> LibraryFile | None:
        """One with this sound; it is gone no longer."""
        found = next((key for key, file in self._files.items() if file.sound_hash == sound_hash), None)
        return self._files.pop(found) if found is not None else None


def _jobs(found: dict[str, SoundFile], known: dict[str, LibraryFile], gone: _Gone) -> list[Job]:
    """What must be read: files that are new, or other than at the last scan. Their own former sound, and those of files
    that are gone, need not be understood again."""
    lost = frozenset(gone.by_hash)
    jobs = []
    for path, file in found.items():
        before = known.get(path)
        if before is not None and _is_same(before, file):
            continue
        own = {before.sound_hash} if before is not None and _is_understood(before) else set()
        jobs.append(Job(path=path, levels=file.levels, known=lost | own))
    return jobs


def _is_same(before: LibraryFile, file: SoundFile) -> bool:
    same_file = (before.size, before.modified_ns) == (file.size, file.modified_ns)
    # What lacked a decoder may have one now.
    return same_file and before.fault != "needs_av" and (before.analysis == ANALYSIS or bool(before.fault))


def _is_understood(file: LibraryFile) -> bool:
    return bool(file.sound_hash) and file.analysis == ANALYSIS and not file.fault


def _row_of(
    result: Result, file: SoundFile, before: LibraryFile | None, gone: _Gone, report: ScanReport
) -> LibraryFile:
    """What the store holds of the file from now on."""
    moved = None
    understood = result.understood
    if understood is not None and understood.sound is None and (before is None or not _has_sound(before, understood)):
        moved = gone.taken(understood.sound_hash)
    report.moved += moved is not None
    report.new += before is None and moved is None
    report.changed += before is not None
    old = moved or before
    row = LibraryFile(
        key=old.key if old else new_key(),
        path=result.path,
        size=file.size,
        modified_ns=file.modified_ns,
        fault=result.fault,
        title=result.tags.title,
        artist=result.tags.artist,
        album=result.tags.album,
        year=result.tags.year,
        genre=result.tags.genre,
        duration_s=result.tags.duration_s,
        placed_valence=old.placed_valence if old else None,
        placed_energy=old.placed_energy if old else None,
        analysis=ANALYSIS,
    )
    if understood is None:
        return row
    if understood.sound is None:
        # A second copy of what was moved has the same sound as the first.
        same = old if old is not None and _has_sound(old, understood) else gone.by_hash[understood.sound_hash]
        return replace(row, **{name: getattr(same, name) for name in SOUND_COLUMNS})
    return replace(row, **{name: getattr(understood, name) for name in SOUND_COLUMNS})


#: What of a file comes from its sound alone.
SOUND_COLUMNS = (
    *("sound_hash", "duration_s", "sound", "method", "loudness_lufs", "peak", "clarity"),
    *("pitch_class", "mode", "key_clarity"),
)


def _has_sound(file: LibraryFile, understood: Understood) -> bool:
    return _is_understood(file) and file.sound_hash == understood.sound_hash
