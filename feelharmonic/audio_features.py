"""The nine audio features under Spotify's names, and a target for one of them."""

from __future__ import annotations

from dataclasses import dataclass

#: Audio features under Spotify's names. All 0..1 but for loudness (dB, about -60..0) and tempo (BPM).
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTarget:
    """Where a feature should be: ``centre`` and ``spread`` (> 0), both in the feature's own unit."""

    centre: float
    spread: float
