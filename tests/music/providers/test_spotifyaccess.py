"""Spotify over real HTTP with the real spotipy: what is asked, what comes back, and every fault on the way."""

from __future__ import annotations

import logging
import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

import spotifyaccess
from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.errors import AccountFault, NotConnected, ProviderUnavailable
from feelharmonic.music.fallback import ProviderFallback
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest, Wishes
from feelharmonic.music.providers import MusicProvider
from feelharmonic.music.providers.spotify import SpotifyRecommendations, SpotifySearch, queries, tuneable
from feelharmonic.music.selection import Candidates, Found, rank_found, select
from feelharmonic.params import SearchTerms
from spotifyaccess import AppClient, SpotifyAccounts, SpotifyApp
from tests.support.spotify_stand_in import (
    BROKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    DOWN,
    DRIPS,
    HANGS,
    NO_PREMIUM_OWNER,
    NOT_SPOTIFY,
    QUOTA,
    RATE_LIMIT,
    TEXT_ERROR,
    Fault,
    StandIn,
    refusal,
    song,
)

pytestmark = pytest.mark.filterwarnings("ignore:You're using `recommendations:DeprecationWarning")

PROVIDERS = {"search": SpotifySearch, "recommendations": SpotifyRecommendations}
REDIRECT_URI = "http://127.0.0.1:8000/connect/callback"
SEARCH, RECOMMENDATIONS, TOKEN = "/v1/search", "/v1/recommendations", "/api/token"


def targets(
    emotion: str = "happy", centre: float = 0.5, genres: tuple[str, ...] = ("pop", "hard-rock")
) -> MusicTargets:
    features = {name: FeatureTarget(centre=centre, spread=0.1) for name in FEATURES}
    search = SearchTerms(words=("sunshine", "feel good"), years=(1970, 2029))
    return MusicTargets(emotion=emotion, goal="match", features=features, genres=genres, search=search)


def asking(n: int = 8, step: MusicTargets | None = None, **fields: object) -> TrackRequest:
    return TrackRequest(steps=(step or targets(),) * n, chance=random.Random(7), **fields)


def app_at(stand_in: StandIn, **changed: object) -> SpotifyApp:
    app = SpotifyApp(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        api_url=stand_in.api_url,
        accounts_url=stand_in.url,
        connect_s=5.0,
        read_s=5.0,
    )
    return replace(app, **changed)


def nobody_knows(ids: object) -> dict[str, Track]:
    return {}


@pytest.fixture
def spotify() -> Iterator[StandIn]:
    """A new app's Spotify."""
    with StandIn([song(number) for number in range(30)]) as stand_in:
        yield stand_in


@pytest.fixture
def old_spotify() -> Iterator[StandIn]:
    """Spotify for an app of before 2024-11-27."""
    with StandIn([song(number) for number in range(30)], legacy=True) as stand_in:
        yield stand_in


def search_at(stand_in: StandIn, known=nobody_knows, **changed: object) -> SpotifySearch:
    return SpotifySearch(AppClient(app_at(stand_in, **changed)), known)


def ask(provider: MusicProvider, request: TrackRequest) -> list[Track]:
    return select(request, provider.candidates(request))


def numbers(tracks: list[Track]) -> list[int]:
    return [int(track.id) for track in tracks]


