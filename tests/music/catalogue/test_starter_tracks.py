"""The starter table: its form always, its facts where the table they come from is present."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter

import numpy as np
import pytest

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.starter import STARTER_PATH
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params

COLUMNS = ["id", "title", "artist", "year", "genre", "popularity", *FEATURES, "emotions"]
RANGES = {**dict.fromkeys(FEATURES, (0.0, 1.0)), "loudness": (-60.0, 5.0), "tempo": (30.0, 260.0)}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with STARTER_PATH.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        return list(reader)


def test_each_emotion_has_at_least_sixty_tracks(rows):
    counts = Counter(emotion for row in rows for emotion in row["emotions"].split())
    assert set(counts) == set(EMOTIONS)
    assert min(counts.values()) >= 60, counts


def test_ids_are_spotifys_and_unique(rows):
    ids = [row["id"] for row in rows]
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", track_id) for track_id in ids)
    assert len(set(ids)) == len(ids)


def test_no_song_is_there_twice(rows):
    songs = Counter((row["title"].casefold(), row["artist"].casefold()) for row in rows)
    assert [song for song, count in songs.items() if count > 1] == []


def test_every_value_is_in_its_range(rows):
    for row in rows:
        assert row["title"].strip(), row
        assert row["artist"].strip(), row
        assert row["genre"], row
        assert 1900 <= int(row["year"]) <= 2100
        assert 0 <= int(row["popularity"]) <= 100
        for name, (low, high) in RANGES.items():
            assert low <= float(row[name]) <= high, (row["title"], name)


def test_each_emotion_has_enough_artists_for_a_long_list(rows):
    for emotion in EMOTIONS:
        artists = {row["artist"] for row in rows if emotion in row["emotions"].split()}
        assert len(artists) >= 40, emotion


def test_facts_are_those_of_the_table_they_come_from(rows, data_dir):
    with (data_dir / "songs" / "popular_tracks.csv").open(encoding="utf-8", newline="") as file:
        source = {row["track_id"]: row for row in csv.DictReader(file)}
    for row in rows:
        original = source[row["id"]]
        for ours, theirs in {"title": "track_name", "artist": "artist_name"}.items():
            assert row[ours] == original[theirs]
        for name in ("year", "genre", "popularity", *FEATURES):
            assert row[name] == original[name], (row["title"], name)


def test_no_two_emotions_are_near_the_same_songs(rows):
    features = np.array([[float(row[name]) for name in FEATURES] for row in rows])
    params = Params.load()
    nearest = {
        emotion: set(np.argsort(distances(features, targets_for(params, emotion)), kind="stable")[:20].tolist())
        for emotion in EMOTIONS
    }
    overlaps = {
        (one, other): len(nearest[one] & nearest[other]) / len(nearest[one] | nearest[other])
        for one, other in itertools.combinations(EMOTIONS, 2)
    }
    assert max(overlaps.values()) <= 0.2, overlaps
