"""Genre wishes: families, words within names, and wishes that mean nothing."""

from __future__ import annotations

import pytest

from feelharmonic.music.wishes.genres import first_meant, matching, means, names_to_offer


@pytest.mark.parametrize(
    ("wish", "genre"),
    [
        ("metal", "death-metal"),
        ("metal", "metalcore"),
        ("indie", "indie-pop"),
        ("indie", "pop|indie poptimism"),
        ("Hip-Hop", "southern hip hop|rap"),
        ("hiphop", "trap"),
        ("rnb", "urban contemporary|r&b"),
        ("electronic", "deep-house"),
        ("jazz", "hip hop|jazz"),
        ("rock", "hard-rock"),
        ("lo-fi", "lo-fi"),
        ("latin", "reggaeton"),
    ],
)
def test_a_wish_means_its_family(wish, genre):
    assert means(wish, genre)


@pytest.mark.parametrize(
    ("wish", "genre"), [("rap", "trap"), ("pop", "hip pops"), ("rock", "rap"), ("jazz", ""), ("", "pop")]
)
def test_parts_of_words_mean_nothing(wish, genre):
    assert not means(wish, genre)


def test_a_wish_that_means_nothing_has_no_places():
    assert matching(["jazz", "polka"], ["", "jazz", "rock|jazz"]) == {"jazz": [1, 2], "polka": []}


def test_families_are_offered_where_one_of_theirs_is_at_hand():
    offered = names_to_offer(["death-metal", "latin pop|latin"])
    assert {"metal", "rock", "death metal", "latin", "latin pop", "pop"} <= set(offered)
    assert "jazz" not in offered


def test_the_first_wish_that_a_genre_meets_is_named_as_it_was_spelled():
    assert first_meant(("jazz", "hip-hop", "rap"), "rap") == "hip-hop"
    assert first_meant(("jazz",), "rap") is None
    assert first_meant(("jazz",), None) is None
    assert first_meant((), "rap") is None
