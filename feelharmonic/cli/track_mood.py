"""`track-mood`: the mood of a table's tracks."""

from __future__ import annotations

from pathlib import Path

import click

from feelharmonic.cli.common import CSV_FILE, faults_as_messages, print_csv
from feelharmonic.music import TrackMoodReader, read_scored, shift_by_words


@click.command("track-mood")
@click.option("--csv", "path", type=CSV_FILE, required=True, help="A table of tracks with an id and the nine features.")
@faults_as_messages()
def track_mood(path: Path) -> None:
    """Read the mood of a table's tracks, in its order: id,mood,confidence.

    Columns year, artist, genres, subgenres and playlists (values joined by "|") count, too, where the table has them.
    Lines whose features cannot be read come last, without a mood.
    """
    table = read_scored(path)
    shift = shift_by_words(table.felt(), table.felt_by_features())
    moods = TrackMoodReader.load().read(table.features, shift)
    rows = [(track_id, mood.mood, f"{mood.confidence:.4f}") for track_id, mood in zip(table.ids, moods, strict=True)]
    print_csv(("id", "mood", "confidence"), [*rows, *((track_id, "", "") for track_id in table.unread)])
