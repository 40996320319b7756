"""Connecting a listener's Spotify account: the login, the cookie, and where the account's tokens are stored.

In: requests of one browser. Out: redirects and pages; what a connected account does is `api/spotify.py`'s. The browser
holds one random cookie, and during a login an encrypted one. Tokens stay in this process's memory, or encrypted in the
Redis that several workers share (`stores/`), and go with a disconnect, a day without use, or the program's end.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.call_with_timeout import call_with_timeout
from feelharmonic.errors import AccountFault, ListenerFault, NotAvailable
from feelharmonic.music import PlaybackState
from feelharmonic.settings import CALLBACK_PATH
from feelharmonic.web.i18n import chosen_language
from feelharmonic.web.problems import fault_response
from feelharmonic.web.services import Services, services
from feelharmonic.web.stores.expiring_store import ExpiringStore, InMemoryStore
from feelharmonic.web.stores.pending_logins import LOGIN_TTL_S, PendingLogin, PendingLogins

connect = Blueprint("connect", __name__)

#: The browser's only trace: a random number, of no use anywhere else. During a login also the second, encrypted one.
COOKIE, LOGIN_COOKIE = "connection", "login"

#: Where the second is sent to.
LOGIN_PATH = "/connect"

#: An account that nobody uses is forgotten after this time.
IDLE_S = 24 * 3600.0

MAX_CONNECTIONS = 1000

#: Whatever Spotify does, the listener has an answer within 3 s.
BUDGET_S = 2.7

Result = TypeVar("Result")


class Account(Protocol):
    """A connected account; each method raises a NotConnected or an AccountFault where it cannot."""

    def read_tokens(self) -> dict:
        """Its tokens as plain data."""
        ...

    def save(self, name: str, description: str, ids: Sequence[str]) -> str: ...

    def play(self, ids: Sequence[str]) -> None: ...

    def queue(self, ids: Sequence[str]) -> None: ...

    def pause(self) -> None: ...

    def resume(self) -> None: ...

    def seek(self, position_s: float) -> None: ...

    def set_volume(self, volume: float) -> None: ...

    def playback(self) -> PlaybackState | None: ...

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]: ...


class Login(Protocol):
    """A login under way; ``url`` is the service's page."""

    url: str

    def to_dict(self) -> dict:
        """What it is made from again, as plain data."""
        ...

    def finish(self, code: str) -> Account: ...


class Accounts(Protocol):
    """Begins logins; the service sends browsers back to ``redirect_uri``. Makes both again from their data."""

    redirect_uri: str

    def begin(self, state: str) -> Login: ...

    def resume(self, data: dict) -> Login: ...

    def account(self, tokens: AccountTokens) -> Account: ...


@dataclass(slots=True, kw_only=True)
class Connection:
    """One browser's account: its tokens as plain data, and what our page must show for it."""

    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    tokens: dict = field(repr=False)


class Connections:
    """The browsers that connect or are connected, by their cookie. Safe between threads.

    Logins in progress are stored by the browsers themselves: ``logins`` encrypts them.
    """

    def __init__(self, accounts: Accounts | None, store: ExpiringStore, *, logins: PendingLogins, budget_s: float):
        self.accounts = accounts
        self.budget_s = budget_s
        self.store = store
        self.logins = logins

    def add(self, connection: Connection) -> str:
        """Keep ``connection``; returns the number for its cookie."""
        key = new_key()
        self.store.set(key, asdict(connection), IDLE_S)
        return key

    def change(self, key: str, connection: Connection) -> None:
        """Keep ``connection`` in the place of the one before; where that was forgotten, forget this one, too."""
        self.store.replace(key, asdict(connection), IDLE_S)

    def find(self, key: str | None) -> Connection | None:
        """The connection of that cookie, as long as it is not too old; looked for, it is young again."""
        row = self.store.get(key) if key else None
        if key is None or row is None:
            return None
        self.store.renew(key, IDLE_S)
        return Connection(**row)

    def forget(self, key: str | None) -> None:
        if key:
            self.store.delete(key)

    def account(self, key: str) -> Account:
        assert self.accounts is not None, "an account was connected without an app"
        return self.accounts.account(AccountTokens(self, key))

    def alone(self, key: str) -> AbstractContextManager[None]:
        return self.store.lock(key)


class AccountTokens:
    """The tokens of one connection, for its account to read and refresh."""

    def __init__(self, connections: Connections, key: str):
        self._connections = connections
        self._key = key

    def read(self) -> dict | None:
        connection = self._connections.find(self._key)
        return None if connection is None else connection.tokens

    def write(self, tokens: dict) -> None:
        connection = self._connections.find(self._key)
        if connection is not None:  # disconnected meanwhile, it stays so
            connection.tokens = tokens
            self._connections.change(self._key, connection)

    def lock(self) -> AbstractContextManager[None]:
        return self._connections.alone(self._key)


