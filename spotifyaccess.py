"""Everything that talks to Spotify; the only file that imports spotipy.

In: TrackRequests, and what a connected listener wants done. Out: Tracks, or a ProviderUnavailable or AccountFault that
says why not. Neither Spotify's dictionaries nor spotipy's exceptions leave this file; no token and no secret is logged,
written or shown. Nothing blocks for long: every call has timeouts, none sleeps through a pause, none opens a browser.

Spotify closed /recommendations to apps made after 2024-11-27 (404 or 403), and gives at most 10 results for a search.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Protocol

import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError, SpotifyPKCE

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import AccountFault, NotConnected, ProviderUnavailable
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest, Wishes
from feelharmonic.music.selection import may_play, stages

#: What one search gives to an app of 2026, and how deep we page: far down lie songs that only share a word.
SEARCH_PAGE = 10
MOST_PAGES = 3

#: More candidates than tracks: some are barred, some were given already, one artist counts once.
OVERSAMPLE = 1.5
SPARE_CANDIDATES = 4

#: A search goes on no longer than this; what was found by then is served.
SEARCH_BUDGET_S = 1.8

#: Searches are remembered so long and so many, for all listeners together: an app has a daily quota.
RECENT_S = 600.0
MOST_RECENT = 128

#: Pauses where Spotify does not name one, in seconds.
PAUSED_REST_S = 30.0
DOWN_REST_S = 20.0
UNREACHED_REST_S = 30.0
REFUSED_REST_S = 3600.0

#: /recommendations is held to so many spreads around each centre.
BOUND_SPREADS = 2.5
MOST_SEEDS = 5
MOST_RECOMMENDED = 100

#: A track whose features nobody knows ranks as one so far from the targets (in spreads), later ones a little further.
UNKNOWN_DISTANCE = 1.5

#: Where features may lie, by Spotify's pages: bounds and targets outside are refused with 400.
FEATURE_RANGES = dict.fromkeys(FEATURES, (0.0, 1.0)) | {"loudness": (-60.0, 0.0), "tempo": (0.0, 250.0)}

SCOPES = ("playlist-modify-private", "playlist-read-private", "user-modify-playback-state")
MOST_ITEMS_AT_ONCE = 100
MOST_PLAYLIST_ITEMS = 2000
#: spotipy's own default: documents disagree on whether 100 is allowed.
PLAYLIST_PAGE = 50

log = logging.getLogger(__name__)

#: Gives the tracks of those ids that the catalogue knows, with their features.
Lookup = Callable[[Sequence[str]], Mapping[str, Track]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotifyApp:
    """Which app of ours asks, and where. ``market`` is a country's two letters: without one an app's own token finds
    nothing playable. A call waits ``connect_s`` for the connection and ``read_s`` between two bytes."""

    client_id: str
    client_secret: str = field(default="", repr=False)
    market: str = "US"
    api_url: str = "https://api.spotify.com/v1/"
    accounts_url: str = "https://accounts.spotify.com"
    connect_s: float = 1.0
    read_s: float = 1.5

    @property
    def timeout_s(self) -> tuple[float, float]:
        return self.connect_s, self.read_s


class SpotifyRecommendations:
    """/recommendations with targets and bounds, seeded by genres: for apps that still have it."""

    name = "spotify-recommendations"

    def __init__(self, app: SpotifyApp, known: Lookup):
        self._web = _AppWeb(app)
        self._known = known

    def probe(self) -> None:
        self._ask({"seed_genres": ["pop"], "limit": 1})

    def tracks(self, request: TrackRequest) -> list[Track]:
        """As the protocol says; a journey is asked for in a few stages."""
        found = []
        for steps in stages(request.steps):
            found.extend(self._stage(steps, request.wishes))
        return _Choice(request, found, self._known).tracks()

    def _stage(self, steps: Sequence[MusicTargets], wishes: Wishes) -> list[_Found]:
        middle = steps[len(steps) // 2]
        wish = {
            "seed_genres": _genres(middle, wishes)[:MOST_SEEDS] or ["pop"],
            "limit": min(MOST_RECOMMENDED, 3 * len(steps) + 10),
        }
        bounded = wish | tuneable(middle, bounds=True)
        items = self._ask(bounded) or self._ask(wish | tuneable(middle, bounds=False))
        return _read_items(items, middle.emotion)

    def _ask(self, wish: dict) -> list:
        with translated("recommendations"):
            return _items(self._web.ask(lambda spotify, market: spotify.recommendations(country=market, **wish)))


class SpotifySearch:
    """/search by words for the mood, genre and decade; ranked by features where the catalogue knows the track."""

    name = "spotify-search"

    def __init__(self, app: SpotifyApp, known: Lookup, *, clock: Callable[[], float] = time.monotonic):
        self._web = _AppWeb(app)
        self._known = known
        self._clock = clock
        self._recent = _Recent(clock)

    def probe(self) -> None:
        with translated("search"):
            self._web.sign_in()

    def tracks(self, request: TrackRequest) -> list[Track]:
        """As the protocol says; fewer where Spotify finds fewer that the wishes allow."""
        ends_s = self._clock() + SEARCH_BUDGET_S
        by_emotion: dict[str, list[MusicTargets]] = {}
        for step in request.steps:
            by_emotion.setdefault(step.emotion, []).append(step)
        found: dict[str, _Found] = {}
        artists: set[str] = set()  # of tracks that were not given yet
        for steps in by_emotion.values():
            wanted = len(artists) + math.ceil(OVERSAMPLE * len(steps)) + SPARE_CANDIDATES
            for item in self._search(steps[0], request, ends_s):
                found.setdefault(item.track.id, item)
                if item.track.id not in request.avoid:
                    artists.add(item.artist)
                if len(artists) >= wanted:
                    break
        return _Choice(request, list(found.values()), self._known).tracks()

    def _search(self, step: MusicTargets, request: TrackRequest, ends_s: float) -> Iterator[_Found]:
        """What one query after the other finds, page by page, until the time is up."""
        for query in queries(step, request.wishes, request.chance):
            for page in range(MOST_PAGES):
                if self._clock() >= ends_s:
                    return
                items = self._page(query, page * SEARCH_PAGE)
                yield from _read_items(items, step.emotion)
                if len(items) < SEARCH_PAGE:
                    break

    def _page(self, query: str, offset: int) -> list:
        def search() -> list:
            with translated("search"):
                answer = self._web.ask(
                    lambda spotify, market: spotify.search(query, SEARCH_PAGE, offset, "track", market)
                )
                return _items(answer["tracks"], "items")

        return self._recent.get((query, offset), search)


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
    wish = {}
    for name, target in step.features.items():
        low, high = FEATURE_RANGES[name]
        wish[f"target_{name}"] = _clipped(target.centre, low, high)
        if bounds:
            wish[f"min_{name}"] = _clipped(target.centre - BOUND_SPREADS * target.spread, low, high)
            wish[f"max_{name}"] = _clipped(target.centre + BOUND_SPREADS * target.spread, low, high)
    return wish


class SpotifyAccounts:
    """Connecting a listener's own account: authorization code with PKCE, no secret needed. Holds no account itself."""

    def __init__(self, app: SpotifyApp, redirect_uri: str):
        self._app = app
        self.redirect_uri = redirect_uri

    def begin(self, state: str) -> Login:
        """A login to send the browser to. ``state`` must come back with the code; the caller checks it."""
        pkce = _PKCE(self._app, self.redirect_uri)
        url = pkce.get_authorize_url(state)
        return Login(self._app, pkce, url)

    def login(self, kept: dict) -> Login:
        """The login that ``kept`` was made of, perhaps by another process."""
        pkce = _PKCE(self._app, self.redirect_uri)
        pkce.code_verifier, pkce.code_challenge = kept["verifier"], kept["challenge"]
        return Login(self._app, pkce, kept["url"])

    def account(self, tokens: Tokens) -> Account:
        """The account whose tokens ``tokens`` keeps."""
        return Account(self._app, _PKCE(self._app, self.redirect_uri), tokens)


