"""Everything that talks to Spotify; the only file that imports spotipy.

In: what a provider looks for, and what a connected listener wants done. Out: tracks, or a ProviderUnavailable or
AccountFault that says why not. Neither Spotify's dictionaries nor spotipy's exceptions leave this file; no token and no
secret is logged, written or shown. Every call has timeouts; none waits for a pause to end, none opens a browser.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import spotipy
from spotipy.cache_handler import MemoryCacheHandler
from spotipy.oauth2 import SpotifyClientCredentials, SpotifyOauthError, SpotifyPKCE

from feelharmonic.errors import AccountFault, NotConnected
from feelharmonic.music.providers.spotify_answers import (
    FoundTrack,
    PlaybackState,
    items,
    playback_state,
    playlist_row,
    read_tracks,
)
from feelharmonic.music.providers.spotify_faults import Refusal, account_fault, provider_fault, seconds_of
from feelharmonic.music.providers.spotify_tokens import OwnTokens, Tokens

#: A pause that Spotify asks for between making a playlist and filling it is waited for up to this.
MAX_FILL_WAIT_S = 5.0

SCOPES = ("playlist-modify-private", "playlist-read-private", "user-modify-playback-state", "user-read-playback-state")
MAX_ITEMS_AT_ONCE = 100
MAX_PLAYLIST_ITEMS = 2000
#: spotipy's own default: documents disagree on whether 100 is allowed.
PLAYLIST_PAGE = 50

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


@dataclass(frozen=True, slots=True, kw_only=True)
class SpotifyApp:
    """The app that is registered with Spotify, and Spotify's addresses. ``market``: a country's two letters; without it
    an app's own token finds nothing playable. A call waits ``connect_s`` for the connection, ``read_s`` for bytes."""

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


class AppClient:
    """The web API with the app's own token, which belongs to no listener. Every method raises ProviderUnavailable."""

    def __init__(self, app: SpotifyApp):
        _silence_spotipy()
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

    def sign_in(self) -> None:
        """Find out whether Spotify takes the app's credentials."""
        with _provider_faults("search"):
            self._token()

    def search(self, query: str, limit: int, offset: int) -> tuple[int, list[FoundTrack]]:
        """How many items Spotify found, and the tracks among them that can be played."""
        with _provider_faults("search"):
            answer = self._ask(lambda spotify: spotify.search(query, limit, offset, "track", self._market))
            tracks = items(answer["tracks"], "items")
            return len(tracks), read_tracks(tracks)

    def recommendations(self, query: Mapping[str, Any]) -> list[FoundTrack]:
        """The tracks that Spotify recommends for ``query``, named as its parameters are."""
        with _provider_faults("recommendations"):
            answer = self._ask(lambda spotify: spotify.recommendations(country=self._market, **query))
            return read_tracks(items(answer, "tracks"))

    def _ask(self, call: Callable[[spotipy.Spotify], Any]) -> Any:
        """What ``call(spotify)`` returns; a token that Spotify no longer takes is replaced once."""
        try:
            return self._call(call, self._token())
        except spotipy.SpotifyException as exc:
            if exc.http_status != 401:
                raise
        return self._call(call, self._token(again=True))

    def _call(self, call: Callable[[spotipy.Spotify], Any], token: str) -> Any:
        self._spotify.set_auth(token)
        return call(self._spotify)

    def _token(self, *, again: bool = False) -> str:
        """The app's token, a new one where it has run out or ``again`` is set."""
        token: str = self._auth.get_access_token(as_dict=False, check_cache=not again)
        return token


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

    def resume(self, data: dict[str, Any]) -> Login:
        """The login that gave ``data``, perhaps in another process."""
        pkce = _PKCE(self._app, self.redirect_uri)
        pkce.code_verifier, pkce.code_challenge = data["verifier"], data["challenge"]
        return Login(self._app, pkce, data["url"])

    def account(self, tokens: Tokens) -> Account:
        """The account with the tokens that ``tokens`` stores."""
        return Account(self._app, _PKCE(self._app, self.redirect_uri), tokens)


