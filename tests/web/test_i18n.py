"""The note in the listener's language: every reason that any provider gives has its text."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

from feelharmonic.music import PROVIDERS, Reason, TrackList
from feelharmonic.music.reasons import REASONS
from feelharmonic.web.i18n import note_in, reason_in

LANGUAGES = ("en", "de")


@pytest.fixture(scope="module")
def words(project) -> dict[str, dict[str, str]]:
    folder = project / "static" / "messages"
    return {code: json.loads((folder / f"{code}.json").read_text(encoding="utf-8")) for code in LANGUAGES}


def codes_raised(path: Path) -> set[str]:
    """The first argument of every ProviderUnavailable and Reason in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ProviderUnavailable", "Reason"):
            found |= {part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)}
    return found


def test_every_reason_that_a_provider_gives_has_its_text(project, words):
    raised = set().union(*(codes_raised(path) for path in (project / "feelharmonic").glob("**/*.py")))
    assert raised == set(REASONS)
    for code in LANGUAGES:
        texts = {key.removeprefix("reason."): text for key, text in words[code].items() if key.startswith("reason.")}
        assert texts.keys() == REASONS.keys()
        for reason, text in texts.items():
            assert set(re.findall(r"{(.*?)}", text)) == set(re.findall(r"{(.*?)}", REASONS[reason])), reason
    assert {reason: words["en"][f"reason.{reason}"] for reason in REASONS} == REASONS


def test_every_provider_has_its_name(words):
    for code in LANGUAGES:
        assert {f"provider.{name}" for name in PROVIDERS} <= words[code].keys()
    assert {name: words["en"][f"provider.{name}"] for name in PROVIDERS} == {
        name: registration.label for name, registration in PROVIDERS.items()
    }


def served(provider: str, *reasons: tuple[str, Reason], note: str = "", shown: bool = True) -> TrackList:
    return TrackList(provider=provider, note=note, tracks=(), reasons=reasons, shown=shown)


def test_english_says_what_the_fallback_says(words):
    note = "From the catalogue. Spotify's search rests for 37 s, as Spotify asks."
    of = served("catalogue", ("spotify-search", Reason("spotify_pause", {"wait_s": 37})), note=note)
    assert note_in(words["en"], of) == note


def test_german_says_the_same_in_german(words):
    of = served("catalogue", ("spotify-search", Reason("spotify_pause", {"wait_s": 37})))
    assert note_in(words["de"], of) == "Aus: Katalog. Spotifys Suche: macht 37 s Pause, wie Spotify es wünscht."


def test_without_a_provider_only_the_reasons_are_said(words):
    note = note_in(words["en"], served("", ("catalogue", Reason("nothing_fits"))))
    assert note == "The catalogue has nothing that fits."


def test_one_provider_alone_needs_no_note(words):
    assert note_in(words["de"], served("catalogue", shown=False)) == ""


def test_a_code_without_a_text_is_shown_as_it_is(words):
    assert reason_in(words["de"], Reason("out_for_lunch", {"until": 14})) == "out_for_lunch"


def test_reasons_name_no_secret_or_path(words):
    assert not any(re.search(r"/|secret", text, re.IGNORECASE) for key, text in words["en"].items() if "reason." in key)
