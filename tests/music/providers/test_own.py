"""The provider `own` finds tracks in what a scan wrote, also where there are few artists."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.music.library.library import Library
from feelharmonic.music.library.store import LibraryFile, packed
from feelharmonic.music.library.tracks import moved_artists, write_tracks
from feelharmonic.music.messages import TrackRequest
from feelharmonic.music.providers import load_providers
from feelharmonic.music.providers.own import OwnProvider
from feelharmonic.music.selection import select
from feelharmonic.settings import Settings
from tests.support.music_providers import TARGETS

MIDDLE = dict.fromkeys(FEATURES, 0.5) | {"loudness": -10.0, "tempo": 120.0}


def file(number: int, artist: str = "", **values: object) -> LibraryFile:
    features = values.pop("features", MIDDLE)
    return LibraryFile(
        key=f"key{number}",
        path=f"/m/{number}.mp3",
        size=1,
        modified_ns=1,
        title=f"Title {number}",
        artist=artist or f"Artist {number}",
        sound=packed(features),
        loudness_lufs=-14.0,
        **values,
    )


def request(n: int) -> TrackRequest:
    return TrackRequest(steps=(TARGETS,) * n, chance=random.Random(1))


def tracks(path, files, n=3):
    write_tracks(files, path)
    return select(request(n), OwnProvider(path).candidates(request(n)))


def test_tracks_have_their_address_and_their_own_loudness(tmp_path):
    (track,) = tracks(tmp_path / "t.db", [file(1)], 1)
    assert (track.id, track.audio, track.title) == ("own:key1", "/music/key1", "Title 1")
    assert track.features["loudness"] == -14.0


def test_no_artist_comes_twice_where_there_are_enough(tmp_path):
    files = [file(number, f"Artist {number % 8}") for number in range(40)]
    artists = [track.artist for track in tracks(tmp_path / "t.db", files, 4)]
    assert len(set(artists)) == 4


def test_a_library_of_one_artist_fills_a_list(tmp_path):
    assert len(tracks(tmp_path / "t.db", [file(number, "Only One") for number in range(9)], 5)) == 5


def test_files_that_no_tag_names_are_by_different_artists(tmp_path):
    files = [file(number, "?") for number in range(6)] + [file(10 + number) for number in range(8)]
    write_tracks(files, tmp_path / "t.db")
    artists = OwnProvider(tmp_path / "t.db").candidates(request(3)).artists
    assert len(np.unique(artists)) == 14


def test_files_with_a_fault_do_not_play(tmp_path):
    files = [file(1), dataclasses.replace(file(2), fault="damaged")]
    assert [track.title for track in tracks(tmp_path / "t.db", files)] == ["Title 1"]


def test_a_track_lies_where_it_was_put_and_its_artists_others_follow_half_the_way(tmp_path):
    placed = file(1, "Same", placed_valence=0.9, placed_energy=0.5)
    files = [placed, file(2, "Same"), file(3, "Same", named=packed(MIDDLE)), file(4, "Other")]
    assert moved_artists(files) == {"same": (pytest.approx(0.4), pytest.approx(0.0))}
    found = {track.title: track.features["valence"] for track in tracks(tmp_path / "t.db", files, 4)}
    assert found == {
        "Title 1": pytest.approx(0.9),
        "Title 2": pytest.approx(0.7),
        "Title 3": pytest.approx(0.5),  # known by name
        "Title 4": pytest.approx(0.5),
    }


def test_a_newer_scan_is_noticed(tmp_path):
    path = tmp_path / "t.db"
    assert tracks(path, [], 1) == []
    provider = OwnProvider(path)
    seconds = itertools.count(10**9, 5)  # later than any clock
    provider._source._clock = lambda: next(seconds)
    write_tracks([file(1)], path)
    provider.candidates(request(1))
    provider._source.wait(10)
    assert len(select(request(1), provider.candidates(request(1)))) == 1


def test_it_is_the_first_provider_where_there_is_music_and_else_missing(tmp_path):
    def names(**values) -> list[str]:
        settings = Settings(instance_dir=tmp_path, **values)
        names = [provider.name for provider in load_providers(settings, OwnProvider(tmp_path / "t.db")._source)]
        return names[:-2]  # without those that are asked only where chosen

    assert names() == ["catalogue"]
    assert names(music_dir=(tmp_path,)) == ["own", "catalogue"]
    assert names(music_dir=(tmp_path,), providers=("catalogue", "own")) == ["catalogue", "own"]


def test_placing_a_track_by_hand_changes_what_is_searched(tmp_path):
    library = Library(tmp_path)
    with library.store.writing() as writer:
        writer.put(file(1))
    assert library.place("key1", (0.1, 0.2))
    assert not library.place("unknown", (0.1, 0.2))
    library.write_tracks()
    (track,) = select(request(1), OwnProvider(library.tracks_path).candidates(request(1)))
    assert (track.features["valence"], track.features["energy"]) == (pytest.approx(0.1), pytest.approx(0.2))


def test_music_folders_are_separated_as_in_path(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    settings = Settings.load({"MUSIC_DIR": f"{one}{os.pathsep}{other}"}, None)
    assert settings.music_dir == (one, other)
