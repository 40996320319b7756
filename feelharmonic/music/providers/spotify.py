"""Candidates from Spotify: its recommendations, and its search.

In: a TrackRequest. Out: Candidates. What is asked of Spotify is said here; how, in spotifyaccess.py.

Spotify closed /recommendations to apps made after 2024-11-27 (404 or 403), and gives at most 10 results for a search.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator

from feelharmonic.audio_features import SPOTIFY_RANGES
from feelharmonic.music.messages import MusicTargets, TrackRequest, Wishes
from feelharmonic.music.providers.spotify_answers import FoundTrack
from feelharmonic.music.selection import Candidates, Found, Lookup, rank_found, stages
from feelharmonic.settings import Settings
from spotifyaccess import AppClient, SpotifyApp

#: What one search gives to an app of 2026, and how deep we page: far down lie songs that only share a word.
SEARCH_PAGE = 10
MAX_PAGES = 3

#: More candidates than tracks: some are barred, some were given already, one artist counts once.
OVERSAMPLE = 1.5
SPARE_CANDIDATES = 4

#: No further search begins after this; what was found by then is served.
SEARCH_BUDGET_S = 1.8

#: How long and how many searches are cached, for all listeners together: an app has a daily quota.
CACHE_S = 600.0
MAX_CACHED = 128

#: /recommendations is held to this many spreads around each centre.
BOUND_SPREADS = 2.5
MAX_SEEDS = 5
MAX_RECOMMENDED = 100

#: What to seed recommendations with where every genre is barred.
ANY_GENRE = "pop"


class SpotifyRecommendations:
    """/recommendations with targets and bounds, seeded by genres: for apps that still have it."""

    name = "spotify-recommendations"

    def __init__(self, client: AppClient, known: Lookup):
        self._client = client
        self._known = known

    def probe(self) -> None:
        self._client.recommendations({"seed_genres": [ANY_GENRE], "limit": 1})

    def candidates(self, request: TrackRequest) -> Candidates:
        """As the protocol says; a journey is asked for in a few stages."""
        found = [item for places in stages(request.steps) for item in self._stage(places, request)]
        return rank_found(request, found, self._known)

    def _stage(self, places: range, request: TrackRequest) -> list[Found]:
        middle = request.steps[places[len(places) // 2]]
        query = {
            "seed_genres": _genres(middle, request.wishes)[:MAX_SEEDS] or [ANY_GENRE],
            "limit": min(MAX_RECOMMENDED, 3 * len(places) + 10),
        }
        bounded = query | tuneable(middle, bounds=True)
        tracks = self._client.recommendations(bounded)
        tracks = tracks or self._client.recommendations(query | tuneable(middle, bounds=False))
        return [Found(track=item.track, artist=item.artist, steps=places) for item in tracks]


class SpotifySearch:
    """/search by words for the mood, genre and decade; ranked by features where the catalogue knows the track."""

    name = "spotify-search"

    def __init__(self, client: AppClient, known: Lookup, *, clock: Callable[[], float] = time.monotonic):
        self._client = client
        self._known = known
        self._clock = clock
        self._pages = _Cache(clock)

    def probe(self) -> None:
        self._client.sign_in()

    def candidates(self, request: TrackRequest) -> Candidates:
        """As the protocol says; fewer where Spotify finds fewer that the wishes allow."""
        ends_s = self._clock() + SEARCH_BUDGET_S
        by_emotion: dict[str, list[int]] = {}
        for place, step in enumerate(request.steps):
            by_emotion.setdefault(step.emotion, []).append(place)
        found: dict[str, Found] = {}
        artists: set[str] = set()  # of tracks that were not given yet
        for places in by_emotion.values():
            wanted = len(artists) + math.ceil(OVERSAMPLE * len(places)) + SPARE_CANDIDATES
            for item in self._search(request.steps[places[0]], request, ends_s):
                found.setdefault(item.track.id, Found(track=item.track, artist=item.artist, steps=places))
                if item.track.id not in request.avoid:
                    artists.add(item.artist.casefold())
                if len(artists) >= wanted:
                    break
        return rank_found(request, list(found.values()), self._known)

    def _search(self, step: MusicTargets, request: TrackRequest, ends_s: float) -> Iterator[FoundTrack]:
        """What one query after the other finds, page by page, until the time is up."""
        for query in queries(step, request.wishes, request.chance):
            for page in range(MAX_PAGES):
                if self._clock() >= ends_s:
                    return
                count, tracks = self._page(query, page * SEARCH_PAGE)
                yield from tracks
                if count < SEARCH_PAGE:
                    break

    def _page(self, query: str, offset: int) -> tuple[int, list[FoundTrack]]:
        return self._pages.get((query, offset), lambda: self._client.search(query, SEARCH_PAGE, offset))


class _Cache:
    """The search pages found lately. Safe between threads; a search that fails is not cached."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._pages: OrderedDict[Hashable, tuple[float, tuple[int, list[FoundTrack]]]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, find: Callable[[], tuple[int, list[FoundTrack]]]) -> tuple[int, list[FoundTrack]]:
        with self._lock:
            cached = self._pages.get(key)
        if cached is not None and self._clock() < cached[0]:
            return cached[1]
        page = find()
        with self._lock:
            self._pages[key] = (self._clock() + CACHE_S, page)
            self._pages.move_to_end(key)
            while len(self._pages) > MAX_CACHED:
                self._pages.popitem(last=False)
        return page


