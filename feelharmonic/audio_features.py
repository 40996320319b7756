"""The nine audio features under Spotify's names, where their values lie, and a target for one of them."""

from __future__ import annotations

from dataclasses import dataclass

#: Audio features under Spotify's names, in this order in every array and file.
FEATURES = (
    "acousticness",
    "danceability",
    "energy",
    "instrumentalness",
    "liveness",
    "loudness",
    "speechiness",
    "tempo",
    "valence",
)

#: Least and greatest value of each: loudness in dB, tempo in BPM, all others 0..1. Values outside are errors of a
#: table; some public tables hold a little above 0 dB, and 0 BPM for no beat.
FEATURE_RANGES = dict.fromkeys(FEATURES, (0.0, 1.0)) | {"loudness": (-60.0, 10.0), "tempo": (0.0, 300.0)}

#: What Spotify's API takes as bounds and targets; it refuses others with 400.
SPOTIFY_RANGES = FEATURE_RANGES | {"loudness": (-60.0, 0.0), "tempo": (0.0, 250.0)}

#: What our REST API takes. Wider: other programs measure otherwise, and their tracks have a mood as well.
ACCEPTED_RANGES = FEATURE_RANGES | {"loudness": (-100.0, 20.0), "tempo": (0.0, 1000.0)}

#: Spotify: a track above this instrumentalness is meant to have no vocals.
MIN_INSTRUMENTALNESS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTarget:
    """Where a feature should be: ``centre`` and ``spread`` (> 0), both in the feature's own unit."""

    centre: float
    spread: float
