"""The catalogue as a provider: whole lists, no artist twice, nothing again before all is used up."""

from __future__ import annotations

import functools
import random

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.columns import POPULARITY
from feelharmonic.music.catalogue.starter import read_starter
from feelharmonic.music.messages import Track, TrackRequest, Wishes
from feelharmonic.music.providers import MusicProvider
from feelharmonic.music.providers.catalogue import CatalogueProvider
from feelharmonic.music.selection import select
from feelharmonic.music.targets import GOAL_ENDS, journey
from feelharmonic.params import Params


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.load()


@pytest.fixture(scope="module")
def provider() -> CatalogueProvider:
    """Over the tracks chosen by hand alone: few enough to use them up."""
    return CatalogueProvider(by_hand())


@functools.cache
def by_hand() -> Catalogue:
    return Catalogue(read_starter())


def chosen_for(emotion: str) -> list[Track]:
    return [track for track in by_hand().tracks(range(len(by_hand()))) if emotion in track.emotions]


def request_for(params, emotion="happy", goal="match", n=8, seed=0, **more) -> TrackRequest:
    return TrackRequest(steps=tuple(journey(params, emotion, goal, n)), chance=random.Random(seed), **more)


def ask(provider: MusicProvider, request: TrackRequest) -> list[Track]:
    return select(request, provider.candidates(request))


def test_it_keeps_the_protocol(provider):
    asked: MusicProvider = provider
    assert asked.name == "catalogue"


@pytest.mark.parametrize("emotion", EMOTIONS)
@pytest.mark.parametrize("seed", range(5))
def test_a_list_is_full_fits_the_mood_and_has_no_artist_twice(provider, params, emotion, seed):
    tracks = ask(provider, request_for(params, emotion, n=20, seed=seed))
    assert len({track.id for track in tracks}) == 20
    assert len({track.artist for track in tracks}) == 20
    assert all(emotion in track.emotions for track in tracks)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_nothing_comes_again_before_all_is_used_up(provider, params, emotion):
    pool = {track.id for track in chosen_for(emotion)}
    given: list[str] = []
    while len(given) + 8 <= len(pool):
        tracks = ask(provider, request_for(params, emotion, seed=len(given), avoid=tuple(given)))
        fresh = [track.id for track in tracks if track.id not in given]
        left = pool - set(given)
        artists_left = {track.artist for track in by_hand().known(list(left)).values()}
        # One artist may hold several of the last tracks; a list takes one of each.
        assert len(fresh) == min(8, len(artists_left))
        given += fresh


def test_when_all_is_used_up_the_oldest_come_first(provider, params):
    everything = [track.id for track in chosen_for("happy")]
    tracks = ask(provider, request_for(params, avoid=tuple(everything)))
    assert len(tracks) == 8
    places = [everything.index(track.id) for track in tracks]
    assert places == sorted(places)
    assert places[0] == 0


def test_another_chance_gives_another_list(provider, params):
    lists = {tuple(track.id for track in ask(provider, request_for(params, seed=seed))) for seed in range(10)}
    assert len(lists) == 10


def test_the_same_chance_gives_the_same_list(provider, params):
    one, other = (ask(provider, request_for(params, seed=4)) for _ in range(2))
    assert one == other


def test_the_most_popular_are_not_always_first(provider, params):
    catalogue = by_hand()
    first_is_top = []
    for seed in range(30):
        tracks = ask(provider, request_for(params, seed=seed))
        rows = catalogue.rows([track.id for track in tracks])
        popularity = catalogue.columns.numeric[POPULARITY, [rows[track.id] for track in tracks]]
        first_is_top.append(popularity[0] == popularity.max())
    assert not all(first_is_top)


@pytest.mark.parametrize("emotion", ["sad", "angry", "fear"])
@pytest.mark.parametrize("goal", GOAL_ENDS)
def test_a_journey_ends_nearer_to_the_goal_than_it_began(provider, params, emotion, goal):
    gone = []
    for seed in range(20):
        steps = journey(params, emotion, goal, 10)
        tracks = ask(provider, request_for(params, emotion, goal, n=10, seed=seed))
        assert len(tracks) == 10
        path = np.array([[track.features[name] for name in FEATURES] for track in tracks])
        start, end = (np.array([step.features[name].centre for name in FEATURES]) for step in (steps[0], steps[-1]))
        spreads = np.array([steps[-1].features[name].spread for name in FEATURES])
        away = np.sqrt((((path - end) / spreads) ** 2).mean(axis=1))
        gone.append(away[:3].mean() - away[-3:].mean())
        assert not np.allclose(start, end)
    assert np.mean(gone) > 0


def test_more_like_this_moves_the_list_towards_it(provider, params):
    quiet = min(chosen_for("happy"), key=lambda track: track.features["energy"])

    def mean_energy(**more) -> float:
        lists = [ask(provider, request_for(params, seed=seed, **more)) for seed in range(20)]
        return float(np.mean([track.features["energy"] for tracks in lists for track in tracks]))

    assert mean_energy(liked=(quiet.id,)) < mean_energy()


def test_not_this_never_comes_and_its_neighbours_less(provider, params):
    catalogue = by_hand()
    disliked = ask(provider, request_for(params))[0]
    (row,) = catalogue.rows([disliked.id]).values()

    def mean_distance(**more) -> float:
        values = []
        for seed in range(40):
            tracks = ask(provider, request_for(params, seed=seed, avoid=(disliked.id,), **more))
            assert disliked.id not in {track.id for track in tracks}
            rows = list(catalogue.rows([track.id for track in tracks]).values())
            scale = catalogue.features(range(len(catalogue))).std(axis=0)
            values.append(np.linalg.norm((catalogue.features(rows) - catalogue.features([row])) / scale, axis=1).mean())
        return float(np.mean(values))

    assert mean_distance(disliked=(disliked.id,)) > mean_distance()


def test_a_disliked_track_does_not_come_back_even_when_all_is_used_up(provider, params):
    everything = [track.id for track in chosen_for("happy")]
    tracks = ask(provider, request_for(params, avoid=tuple(everything), disliked=(everything[0],)))
    assert everything[0] not in {track.id for track in tracks}


def test_wishes_that_nothing_meets_give_an_empty_list(provider, params):
    assert ask(provider, request_for(params, wishes=Wishes(decades=(1920,)))) == []


def test_wishes_hold_for_tracks_that_come_again_too(provider, params):
    everything = [track.id for track in chosen_for("happy")]
    tracks = ask(provider, request_for(params, avoid=tuple(everything), wishes=Wishes(decades=(2010,))))
    assert {track.year // 10 for track in tracks} == {201}
