"""`rank`: a table's tracks by their distance to an emotion's targets."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np

from feelharmonic.cli.common import CSV_FILE, _print_csv, _read_scored, faults_as_messages
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params


@click.command()
@click.option("--emotion", type=click.Choice(EMOTIONS), required=True)
@click.option("--goal", type=click.Choice(GOALS), default="match", show_default=True)
@click.option("--csv", "path", type=CSV_FILE, required=True, help="A table of tracks with an id and the nine features.")
@faults_as_messages()
def rank(emotion: str, goal: str, path: Path) -> None:
    """Order a table's tracks by distance to the targets, nearest first: id,distance.

    Every line of the table comes once; those whose features cannot be read come last, without a distance.
    """
    ids, features, unread = _read_scored(path)
    away = distances(features, targets_for(Params.load(), emotion, goal))
    order = np.argsort(away, kind="stable")
    rows = [(ids[place], f"{away[place]:.6f}") for place in order]
    _print_csv(("id", "distance"), [*rows, *((track_id, "") for track_id in unread)])
