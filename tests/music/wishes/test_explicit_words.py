"""Titles that nobody would call clean."""

from __future__ import annotations

import pytest

from feelharmonic.music.wishes.explicit_words import sounds_explicit


@pytest.mark.parametrize(
    "title", ["Bitch Better Have My Money", "F**kin' Perfect", "Fucking Your Culture", "SHIT", "Hoes"]
)
def test_unmistakable_words_are_found(title):
    assert sounds_explicit(title)


@pytest.mark.parametrize("title", ["Moby Dick", "Classic Man", "Assassin", "Pass the Dutchie", "Cockiness", "Badass"])
def test_words_that_only_hold_one_are_not(title):
    assert not sounds_explicit(title)