class Login:
    """A login under way: ``url`` is Spotify's page; what must come back stays here."""

    def __init__(self, app: SpotifyApp, pkce: _PKCE, url: str):
        self._app = app
        self._pkce = pkce
        self.url = url

    def kept(self) -> dict:
        """What `SpotifyAccounts.login` makes it from again. Secret: whoever has it and the code has the account."""
        return {"verifier": self._pkce.code_verifier, "challenge": self._pkce.code_challenge, "url": self.url}

    def finish(self, code: str) -> Account:
        """The account that ``code`` opens. Raises AccountFault or NotConnected."""
        with _account_faults():
            self._pkce.get_access_token(code, check_cache=False)
        return Account(self._app, self._pkce, OwnTokens(self._pkce.cache_handler.get_cached_token()))


class Tokens(Protocol):
    """Where an account's tokens (plain data, as Spotify gives them) are kept; several processes may share them."""

    def read(self) -> dict | None:
        """The newest; None where the account was disconnected."""
        ...

    def write(self, tokens: dict) -> None: ...

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else refreshes them meanwhile: a refresh may end the refresh token of another."""
        ...


class OwnTokens:
    """Kept here and nowhere else."""

    def __init__(self, tokens: dict):
        self._tokens = tokens
        self._refreshing = threading.Lock()

    def read(self) -> dict:
        return self._tokens

    def write(self, tokens: dict) -> None:
        self._tokens = tokens

    def alone(self) -> AbstractContextManager[None]:
        return self._refreshing


class Account:
    """A connected listener: saves and plays for them, with the tokens of ``tokens``. Safe between threads.

    Every method raises NotConnected when Spotify wants the listener to connect again, else AccountFault.
    """

    def __init__(self, app: SpotifyApp, pkce: _PKCE, tokens: Tokens):
        self._pkce = pkce
        self._tokens = tokens
        self._spotify = _client(app)

    def kept(self) -> dict:
        """Its tokens, as plain data. Secret."""
        return self._signed_out_if_none(self._tokens.read())

    def save(self, name: str, description: str, ids: Sequence[str]) -> str:
        """Make a private playlist of the tracks of those ids; returns its address."""
        playlist = self._ask(
            lambda spotify: spotify.current_user_playlist_create(name, public=False, description=description)
        )
        with _account_faults():
            playlist_id, url = playlist["id"], playlist["external_urls"]["spotify"]
        for start in range(0, len(ids), MOST_ITEMS_AT_ONCE):
            uris = [_uri(track_id) for track_id in ids[start : start + MOST_ITEMS_AT_ONCE]]
            self._ask(lambda spotify, uris=uris: spotify.playlist_add_items(playlist_id, uris))
        return url

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]:
        """id, artist and title of the tracks of a playlist that is the listener's own (others Spotify refuses)."""
        rows: list[tuple[str, str, str]] = []
        offset = 0
        while offset < MOST_PLAYLIST_ITEMS:
            page = self._ask(
                lambda spotify, offset=offset: spotify.playlist_items(
                    playlist_id, limit=PLAYLIST_PAGE, offset=offset, additional_types=("track",)
                )
            )
            with _account_faults():
                items = page["items"]
                rows += [row for item in items if (row := _playlist_row(item)) is not None]
                offset += len(items)
                if not items or offset >= page["total"]:
                    break
        return rows

    def play(self, ids: Sequence[str]) -> None:
        """Play those tracks on the listener's active device (Premium)."""
        uris = [_uri(track_id) for track_id in ids]
        self._ask(lambda spotify: spotify.start_playback(uris=uris), plays=True)

    def queue(self, ids: Sequence[str]) -> None:
        """Put those tracks into the queue of the listener's active device (Premium)."""
        for track_id in ids:
            self._ask(lambda spotify, track_id=track_id: spotify.add_to_queue(_uri(track_id)), plays=True)

    def _ask(self, call: Callable[[spotipy.Spotify], dict | None], *, plays: bool = False) -> dict | None:
        with _account_faults(plays=plays):
            token = self._token()
            try:
                return call(self._signed_in(token))
            except spotipy.SpotifyException as exc:
                if exc.http_status != 401:
                    raise
            return call(self._signed_in(self._token(refused=token)))

    def _signed_in(self, token: str) -> spotipy.Spotify:
        """The client with the token as plain text: with an auth manager spotipy could ask for input."""
        self._spotify.set_auth(token)
        return self._spotify

    def _token(self, *, refused: str = "") -> str:
        """A token that has not run out, and is not the one that Spotify ``refused``."""
        tokens = self._signed_out_if_none(self._tokens.read())
        if self._is_stale(tokens, refused):
            with self._tokens.alone():
                tokens = self._signed_out_if_none(self._tokens.read())  # somebody else may have been quicker
                if self._is_stale(tokens, refused):
                    tokens = self._pkce.refresh_access_token(tokens["refresh_token"])
                    self._tokens.write(tokens)
        return tokens["access_token"]

    def _is_stale(self, tokens: dict, refused: str) -> bool:
        return tokens["access_token"] == refused or self._pkce.is_token_expired(tokens)

    @staticmethod
    def _signed_out_if_none(tokens: dict | None) -> dict:
        if tokens is None:
            raise NotConnected("The account was disconnected.", "Connect Spotify once more.")
        return tokens


