"""A listener's account at Spotify over real HTTP with the real spotipy; and no secret in logs or reprs."""

from __future__ import annotations

import logging
import threading
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest

import spotifyaccess
from feelharmonic.errors import AccountFault, NotConnected, ProviderUnavailable
from feelharmonic.music.fallback import ProviderFallback
from feelharmonic.music.providers.spotify import SpotifySearch
from spotifyaccess import AppClient, SpotifyAccounts
from tests.support.spotify_faults import BROKEN, DOWN, HANGS, NOT_SPOTIFY, RATE_LIMIT, TEXT_ERROR, refusal
from tests.support.spotify_requests import (
    REDIRECT_URI,
    TOKEN,
    AtHand,
    app_at,
    asking,
    nobody_knows,
    search_at,
)
from tests.support.spotify_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn

pytestmark = pytest.mark.filterwarnings("ignore:You're using `recommendations:DeprecationWarning")


class TestAccounts:
    def connect(self, spotify: StandIn, **changed: object):
        login = SpotifyAccounts(app_at(spotify, **changed), REDIRECT_URI).begin("state-1")
        return login.finish(spotify.agree(login.url)["code"])

    def test_the_login_asks_for_pkce_state_and_only_the_scopes_needed(self, spotify):
        url = SpotifyAccounts(app_at(spotify), REDIRECT_URI).begin("state-1").url
        assert url.startswith(f"{spotify.url}/authorize?")
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query.pop("code_challenge")
        assert query == {
            "client_id": CLIENT_ID,
            "response_type": "code",
            "redirect_uri": REDIRECT_URI,
            "code_challenge_method": "S256",
            "scope": "playlist-modify-private playlist-read-private user-modify-playback-state "
            "user-read-playback-state",
            "state": "state-1",
        }

    def test_the_code_is_traded_with_the_verifier_and_without_the_secret(self, spotify):
        self.connect(spotify)
        form = spotify.asked(TOKEN)[0].form
        assert (form["grant_type"], form["client_id"], form["redirect_uri"]) == (
            "authorization_code",
            CLIENT_ID,
            REDIRECT_URI,
        )
        assert len(form["code_verifier"]) >= 43
        assert CLIENT_SECRET not in str(form)

    def test_another_logins_code_opens_nothing(self, spotify):
        accounts = SpotifyAccounts(app_at(spotify), REDIRECT_URI)
        code = spotify.agree(accounts.begin("one").url)["code"]
        with pytest.raises(NotConnected):
            accounts.begin("two").finish(code)

    def test_a_saved_playlist_is_private_and_holds_every_track(self, spotify):
        ids = [f"{number:022d}" for number in range(150)]
        url = self.connect(spotify).save("Happy", "By Feelharmonic", ids)
        assert url == "https://open.spotify.com/playlist/0000000000000000000001"
        (playlist,) = spotify.playlists.values()
        assert (playlist.name, playlist.public) == ("Happy", False)
        assert playlist.uris == [f"spotify:track:{track_id}" for track_id in ids]
        assert [request.path for request in spotify.requests if request.path.startswith("/v1")] == [
            "/v1/me/playlists",
            "/v1/playlists/0000000000000000000001/items",
            "/v1/playlists/0000000000000000000001/items",
        ]

    @pytest.mark.parametrize("wait", ["3", "37"])
    def test_a_playlist_is_filled_after_a_short_wait_else_removed(self, spotify, monkeypatch, wait):
        items = "/v1/playlists/0000000000000000000001/items"
        account = self.connect(spotify)
        spotify.faults[items] = refusal(429, "API rate limit exceeded", Retry_After=wait)
        waited: list[float] = []
        # The module's own name for it: threads of other tests sleep, too.
        sleep = SimpleNamespace(sleep=lambda s: (waited.append(s), spotify.faults.pop(items)))
        monkeypatch.setattr("spotifyaccess.time", sleep)
        if wait == "3":
            account.save("Happy", "", ["1" * 22])
            (playlist,) = spotify.playlists.values()
            assert (waited, len(playlist.uris)) == ([3.0], 1)
            return
        with pytest.raises(AccountFault, match="removed again") as caught:
            account.save("Happy", "", ["1" * 22])
        assert (caught.value.code, waited, spotify.playlists) == ("spotify_busy", [], {})

    def test_a_playlist_that_cannot_even_be_removed_is_named(self, spotify):
        account = self.connect(spotify)
        spotify.faults["/v1/playlists/"] = refusal(503, "Service unavailable")
        with pytest.raises(AccountFault, match="“Happy” was made and stays"):
            account.save("Happy", "", ["1" * 22])

    def test_plays_and_queues(self, spotify):
        account = self.connect(spotify)
        account.play(["1" * 22, "2" * 22])
        account.queue(["3" * 22, "4" * 22])
        assert spotify.playing == [f"spotify:track:{'1' * 22}", f"spotify:track:{'2' * 22}"]
        assert spotify.queue == [f"spotify:track:{'3' * 22}", f"spotify:track:{'4' * 22}"]

    @pytest.mark.parametrize("early", [True, False], ids=["by the clock", "by a 401"])
    def test_an_expired_token_is_refreshed(self, spotify, early):
        spotify.expires_in_s = 10 if early else 3600
        account = self.connect(spotify)
        if not early:
            spotify.expire_tokens()
        account.play(["1" * 22])
        assert [request.form["grant_type"] for request in spotify.asked(TOKEN)] == [
            "authorization_code",
            "refresh_token",
        ]
        assert spotify.playing

    def test_a_consent_that_ran_out_asks_to_connect_again(self, spotify):
        account = self.connect(spotify)
        spotify.revoke_consent()
        with pytest.raises(NotConnected, match=r"wants you to log in again\. Connect Spotify once more\."):
            account.play(["1" * 22])

    @pytest.mark.parametrize(
        ("fault", "code", "action"),
        [
            (RATE_LIMIT, "spotify_busy", "Try again in 37 seconds."),
            (DOWN, "spotify_broken", "Try again in a moment."),
            (TEXT_ERROR, "spotify_broken", "Try again in a moment."),
            (HANGS, "spotify_unreachable", "Try again in a moment."),
            (refusal(403, "User not registered"), "spotify_refused", "An app in development mode serves only"),
            (refusal(404, "Not found"), "no_device", "Start any song in the Spotify app"),
        ],
    )
    def test_faults_say_what_to_do(self, spotify, fault, code, action):
        account = self.connect(spotify, read_s=1.0 if fault.hangs else 5.0)
        spotify.faults["/v1/me"] = fault
        with pytest.raises(AccountFault, match=action) as caught:
            account.play(["1" * 22])
        assert caught.value.code == code

    @pytest.mark.parametrize("fault", [BROKEN, NOT_SPOTIFY, refusal(404, "Not found")])
    def test_a_playlist_that_is_not_made_is_a_fault(self, spotify, fault):
        account = self.connect(spotify)
        spotify.faults["/v1/me"] = fault
        with pytest.raises(AccountFault) as caught:
            account.save("Happy", "", ["1" * 22])
        assert caught.value.code == "spotify_broken"

    @pytest.mark.parametrize(
        ("switch", "code", "text"),
        [
            ("premium", "premium_required", "Spotify plays on command for Premium accounts only."),
            ("device", "no_device", "No device of yours is playing Spotify."),
        ],
    )
    def test_the_player_says_why_it_cannot(self, spotify, switch, code, text):
        account = self.connect(spotify)
        setattr(spotify, switch, False)
        with pytest.raises(AccountFault, match=text) as caught:
            account.queue(["1" * 22])
        assert caught.value.code == code

    def test_two_threads_refresh_once_after_the_other(self, spotify):
        account = self.connect(spotify)
        spotify.expire_tokens()
        threads = [threading.Thread(target=account.play, args=(["1" * 22],)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert spotify.playing == [f"spotify:track:{'1' * 22}"]


def test_no_secret_and_no_token_in_any_log_at_any_level(spotify, caplog):
    caplog.set_level(logging.DEBUG)
    for name in ("spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    wrong_secret = "a-wrong-" + "secret"  # a traceback quotes the lines of this file
    chain = ProviderFallback([search_at(spotify), AtHand()], budget_s=20.0)
    chain.ask(asking())
    login = SpotifyAccounts(app_at(spotify), REDIRECT_URI).begin("state-secret")
    code = spotify.agree(login.url)["code"]
    account = login.finish(code)
    account.save("Happy", "", ["1" * 22])
    spotify.expire_tokens()
    account.play(["1" * 22])
    spotify.revoke_consent()
    with pytest.raises(NotConnected):
        account.play(["1" * 22])
    with pytest.raises(ProviderUnavailable) as caught:
        search_at(spotify, client_secret=wrong_secret).probe()
    logging.getLogger("feelharmonic").error("told", exc_info=caught.value)
    assert "told" in caplog.text
    for received in spotify.requests:
        assert not received.token or received.token not in caplog.text
    for secret in (CLIENT_SECRET, wrong_secret, code, "refresh-0", "token-0", "Basic ", "code_verifier"):
        assert secret not in caplog.text


def test_no_secret_in_any_repr(spotify):
    app = app_at(spotify)
    client = AppClient(app)
    search = SpotifySearch(client, nobody_knows)
    for thing in (app, client, vars(client), search, vars(search), SpotifyAccounts(app, REDIRECT_URI).begin("s")):
        assert CLIENT_SECRET not in repr(thing)


def test_spotipy_has_the_methods_we_call():
    for name in ("search", "recommendations", "current_user_playlist_create", "playlist_add_items", "add_to_queue"):
        assert callable(getattr(spotifyaccess.spotipy.Spotify, name))
