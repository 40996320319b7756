"""The table that the program ships: which titles are takes, what editions add, which tracks are one song."""

from __future__ import annotations

import pytest

from training.track_mood.table import clean_title, is_take, key_of, years_by_hand


@pytest.mark.parametrize(
    "title", ["Creep - Acoustic", "Hurt (Live)", "Levels - Skrillex Remix", "Bohemian Rhapsody (Karaoke)"]
)
def test_takes_are_recognised(title):
    assert is_take(title)


@pytest.mark.parametrize("title", ["Live and Let Die", "Come Together - Remastered 2009", "Ignition (Radio Edit)"])
def test_songs_and_their_editions_are_no_takes(title):
    assert not is_take(title)


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("Come Together - Remastered 2009", "Come Together"),
        ('Happy - From "Despicable Me 2"', "Happy"),
        ("(I Can't Get No) Satisfaction - Mono Version", "(I Can't Get No) Satisfaction"),
        ("Main Street", "Main Street"),
    ],
)
def test_what_editions_add_is_left_out(title, clean):
    assert clean_title(title) == clean


def test_takes_and_editions_of_a_song_are_one():
    keys = {key_of("Keane", t) for t in ("Bedshaped", "Bedshaped - Live", "Bedshaped (Remastered)", "Bedshaped [2004]")}
    assert len(keys) == 1
    assert key_of("Queen", "(You're So Square) Baby") != key_of("Queen", "(We Are) Champions")


def test_years_set_by_hand_are_found_by_their_song():
    assert years_by_hand()[key_of("The Beatles", "Hey Jude - Remastered 2009")] == 1968