class _AppWeb:
    """The web API with the app's own token, which belongs to no listener."""

    def __init__(self, app: SpotifyApp):
        _keep_spotipy_quiet()
        self._market = app.market
        self._auth = SpotifyClientCredentials(
            app.client_id,
            app.client_secret,
            requests_session=_session(),
            requests_timeout=app.timeout_s,
            cache_handler=MemoryCacheHandler(),
        )
        self._auth.OAUTH_TOKEN_URL = f"{app.accounts_url}/api/token"
        self._spotify = _client(app)

    def sign_in(self, *, again: bool = False) -> str:
        """The app's token, a new one where it has run out or ``again`` is set."""
        return self._auth.get_access_token(as_dict=False, check_cache=not again)

    def ask(self, call: Callable[[spotipy.Spotify, str], dict | None]) -> dict | None:
        """What ``call(spotify, market)`` returns; a token that Spotify no longer takes is replaced once."""
        try:
            return self._call(call, self.sign_in())
        except spotipy.SpotifyException as exc:
            if exc.http_status != 401:
                raise
        return self._call(call, self.sign_in(again=True))

    def _call(self, call: Callable[[spotipy.Spotify, str], dict | None], token: str) -> dict | None:
        self._spotify.set_auth(token)
        return call(self._spotify, self._market)


