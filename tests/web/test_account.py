"""Connect Spotify as a browser does it: cookies, state, CSRF, save, play, queue, forget; Spotify's stand-in answers."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from feelharmonic.params import Params
from feelharmonic.web import account, api, pages
from feelharmonic.web.services import Services
from feelharmonic.web.stores import pending_logins
from feelharmonic.web.stores.expiring_store import InMemoryStore
from feelharmonic.web.stores.pending_logins import PendingLogin, PendingLogins
from spotifyaccess import SpotifyAccounts, SpotifyApp
from tests.support.spotify_browser import HOME, IDS, REDIRECT_URI, Browser, Clock, problem_of
from tests.support.spotify_faults import DOWN, DRIPS, HANGS, RATE_LIMIT
from tests.support.spotify_stand_in import CLIENT_ID, StandIn


@pytest.fixture
def spotify() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def clock() -> Clock:
    return Clock()


def app_with(project, accounts, clock) -> Flask:
    app = Flask("feelharmonic", root_path=str(project))
    pages.bind(app, Params.load())
    account.bind(
        app,
        accounts,
        store=InMemoryStore(1000, clock=clock),
        logins=PendingLogins("x" * 40, clock=clock),
        budget_s=20.0,
    )
    api.register(app)
    return app


@pytest.fixture
def accounts(spotify) -> SpotifyAccounts:
    app = SpotifyApp(client_id=CLIENT_ID, api_url=spotify.api_url, accounts_url=spotify.url, connect_s=5, read_s=5)
    return SpotifyAccounts(app, REDIRECT_URI)


@pytest.fixture
def app(project, accounts, clock) -> Flask:
    return app_with(project, accounts, clock)


@pytest.fixture
def browser(app, spotify) -> Browser:
    return Browser(app, spotify)


def test_nothing_is_connected_and_no_cookie_set_before_a_login(browser):
    assert browser.status() == {
        "available": True,
        "connected": False,
        "connect_url": "/connect/spotify",
        "csrf": None,
    }
    assert browser.cookie() is None


def test_without_a_client_id_nobody_can_connect(project, clock, spotify):
    browser = Browser(app_with(project, None, clock), spotify)
    assert browser.status()["available"] is False
    assert problem_of(browser.get("/connect/spotify")) == (404, "not_available")


def test_login_goes_to_spotify_and_back(browser):
    back = browser.login()
    response = browser.client.get("/connect/callback", base_url=HOME, query_string=back)
    assert "Spotify is connected" in response.text
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    assert browser.status()["connected"] is True


def test_the_arrival_page_speaks_german(browser):
    response = browser.client.get(
        "/connect/callback", base_url=HOME, query_string=browser.login(), headers={"Accept-Language": "de"}
    )
    assert "Spotify ist verbunden" in response.text


def test_localhost_moves_to_the_address_that_spotify_sends_back_to(browser):
    response = browser.get("/connect/spotify", base_url="http://localhost:8000")
    assert (response.status_code, response.location) == (302, f"{HOME}/connect/spotify?moved=1")


def test_the_cookie_is_closed_to_scripts_and_other_sites(browser):
    header = browser.get("/connect/spotify").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header


def test_over_https_the_cookie_stays_there(app, accounts, spotify):
    accounts.redirect_uri = "https://music.example/connect/callback"
    response = Browser(app, spotify).get("/connect/spotify", base_url="https://music.example")
    assert "Secure" in response.headers["Set-Cookie"]


def test_the_browser_holds_no_token(browser, spotify):
    browser.connect()
    held = f"{browser.cookie()} {browser.status()}"
    assert spotify.tokens
    assert not any(secret in held for secret in (*spotify.tokens, *spotify.refresh_tokens))


def test_the_cookie_changes_with_the_login(browser):
    back = browser.login()
    before = browser.cookie()
    browser.client.get("/connect/callback", base_url=HOME, query_string=back)
    assert browser.cookie() != before


@pytest.mark.parametrize("change", [{"state": "forged"}, {"state": ""}])
def test_a_wrong_state_connects_nothing(browser, spotify, change):
    response = browser.client.get("/connect/callback", base_url=HOME, query_string=browser.login() | change)
    assert response.status_code == 400
    assert "too old, or began in another browser" in response.text
    assert not spotify.asked("/api/token")
    assert browser.status()["connected"] is False


def test_another_browsers_login_connects_nothing(app, spotify):
    mine, other = Browser(app, spotify), Browser(app, spotify)
    back = other.login()
    mine.login()
    assert mine.client.get("/connect/callback", base_url=HOME, query_string=back).status_code == 400


def test_a_login_serves_once(browser):
    back = browser.login()
    login = browser.client.get_cookie("login", domain="127.0.0.1", path="/connect").value
    browser.client.get("/connect/callback", base_url=HOME, query_string=back)
    assert browser.client.get("/connect/callback", base_url=HOME, query_string=back).status_code == 400
    # Spotify takes a code once, also where somebody copied the cookie.
    browser.client.set_cookie("login", login, domain="127.0.0.1", path="/connect")
    assert browser.client.get("/connect/callback", base_url=HOME, query_string=back).status_code == 502


def test_a_second_login_keeps_the_account_until_it_is_through(browser, spotify):
    csrf = browser.connect()
    state = browser.login()["state"]
    browser.client.get("/connect/callback", base_url=HOME, query_string={"error": "access_denied", "state": state})
    assert browser.post("play", {"ids": IDS}, csrf).json == {"ok": True}
    browser.client.get("/connect/callback", base_url=HOME, query_string=browser.login())
    assert browser.status()["csrf"] != csrf


def test_a_login_is_too_old_after_ten_minutes(browser, clock):
    back = browser.login()
    clock.now_s += pending_logins.LOGIN_TTL_S + 1
    assert browser.client.get("/connect/callback", base_url=HOME, query_string=back).status_code == 400


def test_a_listener_who_does_not_agree_gets_a_page_that_says_so(browser):
    state = browser.login()["state"]
    response = browser.client.get(
        "/connect/callback", base_url=HOME, query_string={"error": "access_denied", "state": state}
    )
    assert "You did not agree" in response.text
    assert browser.status()["connected"] is False


def test_a_code_that_spotify_refuses_is_reported(browser, spotify):
    back = browser.login()
    spotify.challenges.clear()
    response = browser.client.get("/connect/callback", base_url=HOME, query_string=back)
    assert response.status_code == 502
    assert "did not finish the login" in response.text


def test_saves_a_private_playlist(browser, spotify):
    csrf = browser.connect()
    response = browser.post("playlist", {"name": "  A happy\nFriday ", "ids": IDS}, csrf)
    assert (response.status_code, response.json) == (
        201,
        {"url": "https://open.spotify.com/playlist/0000000000000000000001"},
    )
    (playlist,) = spotify.playlists.values()
    assert (playlist.name, playlist.public, len(playlist.uris)) == ("A happy Friday", False, 3)


def test_reads_a_playlist_of_ones_own_page_by_page(browser, spotify):
    csrf = browser.connect()
    browser.post("playlist", {"name": "Long", "ids": [f"{number:022d}" for number in range(230)]}, csrf)
    (name,) = spotify.playlists
    response = browser.post("playlist/tracks", {"link": f"https://open.spotify.com/playlist/{name}?si=1"}, csrf)
    tracks = response.json["tracks"]
    assert [track["id"] for track in tracks] == [f"{number:022d}" for number in range(230)]
    assert tracks[7] == {"id": f"{7:022d}", "artist": "Ann, Bob", "title": "Song 0007"}


def test_a_playlist_of_somebody_else_is_refused_in_words(browser, spotify):
    response = browser.post("playlist/tracks", {"link": f"spotify:playlist:{'9' * 22}"}, browser.connect())
    assert (response.status_code, response.json["code"]) == (403, "spotify_refused")


@pytest.mark.parametrize("link", ["", 5, None, "https://open.spotify.com/album/" + "1" * 22])
def test_what_is_no_link_of_a_playlist_is_refused_before_spotify_is_asked(browser, spotify, link):
    csrf = browser.connect()
    asked = len(spotify.requests)
    assert browser.post("playlist/tracks", {"link": link}, csrf).status_code == 400
    assert len(spotify.requests) == asked


@pytest.mark.parametrize(("path", "held"), [("play", "playing"), ("queue", "queue")])
def test_plays_and_queues(browser, spotify, path, held):
    response = browser.post(path, {"ids": IDS}, browser.connect())
    assert (response.status_code, response.json) == (200, {"ok": True})
    assert getattr(spotify, held) == [f"spotify:track:{track_id}" for track_id in IDS]


@pytest.mark.parametrize("path", ["playlist", "play", "queue", "disconnect"])
def test_without_a_connection_requests_are_refused(browser, path):
    assert problem_of(browser.post(path, {"ids": IDS}, "anything")) == (401, "not_connected")


@pytest.mark.parametrize("csrf", [None, "", "forged", "ü"])
@pytest.mark.parametrize("path", ["playlist", "play", "queue", "disconnect"])
def test_without_the_csrf_token_nothing_is_done(browser, spotify, path, csrf):
    browser.connect()
    body = {"ids": IDS} | ({"name": "x"} if path == "playlist" else {})
    headers = {} if csrf is None else {"X-CSRF-Token": csrf.encode().decode("latin-1")}
    response = browser.client.post(f"/api/v1/spotify/{path}", base_url=HOME, json=body, headers=headers)
    assert problem_of(response) == (403, "forbidden")
    assert not spotify.asked("/v1/")
    assert browser.status()["connected"] is True


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("play", {"ids": []}, "Expected ids to be 1 to 50 track ids."),
        ("play", {"ids": ["x"]}, "Expected ids to be 1 to 50 track ids."),
        ("play", {"ids": ["../me/player/volume?v"]}, "Expected ids to be 1 to 50 track ids."),
        ("queue", {"ids": IDS * 17}, "Expected ids to be 1 to 50 track ids."),
        ("queue", {"ids": IDS, "more": 1}, "Expected a JSON object with ids."),
        ("queue", ["ids"], "Expected a JSON object with ids."),
        ("playlist", {"ids": IDS, "name": " "}, "Expected name to be 1 to 100 characters."),
        ("playlist", {"ids": IDS, "name": "x" * 101}, "Expected name to be 1 to 100 characters."),
        ("playlist", {"ids": IDS}, "Expected a JSON object with ids and name."),
    ],
)
def test_what_cannot_be_done_is_refused_before_spotify_is_asked(browser, spotify, path, body, text):
    response = browser.post(path, body, browser.connect())
    assert problem_of(response) == (400, "bad_request")
    assert response.json["detail"] == text
    assert not spotify.asked("/v1/")


@pytest.mark.parametrize(
    ("fault", "status", "code"), [(RATE_LIMIT, 503, "spotify_busy"), (DOWN, 502, "spotify_broken")]
)
def test_spotifys_faults_become_problems(browser, spotify, fault, status, code):
    csrf = browser.connect()
    spotify.faults["/v1/me"] = fault
    assert problem_of(browser.post("play", {"ids": IDS}, csrf)) == (status, code)
    assert browser.status()["connected"] is True


@pytest.mark.parametrize(
    ("switch", "status", "code"), [("premium", 403, "premium_required"), ("device", 409, "no_device")]
)
def test_the_player_says_what_is_missing(browser, spotify, switch, status, code):
    csrf = browser.connect()
    setattr(spotify, switch, False)
    assert problem_of(browser.post("play", {"ids": IDS}, csrf)) == (status, code)


@pytest.mark.parametrize("fault", [HANGS, DRIPS], ids=["hangs", "drips"])
def test_nobody_waits_for_a_spotify_that_does_not_answer(app, browser, spotify, fault):
    csrf = browser.connect()
    Services.of(app).connections.budget_s = 0.3
    spotify.faults["/v1/me"] = fault
    response = browser.post("play", {"ids": IDS}, csrf)
    assert problem_of(response) == (504, "spotify_unreachable")
    assert response.json["detail"] == "Spotify did not answer in time."


def test_a_consent_that_ran_out_disconnects(browser, spotify):
    csrf = browser.connect()
    spotify.revoke_consent()
    response = browser.post("play", {"ids": IDS}, csrf)
    assert problem_of(response) == (401, "not_connected")
    assert response.json["action"] == "Connect Spotify once more."
    assert browser.status()["connected"] is False


def test_disconnect_forgets_everything(app, browser, spotify):
    csrf = browser.connect()
    key = browser.cookie()
    assert browser.post("disconnect", None, csrf).json == {"ok": True}
    assert browser.cookie() is None
    assert browser.status()["connected"] is False
    browser.client.set_cookie("connection", key, domain="127.0.0.1")  # a copy of the cookie opens nothing
    assert problem_of(browser.post("play", {"ids": IDS}, csrf)) == (401, "not_connected")
    assert len(Services.of(app).connections.store) == 0


def test_an_account_that_nobody_uses_is_forgotten_after_a_day(browser, clock):
    browser.connect()
    clock.now_s += account.IDLE_S - 1
    assert browser.status()["connected"] is True
    clock.now_s += account.IDLE_S + 1
    assert browser.status()["connected"] is False


def test_logins_are_stored_nowhere_and_push_nobody_out(app, spotify):
    """However many an attacker begins."""
    victim, attacker = Browser(app, spotify), Browser(app, spotify)
    back = victim.login()
    for _ in range(1200):
        attacker.client.delete_cookie("login", domain="127.0.0.1", path="/connect")
        assert attacker.get("/connect/spotify").status_code == 302
    assert len(Services.of(app).connections.store) == 0
    assert victim.client.get("/connect/callback", base_url=HOME, query_string=back).status_code == 200
    assert victim.status()["connected"] is True


def test_another_servers_login_is_not_ours():
    pending = PendingLogin(state="state", login={"verifier": "secret"})
    one, other = PendingLogins("x" * 40), PendingLogins("y" * 40)
    cookie = one.encrypt(pending)
    assert one.decrypt(cookie) == pending
    assert "secret" not in cookie
    assert [
        logins.decrypt(text) for logins, text in ((other, cookie), (one, cookie[:-4]), (one, "é"), (one, None))
    ] == [None] * 4


@pytest.mark.parametrize("body", ["[" * 1100, '{"ids": [' + "9" * 5000 + "]}"], ids=["deep", "digits"])
def test_a_body_that_cannot_be_read_is_refused(browser, caplog, body):
    headers = {"X-CSRF-Token": browser.connect()}
    answer = browser.client.post(
        "/api/v1/spotify/play", base_url=HOME, data=body, content_type="application/json", headers=headers
    )
    assert problem_of(answer) == (400, "bad_request")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_two_listeners_have_two_accounts(app, spotify):
    one, two = Browser(app, spotify), Browser(app, spotify)
    one_csrf, two_csrf = one.connect(), two.connect()
    assert one_csrf != two_csrf
    assert problem_of(two.post("play", {"ids": IDS}, one_csrf)) == (403, "forbidden")
    one.post("disconnect", None, one_csrf)
    assert two.status()["connected"] is True


def test_logs_and_reprs_hold_no_secret(app, browser, spotify, caplog):
    caplog.set_level(logging.DEBUG)
    back = browser.login()
    url = browser.get("/connect/spotify").location
    back = spotify.agree(url)
    browser.client.get("/connect/callback", base_url=HOME, query_string=back)
    browser.post("play", {"ids": IDS}, browser.status()["csrf"])
    connections = Services.of(app).connections
    told = caplog.text + repr((connections, connections.store, connections.find(browser.cookie())))
    verifier = spotify.asked("/api/token")[-1].form["code_verifier"]
    state = parse_qs(urlsplit(url).query)["state"][0]
    csrf = browser.status()["csrf"]
    for secret in (back["code"], state, csrf, verifier, *spotify.tokens, *spotify.refresh_tokens):
        assert secret not in told
