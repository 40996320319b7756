"""`rank`: a table's tracks by their distance to an emotion's targets."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from feelharmonic.cli.common import CSV_FILE, faults_as_messages, print_csv
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.music import distances, read_scored, targets_for
from feelharmonic.params import Params


@click.command()
@click.option("--emotion", type=click.Choice(EMOTIONS), required=True)
@click.option("--goal", type=click.Choice(GOALS), default="match", show_default=True)
@click.option("--csv", "path", type=CSV_FILE, required=True, help="A table of tracks with an id and the nine features.")
@faults_as_messages()
def rank(emotion: str, goal: str, path: Path) -> None:
    """Order a table's tracks by distance to the targets, nearest first: id,distance.

    What a track feels like counts first: from its features, and from columns year, artist, genres, subgenres and
    playlists (values joined by "|") where the table has them. Each line of the table has one line here; those whose
    features cannot be read come last, without a distance.
    """
    table = read_scored(path)
    away = distances(table.features, targets_for(Params.load(), emotion, goal), table.felt())
    rows = [(table.ids[place], f"{away[place]:.6f}") for place in np.argsort(away, kind="stable")]
    print_csv(("id", "distance"), [*rows, *((track_id, "") for track_id in table.unread)])
