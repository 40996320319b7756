"""Stations from Radio Browser (radio-browser.info): internet radio by tag, no key, no account. Asked only where chosen.

In: a TrackRequest. Out: Candidates, a station a step. Tags for each emotion and goal stand in emotion_params.json;
a station fits a mood by its tags, not by what plays at the moment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.messages import Track, TrackRequest
from feelharmonic.music.providers.open_http import OpenService, is_playable_address, line_of, page_of
from feelharmonic.music.selection import Candidates, Found, rank_found
from feelharmonic.params import OpenMusic

RADIO = "radio"

STATION_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

#: Stations of one tag that are asked for, best voted first; answers are kept for an hour.
STATIONS_PER_TAG = 40
CACHED_S = 3600.0

#: What browsers play.
CODECS = {"MP3", "AAC", "AAC+", "OGG", "OPUS", "FLAC", "VORBIS"}

#: A playlist in the place of a stream.
PLAYLIST = re.compile(r"\.(m3u|pls|asx|xspf|ram)(\?|\Z)", re.I)


class RadioProvider:
    """Asks ``service`` for stations. Safe between threads."""

    name = RADIO

    def __init__(self, host: str, music: OpenMusic):
        self._service = OpenService([host], cached_s=CACHED_S)
        self._music = music

    def probe(self) -> None:
        """Nothing is asked before somebody chooses the radio."""

    def candidates(self, request: TrackRequest) -> Candidates:
        """Stations whose tags fit the mood, or the goal where it is another; the best voted first."""
        found: dict[str, Found] = {}
        faults: list[ProviderUnavailable] = []
        tags = self._music.radio_tags_for(request.emotion, request.goal)
        for tag in request.chance.sample(tags, min(len(tags), 2)):
            try:
                rows = self._service.get("/json/stations/search", _query(tag))
            except ProviderUnavailable as exc:
                faults.append(exc)
                continue
            for track in _stations(rows):
                found.setdefault(track.id, Found(track=track, artist=track.id, steps=range(request.n)))
        if not found and faults:
            raise faults[0]
        shuffled = list(found.values())[: 4 * max(request.n, 5)]
        request.chance.shuffle(shuffled)
        return rank_found(request, shuffled, lambda ids: {})

    def count_click(self, station: str) -> None:
        """Tell the service that somebody listens, as it asks. Raises ProviderUnavailable."""
        if STATION_ID.fullmatch(station):
            self._service.get(f"/json/url/{station}", {})


def _query(tag: str) -> Mapping[str, str | int]:
    return {
        "tag": tag,
        "hidebroken": "true",
        "is_https": "true",
        "order": "votes",
        "reverse": "true",
        "limit": STATIONS_PER_TAG,
    }


def _stations(rows: object) -> Sequence[Track]:
    """The stations that a browser can play; those that only some can (HLS) last."""
    if not isinstance(rows, list):
        raise ProviderUnavailable("unreadable_answer", cooldown_s=60.0)
    read = [station for row in rows if isinstance(row, dict) and (station := _station(row)) is not None]
    return [track for _, track in sorted(read, key=lambda one: one[0])]


def _station(row: Mapping[str, object]) -> tuple[bool, Track] | None:
    key, name = row.get("stationuuid"), line_of(row.get("name"))
    address = row.get("url_resolved")
    is_hls = bool(row.get("hls"))
    codec = line_of(row.get("codec")).upper()
    if not isinstance(key, str) or not STATION_ID.fullmatch(key) or not name or not isinstance(address, str):
        return None
    if not is_playable_address(address) or PLAYLIST.search(address) or not (is_hls or codec in CODECS):
        return None
    track = Track(
        source=RADIO,
        key=key,
        title=name,
        artist=line_of(row.get("country")),
        genre=line_of(row.get("tags")).lower() or None,
        audio=address,
        page=page_of(row.get("homepage")),
    )
    return is_hls, track
