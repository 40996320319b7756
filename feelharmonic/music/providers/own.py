"""Candidates from one's own music: what the scan of the music folders understood. No network, whole songs.

In: a TrackRequest. Out: Candidates, found as the catalogue's are. Each track's ``audio`` is the path under which the
server streams it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from feelharmonic.music.catalogue.columns import artist_number
from feelharmonic.music.catalogue.current import CurrentCatalogue
from feelharmonic.music.library.tags import UNKNOWN_ARTIST
from feelharmonic.music.messages import TrackRequest
from feelharmonic.music.providers.catalogue import CatalogueProvider
from feelharmonic.music.selection import Candidates

#: A library with fewer artists for each track that is asked for may play one of them twice in a list.
ARTISTS_PER_TRACK = 2


class OwnProvider(CatalogueProvider):
    """Finds candidates in the tracks that a scan wrote to ``tracks``; a newer file is noticed."""

    name = "own"

    #: Where the server streams a track: this and its key.
    audio_path = "/music/"

    def __init__(self, tracks: Path):
        super().__init__(CurrentCatalogue((), tracks))

    def candidates(self, request: TrackRequest) -> Candidates:
        found = super().candidates(request)
        return replace(
            found,
            artists=_artists(np.asarray(found.artists), request.n),
            tracks=lambda places: [replace(one, audio=f"{self.audio_path}{one.key}") for one in found.tracks(places)],
        )


class SubsonicProvider(OwnProvider):
    """The same of a Subsonic server's songs; our server passes their sound on."""

    name = "subsonic"
    audio_path = "/music/subsonic/"


def _artists(numbers: np.ndarray, wanted: int) -> Sequence[int] | np.ndarray:
    """(N,): equal for the same artist; all different where there are too few, and for artists whom no tag names."""
    different = -1 - np.arange(len(numbers), dtype=np.int64)
    if len(np.unique(numbers)) < ARTISTS_PER_TRACK * wanted:
        return different
    return np.where(numbers == artist_number(UNKNOWN_ARTIST), different, numbers.astype(np.int64))
