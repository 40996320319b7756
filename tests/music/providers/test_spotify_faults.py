"""Every fault of Spotify and of the network on the way to it: a code, a cooldown, and another provider serves."""

from __future__ import annotations

import socket

import pytest

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.fallback import ProviderFallback
from feelharmonic.music.providers.spotify import SpotifyRecommendations, SpotifySearch
from spotifyaccess import AppClient
from tests.support.spotify_faults import (
    BROKEN,
    DOWN,
    DRIPS,
    HANGS,
    NO_PREMIUM_OWNER,
    NOT_SPOTIFY,
    QUOTA,
    RATE_LIMIT,
    TEXT_ERROR,
    Fault,
    refusal,
)
from tests.support.spotify_requests import (
    SEARCH,
    TOKEN,
    AtHand,
    app_at,
    ask,
    asking,
    nobody_knows,
    search_at,
    targets,
)

pytestmark = pytest.mark.filterwarnings("ignore:You're using `recommendations:DeprecationWarning")

PROVIDERS = {"search": SpotifySearch, "recommendations": SpotifyRecommendations}


FAULTS = {
    "rate limit": (RATE_LIMIT, "spotify_pause", {"wait_s": 37}, 37.0),
    "quota": (QUOTA, "quota_used_up", {}, 48925.0),
    "pause without a length": (refusal(429, "slow down"), "spotify_pause", {"wait_s": 30}, 30.0),
    "503": (DOWN, "out_of_order", {}, 20.0),
    "error that is a text": (TEXT_ERROR, "out_of_order", {}, 20.0),
    "broken JSON": (BROKEN, "unreadable_answer", {}, 20.0),
    "another form": (NOT_SPOTIFY, "unreadable_answer", {}, 20.0),
    "bad request": (refusal(400, "Invalid limit"), "spotify_http_error", {"status": 400}, 20.0),
    "silence": (HANGS, "timeout", {}, 30.0),
}


@pytest.mark.parametrize("what", PROVIDERS)
@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_becomes_a_code_and_a_cooldown(old_spotify, what, name):
    fault, code, params, cooldown_s = FAULTS[name]
    old_spotify.faults[f"/v1/{what}"] = fault
    app = app_at(old_spotify, read_s=1.0 if fault.hangs else 5.0)  # the sign-in before must come through
    with pytest.raises(ProviderUnavailable) as caught:
        ask(PROVIDERS[what](AppClient(app), nobody_knows), asking())
    assert (caught.value.code, caught.value.params, caught.value.cooldown_s) == (code, params, cooldown_s)
    assert len(old_spotify.asked(f"/v1/{what}")) == 1  # nothing is tried again


@pytest.mark.parametrize(
    ("fault", "code", "params", "cooldown_s"),
    [
        (RATE_LIMIT, "spotify_pause", {"wait_s": 37}, 37.0),
        (DOWN, "out_of_order", {}, 20.0),
        (BROKEN, "unreadable_answer", {}, 20.0),
        (NOT_SPOTIFY, "unreadable_answer", {}, 20.0),
        (Fault(body=b"{}"), "unreadable_answer", {}, 20.0),
        (HANGS, "timeout", {}, 30.0),
    ],
)
def test_faults_of_the_sign_in_count_as_well(spotify, fault, code, params, cooldown_s):
    spotify.faults[TOKEN] = fault
    with pytest.raises(ProviderUnavailable) as caught:
        search_at(spotify, read_s=0.1 if fault.hangs else 5.0).probe()
    assert (caught.value.code, caught.value.params, caught.value.cooldown_s) == (code, params, cooldown_s)


@pytest.mark.parametrize("changed", [{"client_secret": "wrong"}, {"client_id": "nobody"}])
def test_wrong_credentials_are_final_and_say_what_to_check(spotify, changed):
    with pytest.raises(ProviderUnavailable) as caught:
        ask(search_at(spotify, **changed), asking())
    assert caught.value.cooldown_s is None
    assert caught.value.code == "credentials_refused"
    assert caught.value.action == "Check SPOTIFY_CLIENT_ID and SPOTIFY_CLIENT_SECRET, then restart."


def test_without_a_network_spotify_is_unavailable(spotify):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(ProviderUnavailable, match="unreachable  Check the server's connection") as caught:
            ask(search_at(spotify, accounts_url=url), asking())
    assert caught.value.cooldown_s == 30.0


def test_an_owner_without_premium_is_named_as_the_reason(spotify):
    spotify.faults[SEARCH] = NO_PREMIUM_OWNER
    with pytest.raises(ProviderUnavailable, match="refused  The app's owner needs Premium") as caught:
        ask(search_at(spotify), asking())
    assert caught.value.cooldown_s == 3600.0


def test_an_expired_token_is_renewed_once(spotify):
    search = search_at(spotify)
    search.probe()
    spotify.expire_tokens()
    assert len(ask(search, asking(3))) == 3
    assert len(spotify.asked(TOKEN)) == 2


def test_a_token_that_is_always_refused_is_not_asked_for_forever(spotify):
    spotify.faults[SEARCH] = refusal(401, "The access token expired")
    with pytest.raises(ProviderUnavailable, match="credentials_refused"):
        ask(search_at(spotify), asking())
    assert len(spotify.asked(TOKEN)) == 2


def test_tokens_are_kept_between_requests_and_never_on_disk(spotify, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    search = search_at(spotify)
    for emotion in ("happy", "sad", "angry"):
        ask(search, asking(3, targets(emotion)))
    assert len(spotify.asked(TOKEN)) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fault", [HANGS, DRIPS], ids=["hangs", "drips"])
@pytest.mark.parametrize("where", [TOKEN, SEARCH])
def test_a_listener_never_waits_for_a_spotify_that_hangs_or_drips(spotify, fault, where):
    """A drip outlives every timeout of the socket: only the chain's budget ends it."""
    spotify.faults[where] = fault
    chain = ProviderFallback([search_at(spotify, read_s=30.0), AtHand()], budget_s=0.5)
    served = chain.ask(asking(1))
    assert served.provider == "catalogue"
    assert served.note == "From the catalogue. Spotify's search did not answer in time."


@pytest.mark.parametrize(("budget_s", "provider"), [(20.0, "spotify-search"), (0.4, "catalogue")])
def test_a_slow_spotify_serves_as_long_as_the_budget_lasts(spotify, budget_s, provider):
    spotify.slow_s = 0.25  # the token and one search take twice that
    assert ProviderFallback([search_at(spotify), AtHand()], budget_s=budget_s).ask(asking(1)).provider == provider


def test_a_rate_limit_is_honoured_without_holding_up_anybody(spotify):
    spotify.faults[SEARCH] = RATE_LIMIT
    chain = ProviderFallback([search_at(spotify), AtHand()], budget_s=20.0)
    notes = {chain.ask(asking(1)).note for _ in range(5)}
    assert notes == {"From the catalogue. Spotify's search rests for 37 s, as Spotify asks."}
    assert len(spotify.asked(SEARCH)) == 1


def test_a_new_app_plays_from_search(spotify):
    client = AppClient(app_at(spotify))
    providers = SpotifyRecommendations(client, nobody_knows), SpotifySearch(client, nobody_knows), AtHand()
    chain = ProviderFallback(providers, budget_s=20.0)
    served = chain.ask(asking(4))
    assert served.provider == "spotify-search"
    assert served.note == "From Spotify's search. Spotify's recommendations are closed to this app."
