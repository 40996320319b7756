"""What several commands need: faults as messages, the networks, tables out."""

from __future__ import annotations

import csv
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from feelharmonic.csv_cells import guarded
from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.reading import Networks
from feelharmonic.settings import Settings

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Faults of ours end a command with their text and exit status 1, not with a traceback."""
    try:
        yield
    except (BadInput, SetupFault) as exc:
        raise click.ClickException(str(exc)) from exc
    except BrokenPipeError:
        raise  # the reader closed the pipe, as `head` does: click ends quietly
    except (OSError, sqlite3.Error) as exc:
        raise click.ClickException(f"Reading or writing failed ({exc}). Nothing was changed.") from exc


def load_networks() -> Networks:
    """The networks that the settings name, as the server takes them."""
    settings = Settings.load()
    return Networks.load(face_finder=settings.face_finder, expression_backend=settings.expression_backend)


def print_csv(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a CSV table to standard output, without formulas for spreadsheets."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
