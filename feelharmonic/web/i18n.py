"""The page's texts by language, the listener's language, and which provider served in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from flask import request

from feelharmonic.music import Reason, TrackList
from feelharmonic.web.services import services


def note_in(words: Mapping[str, str], served: TrackList) -> str:
    """What ``served.note`` says, in the language of ``words``."""
    if not served.shown:
        return ""
    origin = [words["provider.from"].format(provider=label_in(words, served.provider))] if served.provider else []
    return " ".join([*origin, *(sentence_in(words, name, reason) for name, reason in served.reasons)])


def sentence_in(words: Mapping[str, str], name: str, reason: Reason) -> str:
    """Why the provider called ``name`` does not serve, as a sentence."""
    text = words["provider.why"].format(provider=label_in(words, name), reason=reason_in(words, reason))
    return text[:1].upper() + text[1:]


def label_in(words: Mapping[str, str], name: str) -> str:
    return words.get(f"provider.{name}", name)


def reason_in(words: Mapping[str, str], reason: Reason) -> str:
    """``reason`` in the language of ``words``; its code where that has no text for it."""
    return reason.in_words({reason.code: words.get(f"reason.{reason.code}", reason.code)})


#: The languages that static/messages/ holds, the first for browsers that ask for none of them.
LANGUAGES = ("en", "de")

#: The language chosen by hand, remembered for a year. No script reads it.
LANGUAGE_COOKIE = "language"


def read_words(root: Path, language: str) -> dict[str, str]:
    """Every text of the page in ``language``, by its key."""
    return json.loads((root / "static" / "messages" / f"{language}.json").read_text(encoding="utf-8"))


def words_in(language: str) -> dict[str, str]:
    """Every text in ``language``, which is one of LANGUAGES."""
    return services().translations[language]


def chosen_language() -> str:
    """The language picked by hand, else the best of those that the browser asks for."""
    by_hand = request.cookies.get(LANGUAGE_COOKIE)
    return by_hand if by_hand in LANGUAGES else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])
