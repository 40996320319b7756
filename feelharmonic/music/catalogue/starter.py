"""The starter table that the project ships."""

from __future__ import annotations

import csv
from pathlib import Path

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import SetupFault
from feelharmonic.music.messages import Track

STARTER_PATH = Path(__file__).resolve().parent / "starter_tracks.csv"


def read_starter(path: Path = STARTER_PATH) -> list[Track]:
    """The starter table's tracks. Raises SetupFault where it cannot be read."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [_starter_track(row) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SetupFault(
            [f"{path.name}: is not a readable table of tracks ({exc!r}). Restore it with `git checkout`."]
        ) from exc


def _starter_track(row: dict[str, str]) -> Track:
    return Track(
        key=row["id"],
        title=row["title"],
        artist=row["artist"],
        year=int(row["year"]),
        genre=row["genre"],
        features={name: float(row[name]) for name in FEATURES},
        emotions=tuple(row["emotions"].split()),
        popularity=int(row["popularity"]),
    )
