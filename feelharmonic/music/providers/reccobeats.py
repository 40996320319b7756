"""Candidates from ReccoBeats (reccobeats.com): free, no key. Asked only where PROVIDERS names it.

In: a TrackRequest. Out: Candidates. Its recommendations grow from seeds: the catalogue's tracks nearest to the targets.
Its terms are not confirmed and its limits not published, so a pause that it asks for is kept, and it gets few calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy

import requests

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.catalogue.current import CatalogueSource
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest, is_spotify_key
from feelharmonic.music.providers.spotify_answers import artist_names
from feelharmonic.music.selection import Candidates, Found, rank_found, stages

API_URL = "https://api.reccobeats.com/v1"

MAX_SEEDS = 5

#: The last tracks that the listener liked, which are seeds before all others.
LIKED_SEEDS = 2

#: Chance picks the other seeds among this many of the nearest tracks.
SEED_POOL = 20

#: More candidates than tracks: some are barred, some were given already, one artist counts once.
CANDIDATES_PER_TRACK = 2
SPARE_CANDIDATES = 10

MAX_RECOMMENDED = 100

#: Cooldowns where it names none, in seconds.
PAUSE_COOLDOWN_S = 60.0
FAULT_COOLDOWN_S = 30.0


class ReccoBeatsProvider:
    """Asks ``api_url``; a call waits ``connect_s`` for the connection and ``read_s`` between two bytes."""

    name = "reccobeats"

    def __init__(
        self, catalogue: CatalogueSource, *, api_url: str = API_URL, connect_s: float = 1.0, read_s: float = 1.5
    ):
        self._catalogue = catalogue
        self._url = f"{api_url}/track/recommendation"
        self._timeout_s = (connect_s, read_s)
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def probe(self) -> None:
        """Nothing is asked: there are no credentials to be wrong, and every call counts."""

    def candidates(self, request: TrackRequest) -> Candidates:
        """As the protocol says; a journey is asked for in a few stages."""
        found = [item for places in stages(request.steps) for item in self._stage(places, request)]
        return rank_found(request, found, self._catalogue.known)

    def _stage(self, places: range, request: TrackRequest) -> list[Found]:
        """What it has for the steps at ``places``."""
        middle = request.steps[places[len(places) // 2]]
        seeds = self._seeds(middle, request)
        if not seeds:
            return []
        size = min(MAX_RECOMMENDED, CANDIDATES_PER_TRACK * len(places) + SPARE_CANDIDATES)
        query = {"seeds": ",".join(seeds), "size": size}
        features = {name: round(middle.features[name].centre, 4) for name in FEATURES}
        # With targets it has been seen to find nothing where the seeds alone find plenty.
        return _read(self._ask(query | features), places) or _read(self._ask(query), places)

    def _seeds(self, step: MusicTargets, request: TrackRequest) -> list[str]:
        """What the listener liked last, then the nearest tracks at hand, a few of them by chance."""
        catalogue = self._catalogue.current()
        (nearest,) = catalogue.nearest([step], SEED_POOL, wishes=request.wishes, emotions=frozenset({step.emotion}))
        ids = [track.id for track in catalogue.tracks(nearest.rows)]
        by_chance = request.chance.sample(ids, min(len(ids), MAX_SEEDS))
        liked = [track_id for track_id in request.liked if is_spotify_key(track_id)]
        return [*liked[-LIKED_SEEDS:], *by_chance][:MAX_SEEDS]

    def _ask(self, query: Mapping[str, object]) -> list[object]:
        try:
            response = self._session.get(self._url, params=query, timeout=self._timeout_s)  # type: ignore[arg-type]
        except requests.Timeout:
            raise ProviderUnavailable("timeout", cooldown_s=FAULT_COOLDOWN_S) from None
        except requests.RequestException:
            raise ProviderUnavailable("unreachable", cooldown_s=FAULT_COOLDOWN_S) from None
        if response.status_code == 429:
            wait_s = _seconds(response.headers.get("Retry-After"))
            raise ProviderUnavailable("pause", {"wait_s": round(wait_s)}, cooldown_s=wait_s)
        if not response.ok:
            raise ProviderUnavailable("http_error", {"status": response.status_code}, cooldown_s=FAULT_COOLDOWN_S)
        try:
            content = response.json()["content"]
        except (ValueError, KeyError, TypeError):
            content = None
        if not isinstance(content, list):
            raise ProviderUnavailable("unreadable_answer", cooldown_s=FAULT_COOLDOWN_S)
        return content


def _read(content: Sequence[object], places: range) -> list[Found]:
    found = (_read_one(item, places) for item in content)
    return [item for item in found if item is not None]


def _read_one(item: object, places: range) -> Found | None:
    """A track, or None where it has no Spotify id, title or artist. Its own id is another; href ends in Spotify's."""
    if not isinstance(item, dict):
        return None
    key = str(item.get("href") or "").rstrip("/").rsplit("/", 1)[-1]
    title = item.get("trackTitle")
    artists = artist_names(item)
    if not is_spotify_key(key) or not isinstance(title, str) or not title or not artists:
        return None
    popularity = item.get("popularity")
    track = Track(
        key=key,
        title=title,
        artist=", ".join(artists),
        popularity=popularity if isinstance(popularity, int) and 0 <= popularity <= 100 else None,
    )
    return Found(track=track, artist=artists[0], steps=places)


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isascii() and text.isdigit() else PAUSE_COOLDOWN_S
