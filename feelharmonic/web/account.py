"""Connecting a listener's Spotify account: log in, save the tracks shown, play or queue them, forget it all.

In: requests of one browser. Out: redirects, JSON, problem documents (RFC 9457). The browser holds one random cookie;
tokens stay in this process's memory, or encrypted in the Redis that several workers share (`kept_in_redis.py`), and go
with a disconnect, a day without use, or the program's end.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.call_with_timeout import call_with_timeout
from feelharmonic.errors import AccountFault, BadForm, Forbidden, ListenerFault, NotAvailable, NotConnected
from feelharmonic.music import SPOTIFY_KEY, is_spotify_key
from feelharmonic.settings import CALLBACK_PATH
from feelharmonic.web.i18n import chosen_language
from feelharmonic.web.problems import fault_response
from feelharmonic.web.schemas import MAX_TRACKS
from feelharmonic.web.services import Services, services
from feelharmonic.web.stores.expiring_store import ExpiringStore, InMemoryStore

connect = Blueprint("connect", __name__)

#: The browser's only trace: a random number, of no use anywhere else.
COOKIE = "connection"

CSRF_HEADER = "X-CSRF-Token"

#: A login under way, and an account that nobody uses, are forgotten after so long.
LOGIN_S = 600.0

IDLE_S = 24 * 3600.0

#: Logins are begun by anybody, accounts connected by those who have one: the first must not push out the second.
MOST_CONNECTIONS = 1000

MOST_LOGINS = 1000

#: Whatever Spotify does, the listener has an answer within 3 s.
BUDGET_S = 2.7

MAX_NAME_LETTERS = 100

#: A sorted playlist may be saved whole.
MOST_SAVED = 2000

PLAYLIST_LINK = re.compile(rf"playlist[/:]({SPOTIFY_KEY.pattern})(?![0-9A-Za-z])")

Result = TypeVar("Result")


class Account(Protocol):
    """A connected account; each method raises a NotConnected or an AccountFault where it cannot."""

    def kept(self) -> dict:
        """Its tokens as plain data."""
        ...

    def save(self, name: str, description: str, ids: Sequence[str]) -> str: ...

    def play(self, ids: Sequence[str]) -> None: ...

    def queue(self, ids: Sequence[str]) -> None: ...

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]: ...


class Login(Protocol):
    """A login under way; ``url`` is the service's page."""

    url: str

    def kept(self) -> dict:
        """What it is made from again, as plain data."""
        ...

    def finish(self, code: str) -> Account: ...


class Accounts(Protocol):
    """Begins logins; the service sends browsers back to ``redirect_uri``. Makes both again from what was kept."""

    redirect_uri: str

    def begin(self, state: str) -> Login: ...

    def login(self, kept: dict) -> Login: ...

    def account(self, tokens: AccountTokens) -> Account: ...


@dataclass(slots=True, kw_only=True)
class Connection:
    """One browser's account: its tokens as plain data, and what our page must show for it."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    tokens: dict = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One browser's login under way, as plain data, and the state that must come back with it."""

    state: str = field(repr=False)
    login: dict = field(repr=False)


class Connections:
    """The browsers that connect or are connected, by their cookie. Safe between threads.

    A login under way is kept apart from the account that it may replace: neither can undo a change of the other.
    """

    def __init__(
        self, accounts: Accounts | None, kept: ExpiringStore, *, logins: ExpiringStore | None = None, budget_s: float
    ):
        self.accounts = accounts
        self.budget_s = budget_s
        self.kept = kept
        self.logins = kept if logins is None else logins

    def add(self, connection: Connection) -> str:
        """Keep ``connection``; returns the number for its cookie."""
        key = new_key()
        self.kept.put(key, asdict(connection), IDLE_S)
        return key

    def change(self, key: str, connection: Connection) -> None:
        """Keep ``connection`` in the place of the one before; where that was forgotten, forget this one, too."""
        self.kept.replace(key, asdict(connection), IDLE_S)

    def find(self, key: str | None) -> Connection | None:
        """The connection of that cookie, as long as it is not too old; looked for, it is young again."""
        row = self.kept.get(key) if key else None
        if row is None:
            return None
        self.kept.renew(key, IDLE_S)
        return Connection(**row)

    def begin(self, key: str, pending: Pending) -> None:
        self.logins.put(_login_of(key), asdict(pending), LOGIN_S)

    def pending(self, key: str | None) -> Pending | None:
        """The login of that cookie, as long as it is not too old."""
        row = self.logins.get(_login_of(key)) if key else None
        return row and Pending(**row)

    def take(self, key: str) -> bool:
        """Use up the login of that cookie; False where another worker was quicker."""
        return self.logins.drop(_login_of(key))

    def forget(self, key: str | None) -> None:
        if key:
            self.kept.drop(key)

    def account(self, key: str) -> Account:
        return self.accounts.account(AccountTokens(self, key))

    def alone(self, key: str) -> AbstractContextManager[None]:
        return self.kept.alone(key)