def bind(
    app: Flask,
    accounts: Accounts | None,
    *,
    store: ExpiringStore | None = None,
    logins: PendingLogins | None = None,
    budget_s: float = BUDGET_S,
) -> None:
    """Put the addresses on ``app``; without ``accounts`` they say that nobody can connect here. ``store``: where
    connections are, by default this process's memory. ``logins``: by default with a key of this process's own."""
    store = InMemoryStore(MAX_CONNECTIONS) if store is None else store
    logins = logins or PendingLogins(secrets.token_urlsafe(32))
    Services.of(app).connections = Connections(accounts, store, logins=logins, budget_s=budget_s)
    app.register_blueprint(connect)


@connect.get("/connect/spotify")
def begin() -> PlainResponse:
    """Off to Spotify's login page."""
    connections = services().connections
    if connections.accounts is None:
        raise NotAvailable("Spotify cannot be connected here.", "Its host must set SPOTIFY_CLIENT_ID.")
    home = urlsplit(connections.accounts.redirect_uri)
    if request.host != home.netloc and "moved" not in request.args:
        # The cookie must be set on the address that Spotify sends the browser back to: localhost is not 127.0.0.1.
        return redirect(f"{home.scheme}://{home.netloc}/connect/spotify?moved=1")
    # An account that is connected stays so, under its cookie, until another one takes its place.
    state = secrets.token_urlsafe(24)
    login = connections.accounts.begin(state)
    pending = connections.logins.encrypt(PendingLogin(state=state, login=login.to_dict()))
    response = redirect(login.url)
    set_cookie(response, pending, name=LOGIN_COOKIE, path=LOGIN_PATH, max_age=LOGIN_TTL_S)
    return response


@connect.get(CALLBACK_PATH)
def finish() -> Response:
    """Back from Spotify: trade the code for the account, under a new cookie."""
    connections = services().connections
    pending = connections.logins.decrypt(request.cookies.get(LOGIN_COOKIE))
    if pending is None or connections.accounts is None or not same(request.args.get("state"), pending.state):
        return arrival_page("unknown", 400)
    response = finished(connections.accounts.resume(pending.login), request.args.get("code"))
    response.delete_cookie(LOGIN_COOKIE, path=LOGIN_PATH, httponly=True, samesite="Lax", secure=is_https())
    return response


def finished(login: Login, code: str | None) -> Response:
    """The page after ``login``; with Spotify's ``code`` its account is connected. Spotify takes each code once."""
    connections = services().connections
    if not code:
        return arrival_page("refused", 200)
    try:
        account = in_time(lambda: login.finish(code))
    except ListenerFault:
        return arrival_page("failed", 502)
    new = connections.add(Connection(tokens=account.read_tokens()))
    connections.forget(request.cookies.get(COOKIE))
    response = arrival_page("connected", 200)
    set_cookie(response, new)
    return response


@connect.errorhandler(ListenerFault)
def problem(fault: ListenerFault) -> PlainResponse:
    return fault_response(fault)


def in_time(action: Callable[[], Result]) -> Result:
    try:
        return call_with_timeout(services().connections.budget_s, action)
    except TimeoutError:
        raise AccountFault(
            "spotify_unreachable",
            "Spotify did not answer in time.",
            "Check in Spotify before trying again.",
        ) from None


def new_key() -> str:
    return secrets.token_urlsafe(32)


def same(given: str | None, expected: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest((given or "").encode(), expected.encode())


def set_cookie(
    response: PlainResponse, value: str, *, name: str = COOKIE, path: str = "/", max_age: int | None = None
) -> None:
    # Lax, not Strict: the browser must send it when Spotify redirects back.
    response.set_cookie(name, value, max_age=max_age, path=path, httponly=True, samesite="Lax", secure=is_https())


def is_https() -> bool:
    """Whether the browser used HTTPS. Behind a proxy that is not trusted only the registered address shows it."""
    accounts = services().connections.accounts
    return request.is_secure or (accounts is not None and accounts.redirect_uri.startswith("https:"))


def arrival_page(outcome: str, status_code: int) -> Response:
    """The page that the login's tab ends on. ``outcome``: connected, refused (by the listener), failed or unknown."""
    response = Response(render_template("connected.html", outcome=outcome, language=chosen_language()), status_code)
    response.headers["Referrer-Policy"] = "no-referrer"  # the address holds the code
    response.headers["Cache-Control"] = "no-store"
    return response


def forget_cookie(response: Response) -> None:
    response.delete_cookie(COOKIE, httponly=True, samesite="Lax", secure=is_https())