class _PKCE(SpotifyPKCE):
    """spotipy's PKCE with our addresses, timeouts and memory; it can never open a browser or ask for input."""

    def __init__(self, app: SpotifyApp, redirect_uri: str):
        _keep_spotipy_quiet()
        super().__init__(
            client_id=app.client_id,
            redirect_uri=redirect_uri,
            scope=" ".join(SCOPES),
            requests_session=_session(),
            requests_timeout=app.timeout_s,
            open_browser=False,
            cache_handler=MemoryCacheHandler(),
        )
        self.OAUTH_AUTHORIZE_URL = f"{app.accounts_url}/authorize"
        self.OAUTH_TOKEN_URL = f"{app.accounts_url}/api/token"


class _Recent:
    """What was found lately. Safe between threads; a search that fails is not remembered."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._kept: OrderedDict[object, tuple[float, list]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object, find: Callable[[], list]) -> list:
        with self._lock:
            until_s, found = self._kept.get(key, (-math.inf, []))
        if self._clock() < until_s:
            return found
        found = find()
        with self._lock:
            self._kept[key] = (self._clock() + RECENT_S, found)
            self._kept.move_to_end(key)
            while len(self._kept) > MOST_RECENT:
                self._kept.popitem(last=False)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A track that Spotify gave, the first of its artists, and the emotion that it was looked for."""

    track: Track
    artist: str
    emotion: str


class _Choice:
    """From what was found to one track for each step: what the wishes bar goes, the nearest comes first."""

    def __init__(self, request: TrackRequest, found: Sequence[_Found], known: Lookup):
        self._request = request
        rows = known([item.track.id for item in found])
        merged = [_merged(item, rows.get(item.track.id)) for item in found]
        self._found = [item for item in merged if may_play(item.track, request)]

    def tracks(self) -> list[Track]:
        """No artist twice; what was given already comes only when nothing else is left, the oldest first."""
        given = {track_id: age for age, track_id in enumerate(self._request.avoid)}
        fresh = [item for item in self._found if item.track.id not in given]
        old = sorted((item for item in self._found if item.track.id in given), key=lambda item: given[item.track.id])
        chosen: list[Track] = []
        artists: set[str] = set()
        for step in self._request.steps:
            item = self._nearest(fresh, step, artists) or next((i for i in old if i.artist not in artists), None)
            if item is not None:
                artists.add(item.artist)
                chosen.append(item.track)
        return chosen

    def _nearest(self, items: Sequence[_Found], step: MusicTargets, artists: set[str]) -> _Found | None:
        left = [(place, item) for place, item in enumerate(items) if item.artist not in artists]
        return min(left, key=lambda pair: self._cost(*pair, step), default=(0, None))[1]

    def _cost(self, place: int, item: _Found, step: MusicTargets) -> tuple[bool, float]:
        """What was found for another stage of the journey comes last; then the nearest, Spotify's order if unknown."""
        elsewhere = item.emotion != step.emotion
        if item.track.features is None:
            return elsewhere, UNKNOWN_DISTANCE + place / (1 + len(self._found))
        values = [[item.track.features[name] for name in FEATURES]]
        return elsewhere, float(distances(values, step)[0])


