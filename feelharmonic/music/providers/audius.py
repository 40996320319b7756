"""Whole tracks from Audius (audius.co), an open catalogue: searched by the moods that uploaders set. Asked only where
chosen.

In: a TrackRequest. Out: Candidates. A table in emotion_params.json maps emotions and goals onto Audius's moods. Rights
stay with the artists: names and pages are shown, nothing but ids and names is kept, for minutes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote, urlencode

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.messages import Track, TrackRequest
from feelharmonic.music.providers.open_http import OpenService, is_playable_address, line_of
from feelharmonic.music.selection import Candidates, Found, rank_found, stages
from feelharmonic.params import OpenMusic

AUDIUS = "audius"
APP_NAME = "feelharmonic"
SITE = "https://audius.co"

TRACK_KEY = re.compile(r"[A-Za-z0-9]{1,40}")
PERMALINK = re.compile(r"/[^\s\"<>\\]{1,200}")
YEAR = re.compile(r"(?:19|20)\d\d")

TRACKS_PER_MOOD = 40
CACHED_S = 600.0


class AudiusProvider:
    """Asks ``hosts`` in turn. ``key``: an API key, or "". Safe between threads."""

    name = AUDIUS

    def __init__(self, hosts: Sequence[str], key: str, music: OpenMusic):
        self._service = OpenService(hosts, cached_s=CACHED_S, headers={"x-api-key": key} if key else {})
        self._music = music

    def probe(self) -> None:
        """Nothing is asked before somebody chooses open catalogues."""

    def candidates(self, request: TrackRequest) -> Candidates:
        """Tracks of the moods on the way: the emotion's first, the goal's last."""
        found: dict[str, Found] = {}
        faults: list[ProviderUnavailable] = []
        parts = stages(request.steps)
        for number, places in enumerate(parts):
            goal = request.goal if number == len(parts) - 1 else "match"
            moods = self._music.audius_moods_for(request.emotion, goal)
            try:
                answer = self._service.get("/v1/tracks/search", self._query(request.chance.choice(moods)))
            except ProviderUnavailable as exc:
                faults.append(exc)
                continue
            for track in self._tracks(answer):
                found.setdefault(track.id, Found(track=track, artist=track.artist, steps=places))
        if not found and faults:
            raise faults[0]
        shuffled = list(found.values())
        request.chance.shuffle(shuffled)
        return rank_found(request, shuffled, lambda ids: {})

    def _query(self, mood: str) -> Mapping[str, str | int]:
        return {"query": "", "mood": mood, "limit": TRACKS_PER_MOOD, "app_name": APP_NAME}

    def _tracks(self, answer: object) -> list[Track]:
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(rows, list):
            raise ProviderUnavailable("unreadable_answer", cooldown_s=60.0)
        return [track for row in rows if isinstance(row, dict) and (track := self._track(row)) is not None]

    def _track(self, row: Mapping[str, object]) -> Track | None:
        key, title = row.get("id"), line_of(row.get("title"))
        user = row.get("user")
        artist = line_of(user.get("name")) if isinstance(user, dict) else ""
        if not isinstance(key, str) or not TRACK_KEY.fullmatch(key) or not title or not artist:
            return None
        if row.get("is_streamable") is False:
            return None
        audio = f"{self._service.host}/v1/tracks/{quote(key)}/stream?{urlencode({'app_name': APP_NAME})}"
        permalink, released = row.get("permalink"), YEAR.search(str(row.get("release_date") or ""))
        is_page = isinstance(permalink, str) and PERMALINK.fullmatch(permalink)
        return Track(
            source=AUDIUS,
            key=key,
            title=title,
            artist=artist,
            year=int(released[0]) if released else None,
            genre=line_of(row.get("genre")).lower() or None,
            audio=audio if is_playable_address(audio) else "",
            page=f"{SITE}{permalink}" if is_page else SITE,
        )
