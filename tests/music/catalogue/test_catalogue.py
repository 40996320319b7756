"""The catalogue: nearest by spread-scaled distance, wishes, tracks by row and by id."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.columns import POPULARITY
from feelharmonic.music.catalogue.database import DatabaseWriter, ImportedTrack
from feelharmonic.music.catalogue.nearest import MAX_LEAF_ROWS, POPULARITY_WEIGHT, distances
from feelharmonic.music.catalogue.shipped import ShippedTracks
from feelharmonic.music.catalogue.starter import read_starter
from feelharmonic.music.messages import MusicTargets, Track, Wishes
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params


@pytest.fixture(scope="module")
def starter() -> Catalogue:
    return Catalogue.load()


@pytest.fixture(scope="module")
def happy() -> MusicTargets:
    return targets_for(Params.load(), "happy")


def track(number: int, **changes) -> Track:
    values = {
        "key": f"{number:022d}",
        "title": f"Song {number}",
        "artist": f"Artist {number}",
        "year": 2000,
        "genre": "pop",
        "features": dict.fromkeys(FEATURES, 0.5),
        "emotions": (),
        **changes,
    }
    return Track(**values)


def catalogue(tracks: list[Track]) -> Catalogue:
    return Catalogue(tracks)


def at(value: float, spread: float = 0.1) -> MusicTargets:
    features = {name: FeatureTarget(centre=value, spread=spread) for name in FEATURES}
    return MusicTargets(emotion="happy", goal="match", features=features)


def test_tracks_are_found_by_the_key_of_their_names():
    here = Catalogue.load()
    track = read_starter()[5]
    key = lambda artist, title: f"{artist}|{title}".lower()  # noqa: E731
    wanted = key(track.artist, track.title)
    found = here.named([wanted, "nobody|nothing", wanted], key)
    assert {name: own.id for name, own in found.items()} == {wanted: track.id}


def test_names_are_found_by_whichever_key_is_asked_for():
    here = Catalogue.load()
    (track,) = here.known([read_starter()[5].id]).values()
    by_title, by_artist = (lambda artist, title: title), (lambda artist, title: artist)
    for _ in range(2):  # what the first key found must not answer for the second
        assert here.named([track.title], by_title)[track.title].title == track.title
        assert here.named([track.artist], by_artist)[track.artist].artist == track.artist
        assert here.named([track.title], by_artist) == {}


def test_distance_is_the_root_mean_square_in_spreads():
    features = np.full((1, 9), 0.5)
    features[0, FEATURES.index("energy")] = 0.8
    assert distances(features, at(0.5))[0] == pytest.approx((((0.8 - 0.5) / 0.1) ** 2 / 9) ** 0.5)


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_nearest_agrees_with_the_plain_formula(starter, emotion):
    targets = targets_for(Params.load(), emotion)
    rows = range(len(starter))
    lacking = (100 - starter.columns.numeric[POPULARITY]) / 100
    plain = np.sqrt(
        distances(starter.features(rows), targets, starter.felt(rows)) ** 2
        + POPULARITY_WEIGHT * lacking.astype(float) ** 2
    )
    (found,) = starter.nearest([targets], 30)
    np.testing.assert_allclose(found.distances, np.sort(plain)[:30], rtol=1e-4)
    np.testing.assert_allclose(plain[found.rows], found.distances, rtol=1e-4)


@pytest.fixture(scope="module")
def crowd() -> Catalogue:
    """Several leaves of tracks, their features anywhere."""
    values = np.random.default_rng(0).uniform(size=(5 * MAX_LEAF_ROWS + 77, 9)).round(3).tolist()
    return catalogue([track(n, features=dict(zip(FEATURES, row, strict=True))) for n, row in enumerate(values)])


@pytest.mark.parametrize("centre", [0.5, 0.0, 1.0, 3.0])
@pytest.mark.parametrize("spread", [0.02, 0.3])
def test_no_nearer_track_is_missed_among_many(crowd, centre, spread):
    plain = distances(crowd.features(range(len(crowd))), at(centre, spread))
    (found,) = crowd.nearest([at(centre, spread)], 50)
    np.testing.assert_allclose(found.distances, np.sort(plain)[:50], rtol=1e-5)
    np.testing.assert_allclose(plain[found.rows], found.distances, rtol=1e-5)


def test_no_nearer_track_is_missed_among_many_that_are_filtered(crowd):
    wishes = Wishes(instrumental_only=True)
    features = crowd.features(range(len(crowd)))
    may = features[:, FEATURES.index("instrumentalness")] > 0.5
    (found,) = crowd.nearest([at(0.3)], 40, wishes=wishes, without=range(0, len(crowd), 2))
    may[::2] = False
    plain = np.where(may, distances(features, at(0.3)), np.inf)
    np.testing.assert_allclose(found.distances, np.sort(plain)[:40], rtol=1e-5)


def test_rows_ids_and_tracks_agree_among_many(crowd):
    rows = np.random.default_rng(1).integers(0, len(crowd), 50)
    tracks = crowd.tracks(rows)
    assert crowd.rows([track.id for track in tracks]) == {t.id: r for t, r in zip(tracks, rows, strict=True)}
    expected = [[track.features[name] for name in FEATURES] for track in tracks]
    np.testing.assert_allclose(crowd.features(rows), expected, atol=1e-6)


def test_targets_measured_together_find_what_each_finds_alone(starter):
    several = [targets_for(Params.load(), emotion) for emotion in EMOTIONS]
    together = starter.nearest(several, 10)
    for targets, found in zip(several, together, strict=True):
        np.testing.assert_array_equal(found.rows, starter.nearest([targets], 10)[0].rows)


def test_tracks_chosen_for_another_emotion_are_left_out(starter, happy):
    (found,) = starter.nearest([happy], 2000, emotions=frozenset({"sad"}))
    assert {track.emotions for track in starter.tracks(found.rows)} == {("sad",), ()}


def test_what_was_chosen_by_hand_comes_before_its_equals():
    here = catalogue([track(1), track(2, emotions=("happy",))])
    assert list(here.nearest([at(0.6)], 9, emotions=frozenset({"happy"}))[0].rows) == [1, 0]
    assert list(here.nearest([at(0.6)], 9)[0].rows) == [0, 1]


def test_better_known_tracks_come_before_their_equals():
    here = catalogue([track(1, popularity=30), track(2, popularity=80), track(3)])
    targets = replace(at(0.6), fits=(0, 0, 0, 1.0, 0, 0, 0))
    assert list(here.nearest([targets], 9)[0].rows) == [1, 0, 2]


def test_tracks_that_nobody_chose_serve_every_emotion():
    here = catalogue([track(1), track(2, emotions=("sad",)), track(3, emotions=("happy", "sad"))])
    (found,) = here.nearest([at(0.5)], 9, emotions=frozenset({"happy"}))
    assert sorted(found.rows) == [0, 2]


def test_rows_left_out_do_not_come(starter, happy):
    (first,) = starter.nearest([happy], 10)
    (second,) = starter.nearest([happy], 10, without=first.rows)
    assert not set(first.rows) & set(second.rows)


@pytest.mark.parametrize(
    ("wishes", "kept"),
    [
        (Wishes(), {1, 2, 3}),
        (Wishes(genres_barred=("rock",)), {1, 3}),
        (Wishes(genres_barred=("rock", "jazz")), {1}),
        (Wishes(genres_barred=("unheard of",)), {1, 2, 3}),
        (Wishes(genres_barred=("Hard-Rock",)), {1, 2, 3}),
        (Wishes(decades=(1990,)), {2}),
        (Wishes(decades=(1990, 2010)), {2, 3}),
        (Wishes(instrumental_only=True), {3}),
        (Wishes(explicit=False), {1, 2, 3}),
        (Wishes(genres_barred=("jazz",), decades=(2010,)), set()),
    ],
)
def test_wishes_are_met_by_every_track(wishes, kept):
    here = catalogue(
        [
            track(1, genre="Pop", year=2000),
            track(2, genre="rock", year=1999),
            track(3, genre="jazz", year=2010, features={**dict.fromkeys(FEATURES, 0.5), "instrumentalness": 0.9}),
        ]
    )
    (found,) = here.nearest([at(0.5)], 9, wishes=wishes)
    assert {int(row) + 1 for row in found.rows} == kept


def test_explicit_tracks_are_barred_only_where_that_is_known():
    here = catalogue([track(1, explicit=False), track(2, explicit=True), track(3)])
    sounds_so = catalogue([track(1, title="Bitch Better Have My Money"), track(2, title="Hoes", explicit=False)])
    assert sorted(sounds_so.nearest([at(0.5)], 9, wishes=Wishes(explicit=False))[0].rows) == [1]
    assert sorted(here.nearest([at(0.5)], 9, wishes=Wishes(explicit=False))[0].rows) == [0, 2]
    assert sorted(here.nearest([at(0.5)], 9, wishes=Wishes(explicit=True))[0].rows) == [0, 1, 2]


def test_liked_genres_come_first_among_equals():
    here = catalogue([track(1, genre="pop"), track(2, genre="soul")])
    (found,) = here.nearest([at(0.6)], 2, wishes=Wishes(genres_liked=("soul",)))
    assert list(found.rows) == [1, 0]


@pytest.mark.parametrize(("familiarity", "first"), [(0.1, 0), (0.9, 1)])
def test_familiarity_prefers_tracks_of_that_popularity(familiarity, first):
    here = catalogue([track(1, popularity=10), track(2, popularity=90), track(3)])
    (found,) = here.nearest([at(0.5)], 3, wishes=Wishes(familiarity=familiarity))
    assert list(found.rows) == [first, 1 - first]


def test_known_gives_tracks_with_their_features(starter):
    chosen = read_starter()[5]
    known = starter.known([chosen.id, "x" * 22])
    assert set(known) == {chosen.id}
    assert known[chosen.id].features == pytest.approx(chosen.features, abs=0.6)


def test_an_empty_catalogue_finds_nothing():
    (found,) = catalogue([]).nearest([at(0.5)], 5)
    assert len(found.rows) == 0


@pytest.mark.parametrize("text", [None, "id,title\n1,2\n", "not a table"])
def test_a_broken_starter_table_says_how_to_mend_it(tmp_path, text):
    path = tmp_path / "starter_tracks.csv"
    if text is not None:
        path.write_text(text)
    if text == "not a table":
        assert read_starter(path) == []
        return
    with pytest.raises(SetupFault, match="git checkout"):
        read_starter(path)


def imported(number: int, **changes) -> ImportedTrack:
    values = {
        "id": f"{number:022d}",
        "title": f"Song {number}",
        "artist": f"Artist {number}",
        "year": 1990,
        "genre": "pop",
        "popularity": None,
        "explicit": None,
        "features": (0.5,) * 9,
        "words": "pop",
        **changes,
    }
    return tuple(values.values())


@pytest.fixture
def database(tmp_path):
    return tmp_path / "instance" / "catalogue.db"


def write(database, tracks) -> int:
    with DatabaseWriter(database) as writer:
        writer.add(tracks)
    return writer.added


def interrupted_write(database, fault: type[BaseException]) -> None:
    with DatabaseWriter(database) as writer:
        writer.add([imported(2)])
        raise fault


def test_imported_tracks_come_back_as_they_went_in(database):
    features = (0.1, 0.2, 0.3, 0.4, 0.5, -6.0, 0.7, 120.0, 0.9)
    added = write(database, [imported(1, features=features, popularity=61, explicit=True), imported(2, year=None)])
    here = Catalogue([], database)
    assert added == len(here) == 2
    assert here.known(["0" * 21 + "1", "0" * 21 + "2"]) == {
        "0" * 21 + "1": Track(
            key="0" * 21 + "1",
            title="Song 1",
            artist="Artist 1",
            year=1990,
            genre="pop",
            features=dict(zip(FEATURES, features, strict=True)),
            popularity=61,
            explicit=True,
        ),
        "0" * 21 + "2": Track(
            key="0" * 21 + "2",
            title="Song 2",
            artist="Artist 2",
            genre="pop",
            features=dict.fromkeys(FEATURES, 0.5),
        ),
    }


def test_imported_tracks_are_found_beside_the_starter_table(database):
    write(database, [imported(number) for number in range(3 * MAX_LEAF_ROWS)])
    here = Catalogue.load(database)
    assert len(here) == len(Catalogue.load()) + 3 * MAX_LEAF_ROWS
    (found,) = here.nearest([at(0.5)], 5)
    assert {track.artist.split()[0] for track in here.tracks(found.rows)} == {"Artist"}
    np.testing.assert_allclose(found.distances, 0, atol=1e-6)


def test_a_track_of_the_starter_table_counts_once(database):
    known = read_starter()[0]
    write(database, [imported(1, id=known.id, title="Another name")])
    here = Catalogue.load(database)
    assert len(here) == len(Catalogue.load())
    assert len(here.different()) == len(here)
    assert here.known([known.id])[known.id].title == known.title
    (found,) = here.nearest([targets_for(Params.load(), known.emotions[0])], 20_000)
    assert [track.id for track in here.tracks(found.rows)].count(known.id) == 1


def test_importing_again_changes_nothing(database):
    tracks = [imported(number) for number in range(50)]
    assert write(database, tracks) == 50
    before = Catalogue([], database)
    assert write(database, tracks) == 0
    after = Catalogue([], database)
    np.testing.assert_array_equal(before.columns.numeric, after.columns.numeric)
    assert before.tracks(range(50)) == after.tracks(range(50))


def test_an_import_renews_what_is_known_and_adds_the_rest(database):
    write(database, [imported(1), imported(2)])
    assert write(database, [imported(2, title="New title"), imported(3)]) == 1
    assert [track.title for track in Catalogue([], database).tracks(range(3))] == ["Song 1", "New title", "Song 3"]


def test_of_doubles_in_one_import_the_last_stays(database):
    assert write(database, [imported(1, title="B"), imported(1, title="A")]) == 1
    assert Catalogue([], database).tracks([0])[0].title == "A"


@pytest.mark.parametrize("fault", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_import_leaves_all_as_it_was(database, fault):
    write(database, [imported(1)])
    before = database.read_bytes()
    with pytest.raises(fault):
        interrupted_write(database, fault)
    assert database.read_bytes() == before
    assert [path.name for path in database.parent.iterdir()] == ["catalogue.db"]


def test_an_interrupted_first_import_leaves_nothing(database):
    with pytest.raises(KeyboardInterrupt):
        interrupted_write(database, KeyboardInterrupt)
    assert list(database.parent.iterdir()) == []


def test_a_killed_import_leaves_the_file_as_it_was_and_the_next_one_works(database):
    write(database, [imported(1)])
    killed = DatabaseWriter(database).__enter__()
    killed.add([imported(2)])  # never ends: what a kill leaves behind is the part beside the file
    assert len(Catalogue([], database)) == 1
    assert write(database, [imported(3)]) == 1
    assert [track.title for track in Catalogue([], database).tracks(range(2))] == ["Song 1", "Song 3"]


def test_a_catalogue_that_is_loaded_is_not_disturbed_by_an_import(database):
    write(database, [imported(number) for number in range(5)])
    here = Catalogue([], database)
    write(database, [imported(9), imported(0)])
    assert [track.title for track in here.tracks(range(5))] == [f"Song {number}" for number in range(5)]
    assert here.known(["0" * 21 + "9"]) == {}


def test_a_file_that_is_no_catalogue_says_what_to_do(tmp_path):
    text = tmp_path / "catalogue.db"
    text.write_text("not a database, but long enough to have a header" * 10)
    with pytest.raises(SetupFault, match=r"catalogue\.db: is not a readable catalogue .* Delete it and import"):
        Catalogue.load(text)


def test_a_catalogue_of_another_version_says_what_to_do(database):
    write(database, [imported(1)])
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SetupFault, match="expected a catalogue of version 1, got 99"):
        Catalogue.load(database)


def test_without_a_file_the_starter_table_serves(tmp_path):
    assert len(Catalogue.load(tmp_path / "none.db")) == len(ShippedTracks())
