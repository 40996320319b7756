"""Music: which providers there are, and what snaps bring where Spotify refuses, limits or forgets."""

from __future__ import annotations

import time

import pytest

from feelharmonic.app import create_app, load_accounts
from feelharmonic.errors import SetupFault
from feelharmonic.music import Catalogue, load_providers
from feelharmonic.settings import Settings
from tests.support.spotify_faults import QUOTA, RATE_LIMIT
from tests.support.spotify_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn, song

pytestmark = pytest.mark.filterwarnings("ignore:You're using `recommendations:DeprecationWarning")

CREDENTIALS = {"spotify_client_id": CLIENT_ID, "spotify_client_secret": CLIENT_SECRET}
ALL = ("spotify-recommendations", "spotify-search", "catalogue")
#: Asked only for listeners who chose them; they come last.
ON_WISH = ["audius", "radio"]
DEADLINE_S = 20


@pytest.mark.parametrize(
    ("named", "credentials", "expected"),
    [
        (ALL, {}, ["catalogue"]),
        (ALL, {"spotify_client_id": CLIENT_ID}, ["catalogue"]),
        (ALL, CREDENTIALS, list(ALL)),
        (("spotify-search",), CREDENTIALS, ["spotify-search", "catalogue"]),
        (("catalogue", "reccobeats"), {}, ["catalogue", "reccobeats"]),
        (("spotify-search",), {}, ["catalogue"]),
    ],
)
def test_providers_come_in_the_settings_order_and_the_catalogue_is_always_there(named, credentials, expected):
    providers = load_providers(Settings(providers=named, **credentials), Catalogue.load())
    assert [provider.name for provider in providers] == [*expected, *ON_WISH]


def test_a_provider_that_is_asked_on_wish_alone_comes_last_unless_the_setting_names_it():
    providers = load_providers(Settings(providers=("radio", "catalogue")), Catalogue.load())
    assert [provider.name for provider in providers] == ["radio", "catalogue", "audius"]


def test_an_unknown_provider_is_listed_with_the_other_faults():
    with pytest.raises(SetupFault) as caught:
        create_app(Settings(providers=("spotify", "catalogue", "nothing like it"), face_finder="nowhere.onnx"))
    first, second, third = caught.value.faults
    assert first == "PROVIDERS: 'spotify' is not known. Did you mean 'spotify-search'?"
    assert second == (
        "PROVIDERS: 'nothing like it' is not known. "
        "Expected one of: own, subsonic, spotify-recommendations, spotify-search, catalogue, reccobeats, audius, radio."
    )
    assert "nowhere.onnx" in third


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "http://127.0.0.1:8000/connect/callback"),
        ({"host": "0.0.0.0", "port": 9000}, "http://127.0.0.1:9000/connect/callback"),
        ({"host": "::1"}, "http://[::1]:8000/connect/callback"),
        (
            {"spotify_redirect_uri": "https://music.example/connect/callback"},
            "https://music.example/connect/callback",
        ),
    ],
)
def test_spotify_sends_listeners_back_to_this_machine_by_default(changed, expected):
    assert load_accounts(Settings(spotify_client_id=CLIENT_ID, **changed)).redirect_uri == expected


def test_without_a_client_id_there_are_no_accounts():
    assert load_accounts(Settings()) is None


def test_the_first_request_has_providers_tried_and_the_status_tells():
    with StandIn() as spotify:
        settings = Settings(spotify_api_url=spotify.api_url, spotify_accounts_url=spotify.url, **CREDENTIALS)
        client = create_app(settings).test_client()
        assert not spotify.requests  # making the app asks nobody
        deadline = time.monotonic() + DEADLINE_S
        states = None
        while states != ["off", "ready", "ready"] and time.monotonic() < deadline:
            answer = client.get("/api/v1/providers").json["providers"]
            states = [provider["state"] for provider in answer]
            time.sleep(0.01)
    assert answer[0] == {
        "name": "spotify-recommendations",
        "state": "off",
        "reason": "Spotify's recommendations are closed to this app.",
        "action": "Spotify gives them only to apps from before 2024-11-27; take them out of PROVIDERS.",
        "rests_for_s": None,
        "served": 0,
    }
    assert [provider["name"] for provider in answer] == list(ALL)


@pytest.mark.parametrize(
    ("fault", "secret", "note"),
    [
        ("no network", CLIENT_SECRET, "cannot be reached."),
        (RATE_LIMIT, CLIENT_SECRET, "rests for 37 s, as Spotify asks."),
        (QUOTA, CLIENT_SECRET, "has used up this app's quota."),
        (None, "wrong", "cannot be used: Spotify refused this server's credentials."),
    ],
)
def test_limits_and_wrong_credentials_leave_the_catalogue(fault, secret, note, caplog):
    with StandIn([song(1)]) as spotify:
        if fault and fault != "no network":
            spotify.faults["/v1/search"] = fault
        settings = Settings(
            spotify_client_id=CLIENT_ID,
            spotify_client_secret=secret,
            spotify_api_url=spotify.api_url,
            spotify_accounts_url="http://127.0.0.1:9" if fault == "no network" else spotify.url,
        )
        app = create_app(settings)
        client = app.extensions["socketio"].test_client(app, namespace="/live")
        answer = client.emit("snap", {"emotion": "happy", "n": 4}, namespace="/live", callback=True)
    assert (answer["provider"], len(answer["tracks"])) == ("catalogue", 4)
    assert f"Spotify's search {note}" in answer["note"]
    assert secret not in caplog.text


def test_an_expired_token_is_not_noticed():
    with StandIn([song(number) for number in range(40)]) as spotify:
        settings = Settings(spotify_api_url=spotify.api_url, spotify_accounts_url=spotify.url, **CREDENTIALS)
        app = create_app(settings)
        client = app.extensions["socketio"].test_client(app, namespace="/live")
        for emotion in ("happy", "sad"):
            answer = client.emit("snap", {"emotion": emotion, "n": 4}, namespace="/live", callback=True)
            assert (answer["provider"], len(answer["tracks"])) == ("spotify-search", 4)
            spotify.expire_tokens()
