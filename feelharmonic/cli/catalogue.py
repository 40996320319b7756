"""`catalogue import` and `catalogue info`."""

from __future__ import annotations

import csv
import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
from flask import current_app
from flask.cli import with_appcontext

from feelharmonic.cli.common import CSV_FILE, faults_as_messages
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.csv_table import NEEDED_TO_IMPORT, Rejected, Table
from feelharmonic.music.catalogue.database import DATABASE_NAME, DatabaseWriter
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params

#: Lines are taken over so many at a time; the progress bar moves once for each batch.
BATCH_LINES = 5_000

#: Tracks whose nearest emotion is looked for at a time: (7, CHUNK_ROWS, 9) float64 stays small.
CHUNK_ROWS = 50_000

GENRES_SHOWN = 25


@click.group()
def catalogue() -> None:
    """The tracks at hand."""


@catalogue.command("import")
@click.argument("path", metavar="FILE", type=CSV_FILE)
@with_appcontext
@faults_as_messages()
def import_tracks(path: Path) -> None:
    """Add the tracks of a CSV file in one of the common public schemas.

    All of them or, if anything interrupts it, none. Lines that are no valid track go into a side file with the reason.
    """
    folder = Path(current_app.instance_path)
    side_path = folder / f"{path.stem}.rejected.csv"
    with (
        Table(path, NEEDED_TO_IMPORT) as table,
        DatabaseWriter(folder / DATABASE_NAME) as writer,
        _side_file(side_path) as side,
        click.progressbar(length=table.size_bytes, label=path.name, file=sys.stderr) as bar,
    ):
        side.writerow(("line", "reason", *table.columns))
        valid, rejected = copy_tracks(
            table, writer, lambda item: side.writerow((item.line, item.reason, *item.fields)), bar.update
        )
    if not rejected:
        side_path.unlink()
    click.echo(
        f"{valid} tracks read: {writer.added} new, {valid - writer.added} known before; {rejected} lines rejected"
        + (f", see {side_path}" if rejected else "")
        + "."
    )


@catalogue.command()
@with_appcontext
@faults_as_messages()
def info() -> None:
    """Count the tracks by emotion and by genre."""
    params = Params.load()
    here = Catalogue.load(Path(current_app.instance_path) / DATABASE_NAME)
    chosen, nearest = _count_by_emotion(here, params)
    genres = np.bincount(here.columns.genre[here.different()], minlength=len(here.genres))
    click.echo(f"{len(here)} tracks\n")
    click.echo(f"{'emotion':<12}{'chosen by hand':>16}{'nearest to it':>16}")
    for emotion, by_hand, by_targets in zip(EMOTIONS, chosen, nearest, strict=True):
        click.echo(f"{emotion:<12}{by_hand:>16}{by_targets:>16}")
    click.echo(f"\n{'genre':<28}{'tracks':>8}")
    order = [number for number in np.argsort(-genres, kind="stable") if genres[number]]
    for number in order[:GENRES_SHOWN]:
        click.echo(f"{here.genres[number] or '(none)':<28}{genres[number]:>8}")
    if len(order) > GENRES_SHOWN:
        rest = order[GENRES_SHOWN:]
        click.echo(f"{f'{len(rest)} more':<28}{genres[rest].sum():>8}")


@contextmanager
def _side_file(path: Path) -> Iterator:
    """A CSV writer onto ``path``; an import that is interrupted takes the file away with everything else."""
    with path.open("w", encoding="utf-8", newline="") as file:
        try:
            yield csv.writer(file)
        except BaseException:
            file.close()
            path.unlink()
            raise


def copy_tracks(
    table: Table, writer: DatabaseWriter, reject: Callable[[Rejected], object], progress: Callable[[int], object]
) -> tuple[int, int]:
    """The table's tracks into ``writer``, the other lines to ``reject``; how many of each.

    ``progress`` is told from time to time how many bytes were read since it was told last.
    """
    valid = rejected = shown = 0
    items = table.tracks()
    while batch := list(itertools.islice(items, BATCH_LINES)):
        tracks = [item for item in batch if not isinstance(item, Rejected)]
        writer.add(tracks)
        for item in batch if len(tracks) < len(batch) else ():
            if isinstance(item, Rejected):
                reject(item)
        valid, rejected = valid + len(tracks), rejected + len(batch) - len(tracks)
        progress(table.read_bytes - shown)
        shown = table.read_bytes
    return valid, rejected


def _count_by_emotion(here: Catalogue, params: Params) -> tuple[list[int], np.ndarray]:
    """For each of EMOTIONS: how many tracks somebody chose for it, and to how many its targets are the nearest."""
    chosen = [int((here.columns.chosen_for >> bit & 1).sum()) for bit in range(len(EMOTIONS))]
    targets = [targets_for(params, emotion) for emotion in EMOTIONS]
    nearest = np.zeros(len(EMOTIONS), int)
    rows = here.different()
    for start in range(0, len(rows), CHUNK_ROWS):
        features = here.features(rows[start : start + CHUNK_ROWS])
        away = np.array([distances(features, target) for target in targets])  # (7, K)
        nearest += np.bincount(away.argmin(axis=0), minlength=len(EMOTIONS))
    return chosen, nearest
