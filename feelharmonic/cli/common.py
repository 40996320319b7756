"""What several commands need: faults as messages, tables in and out."""

from __future__ import annotations

import csv
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from feelharmonic.errors import BadInput, SetupFault
from feelharmonic.music.catalogue.csv_table import NEEDED_TO_SCORE, Table
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@contextmanager
def faults_as_messages() -> Iterator[None]:
    """Faults of ours end a command with their text and exit status 1, not with a traceback."""
    try:
        yield
    except (BadInput, SetupFault) as exc:
        raise click.ClickException(str(exc)) from exc
    except (OSError, sqlite3.Error) as exc:
        raise click.ClickException(f"Reading or writing failed ({exc}). Nothing was changed.") from exc


def _wanted_parts() -> Networks:
    """The finder and the reader that the settings name, as the server takes them."""
    wanted = Settings.load()
    return Networks.load(face_finder=wanted.face_finder, expression_backend=wanted.expression_backend)


def _read_scored(path: Path) -> tuple[list[str], np.ndarray, list[str]]:
    """The ids of the lines that can be read, their features (N, 9), and the ids of those that cannot."""
    with Table(path, NEEDED_TO_SCORE) as table:
        lines = list(table.scored())
    known = [(track_id, values) for track_id, values in lines if values is not None]
    features = np.array([values for _, values in known], np.float64).reshape(len(known), -1 if known else 9)
    return [track_id for track_id, _ in known], features, [track_id for track_id, values in lines if values is None]


def _print_csv(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