def _merged(item: _Found, row: Track | None) -> _Found:
    """What Spotify says, completed by what the catalogue knows."""
    if row is None:
        return item
    track = replace(
        item.track, features=row.features, genre=row.genre, popularity=row.popularity, emotions=row.emotions
    )
    return replace(item, track=track)


def _read_items(items: Sequence[object], emotion: str) -> list[_Found]:
    """The tracks among Spotify's ``items``; what lacks an id, a name or an artist, or may not play, is left out."""
    found = (_read_item(item, emotion) for item in items)
    return [item for item in found if item is not None]


def _read_item(item: object, emotion: str) -> _Found | None:
    if not isinstance(item, dict) or item.get("is_playable") is False:
        return None
    artists = [artist.get("name") for artist in item.get("artists") or () if isinstance(artist, dict)]
    artists = [name for name in artists if isinstance(name, str) and name]
    track_id, title = item.get("id"), item.get("name")
    if not is_track_id(track_id) or not isinstance(title, str) or not title or not artists:
        return None
    explicit = item.get("explicit")
    track = Track(
        id=track_id,
        title=title,
        artist=", ".join(artists),
        year=_year(item.get("album")),
        explicit=explicit if isinstance(explicit, bool) else None,
    )
    return _Found(track=track, artist=artists[0].casefold(), emotion=emotion)


def _playlist_row(item: object) -> tuple[str, str, str] | None:
    """id, artist and title of a row of a playlist; None for podcasts, local files and what has gone."""
    track = item.get("item") or item.get("track") if isinstance(item, dict) else None
    if not isinstance(track, dict) or not is_track_id(track.get("id")):
        return None
    artists = [str(artist.get("name", "")) for artist in track.get("artists") or [] if isinstance(artist, dict)]
    return track["id"], ", ".join(artists), str(track.get("name", ""))


def is_track_id(value: object) -> bool:
    """Whether ``value`` is an id as Spotify's are: 22 letters and digits."""
    return isinstance(value, str) and len(value) == 22 and value.isascii() and value.isalnum()


def _year(album: object) -> int | None:
    date = album.get("release_date") if isinstance(album, dict) else None
    return int(date[:4]) if isinstance(date, str) and date[:4].isdigit() and date[:4].isascii() else None


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


def _uri(track_id: str) -> str:
    return f"spotify:track:{track_id}"


def _items(answer: object, name: str = "tracks") -> list:
    """The list in an answer of Spotify's. Raises ValueError where the answer has another form."""
    items = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise ValueError(f"expected a list of {name}")
    return items


def _client(app: SpotifyApp) -> spotipy.Spotify:
    # With a Session of our own spotipy neither repeats calls nor sleeps through Retry-After.
    client = spotipy.Spotify(requests_session=_session(), requests_timeout=app.timeout_s)
    client.prefix = app.api_url
    return client


