"""The choice among candidates: one track a step, no artist twice, the barred never, the given ones at last."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest, Wishes
from feelharmonic.music.selection import (
    MAX_STAGES,
    Candidates,
    Found,
    Journey,
    Ranking,
    may_play,
    rank_found,
    select,
    stages,
)


def at(value: float, emotion: str = "happy", goal: str = "match") -> MusicTargets:
    features = {name: FeatureTarget(centre=value, spread=0.1) for name in FEATURES}
    return MusicTargets(emotion=emotion, goal=goal, features=features)


def request(*steps: MusicTargets, seed: int = 1, **fields: object) -> TrackRequest:
    return TrackRequest(steps=steps, chance=random.Random(seed), **fields)


def track(number: int, **fields: object) -> Track:
    return Track(**{"key": f"{number:022d}", "title": f"Song {number}", "artist": f"Artist {number}", **fields})


def candidates(costs: list[list[float]], *, artists: list[object] | None = None, **fields: object) -> Candidates:
    """For each step the costs of the tracks 0, 1, …"""
    count = len(costs[0])
    return Candidates(
        **{
            "rankings": [Ranking(places=np.arange(count), costs=np.array(row, float)) for row in costs],
            "given": [],
            "artists": artists or list(range(count)),
            "tracks": lambda places: [track(place) for place in places],
            **fields,
        }
    )


def numbers(tracks: list[Track]) -> list[int]:
    return [int(one.key) for one in tracks]


def test_each_step_gets_the_cheapest_that_is_left():
    chosen = select(request(at(0.1), at(0.2), at(0.3)), candidates([[3, 1, 2], [1, 2, 3], [2, 1, 3]]))
    assert numbers(chosen) == [1, 0, 2]


def test_equal_costs_keep_the_providers_order():
    assert numbers(select(request(at(0.1)), candidates([[2, 1, 1]]))) == [1]


def test_no_artist_comes_twice():
    chosen = select(request(*[at(0.5)] * 3), candidates([[1, 2, 3, 4]] * 3, artists=["a", "a", "b", "a"]))
    assert numbers(chosen) == [0, 2]


def test_what_was_given_fills_the_steps_that_are_left_oldest_first():
    pool = candidates([[1, 9]] * 4, artists=list("abcab"), given=[4, 3, 2])
    pool = Candidates(**{**{name: getattr(pool, name) for name in pool.__slots__}, "artists": list("abcdb")})
    # 4 is by the artist of 1, which was chosen: 3 is the oldest that may come.
    assert numbers(select(request(*[at(0.5)] * 4), pool)) == [0, 1, 3, 2]


def test_a_step_without_candidates_is_filled_from_what_was_given_and_the_others_keep_their_places():
    rankings = [
        Ranking(places=np.array([0]), costs=np.array([1.0])),
        Ranking(places=np.array([], np.intp), costs=np.array([])),
        Ranking(places=np.array([2]), costs=np.array([1.0])),
    ]
    pool = candidates([[0] * 9], rankings=rankings, given=[7])
    assert numbers(select(request(at(0.1), at(0.2), at(0.3)), pool)) == [0, 7, 2]


def test_without_chance_the_best_comes_and_the_chance_is_not_used():
    asked = request(at(0.5))
    assert numbers(select(asked, candidates([[1, 2, 3]]))) == [0]
    assert asked.chance.random() == random.Random(1).random()


@pytest.mark.parametrize(("goal", "n", "mean_rank"), [("match", 8, 15.5), ("match", 3, 11.5), ("lift", 8, 249.5)])
def test_chance_reaches_twice_as_far_as_a_list_is_long_and_anywhere_where_a_journey_leads_nowhere(goal, n, mean_rank):
    pool = candidates([list(range(500))] * n, by_chance=True)
    firsts = [
        numbers(select(request(*[at(0.5, goal=goal)] * n, seed=seed), pool))[0] for seed in range(2000)
    ]  # an exponential draw, rounded down
    assert np.mean(firsts) == pytest.approx(mean_rank, rel=0.1)
    assert goal != "match" or Counter(firsts).most_common(1)[0][0] == 0


def smooth(goal: str) -> list[int]:
    """Two tracks cost the same for the second step; 1 departs less from the track before than 2."""
    values = np.full((3, len(FEATURES)), 0.5)
    values[2, FEATURES.index("valence")] = 0.9
    steps = (at(0.5, goal=goal), at(0.5, goal=goal))
    rankings = [
        Ranking(places=np.array([0]), costs=np.array([0.0])),
        Ranking(places=np.array([2, 1]), costs=np.array([0.0, 0.0])),
    ]
    journey = Journey(steps=steps, features=lambda places: values[np.asarray(places)])
    return numbers(select(request(*steps), candidates([[0] * 3], rankings=rankings, journey=journey)))


def test_a_journey_prefers_the_even_step_and_a_match_does_not():
    assert smooth("lift") == [0, 1]
    assert smooth("match") == [0, 2]


def test_a_journeys_step_is_expected_to_move_as_its_targets_do():
    values = np.full((3, len(FEATURES)), 0.2)
    values[1, FEATURES.index("valence")] = values[1, FEATURES.index("energy")] = 0.6
    steps = (at(0.2, goal="lift"), at(0.6, goal="lift"))
    rankings = [
        Ranking(places=np.array([0]), costs=np.array([0.0])),
        Ranking(places=np.array([2, 1]), costs=np.array([0.0, 0.0])),
    ]
    journey = Journey(steps=steps, features=lambda places: values[np.asarray(places)])
    pool = candidates([[0] * 3], rankings=rankings, journey=journey)
    assert numbers(select(request(*steps), pool)) == [0, 1]


def found(one: Track, steps: range = range(9)) -> Found:
    return Found(track=one, artist=one.artist, steps=steps)


def ranked(asked: TrackRequest, *items: Found, known: dict[str, Track] | None = None) -> list[int]:
    return numbers(select(asked, rank_found(asked, items, lambda ids: known or {})))


def test_known_features_rank_by_distance_and_unknown_ones_in_the_services_order_between():
    near, far = (dict.fromkeys(FEATURES, value) for value in (0.5, 0.9))
    known = {track(2).id: track(2, features=far), track(3).id: track(3, features=near)}
    assert ranked(request(*[at(0.5)] * 4), *(found(track(n)) for n in range(4)), known=known) == [3, 0, 1, 2]


def test_what_was_found_for_another_stage_comes_after_all_others():
    items = [found(track(0), range(1, 2)), found(track(1), range(0, 1)), found(track(2), range(1, 2))]
    assert ranked(request(at(0.1), at(0.9)), *items) == [1, 0]
    assert ranked(request(at(0.1)), *items[:1]) == [0]


def test_artists_are_the_same_whatever_the_capitals():
    items = [found(track(0, artist="Abba")), found(track(1, artist="ABBA")), found(track(2))]
    assert ranked(request(*[at(0.5)] * 3), *items) == [0, 2]


def test_given_tracks_of_a_service_come_last_oldest_first_and_disliked_ones_never():
    ids = [track(number).id for number in range(5)]
    asked = request(*[at(0.5)] * 5, avoid=(ids[2], ids[0]), disliked=(ids[3],))
    assert ranked(asked, *(found(track(number)) for number in range(5))) == [1, 4, 2, 0]


def test_the_catalogue_completes_what_a_service_says_and_never_contradicts_it():
    said = track(0, title="As the service spells it", year=1999, explicit=True, popularity=10)
    row = track(0, title="Another", year=1970, explicit=False, genre="soul", popularity=70, emotions=("happy",))
    asked = request(at(0.5))
    (one,) = select(asked, rank_found(asked, [found(said)], lambda ids: {said.id: row}))
    assert (one.title, one.year, one.explicit) == ("As the service spells it", 1999, True)
    assert (one.genre, one.popularity, one.emotions) == ("soul", 70, ("happy",))
    (other,) = select(asked, rank_found(asked, [found(track(0))], lambda ids: {said.id: row}))
    assert (other.year, other.explicit) == (1970, False)


@pytest.mark.parametrize(
    ("fields", "wishes", "expected"),
    [
        ({}, Wishes(), True),
        ({"emotions": ("sad",)}, Wishes(), False),
        ({"emotions": ("sad", "happy")}, Wishes(), True),
        ({"genre": "pop"}, Wishes(genres_barred=("pop",)), False),
        ({"genre": "pop"}, Wishes(genres_barred=("rock",)), True),
        ({"year": 1999}, Wishes(decades=(1990,)), True),
        ({"year": 2000}, Wishes(decades=(1990,)), False),
        ({}, Wishes(decades=(1990,)), False),
        ({"explicit": True}, Wishes(explicit=False), False),
        ({"explicit": True}, Wishes(explicit=True), True),
        ({}, Wishes(explicit=False), True),
        ({"features": {"instrumentalness": 0.5}}, Wishes(instrumental_only=True), False),
        ({"features": {"instrumentalness": 0.51}}, Wishes(instrumental_only=True), True),
        ({}, Wishes(instrumental_only=True), False),
        ({"popularity": 0}, Wishes(familiarity=0.5), True),
        ({}, Wishes(familiarity=0.5), False),
    ],
)
def test_may_play(fields, wishes, expected):
    assert may_play(track(1, **fields), request(at(0.5), wishes=wishes)) == expected


def test_a_disliked_track_may_not_play():
    assert not may_play(track(1), request(at(0.5), disliked=(track(1).id,)))


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ((at(0.5),) * 4, [range(0, 4)]),  # a name of its own per object: equal ones are one object here
        (tuple(at(index / 10) for index in range(2)), [range(0, 1), range(1, 2)]),
        (tuple(at(index / 10) for index in range(9)), [range(0, 3), range(3, 6), range(6, 9)]),
        (tuple(at(index / 10) for index in range(10)), [range(0, 3), range(3, 7), range(7, 10)]),
    ],
)
def test_stages_follow_each_other_and_leave_no_step_out(steps, expected):
    assert stages(steps) == expected
    assert len(expected) <= MAX_STAGES
