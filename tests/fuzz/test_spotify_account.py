"""Arbitrary and almost valid bodies to the addresses of a connected Spotify account."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelharmonic.web import account
from feelharmonic.web.api import spotify
from feelharmonic.web.services import Services
from feelharmonic.web.stores.expiring_store import InMemoryStore
from feelharmonic.web.stores.pending_logins import PendingLogins
from tests.support.fuzzing import (
    TEST_TIMEOUT_S,
    often,
    raw_bodies,
    scalars,
    values,
)

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)

SPOTIFY_BODIES = ("playlist", "playlist/tracks", "play", "queue", "disconnect")


class StandInAccount:
    """An account that does nothing, but holds the edge to what it may let in."""

    def save(self, name: str, description: str, ids: list[str]) -> str:
        assert isinstance(name, str)
        assert 1 <= len(name) <= spotify.MAX_NAME_LETTERS
        self.queue(ids)
        return "https://open.spotify.com/playlist/1"

    def queue(self, ids: list[str]) -> None:
        assert 1 <= len(ids) <= spotify.MAX_SAVED_TRACKS
        assert all(len(one) == 22 and one.isascii() and one.isalnum() for one in ids)

    play = queue

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]:
        self.queue([playlist_id])
        return [("1" * 22, "artist", "title")]


class StandInAccounts:
    redirect_uri = "http://localhost/connect/callback"

    def account(self, tokens: object) -> StandInAccount:
        return StandInAccount()


@pytest.fixture
def connected(app):
    """Makes a browser whose account is connected, and the headers of its page's requests."""
    Services.of(app).connections = connections = account.Connections(
        StandInAccounts(), InMemoryStore(10), logins=PendingLogins("x" * 40), budget_s=20.0
    )
    client = app.test_client()

    def browser():
        connection = account.Connection(tokens={})
        client.set_cookie(account.COOKIE, connections.add(connection))
        return client, {spotify.CSRF_HEADER: connection.csrf}

    return browser


ids = st.lists(st.sampled_from(("1" * 22, "a" * 22, "²" * 22, "", "1" * 21)) | scalars, max_size=60)
right_ids = st.lists(st.just("1" * 22), min_size=1, max_size=60)
links = st.text(max_size=60) | st.just("https://open.spotify.com/playlist/" + "1" * 22)
#: A body's fields with values that are right or nearly so; a few bodies have them all.
nearly_right = st.fixed_dictionaries({}, optional={"name": scalars, "ids": ids, "link": links | scalars})
spotify_bodies = st.one_of(
    values,
    nearly_right,
    st.fixed_dictionaries({"name": st.text(max_size=120), "ids": right_ids | ids}),
    st.fixed_dictionaries({"ids": right_ids}),
    st.fixed_dictionaries({"link": links}),
)


def test_a_connected_account_gets_valid_arguments_only(connected, meter):
    statuses = set()

    @often
    @given(
        path=st.sampled_from(SPOTIFY_BODIES),
        body=spotify_bodies,
        raw=st.none() | st.binary(max_size=200) | raw_bodies.map(lambda body: body.encode(errors="surrogatepass")),
        kind=st.sampled_from(("application/json", "application/json; charset=utf-16", "text/plain", "")),
    )
    def check(path, body, raw, kind):
        client, headers = connected()
        sent = {"json": body} if raw is None else {"data": raw, "content_type": kind}
        try:
            answer = meter.in_time(lambda: client.post(f"/api/v1/spotify/{path}", headers=headers, **sent))
        except TypeError:  # bytes inside have no JSON
            return
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 201, 400), (path, body, raw)
        assert answer.is_json

    check()
    assert {200, 400} <= statuses  # some got through to the account