class TestSearch:
    def test_gives_as_many_tracks_as_asked(self, spotify):
        tracks = ask(search_at(spotify), asking(8))
        assert len(tracks) == 8
        assert tracks[0].title.startswith("Song")
        assert (tracks[0].year, tracks[0].explicit, tracks[0].features) == (2001, False, None)

    def test_asks_for_ten_at_most_in_a_market_page_after_page(self, spotify):
        ask(search_at(spotify, market="DE"), asking(8))
        asked = [request.query for request in spotify.asked(SEARCH)]
        assert [(query["limit"], query["offset"], query["type"], query["market"]) for query in asked] == [
            ("10", "0", "track", "DE"),
            ("10", "10", "track", "DE"),
        ]

    def test_fifty_tracks_come_in_several_searches(self):
        with StandIn([song(number) for number in range(90)]) as spotify:
            # The stand-in gives the same songs to every query: three pages of it, then the next query.
            assert len(ask(search_at(spotify), asking(50))) == 30

    def test_one_artist_plays_once(self):
        same = [{"id": "a" * 22, "name": "The Same"}]
        songs = [song(number, artists=same) for number in range(12)] + [song(number) for number in range(20, 24)]
        with StandIn(songs) as spotify:
            tracks = ask(search_at(spotify), asking(5))
        assert [track.artist for track in tracks].count("The Same") == 1
        assert len(tracks) == 5

    def test_the_nearest_by_features_comes_first(self, spotify):
        def known(ids):
            near = dict.fromkeys(FEATURES, 0.5)
            far = dict.fromkeys(FEATURES, 0.9)
            rows = {5: far, 17: near}
            return {
                f"{number:022d}": Track(key=f"{number:022d}", title="", artist="", features=features)
                for number, features in rows.items()
                if f"{number:022d}" in ids
            }

        chosen = numbers(ask(search_at(spotify, known), asking(30)))
        assert chosen[0] == 17
        assert chosen[-1] == 5

    def test_a_track_chosen_for_another_emotion_is_left_out(self, spotify):
        def known(ids):
            return {ids[0]: Track(key=ids[0], title="", artist="", emotions=("angry",))}

        assert 0 not in numbers(ask(search_at(spotify, known), asking(8)))

    def test_what_was_given_comes_again_only_at_last_and_what_is_disliked_never(self):
        with StandIn([song(number) for number in range(6)]) as spotify:
            given = tuple(f"{number:022d}" for number in (2, 0, 1))
            request = asking(5, avoid=given, disliked=(f"{5:022d}",))
            assert numbers(ask(search_at(spotify), request)) == [3, 4, 2, 0, 1]

    def test_broken_and_unplayable_items_are_left_out(self):
        songs = [
            song(1, is_playable=False),
            song(2, id=None),
            song(3, name=""),
            song(4, artists=[]),
            song(5, id="../../escape"),
            {},
            song(6),
        ]
        with StandIn([*songs, None]) as spotify:
            spotify.songs.remove(None)
            assert numbers(ask(search_at(spotify), asking(3))) == [6]

    @pytest.mark.parametrize(
        ("wishes", "left"),
        [
            (Wishes(explicit=False), [0, 2]),
            (Wishes(decades=(1990,)), [2]),
            (Wishes(decades=(1990, 2000)), [0, 1, 2]),
            (Wishes(instrumental_only=True), [0]),
            (Wishes(genres_barred=("metal",)), [0, 2]),
            (Wishes(familiarity=0.5), [0]),
        ],
    )
    def test_wishes_bar_tracks(self, wishes, left):
        songs = [song(0), song(1, explicit=True), song(2, album={"release_date": "1994"})]
        loud = dict.fromkeys(FEATURES, 0.9)
        rows = {
            f"{0:022d}": Track(key="", title="", artist="", features=loud, popularity=40),
            f"{1:022d}": Track(key="", title="", artist="", genre="metal"),
        }
        with StandIn(songs) as spotify:
            tracks = ask(search_at(spotify, lambda ids: rows), asking(3, wishes=wishes))
        assert sorted(numbers(tracks)) == left

    def test_a_genre_nobody_has_falls_back_to_words_alone(self, spotify):
        for item in spotify.songs:
            item["genres"] = ["no such genre"]
        assert ask(search_at(spotify), asking(3)) == []
        words = [request.query["q"] for request in spotify.asked(SEARCH)]
        assert "genre:" in words[0]
        assert "genre:" not in words[-1]

    def test_the_same_search_is_not_asked_twice_within_minutes(self, spotify):
        search = search_at(spotify)
        ask(search, asking(8))
        count = len(spotify.asked(SEARCH))
        ask(search, asking(8))
        assert len(spotify.asked(SEARCH)) == count

    def test_it_stops_when_its_time_is_up_and_serves_what_it_has(self, spotify):
        ticks = iter([0.0] * 3 + [99.0] * 20)
        search = SpotifySearch(AppClient(app_at(spotify)), nobody_knows, clock=lambda: next(ticks))
        assert len(ask(search, asking(20))) == 10

    def test_a_journey_searches_for_each_of_its_moods(self, spotify):
        steps = (targets("sad", genres=("piano",)),) * 3 + (targets("happy", genres=("disco",)),) * 3
        ask(search_at(spotify), TrackRequest(steps=steps, chance=random.Random(1)))
        words = " ".join(request.query["q"] for request in spotify.asked(SEARCH))
        assert 'genre:"piano"' in words
        assert 'genre:"disco"' in words

    def test_queries_go_from_narrow_to_wide(self):
        wishes = Wishes(genres_liked=("jazz",), genres_barred=("pop",), decades=(1960,), instrumental_only=True)
        asked = list(queries(targets(), wishes, random.Random(3)))
        assert len(asked) == 2 + 2 + 2
        assert all(query.startswith("instrumental ") and query.endswith("year:1960-1969") for query in asked)
        assert not any("pop" in query for query in asked)
        assert sum('genre:"jazz"' in query for query in asked) == 2
        assert sum('genre:"hard rock"' in query for query in asked) == 2

    def test_words_and_years_are_the_emotions_own(self):
        step = replace(targets("sad"), search=SearchTerms(words=("tears",), years=(1966, 1983)))
        asked = list(queries(step, Wishes(), random.Random(3)))
        assert all("tears" in query for query in asked if "genre:" not in query)
        asked = [query for seed in range(9) for query in queries(step, Wishes(), random.Random(seed))]
        years = {query.rsplit("year:")[1] for query in asked}
        assert years == {"1966-1969", "1970-1979", "1980-1983"}


