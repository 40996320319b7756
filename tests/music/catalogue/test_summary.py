"""How many tracks there are, by emotion and by genre."""

from __future__ import annotations

import numpy as np

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.catalogue.fill import felt_of
from feelharmonic.music.catalogue.nearest import distances
from feelharmonic.music.catalogue.starter import read_starter
from feelharmonic.music.catalogue.summary import summarise
from feelharmonic.music.messages import Track
from feelharmonic.music.targets import targets_for
from feelharmonic.params import Params


def test_each_track_counts_once_for_its_genre_and_its_nearest_emotion(monkeypatch):
    monkeypatch.setattr("feelharmonic.music.catalogue.summary.CHUNK_ROWS", 100)  # several chunks
    starter, params = read_starter(), Params.load()
    summary = summarise(Catalogue(starter), params)
    features = np.array([[track.features[name] for name in FEATURES] for track in starter])
    away = np.array([distances(features, targets_for(params, emotion), felt_of(starter)) for emotion in EMOTIONS])
    assert summary.tracks == len(starter)
    assert summary.nearest == tuple(np.bincount(away.argmin(axis=0), minlength=len(EMOTIONS)).tolist())
    assert summary.chosen == tuple(sum(emotion in track.emotions for track in starter) for emotion in EMOTIONS)
    assert sum(count for _, count in summary.genres) == len(starter)


def test_the_largest_genre_comes_first_and_none_is_the_empty_name():
    features = dict.fromkeys(FEATURES, 0.5)
    genres = ["pop", None, "soul", "soul"]
    tracks = [
        Track(key=f"{place:022d}", title="", artist="", genre=genre, features=features)
        for place, genre in enumerate(genres)
    ]
    assert summarise(Catalogue(tracks), Params.load()).genres == (("soul", 2), ("", 1), ("pop", 1))
