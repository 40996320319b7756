"""Which provider served and why, in the listener's language.

In: Served, a language's texts. Out: one line. The reasons are the providers' own English phrases; static/messages/ has
each of them under ``reason.`` with its numbers as {n}. A phrase that no file knows is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from feelharmonic.pipeline import Served

NUMBER = re.compile(r"\d+")


def note_in(words: Mapping[str, str], served: Served) -> str:
    """What ``served.note`` says, in the language of ``words``."""
    if not served.shown:
        return ""
    origin = [words["provider.from"].format(provider=label_in(words, served.provider))] if served.provider else []
    return " ".join([*origin, *(sentence_in(words, name, reason) for name, reason in served.reasons)])


def sentence_in(words: Mapping[str, str], name: str, reason: str) -> str:
    """The provider called ``name`` and what keeps it, as a sentence."""
    text = words["provider.why"].format(provider=label_in(words, name), reason=reason_in(words, reason))
    return text[:1].upper() + text[1:]


def label_in(words: Mapping[str, str], name: str) -> str:
    return words.get(f"provider.{name}", name)


def reason_in(words: Mapping[str, str], reason: str) -> str:
    """``reason`` in the language of ``words``; the phrase itself where that has no text for it."""
    text = words.get(f"reason.{NUMBER.sub('{n}', reason)}")
    number = NUMBER.search(reason)
    return reason if text is None else text.format(n=number.group() if number else "")
