"""Candidates from one's own music: what the scan of the music folders understood. No network, whole songs.

In: a TrackRequest. Out: Candidates, found as the catalogue's are. Each track's ``audio`` is the path under which the
server streams it.
"""

from __future__ import annotations

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
        #: Of the tracks that were searched last: the artists' numbers, what is made of them, how many are different.
        self._artists: tuple[np.ndarray, np.ndarray, int] | None = None

    def candidates(self, request: TrackRequest) -> Candidates:
        found = super().candidates(request)
        return replace(
            found,
            artists=self._different(np.asarray(found.artists), request.n),
            tracks=lambda places: [replace(one, audio=f"{self.audio_path}{one.key}") for one in found.tracks(places)],
        )

    def _different(self, numbers: np.ndarray, wanted: int) -> np.ndarray:
        """(N,): equal for the same artist; all different where there are too few, and for artists whom no tag names."""
        known = self._artists
        if known is None or known[0] is not numbers:
            different = -1 - np.arange(len(numbers), dtype=np.int64)
            named = np.where(numbers == artist_number(UNKNOWN_ARTIST), different, numbers.astype(np.int64))
            known = self._artists = (numbers, named, len(np.unique(numbers)))
        too_few = known[2] < ARTISTS_PER_TRACK * wanted
        return -1 - np.arange(len(numbers), dtype=np.int64) if too_few else known[1]


class SubsonicProvider(OwnProvider):
    """The same of a Subsonic server's songs; our server passes their sound on."""

    name = "subsonic"
    audio_path = "/music/subsonic/"
