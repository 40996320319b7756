"""Track ids: Spotify's bare, all others with their source."""

from __future__ import annotations

import pytest

from feelharmonic.errors import BadInput
from feelharmonic.music.messages import SPOTIFY, Track, TrackId, is_spotify_key, is_track_id

KEY = "4uLU6hMCjMI75M1A2tKUQC"


@pytest.mark.parametrize(
    ("text", "source", "key"),
    [
        (KEY, SPOTIFY, KEY),
        ("own:3f2a", "own", "3f2a"),
        ("subsonic:home/42", "subsonic", "home/42"),
        (f"audius:{KEY}", "audius", KEY),
        ("radio:http://a.example:8000/x", "radio", "http://a.example:8000/x"),
    ],
)
def test_an_id_reads_what_it_writes(text, source, key):
    track_id = TrackId.parse(text)
    assert (track_id.source, track_id.key) == (source, key)
    assert str(track_id) == text
    assert Track(source=source, key=key, title="", artist="").id == text
    assert is_track_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        KEY[:-1],
        KEY + "A",
        KEY[:-1] + "é",
        KEY[:-1] + "٣",
        KEY + "\n",
        f"spotify:{KEY}",  # one track has one text
        f"spotify:track:{KEY}",
        "own:",
        ":3f2a",
        "own:with space",
        "own:\n",
        "Own:3f2a",
        "own:" + "x" * 201,
        "x" * 33 + ":1",
    ],
)
def test_what_is_no_id_is_refused_with_what_was_expected(text):
    assert not is_track_id(text)
    with pytest.raises(BadInput, match="Expected 22 letters and digits or source:key, got "):
        TrackId.parse(text)


@pytest.mark.parametrize("value", [None, 3, ["a"], b"0" * 22])
def test_what_is_no_text_is_no_id(value):
    assert not is_track_id(value)
    assert not is_spotify_key(value)


def test_spotifys_tracks_have_a_page_and_others_none():
    assert Track(key=KEY, title="", artist="").url == f"https://open.spotify.com/track/{KEY}"
    assert Track(source="own", key="3f2a", title="", artist="").url == ""
