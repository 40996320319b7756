"""Songs are found by names as people write them: 500 made-up lines, of which nearly none is taken for another song."""

from __future__ import annotations

import pytest

from benchmarks.song_names import OTHERS, SPELLINGS, STRANGERS, VARIANTS, outcome, variants
from feelharmonic.music import Catalogue, MusicService
from feelharmonic.params import Params

MIN_FOUND, MAX_WRONG = 0.98, 0.002


@pytest.fixture(scope="module")
def music() -> tuple[MusicService, list]:
    catalogue = Catalogue.load()
    return MusicService(Params.load(), [], catalogue), catalogue.tracks(range(len(catalogue)))


def test_nearly_all_are_found_and_at_most_two_in_a_thousand_are_taken_for_another(music):
    service, tracks = music
    made = variants(tracks)
    assert len(made) == VARIANTS + STRANGERS == 500
    assert {variant.spelling for variant in made} == {*SPELLINGS, *OTHERS}
    result = outcome(service, made, tracks)
    assert result.found >= MIN_FOUND, result.missed
    assert result.wrong <= MAX_WRONG, result.mistaken
