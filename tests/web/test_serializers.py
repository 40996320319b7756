"""What travels: messages as plain dictionaries."""

from __future__ import annotations

from feelharmonic.music import Track
from feelharmonic.web.serializers import track_fields


def test_a_track_travels_with_the_address_of_its_sound_where_it_has_one():
    spotifys = Track(key="4uLU6hMCjMI75M1A2tKUQC", title="Song", artist="Somebody", year=1999)
    assert track_fields(spotifys) == {
        "id": "4uLU6hMCjMI75M1A2tKUQC",
        "title": "Song",
        "artist": "Somebody",
        "year": 1999,
        "url": "https://open.spotify.com/track/4uLU6hMCjMI75M1A2tKUQC",
    }
    own = Track(source="own", key="3f2a", title="Song", artist="Somebody", audio="/music/3f2a")
    assert track_fields(own) == {
        "id": "own:3f2a",
        "title": "Song",
        "artist": "Somebody",
        "year": None,
        "url": "",
        "audio": "/music/3f2a",
    }