class AccountTokens:
    """The tokens of one connection, for its account to read and refresh."""

    def __init__(self, connections: Connections, key: str):
        self._connections = connections
        self._key = key

    def read(self) -> dict | None:
        connection = self._connections.find(self._key)
        return connection and connection.tokens

    def write(self, tokens: dict) -> None:
        connection = self._connections.find(self._key)
        if connection is not None:  # disconnected meanwhile, it stays so
            connection.tokens = tokens
            self._connections.change(self._key, connection)

    def alone(self) -> AbstractContextManager[None]:
        return self._connections.alone(self._key)


def bind(
    app: Flask,
    accounts: Accounts | None,
    *,
    kept: ExpiringStore | None = None,
    budget_s: float = BUDGET_S,
) -> None:
    """Put the addresses on ``app``; without ``accounts`` they say that nobody can connect here. ``kept``: where
    connections and logins are, this process's memory unless told."""
    logins = None
    if kept is None:
        kept, logins = InMemoryStore(MOST_CONNECTIONS), InMemoryStore(MOST_LOGINS)
    Services.of(app).connections = Connections(accounts, kept, logins=logins, budget_s=budget_s)
    app.register_blueprint(connect)


@connect.get("/connect/spotify")
def begin() -> Response:
    """Off to Spotify's login page."""
    connections = _connections()
    if connections.accounts is None:
        raise NotAvailable("Spotify cannot be connected here.", "Its host must set SPOTIFY_CLIENT_ID.")
    home = urlsplit(connections.accounts.redirect_uri)
    if request.host != home.netloc and "moved" not in request.args:
        # The cookie must be set on the address that Spotify sends the browser back to: localhost is not 127.0.0.1.
        return redirect(f"{home.scheme}://{home.netloc}/connect/spotify?moved=1")
    known = request.cookies.get(COOKIE)
    # An account that is connected stays so, under its cookie, until another one takes its place.
    key = known if connections.find(known) else new_key()
    state = secrets.token_urlsafe(24)
    login = connections.accounts.begin(state)
    connections.begin(key, Pending(state=state, login=login.kept()))
    response = redirect(login.url)
    if key != known:
        _set_cookie(response, key)
    return response


@connect.get(CALLBACK_PATH)
def finish() -> Response:
    """Back from Spotify: trade the code for the account, under a new cookie."""
    connections = _connections()
    key = request.cookies.get(COOKIE)
    pending = connections.pending(key)
    is_ours = pending is not None and _same(request.args.get("state"), pending.state)
    if not is_ours or not connections.take(key):  # a login serves once
        return _arrival("unknown", 400)
    login = connections.accounts.login(pending.login)
    code = request.args.get("code")
    if not code:
        return _arrival("refused", 200)
    try:
        account = _in_time(lambda: login.finish(code))
    except ListenerFault:
        return _arrival("failed", 502)
    new = connections.add(Connection(tokens=account.kept()))
    connections.forget(key)
    response = _arrival("connected", 200)
    _set_cookie(response, new)
    return response


