"""The note in the listener's language: every reason that any provider gives has its text."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from feelharmonic.music.fallback import LABELS, TrackList
from feelharmonic.web.i18n import note_in, reason_in

LANGUAGES = ("en", "de")
#: The chain's own, beside what providers raise.
CHAIN_REASONS = {
    "is being tried",
    "is busy",
    "was not asked, for lack of time",
    "has too little that fits",
    "has nothing that fits",
}


@pytest.fixture(scope="module")
def words(project) -> dict[str, dict[str, str]]:
    folder = project / "static" / "messages"
    return {code: json.loads((folder / f"{code}.json").read_text(encoding="utf-8")) for code in LANGUAGES}


def reasons_raised(path: Path) -> set[str]:
    """The first argument of every ProviderUnavailable in the file, numbers and what is filled in as {n}."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ProviderUnavailable" and node.args:
            text = node.args[0]
            parts = text.values if isinstance(text, ast.JoinedStr) else [text]
            found.add("".join(part.value if isinstance(part, ast.Constant) else "{n}" for part in parts))
    return found


def test_every_reason_that_a_provider_gives_has_its_text(project, words):
    files = [project / "spotifyaccess.py", *(project / "feelharmonic").glob("**/*.py")]
    raised = set().union(*(reasons_raised(path) for path in files))
    assert len(raised) > 8
    for code in LANGUAGES:
        keys = {key.removeprefix("reason.") for key in words[code] if key.startswith("reason.")}
        assert keys == raised | CHAIN_REASONS


def test_every_provider_has_its_name(words):
    for code in LANGUAGES:
        assert {f"provider.{name}" for name in LABELS} <= words[code].keys()
    assert {name: words["en"][f"provider.{name}"] for name in LABELS} == LABELS


def served(provider: str, *reasons: tuple[str, str], note: str = "", shown: bool = True) -> TrackList:
    return TrackList(provider=provider, note=note, tracks=(), reasons=reasons, shown=shown)


def test_english_says_what_the_chain_says(words):
    note = "From the catalogue. Spotify's search rests for 37 s, as Spotify asks."
    of = served("catalogue", ("spotify-search", "rests for 37 s, as Spotify asks"), note=note)
    assert note_in(words["en"], of) == note


def test_german_says_the_same_in_german(words):
    of = served("catalogue", ("spotify-search", "rests for 37 s, as Spotify asks"))
    assert note_in(words["de"], of) == "Aus: Katalog. Spotifys Suche: macht 37 s Pause, wie Spotify es wünscht."


def test_without_a_provider_only_the_reasons_are_said(words):
    note = note_in(words["en"], served("", ("catalogue", "has nothing that fits")))
    assert note == "The catalogue has nothing that fits."


def test_one_provider_alone_needs_no_note(words):
    assert note_in(words["de"], served("catalogue", shown=False)) == ""


def test_a_phrase_that_no_file_knows_is_shown_as_it_is(words):
    assert reason_in(words["de"], "is out for lunch until 14") == "is out for lunch until 14"


def test_reasons_name_no_secret_or_path(words):
    assert not any(re.search(r"/|secret", text, re.IGNORECASE) for key, text in words["en"].items() if "reason." in key)