def _session() -> requests.Session:
    """Takes no cookies: what Spotify tells one account must not come with another's."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


class _DropAll(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return False


_DROP_ALL = _DropAll()


def _keep_spotipy_quiet() -> None:
    """spotipy logs tokens and the client's secret at DEBUG; what matters of its errors we say ourselves."""
    for name in ("spotipy.client", "spotipy.oauth2", "spotipy.cache_handler", "spotipy.util"):
        logging.getLogger(name).addFilter(_DROP_ALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Refusal:
    """What a fault of spotipy's or requests' comes down to. ``status`` is None where no answer came."""

    status: int | None
    error: str
    reason: str
    retry_after_s: float | None


def _refusal(exc: Exception) -> _Refusal:
    """spotipy loses status and headers of some answers; the requests error underneath still has them."""
    response = _response(exc)
    headers = response.headers if response is not None else getattr(exc, "headers", {})
    return _Refusal(
        status=response.status_code if response is not None else getattr(exc, "http_status", None),
        error=str(getattr(exc, "error", "") or ""),
        reason=str(getattr(exc, "reason", "") or ""),
        retry_after_s=_seconds(headers.get("Retry-After")),
    )


def _response(exc: BaseException | None) -> requests.Response | None:
    while exc is not None:
        response = getattr(exc, "response", None)
        if response is not None:
            return response
        exc = exc.__context__
    return None


def _seconds(text: str | None) -> float | None:
    return float(text) if text is not None and text.isascii() and text.isdigit() else None


#: What the calls of spotipy raise for faults that are not ours: AttributeError for an error that is no object,
#: KeyError, TypeError and ValueError for answers of another form.
FOREIGN = (
    spotipy.SpotifyException,
    SpotifyOauthError,
    requests.RequestException,
    AttributeError,
    KeyError,
    TypeError,
    ValueError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns every fault of a call for ``what`` ("search", "recommendations") into a ProviderUnavailable."""
    try:
        yield
    except FOREIGN as exc:
        raise _unavailable(exc, what) from None  # the cause's text could hold what a log must not


def _unavailable(exc: Exception, what: str) -> ProviderUnavailable:
    refusal = _refusal(exc)
    status = refusal.status
    if refusal.error in ("invalid_client", "unauthorized_client") or status == 401:
        return ProviderUnavailable(
            "cannot be used: Spotify refused this server's credentials",
            action="Check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, then restart.",
            rest_s=None,
        )
    if status == 429:
        rest_s = PAUSED_REST_S if refusal.retry_after_s is None else refusal.retry_after_s
        if refusal.reason == "QUOTA_EXCEEDED":
            return ProviderUnavailable("has used up this app's quota", action="It comes back by itself.", rest_s=rest_s)
        return ProviderUnavailable(f"rests for {rest_s:.0f} s, as Spotify asks", rest_s=rest_s)
    if what == "recommendations" and status in (403, 404):
        return ProviderUnavailable(
            "are closed to this app",
            action="Spotify gives them only to apps from before 2024-11-27; take them out of PROVIDERS.",
            rest_s=None,
        )
    if status == 403:
        return ProviderUnavailable(
            "was refused by Spotify",
            action="The app's owner needs Premium, see 'Spotify' in the README.",
            rest_s=REFUSED_REST_S,
        )
    if status is not None and status >= 500:
        return ProviderUnavailable("is out of order", rest_s=refusal.retry_after_s or DOWN_REST_S)
    if status is not None and status >= 400:
        return ProviderUnavailable(f"was answered with an error ({status})", rest_s=DOWN_REST_S)
    if isinstance(exc, requests.Timeout):
        return ProviderUnavailable("did not answer in time", rest_s=UNREACHED_REST_S)
    if isinstance(exc, requests.RequestException) and not isinstance(exc, ValueError):
        return ProviderUnavailable(
            "cannot be reached", action="Check the server's connection to the internet.", rest_s=UNREACHED_REST_S
        )
    return ProviderUnavailable("gave an answer that cannot be read", rest_s=DOWN_REST_S)


@contextmanager
def _account_faults(*, plays: bool = False) -> Iterator[None]:
    """Turns every fault of a call for a listener, which ``plays`` or not, into a NotConnected or an AccountFault."""
    try:
        yield
    except FOREIGN as exc:
        raise _account_fault(exc, plays) from None


def _account_fault(exc: Exception, plays: bool) -> AccountFault | NotConnected:
    refusal = _refusal(exc)
    status = refusal.status
    if refusal.error == "invalid_grant" or status == 401:
        return NotConnected("Spotify wants you to log in again.", "Connect Spotify once more.")
    if refusal.error == "invalid_client":
        return AccountFault(
            "spotify_refused", "Spotify does not know this server's app.", "Its host must check SPOTIFY_CLIENT_ID."
        )
    if status == 429:
        wait_s = PAUSED_REST_S if refusal.retry_after_s is None else refusal.retry_after_s
        return AccountFault("spotify_busy", "Spotify asks for a pause.", f"Try again in {wait_s:.0f} seconds.")
    if refusal.reason == "PREMIUM_REQUIRED":
        return AccountFault(
            "premium_required", "Spotify plays on command for Premium accounts only.", "Use the players on this page."
        )
    if refusal.reason == "NO_ACTIVE_DEVICE" or (plays and status == 404):
        return AccountFault(
            "no_device", "No device of yours is playing Spotify.", "Start any song in the Spotify app, then try again."
        )
    if status == 403:
        return AccountFault(
            "spotify_refused",
            "Spotify refused that for your account.",
            "An app in development mode serves only the listeners that its owner named.",
        )
    if status is None and isinstance(exc, requests.RequestException) and not isinstance(exc, ValueError):
        return AccountFault("spotify_unreachable", "Spotify cannot be reached.", "Try again in a moment.")
    return AccountFault("spotify_broken", "Spotify did not do that.", "Try again in a moment.")