@connect.get("/api/v1/spotify")
def status() -> Response:
    """Whether an account can be connected and is; ``csrf`` goes into the header of every POST."""
    connections = _connections()
    connection = connections.find(request.cookies.get(COOKIE))
    connected = connection is not None
    response = jsonify(
        available=connections.accounts is not None,
        connected=connected,
        connect_url="/connect/spotify",
        csrf=connection.csrf if connected else None,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@connect.post("/api/v1/spotify/playlist")
def save() -> tuple[dict, int]:
    """{name, ids} → a new private playlist's {url}."""
    account = _account()
    wish = _fields({"name", "ids"})
    name, ids = _name(wish.get("name")), _ids(wish.get("ids"), MOST_SAVED)
    return {"url": _act(lambda: account.save(name, "Made by Feelharmonic.", ids))}, 201


@connect.post("/api/v1/spotify/playlist/tracks")
def read() -> dict:
    """{link} → the {tracks} of one of the listener's playlists, as {id, artist, title}."""
    account = _account()
    link = _fields({"link"}).get("link")
    found = PLAYLIST_LINK.search(link) if isinstance(link, str) else None
    if found is None:
        raise BadForm("Expected the link of a Spotify playlist.", "Copy it in Spotify: Share, Copy link.")
    rows = _act(lambda: account.playlist(found[1]))
    return {"tracks": [{"id": track_id, "artist": artist, "title": title} for track_id, artist, title in rows]}


@connect.post("/api/v1/spotify/play")
def play() -> dict:
    """{ids} → they play on the listener's active device."""
    account = _account()
    ids = _ids(_fields({"ids"}).get("ids"))
    _act(lambda: account.play(ids))
    return {"ok": True}


@connect.post("/api/v1/spotify/queue")
def queue() -> dict:
    """{ids} → they play after what plays now."""
    account = _account()
    ids = _ids(_fields({"ids"}).get("ids"))
    _act(lambda: account.queue(ids))
    return {"ok": True}


@connect.post("/api/v1/spotify/disconnect")
def disconnect() -> Response:
    """Forget the account, its tokens and the cookie."""
    _account()
    _connections().forget(request.cookies.get(COOKIE))
    response = jsonify(ok=True)
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=_is_https())
    return response


@connect.errorhandler(ListenerFault)
def problem(fault: ListenerFault) -> PlainResponse:
    return fault_response(fault)


def _account() -> Account:
    """The account of the browser that asks, when our page in it asks."""
    connection = _connections().find(request.cookies.get(COOKIE))
    if connection is None:
        raise NotConnected("No Spotify account is connected.", "Connect Spotify first.")
    if not _same(request.headers.get(CSRF_HEADER), connection.csrf):
        raise Forbidden(f"Expected the header {CSRF_HEADER} as GET /api/v1/spotify gives it.", "Load the page again.")
    return _connections().account(request.cookies[COOKIE])


def _act(action: Callable[[], Result]) -> Result:
    """Do it for the listener; an account that Spotify no longer accepts is forgotten."""
    try:
        return _in_time(action)
    except NotConnected:
        _connections().forget(request.cookies.get(COOKIE))
        raise


def _in_time(action: Callable[[], Result]) -> Result:
    try:
        return call_with_timeout(_connections().budget_s, action)
    except TimeoutError:
        raise AccountFault(
            "spotify_unreachable",
            "Spotify did not answer in time.",
            "Look whether it is done before you try again.",
        ) from None


def _connections() -> Connections:
    return services().connections


def new_key() -> str:
    return secrets.token_urlsafe(32)


def _login_of(key: str) -> str:
    """Where the login of a cookie is kept."""
    return f"{key}/login"


def _same(given: str | None, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def _set_cookie(response: Response, key: str) -> None:
    # Lax, not Strict: it must come along when Spotify sends the browser back.
    response.set_cookie(COOKIE, key, httponly=True, samesite="Lax", secure=_is_https())


def _is_https() -> bool:
    """Told by the request, and by the registered address: behind a proxy that is not trusted only that shows it."""
    accounts = _connections().accounts
    return request.is_secure or (accounts is not None and accounts.redirect_uri.startswith("https:"))


def _arrival(outcome: str, status_code: int) -> Response:
    """The page that the login's tab ends on. ``outcome``: connected, refused (by the listener), failed or unknown."""
    response = Response(render_template("connected.html", outcome=outcome, language=chosen_language()), status_code)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address holds the code
    response.headers["Cache-Control"] = "no-store"
    return response


def _fields(known: set[str]) -> dict:
    try:
        value = request.get_json(silent=True)
    except RecursionError:  # lists in lists, too deep: silent stands for a ValueError only
        value = None
    if not isinstance(value, dict) or set(value) != known:
        raise BadForm(f"Expected a JSON object with {' and '.join(sorted(known))}.", "Send nothing else.")
    return value


def _ids(value: object, most: int = MAX_TRACKS) -> list[str]:
    is_list = isinstance(value, list) and 1 <= len(value) <= most
    if not is_list or not all(is_spotify_key(item) for item in value):
        raise BadForm(f"Expected ids to be 1 to {most} track ids.", "Send the ids of the cards.")
    return value


def _name(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not 1 <= len(text) <= MAX_NAME_LETTERS:
        raise BadForm(f"Expected name to be 1 to {MAX_NAME_LETTERS} characters.", "Give the playlist a name.")
    return text
