"""Spotify's search and recommendations over real HTTP with the real spotipy: what is asked and what comes back."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.messages import Track, TrackRequest, Wishes
from feelharmonic.music.providers.spotify import SpotifyRecommendations, SpotifySearch, queries, tuneable
from feelharmonic.params import SearchTerms
from spotifyaccess import AppClient
from tests.support.spotify_faults import refusal
from tests.support.spotify_requests import (
    RECOMMENDATIONS,
    SEARCH,
    app_at,
    ask,
    asking,
    nobody_knows,
    numbers,
    search_at,
    targets,
)
from tests.support.spotify_stand_in import StandIn, song

pytestmark = pytest.mark.filterwarnings("ignore:You're using `recommendations:DeprecationWarning")


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
