"""Spotify's answers → tracks of ours. Pure; nothing of Spotify's dictionaries goes further."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from feelharmonic.music.messages import Track, is_spotify_key


class FoundTrack(NamedTuple):
    """A track that Spotify gave, and the first of its artists."""

    track: Track
    artist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackState:
    """What a listener's device plays. ``ids``: of the track, and of the one that Spotify plays it for where it plays
    another edition; empty for a podcast or nothing. ``volume`` 0..1, None where the device's cannot be set."""

    ids: tuple[str, ...]
    playing: bool
    position_s: float
    duration_s: float
    volume: float | None


def playback_state(answer: object) -> PlaybackState | None:
    """Spotify's answer on the player; None where no device is active. Raises ValueError on another form."""
    if answer is None:
        return None
    if not isinstance(answer, dict):
        raise ValueError("expected an object on the player")
    track, device = answer.get("item") or {}, answer.get("device") or {}
    ids = [one.get("id") for one in (track, track.get("linked_from") or {})]
    percent = device.get("volume_percent") if device.get("supports_volume", True) else None
    return PlaybackState(
        ids=tuple(str(one) for one in ids if is_spotify_key(one)),
        playing=answer.get("is_playing") is True,
        position_s=(answer.get("progress_ms") or 0) / 1000,
        duration_s=(track.get("duration_ms") or 0) / 1000,
        volume=None if percent is None else percent / 100,
    )


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