class TestRecommendations:
    def test_an_old_app_gets_tracks_for_targets_and_bounds(self, old_spotify):
        provider = SpotifyRecommendations(AppClient(app_at(old_spotify)), nobody_knows)
        provider.probe()
        assert len(ask(provider, asking(8))) == 8
        query = old_spotify.asked(RECOMMENDATIONS)[-1].query
        assert query["seed_genres"] == "pop,hard-rock"
        assert (query["target_energy"], query["min_energy"], query["max_energy"]) == ("0.5", "0.25", "0.75")
        assert query["market"] == "US"

    @pytest.mark.parametrize(("centre", "bounds"), [(0.0, (0.0, 0.25)), (1.0, (0.75, 1.0)), (0.5, (0.25, 0.75))])
    def test_bounds_stay_where_the_feature_may_lie(self, centre, bounds):
        wish = tuneable(targets(centre=centre), bounds=True)
        assert (wish["min_valence"], wish["max_valence"]) == bounds
        assert wish["max_loudness"] <= 0
        assert set(tuneable(targets(), bounds=False)) == {f"target_{name}" for name in FEATURES}

    def test_nothing_within_the_bounds_is_asked_again_without_them(self, old_spotify):
        old_spotify.songs.clear()
        assert ask(SpotifyRecommendations(AppClient(app_at(old_spotify)), nobody_knows), asking(4)) == []
        first, second = old_spotify.asked(RECOMMENDATIONS)
        assert "min_energy" in first.query
        assert "min_energy" not in second.query

    def test_a_journey_is_asked_for_in_three_stages(self, old_spotify):
        steps = tuple(targets(centre=index / 10) for index in range(9))
        request = TrackRequest(steps=steps, chance=random.Random(1))
        ask(SpotifyRecommendations(AppClient(app_at(old_spotify)), nobody_knows), request)
        asked = [request.query["target_energy"] for request in old_spotify.asked(RECOMMENDATIONS)]
        assert asked == ["0.1", "0.4", "0.7"]

    @pytest.mark.parametrize("fault", [None, refusal(403, "Forbidden")])
    def test_the_probe_tells_a_new_app_that_they_are_closed_for_good(self, spotify, fault):
        if fault:
            spotify.faults[RECOMMENDATIONS] = fault
        with pytest.raises(ProviderUnavailable) as caught:
            SpotifyRecommendations(AppClient(app_at(spotify)), nobody_knows).probe()
        assert caught.value.code == "closed_to_app"
        assert caught.value.cooldown_s is None


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


def test_no_network_is_told(spotify):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(ProviderUnavailable, match="unreachable  Check the server's connection") as caught:
            ask(search_at(spotify, accounts_url=url), asking())
    assert caught.value.cooldown_s == 30.0


def test_an_owner_without_premium_is_told(spotify):
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


class AtHand:
    """The catalogue's place in the chain."""

    name = "catalogue"

    def candidates(self, request: TrackRequest) -> Candidates:
        track = Track(key="9" * 22, title="At hand", artist="Somebody")
        found = [Found(track=track, artist=track.artist, steps=range(request.n))]
        return rank_found(request, found, nobody_knows)


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
            "scope": "playlist-modify-private playlist-read-private user-modify-playback-state",
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
    def test_faults_are_told_with_what_to_do(self, spotify, fault, code, action):
        account = self.connect(spotify, read_s=1.0 if fault.hangs else 5.0)
        spotify.faults["/v1/me"] = fault
        with pytest.raises(AccountFault, match=action) as caught:
            account.play(["1" * 22])
        assert caught.value.code == code

    @pytest.mark.parametrize("fault", [BROKEN, NOT_SPOTIFY, refusal(404, "Not found")])
    def test_a_playlist_that_is_not_made_is_told(self, spotify, fault):
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
