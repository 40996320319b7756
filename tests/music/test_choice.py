"""What listeners get from the shipped table: variety, even journeys, well-known tracks and those chosen by hand."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.catalogue import write_tracks
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.tables.importer import import_table
from feelharmonic.music.messages import Track, Wishes
from feelharmonic.music.providers.catalogue import CatalogueProvider
from feelharmonic.music.service import MusicService
from feelharmonic.music.targets import GOAL_ENDS, leads_somewhere, targets_for
from feelharmonic.params import Params

SNAPS, LIST, REMEMBERED = 200, 8, 60
JOURNEYS, MAX_TIMES = 70, 8
MANY_TRACKS, JOURNEYS_OF_MANY = 1_000_000, 10


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.load()


@pytest.fixture(scope="module")
def service(params) -> MusicService:
    catalogue = Catalogue.load()
    return MusicService(params, [CatalogueProvider(catalogue)], catalogue)


def leading(params: Params) -> list[tuple[str, str]]:
    pairs = itertools.product(EMOTIONS, GOAL_ENDS)
    return [(e, goal) for e, goal in pairs if leads_somewhere(params, targets_for(params, e), goal)]


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_many_snaps_bring_many_tracks_and_none_too_soon_again(service, emotion):
    chance, given, by_hand = random.Random(emotion), list[str](), 0
    popularity = []
    for _ in range(SNAPS):
        tracks = service.playlist(
            emotion=emotion, goal="match", n=LIST, chance=chance, given=given[-REMEMBERED:]
        ).tracks
        assert not {track.id for track in tracks} & set(given[-REMEMBERED:])
        given += [track.id for track in tracks]
        popularity += [track.popularity for track in tracks]
        by_hand += sum(bool(track.emotions) for track in tracks)
    assert len(set(given)) >= 120
    assert np.median(popularity) >= 50
    assert by_hand > 0.02 * len(given)


def assert_even(tracks: Sequence[Track]) -> None:
    """No step is larger than 1.6 mean ones, and neither valence nor energy turns back by more than 0.05."""
    plane = np.array([[track.features["valence"], track.features["energy"]] for track in tracks])
    steps = np.linalg.norm(np.diff(plane, axis=0), axis=1)
    assert steps.max() <= 1.6 * steps.mean()
    way = (plane[-1] - plane[0] >= 0) * 2 - 1
    assert (np.maximum.accumulate(way * plane, axis=0) - way * plane).max() <= 0.05


def one_of_each_goal(pairs: list[tuple[str, str]]) -> list:
    """All ``pairs``; but for one mood's, which leads to every goal, only in `make test-all`."""
    return [pair if pair[0] == "sad" else pytest.param(*pair, marks=pytest.mark.full) for pair in pairs]


@pytest.mark.parametrize(("emotion", "goal"), one_of_each_goal(leading(Params.load())))
def test_journeys_move_evenly_and_differ(service, emotion, goal):
    chance, times = random.Random(f"{emotion} {goal}"), Counter[str]()
    for _ in range(JOURNEYS):
        tracks = service.playlist(emotion=emotion, goal=goal, n=LIST, chance=chance).tracks
        assert len(tracks) == LIST
        times.update(track.id for track in tracks)
        assert_even(tracks)
    assert max(times.values()) <= MAX_TIMES


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_journeys_over_a_million_rows_move_evenly(params, tmp_path):
    write_tracks(tmp_path / "tracks.csv", MANY_TRACKS)
    database = tmp_path / "tracks.db"
    assert import_table(tmp_path / "tracks.csv", database, tmp_path / "rejected.csv").added == MANY_TRACKS
    catalogue = Catalogue.load(database)
    service = MusicService(params, [CatalogueProvider(catalogue)], catalogue)
    assert len(catalogue) > MANY_TRACKS
    for emotion, goal in leading(params):
        chance = random.Random(f"{emotion} {goal}")
        for _ in range(JOURNEYS_OF_MANY):
            tracks = service.playlist(emotion=emotion, goal=goal, n=LIST, chance=chance).tracks
            assert len(tracks) == LIST
            assert_even(tracks)


def test_who_is_there_already_gets_what_fits_and_not_the_same_every_time(service):
    chance, times = random.Random(0), Counter[str]()
    for _ in range(JOURNEYS):
        times.update(t.id for t in service.playlist(emotion="happy", goal="lift", n=LIST, chance=chance).tracks)
    assert max(times.values()) <= MAX_TIMES


def test_nothing_explicit_leaves_out_titles_that_sound_so(service):
    chance, wishes = random.Random(0), Wishes(explicit=False)
    for _ in range(40):
        tracks = service.playlist(emotion="angry", goal="match", n=20, chance=chance, wishes=wishes).tracks
        assert not any("bitch" in t.title.lower() or "fuck" in t.title.lower() for t in tracks)


@pytest.mark.parametrize(("emotion", "wish"), [("neutral", "jazz"), ("fear", "indie"), ("angry", "metal")])
def test_a_liked_genre_comes_more_often(service, emotion, wish):
    catalogue = Catalogue.load()

    def count(**more) -> int:
        chance, found = random.Random(1), 0
        for _ in range(10):
            tracks = service.playlist(emotion=emotion, goal="match", n=LIST, chance=chance, **more).tracks
            rows = catalogue.rows([track.id for track in tracks]).values()
            found += sum(wish in catalogue.genres[catalogue.columns.genre[row]] for row in rows)
        return found

    assert count(wishes=Wishes(genres_liked=(wish,))) > count()
    assert count(wishes=Wishes(genres_barred=(wish,))) == 0