class Login:
    """A login under way; ``url`` is Spotify's page for it."""

    def __init__(self, app: SpotifyApp, pkce: _PKCE, url: str):
        self._app = app
        self._pkce = pkce
        self.url = url

    def to_dict(self) -> dict[str, Any]:
        """What `SpotifyAccounts.resume` needs. Secret: with it and the code anybody can use the account."""
        return {"verifier": self._pkce.code_verifier, "challenge": self._pkce.code_challenge, "url": self.url}

    def finish(self, code: str) -> Account:
        """The account that ``code`` opens. Raises AccountFault or NotConnected."""
        with _account_faults():
            self._pkce.get_access_token(code, check_cache=False)
        return Account(self._app, self._pkce, OwnTokens(self._pkce.cache_handler.get_cached_token()))


class Account:
    """A connected listener: saves and plays for them, with the tokens of ``tokens``. Safe between threads.

    Every method raises NotConnected when Spotify wants the listener to connect again, else AccountFault.
    """

    def __init__(self, app: SpotifyApp, pkce: _PKCE, tokens: Tokens):
        self._pkce = pkce
        self._tokens = tokens
        self._spotify = _client(app)

    def read_tokens(self) -> dict[str, Any]:
        """Its tokens, as plain data. Secret."""
        return self._signed_out_if_none(self._tokens.read())

    def save(self, name: str, description: str, ids: Sequence[str]) -> str:
        """Make a private playlist of the tracks of those ids; returns its address.

        Where Spotify takes no tracks for it, the empty or half-filled playlist is removed again.
        """
        playlist = self._ask(
            lambda spotify: spotify.current_user_playlist_create(name, public=False, description=description)
        )
        with _account_faults():
            playlist_id, url = str(playlist["id"]), str(playlist["external_urls"]["spotify"])
        try:
            for start in range(0, len(ids), MAX_ITEMS_AT_ONCE):
                uris = [_uri(track_id) for track_id in ids[start : start + MAX_ITEMS_AT_ONCE]]
                self._ask(partial(_add_after_wait, playlist_id=playlist_id, uris=uris))
        except AccountFault as fault:
            raise AccountFault(fault.code, f"{fault.text} {self._take_back(playlist_id, name)}", fault.action) from None
        return url

    def _take_back(self, playlist_id: str, name: str) -> str:
        """Remove a playlist that could not be filled; what became of it, as a sentence."""
        try:
            self._ask(partial(spotipy.Spotify.current_user_unfollow_playlist, playlist_id=playlist_id))
        except AccountFault:
            return f"The playlist “{name}” was made and stays without all its tracks."
        return "The playlist was removed again."

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]:
        """id, artist and title of the tracks of a playlist that is the listener's own (others Spotify refuses)."""
        rows: list[tuple[str, str, str]] = []
        offset = 0
        while offset < MAX_PLAYLIST_ITEMS:
            rest = {"limit": PLAYLIST_PAGE, "offset": offset, "additional_types": ("track",)}
            page = self._ask(partial(spotipy.Spotify.playlist_items, playlist_id=playlist_id, **rest))
            with _account_faults():
                found = page["items"]
                rows += [row for item in found if (row := playlist_row(item)) is not None]
                offset += len(found)
                if not found or offset >= page["total"]:
                    break
        return rows

    def play(self, ids: Sequence[str]) -> None:
        """Play those tracks on the listener's active device (Premium)."""
        uris = [_uri(track_id) for track_id in ids]
        self._ask(lambda spotify: spotify.start_playback(uris=uris), plays=True)

    def queue(self, ids: Sequence[str]) -> None:
        """Put those tracks into the queue of the listener's active device (Premium)."""
        for track_id in ids:
            self._ask(partial(spotipy.Spotify.add_to_queue, uri=_uri(track_id)), plays=True)

    def pause(self) -> None:
        """Pause the listener's active device (Premium), as all that follow act on it."""
        self._ask(lambda spotify: spotify.pause_playback(), plays=True)

    def resume(self) -> None:
        """Play on from where it was paused."""
        self._ask(lambda spotify: spotify.start_playback(), plays=True)

    def seek(self, position_s: float) -> None:
        self._ask(lambda spotify: spotify.seek_track(round(position_s * 1000)), plays=True)

    def set_volume(self, volume: float) -> None:
        """0..1."""
        self._ask(lambda spotify: spotify.volume(round(volume * 100)), plays=True)

    def playback(self) -> PlaybackState | None:
        """What the active device plays; None where no device is active."""
        answer = self._ask(lambda spotify: spotify.current_playback(), plays=True)
        with _account_faults():
            return playback_state(answer)

    def _ask(self, call: Callable[[spotipy.Spotify], Any], *, plays: bool = False) -> Any:
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
            with self._tokens.lock():
                tokens = self._signed_out_if_none(self._tokens.read())  # another process may have been quicker
                if self._is_stale(tokens, refused):
                    tokens = self._pkce.refresh_access_token(tokens["refresh_token"])
                    self._tokens.write(tokens)
        return str(tokens["access_token"])

    def _is_stale(self, tokens: dict[str, Any], refused: str) -> bool:
        return bool(tokens["access_token"] == refused or self._pkce.is_token_expired(tokens))

    @staticmethod
    def _signed_out_if_none(tokens: dict[str, Any] | None) -> dict[str, Any]:
        if tokens is None:
            raise NotConnected("The account was disconnected.", "Connect Spotify once more.")
        return tokens


