"""A connected account's device, told what to do and asked what it does; Spotify's stand-in answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from feelharmonic.params import Params
from feelharmonic.web import account, api, pages
from spotifyaccess import SpotifyAccounts, SpotifyApp
from tests.support.spotify_browser import HOME, IDS, REDIRECT_URI, Browser, problem_of
from tests.support.spotify_stand_in import CLIENT_ID, StandIn


@pytest.fixture
def spotify() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture
def browser(project, spotify) -> Browser:
    at = SpotifyApp(client_id=CLIENT_ID, api_url=spotify.api_url, accounts_url=spotify.url, connect_s=5, read_s=5)
    app = Flask("feelharmonic", root_path=str(project))
    pages.bind(app, Params.load())
    account.bind(app, SpotifyAccounts(at, REDIRECT_URI), budget_s=20.0)
    api.register(app)
    return Browser(app, spotify)


def playback(browser: Browser, csrf: str):
    return browser.get("/api/v1/spotify/playback", **{"X-CSRF-Token": csrf})


def test_the_device_plays_pauses_resumes_seeks_and_takes_a_volume(browser, spotify):
    csrf = browser.connect()
    browser.post("play", {"ids": IDS}, csrf)
    for action, value in (("pause", 0), ("seek", 42.5), ("volume", 0.25)):
        assert browser.post("playback", {"action": action, "value": value}, csrf).json == {"ok": True}
    answer = playback(browser, csrf)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json == {
        "ids": [IDS[0]],
        "playing": False,
        "position_s": 42.5,
        "duration_s": 200.0,
        "volume": 0.25,
    }
    browser.post("playback", {"action": "resume", "value": 0}, csrf)
    assert playback(browser, csrf).json["playing"] is True
    assert spotify.playing == [f"spotify:track:{track_id}" for track_id in IDS]


def test_a_device_whose_volume_cannot_be_set_says_so(browser, spotify):
    csrf = browser.connect()
    spotify.volume_percent = None
    assert playback(browser, csrf).json["volume"] is None


def test_without_an_active_device_it_is_said(browser, spotify):
    csrf = browser.connect()
    spotify.device = False
    assert problem_of(playback(browser, csrf)) == (409, "no_device")
    assert problem_of(browser.post("playback", {"action": "pause", "value": 0}, csrf)) == (409, "no_device")


@pytest.mark.parametrize(
    ("action", "value"), [("stop", 0), ("seek", -1), ("seek", "1"), ("seek", None), ("volume", 1.1), ("volume", True)]
)
def test_what_is_no_command_is_refused_before_spotify_is_asked(browser, spotify, action, value):
    csrf = browser.connect()
    assert problem_of(browser.post("playback", {"action": action, "value": value}, csrf)) == (400, "bad_request")
    assert not spotify.asked("/v1/")


def test_without_a_connection_or_the_csrf_token_nothing_is_told(browser, spotify):
    assert problem_of(playback(browser, "anything")) == (401, "not_connected")
    browser.connect()
    assert problem_of(playback(browser, "forged")) == (403, "forbidden")
    assert problem_of(browser.post("playback", {"action": "pause", "value": 0}, "forged")) == (403, "forbidden")
    assert browser.client.get("/api/v1/spotify/playback", base_url=HOME).status_code == 403
    assert not spotify.asked("/v1/")
