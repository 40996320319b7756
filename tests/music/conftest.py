"""The stand-in for Spotify, as a new app and as an old one finds it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.spotify_stand_in import StandIn, song


@pytest.fixture
def spotify() -> Iterator[StandIn]:
    """A new app's Spotify."""
    with StandIn([song(number) for number in range(30)]) as stand_in:
        yield stand_in


@pytest.fixture
def old_spotify() -> Iterator[StandIn]:
    """Spotify for an app of before 2024-11-27."""
    with StandIn([song(number) for number in range(30)], legacy=True) as stand_in:
        yield stand_in
