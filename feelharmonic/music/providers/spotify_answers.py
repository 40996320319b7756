"""Spotify's answers → tracks of ours. Pure; nothing of Spotify's dictionaries goes further."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from feelharmonic.music.messages import Track, is_spotify_key


class FoundTrack(NamedTuple):
    """A track that Spotify gave, and the first of its artists."""

    track: Track
    artist: str


def read_tracks(items: Sequence[object]) -> list[FoundTrack]:
    """The tracks among Spotify's ``items``; what lacks an id, a name or an artist, or may not play, is left out."""
    found = (_read_track(item) for item in items)
    return [item for item in found if item is not None]


def _read_track(item: object) -> FoundTrack | None:
    if not isinstance(item, dict) or item.get("is_playable") is False:
        return None
    artists = artist_names(item)
    key, title = item.get("id"), item.get("name")
    if not isinstance(key, str) or not is_spotify_key(key) or not isinstance(title, str) or not title or not artists:
        return None
    explicit = item.get("explicit")
    track = Track(
        key=key,
        title=title,
        artist=", ".join(artists),
        year=_year(item.get("album")),
        explicit=explicit if isinstance(explicit, bool) else None,
    )
    return FoundTrack(track, artists[0])


def artist_names(item: dict[str, Any]) -> list[str]:
    """The names of a track's artists, those that are texts."""
    names = [artist.get("name") for artist in item.get("artists") or () if isinstance(artist, dict)]
    return [name for name in names if isinstance(name, str) and name]


def playlist_row(item: object) -> tuple[str, str, str] | None:
    """id, artist and title of a row of a playlist; None for podcasts, local files and what has gone."""
    track = item.get("item") or item.get("track") if isinstance(item, dict) else None
    if not isinstance(track, dict) or not is_spotify_key(track.get("id")):
        return None
    artists = [str(artist.get("name", "")) for artist in track.get("artists") or [] if isinstance(artist, dict)]
    return track["id"], ", ".join(artists), str(track.get("name", ""))


def _year(album: object) -> int | None:
    date = album.get("release_date") if isinstance(album, dict) else None
    return int(date[:4]) if isinstance(date, str) and date[:4].isdigit() and date[:4].isascii() else None


def items(answer: object, name: str) -> list[Any]:
    """The list in an answer of Spotify's. Raises ValueError where the answer has another form."""
    items = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise ValueError(f"expected a list of {name}")
    return items
