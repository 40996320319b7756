"""How many tracks the catalogue holds, by emotion and by genre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params

#: Tracks whose nearest emotion is looked for at a time: (7, CHUNK_ROWS, 9) float64 stays small.
CHUNK_ROWS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """``tracks``: how many different ones. ``chosen`` and ``nearest``: for each of EMOTIONS, how many tracks somebody
    chose for it and to how many its targets are the nearest. ``genres``: names and numbers of tracks, largest first;
    the empty name stands for none."""

    tracks: int
    chosen: tuple[int, ...]
    nearest: tuple[int, ...]
    genres: tuple[tuple[str, int], ...]


def summarise(catalogue: Catalogue, params: Params) -> Summary:
    """Count the tracks of ``catalogue``."""
    rows = catalogue.different()
    by_genre = np.bincount(catalogue.columns.genre[rows], minlength=len(catalogue.genres))
    order = np.argsort(-by_genre, kind="stable")
    return Summary(
        tracks=len(catalogue),
        chosen=tuple(int((catalogue.columns.chosen_for >> bit & 1).sum()) for bit in range(len(EMOTIONS))),
        nearest=_nearest_emotions(catalogue, params, rows),
        genres=tuple((catalogue.genres[number], int(by_genre[number])) for number in order if by_genre[number]),
    )


def _nearest_emotions(catalogue: Catalogue, params: Params, rows: np.ndarray) -> tuple[int, ...]:
    targets = [targets_for(params, emotion) for emotion in EMOTIONS]
    counts = np.zeros(len(EMOTIONS), np.intp)
    for start in range(0, len(rows), CHUNK_ROWS):
        here = rows[start : start + CHUNK_ROWS]
        features, felt = catalogue.features(here), catalogue.felt(here)
        away = np.array([distances(features, target, felt) for target in targets])  # (7, K)
        counts += np.bincount(away.argmin(axis=0), minlength=len(EMOTIONS))
    return tuple(int(count) for count in counts)
