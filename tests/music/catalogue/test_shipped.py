"""The table that the program ships: its size, its reach, its rows."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import SetupFault
from feelharmonic.music.catalogue.shipped import (
    SHIPPED_PATH,
    ShippedTracks,
    decode_features,
    encode_features,
    id_bytes,
    id_texts,
)
from feelharmonic.music.catalogue.starter import read_starter
from feelharmonic.music.song_names import song_key

MIN_TRACKS, MAX_BYTES = 12_000, 1_600_000
#: A track is within an emotion's reach where it fits it better than this (about one in fifteen does).
REACH, MIN_IN_REACH = 0.75, 600
MIN_IN_DECADE = 120


@pytest.fixture(scope="module")
def shipped() -> ShippedTracks:
    return ShippedTracks()


def test_it_is_large_and_its_file_small(shipped):
    assert len(shipped) >= MIN_TRACKS
    assert SHIPPED_PATH.stat().st_size <= MAX_BYTES


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_each_emotion_has_many_tracks_in_reach(shipped, emotion):
    assert (shipped.felt[EMOTIONS.index(emotion)] >= REACH).sum() >= MIN_IN_REACH


def test_every_decade_since_the_sixties_has_many(shipped):
    decades = Counter((shipped.year // 10 * 10).tolist())
    assert all(decades[decade] >= MIN_IN_DECADE for decade in range(1960, 2030, 10)), decades


def test_the_best_known_come_first(shipped):
    assert (np.diff(shipped.popularity.astype(int)) <= 0).all()


def test_ids_are_spotifys_and_unique(shipped):
    ids = [track.id for track in shipped]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", one) for one in ids)


def test_no_song_is_there_twice(shipped):
    songs = Counter(song_key(track.artist, track.title) for track in shipped)
    assert [song for song, count in songs.items() if count > 1] == []


def test_takes_of_songs_are_out(shipped):
    takes = re.compile(r"\s-\s.*\b(?:karaoke|remix)\b", re.IGNORECASE)
    recent = [track.title for track in shipped if track.year >= 1980 and not track.emotions]
    assert [title for title in recent if takes.search(title)] == []


def test_what_was_chosen_by_hand_is_there_and_marked(shipped):
    for track in read_starter():
        own = shipped[shipped.rows([track.id])[track.id]]
        assert (own.emotions, own.artist, own.year) == (track.emotions, track.artist, track.year)


def test_a_row_is_found_by_its_id_and_an_unknown_one_is_not(shipped):
    assert shipped.rows([shipped[7].id, "0" * 22, "é", ""]) == {shipped[7].id: 7}


def test_features_keep_what_counts():
    chance = np.random.default_rng(0)
    features = chance.random((500, 9))
    features[:, FEATURES.index("loudness")] = chance.uniform(-50, 0, 500)
    features[:, FEATURES.index("tempo")] = chance.uniform(40, 220, 500)
    kept = decode_features(encode_features(features).T).T
    tolerance = np.array([{"loudness": 0.13, "tempo": 0.51}.get(name, 0.005) for name in FEATURES])
    assert (np.abs(kept - features) <= tolerance).all()


def test_ids_survive_packing():
    ids = ["0" * 22, "6f807x0ima9a1j3VPbc7VN", "7N3PAbqfTjSEU1edb2tY8j"]
    assert [code.decode() for code in id_texts(id_bytes(ids).T)] == ids


def test_it_costs_little_time_and_memory():
    program = """
import time, tracemalloc
import numpy
from feelharmonic.music.catalogue.shipped import ShippedTracks
taken = []
for _ in range(3):
    start = time.process_time(); ShippedTracks(); taken.append(time.process_time() - start)
tracemalloc.start(); table = ShippedTracks(); print(min(taken), tracemalloc.get_traced_memory()[0])
"""
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert float(told[0]) <= 0.06
    assert int(told[1]) <= 15_000_000


def test_the_error_for_a_damaged_file_says_what_to_do(tmp_path):
    path = tmp_path / "tracks.npz"
    path.write_bytes(b"no table")
    with pytest.raises(SetupFault, match="git checkout"):
        ShippedTracks(path)
