"""A table of tracks (CSV) → the catalogue's file: all of its valid lines, or none if anything interrupts it."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feelharmonic.csv_cells import guarded
from feelharmonic.music.catalogue.database import DatabaseWriter
from feelharmonic.music.catalogue.tables.csv_table import NEEDED_TO_IMPORT, Rejected, Table

#: Lines copied at a time; the progress is reported once for each batch.
BATCH_LINES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """``encoding``: of the table's text. ``valid``: lines that hold a track, of which ``added`` were new; ``rejected``:
    all other lines."""

    encoding: str
    valid: int
    added: int
    rejected: int


def import_table(
    path: Path, database: Path, rejected_path: Path, progress: Callable[[int], object] = lambda read_bytes: None
) -> ImportReport:
    """Add the tracks of the CSV file ``path`` to the file ``database``.

    Rejected lines go into the CSV file ``rejected_path`` with the reason; without any there is no such file.
    ``progress`` is called from time to time with the number of bytes read since its last call. Raises BadInput where
    ``path`` is no table of tracks, SetupFault where ``database`` is no catalogue.
    """
    try:
        return _import(path, database, rejected_path, progress)
    except BaseException:
        rejected_path.unlink(missing_ok=True)
        raise


def _import(path: Path, database: Path, rejected_path: Path, progress: Callable[[int], object]) -> ImportReport:
    with (
        Table(path, NEEDED_TO_IMPORT) as table,
        DatabaseWriter(database) as writer,
        _csv_writer(rejected_path) as side,
    ):
        side.writerow(("line", "reason", *table.columns))
        valid, rejected = copy_tracks(
            table, writer, lambda item: side.writerow((item.line, *map(guarded, (item.reason, *item.fields)))), progress
        )
    if not rejected:
        rejected_path.unlink()
    return ImportReport(encoding=table.encoding, valid=valid, added=writer.added, rejected=rejected)


def copy_tracks(
    table: Table, writer: DatabaseWriter, reject: Callable[[Rejected], object], progress: Callable[[int], object]
) -> tuple[int, int]:
    """The table's tracks into ``writer``, the other lines to ``reject``; the numbers of both."""
    valid = rejected = reported = 0
    items = table.tracks()
    while batch := list(itertools.islice(items, BATCH_LINES)):
        tracks = [item for item in batch if not isinstance(item, Rejected)]
        writer.add(tracks)
        for item in batch if len(tracks) < len(batch) else ():
            if isinstance(item, Rejected):
                reject(item)
        valid, rejected = valid + len(tracks), rejected + len(batch) - len(tracks)
        progress(table.read_bytes - reported)
        reported = table.read_bytes
    return valid, rejected


@contextmanager
def _csv_writer(path: Path) -> Iterator[Any]:
    """A CSV writer onto ``path``."""
    with path.open("w", encoding="utf-8", newline="") as file:
        yield csv.writer(file)
