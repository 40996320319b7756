"""Songs that examples and placeholders name are in the table that comes with the program."""

from __future__ import annotations

import json
import re

import pytest

from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.playlist import read_playlist
from feelharmonic.music.song_names import song_key


def named(text: str) -> list[str]:
    lines = [line for line in read_playlist(text) if line.artist and "Nobody" not in line.artist]
    return [song_key(line.artist, line.title) for line in lines]


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_pages_placeholder_is_at_hand(project, language):
    words = json.loads((project / "static" / "messages" / f"{language}.json").read_text(encoding="utf-8"))
    keys = named(words["playlist.example"])
    assert keys
    assert set(Catalogue.load().named(keys, song_key)) == set(keys)


def test_the_documents_example_playlists_are_at_hand(project):
    text = (project / "docs" / "api.md").read_text(encoding="utf-8")
    examples = re.findall(r'"text": "([^"]+)"', text)
    assert examples
    for example in examples:
        keys = named(example.replace("\\n", "\n"))
        assert keys
        assert set(Catalogue.load().named(keys, song_key)) == set(keys), example


@pytest.mark.parametrize("wish", ["jazz", "indie"])
def test_the_placeholder_for_genres_means_some(project, wish):
    for language in ("en", "de"):
        words = json.loads((project / "static" / "messages" / f"{language}.json").read_text(encoding="utf-8"))
        assert wish in words["wish.example"]
    assert Catalogue.load().genres_meant([wish])[wish] > 100
