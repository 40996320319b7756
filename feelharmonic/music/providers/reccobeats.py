"""Tracks from ReccoBeats (reccobeats.com): free, no key. Asked only where PROVIDERS names it.

In: a TrackRequest. Out: Tracks. Its recommendations grow from seeds: the catalogue's tracks nearest to the targets. Its
terms are not confirmed and its limits not published, so a pause that it asks for is kept, and it gets few calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http.cookiejar import DefaultCookiePolicy

import requests

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest
from feelharmonic.music.selection import may_play, stages

API_URL = "https://api.reccobeats.com/v1"

MOST_SEEDS = 5

SPARE_CANDIDATES = 10

MOST_RECOMMENDED = 100

#: Pauses where it does not name one, in seconds.
PAUSED_REST_S = 60.0

FAULT_REST_S = 30.0


class ReccoBeatsProvider:
    """Asks ``api_url``; a call waits ``connect_s`` for the connection and ``read_s`` between two bytes."""

    name = "reccobeats"

    def __init__(self, catalogue: Catalogue, *, api_url: str = API_URL, connect_s: float = 1.0, read_s: float = 1.5):
        self._catalogue = catalogue
        self._url = f"{api_url}/track/recommendation"
        self._timeout_s = (connect_s, read_s)
        self._session = requests.Session()
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))

    def probe(self) -> None:
        """Nothing is asked: there are no credentials to be wrong, and every call counts."""

    def tracks(self, request: TrackRequest) -> list[Track]:
        """As the protocol says; the journey is asked for in a few stages."""
        chosen: dict[str, Track] = {}
        artists: set[str] = set()
        for steps in stages(request.steps):
            wanted = len(chosen) + len(steps)
            for track in self._stage(steps, request):
                artist = track.artist.split(", ")[0].casefold()
                if (
                    len(chosen) < wanted
                    and artist not in artists
                    and track.id not in request.avoid
                    and may_play(track, request)
                ):
                    chosen[track.id] = track
                    artists.add(artist)
        return list(chosen.values())

    def _stage(self, steps: Sequence[MusicTargets], request: TrackRequest) -> list[Track]:
        """Candidates for ``steps``, completed by what the catalogue knows of them."""
        middle = steps[len(steps) // 2]
        seeds = self._seeds(middle, request)
        if not seeds:
            return []
        wish = {"seeds": ",".join(seeds), "size": min(MOST_RECOMMENDED, 2 * len(steps) + SPARE_CANDIDATES)}
        features = {name: round(middle.features[name].centre, 4) for name in FEATURES}
        # With targets it has been seen to find nothing where the seeds alone find plenty.
        tracks = _read(self._ask(wish | features)) or _read(self._ask(wish))
        known = self._catalogue.known([track.id for track in tracks])
        return [known.get(track.id, track) for track in tracks]

    def _seeds(self, step: MusicTargets, request: TrackRequest) -> list[str]:
        """What the listener liked last, then the nearest tracks at hand, a few of them by chance."""
        (nearest,) = self._catalogue.nearest(
            [step], 4 * MOST_SEEDS, wishes=request.wishes, emotions=frozenset({step.emotion})
        )
        ids = [track.id for track in self._catalogue.tracks(nearest.rows)]
        return [*request.liked[-2:], *request.chance.sample(ids, min(len(ids), MOST_SEEDS))][:MOST_SEEDS]

    def _ask(self, wish: Mapping[str, object]) -> list:
        try:
            response = self._session.get(self._url, params=wish, timeout=self._timeout_s)
        except requests.Timeout:
            raise ProviderUnavailable("did not answer in time", rest_s=FAULT_REST_S) from None
        except requests.RequestException:
            raise ProviderUnavailable("cannot be reached", rest_s=FAULT_REST_S) from None
        if response.status_code == 429:
            rest_s = _seconds(response.headers.get("Retry-After"))
            raise ProviderUnavailable(f"rests for {rest_s:.0f} s, as it asks", rest_s=rest_s)
        if not response.ok:
            raise ProviderUnavailable(f"answered with an error ({response.status_code})", rest_s=FAULT_REST_S)
        try:
            content = response.json()["content"]
        except (ValueError, KeyError, TypeError):
            content = None
        if not isinstance(content, list):
            raise ProviderUnavailable("gave an answer that cannot be read", rest_s=FAULT_REST_S)
        return content


def _read(content: Sequence[object]) -> list[Track]:
    tracks = (_read_one(item) for item in content)
    return [track for track in tracks if track is not None]


def _read_one(item: object) -> Track | None:
    """A track, or None where it has no Spotify id, title or artist. Its own id is another; href ends in Spotify's."""
    if not isinstance(item, dict):
        return None
    track_id = str(item.get("href") or "").rstrip("/").rsplit("/", 1)[-1]
    title = item.get("trackTitle")
    artists = [artist.get("name") for artist in item.get("artists") or () if isinstance(artist, dict)]
    artists = [name for name in artists if isinstance(name, str) and name]
    is_id = len(track_id) == 22 and track_id.isascii() and track_id.isalnum()
    if not is_id or not isinstance(title, str) or not title or not artists:
        return None
    popularity = item.get("popularity")
    return Track(
        id=track_id,
        title=title,
        artist=", ".join(artists),
        popularity=popularity if isinstance(popularity, int) and 0 <= popularity <= 100 else None,
    )


def _seconds(text: str | None) -> float:
    return float(text) if text is not None and text.isascii() and text.isdigit() else PAUSED_REST_S