def spotify_app(settings: Settings) -> SpotifyApp:
    """The app at Spotify that the settings name."""
    return SpotifyApp(
        client_id=settings.spotify_client_id,
        client_secret=settings.spotify_client_secret,
        market=settings.spotify_market,
        api_url=settings.spotify_api_url,
        accounts_url=settings.spotify_accounts_url,
    )


def app_client(settings: Settings) -> AppClient | None:
    """A client of Spotify's API; None without id and secret."""
    if not settings.spotify_client_id or not settings.spotify_client_secret:
        return None
    return AppClient(spotify_app(settings))


def queries(step: MusicTargets, wishes: Wishes, chance: random.Random) -> Iterator[str]:
    """Searches for ``step``, the narrowest first: words, genre and decade; then without words; then without genre."""
    genres = _genres(step, wishes)
    chance.shuffle(genres)
    spans = [(decade, decade + 9) for decade in wishes.decades] or _decades(*step.search.years)
    words = list(step.search.words)
    chance.shuffle(words)
    instrumental = "instrumental " if wishes.instrumental_only else ""
    for index, genre in enumerate(genres):
        yield f"{instrumental}{words[index % len(words)]} {_genre_term(genre)} {_year_term(*chance.choice(spans))}"
    for genre in genres:
        yield f"{instrumental}{_genre_term(genre)} {_year_term(*chance.choice(spans))}"
    for word in words:
        yield f"{instrumental}{word} {_year_term(*chance.choice(spans))}"


def tuneable(step: MusicTargets, *, bounds: bool) -> dict[str, float]:
    """``target_*`` at each feature's centre and, with ``bounds``, ``min_*`` and ``max_*`` some spreads around it."""
    query = {}
    for name, target in step.features.items():
        low, high = SPOTIFY_RANGES[name]
        query[f"target_{name}"] = _clipped(target.centre, low, high)
        if bounds:
            query[f"min_{name}"] = _clipped(target.centre - BOUND_SPREADS * target.spread, low, high)
            query[f"max_{name}"] = _clipped(target.centre + BOUND_SPREADS * target.spread, low, high)
    return query


def _genres(step: MusicTargets, wishes: Wishes) -> list[str]:
    """The liked ones first, then the step's own, without the barred."""
    wanted = dict.fromkeys((*wishes.genres_liked, *step.genres))
    return [genre for genre in wanted if genre not in wishes.genres_barred]


def _genre_term(genre: str) -> str:
    return f'genre:"{genre.replace("-", " ")}"'


def _decades(first: int, last: int) -> list[tuple[int, int]]:
    """The years from ``first`` to ``last`` in spans of a decade, cut off at both ends."""
    starts = range(first - first % 10, last + 1, 10)
    return [(max(start, first), min(start + 9, last)) for start in starts]


def _year_term(first: int, last: int) -> str:
    return f"year:{first}-{last}"


def _clipped(value: float, low: float, high: float) -> float:
    return round(min(max(value, low), high), 4)
