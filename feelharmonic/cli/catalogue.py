"""`catalogue import` and `catalogue info`."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from feelharmonic.cli.common import CSV_FILE, faults_as_messages
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music import DATABASE_NAME, Catalogue, import_table, summarise
from feelharmonic.params import Params

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
    rejected_path = folder / f"{path.stem}.rejected.csv"
    with click.progressbar(length=path.stat().st_size, label=path.name, file=sys.stderr) as bar:
        report = import_table(path, folder / DATABASE_NAME, rejected_path, bar.update)
    click.echo(
        f"{report.valid} tracks read: {report.added} new, {report.valid - report.added} known before; "
        f"{report.rejected} lines rejected" + (f", see {rejected_path}" if report.rejected else "") + "."
    )
    if not report.encoding.startswith("utf-8"):
        click.echo(f"The file was read as {report.encoding}; if names look wrong, save it as UTF-8.")
    if not report.valid:
        raise click.ClickException("Nothing was imported.")


@catalogue.command()
@with_appcontext
@faults_as_messages()
def info() -> None:
    """Count the tracks by emotion and by genre."""
    summary = summarise(Catalogue.load(Path(current_app.instance_path) / DATABASE_NAME), Params.load())
    click.echo(f"{summary.tracks} tracks\n")
    click.echo(f"{'emotion':<12}{'chosen by hand':>16}{'nearest to it':>16}")
    for emotion, chosen, nearest in zip(EMOTIONS, summary.chosen, summary.nearest, strict=True):
        click.echo(f"{emotion:<12}{chosen:>16}{nearest:>16}")
    click.echo(f"\n{'genre':<28}{'tracks':>8}")
    for name, count in summary.genres[:GENRES_SHOWN]:
        click.echo(f"{name or '(none)':<28}{count:>8}")
    if rest := summary.genres[GENRES_SHOWN:]:
        click.echo(f"{f'{len(rest)} more':<28}{sum(count for _, count in rest):>8}")
