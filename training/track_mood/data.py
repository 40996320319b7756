"""Songs with audio features and a mood, labelled by one listener."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.track_mood import TRACK_MOODS
from training.data_dir import DataMissing

SONGS = Path("songs") / "mood_labelled.csv"


def read_songs(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """(N, 9) float features and (N,) int moods, indices into TRACK_MOODS, of the songs in the data folder.

    Raises DataMissing where the file is absent or a cell is invalid.
    """
    path = folder / SONGS
    if not path.is_file():
        raise DataMissing(f"{path} is missing: songs labelled with their mood.")
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        features = np.array([[float(row[name]) for name in FEATURES] for row in rows])
        moods = {name: i for i, name in enumerate(TRACK_MOODS)}
        return features, np.array([moods[row["mood"]] for row in rows])
    except (KeyError, TypeError, ValueError) as exc:
        raise DataMissing(
            f"{path}: expected numbers in the columns {', '.join(FEATURES)} and {', '.join(TRACK_MOODS)} in mood, got "
            f"{exc!r}."
        ) from exc