class _PKCE(SpotifyPKCE):
    """spotipy's PKCE with our addresses, timeouts and memory; it can never open a browser or ask for input."""

    def __init__(self, app: SpotifyApp, redirect_uri: str):
        _silence_spotipy()
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


def _add_after_wait(spotify: spotipy.Spotify, *, playlist_id: str, uris: list[str]) -> None:
    """Add the tracks; where Spotify asks for a short pause, once more after it."""
    try:
        spotify.playlist_add_items(playlist_id, uris)
    except spotipy.SpotifyException as exc:
        wait_s = _refusal(exc).retry_after_s
        if exc.http_status != HTTPStatus.TOO_MANY_REQUESTS or wait_s is None or wait_s > MAX_FILL_WAIT_S:
            raise
        time.sleep(wait_s)
        spotify.playlist_add_items(playlist_id, uris)


def _uri(track_id: str) -> str:
    return f"spotify:track:{track_id}"


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


def _silence_spotipy() -> None:
    """spotipy logs tokens and the client's secret at DEBUG; what matters of its errors is in our faults."""
    for name in ("spotipy.client", "spotipy.oauth2", "spotipy.cache_handler", "spotipy.util"):
        logging.getLogger(name).addFilter(_DROP_ALL)


def _refusal(exc: Exception) -> Refusal:
    """spotipy loses status and headers of some answers; the requests error underneath still has them."""
    response = _response(exc)
    headers = response.headers if response is not None else getattr(exc, "headers", {})
    return Refusal(
        status=response.status_code if response is not None else getattr(exc, "http_status", None),
        error=str(getattr(exc, "error", "") or ""),
        reason=str(getattr(exc, "reason", "") or ""),
        retry_after_s=seconds_of(headers.get("Retry-After")),
        # An answer that is no JSON is a ValueError as well: the network did its part.
        network=isinstance(exc, requests.RequestException) and not isinstance(exc, ValueError),
        late=isinstance(exc, requests.Timeout),
    )


def _response(exc: BaseException | None) -> requests.Response | None:
    while exc is not None:
        response: requests.Response | None = getattr(exc, "response", None)
        if response is not None:
            return response
        exc = exc.__context__
    return None


@contextmanager
def _provider_faults(what: str) -> Iterator[None]:
    """Turns every fault of a call for ``what`` ("search", "recommendations") into a ProviderUnavailable."""
    try:
        yield
    except FOREIGN as exc:
        raise provider_fault(_refusal(exc), what) from None  # the cause's text could hold what a log must not


@contextmanager
def _account_faults(*, plays: bool = False) -> Iterator[None]:
    """Turns every fault of a call for a listener, which ``plays`` or not, into a NotConnected or an AccountFault."""
    try:
        yield
    except FOREIGN as exc:
        raise account_fault(_refusal(exc), plays=plays) from None
