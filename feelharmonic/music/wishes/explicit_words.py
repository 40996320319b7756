"""Titles with unmistakable words: left out by the wish "nothing explicit" where a table does not say.

A short list of our own; it cannot vouch for what a song sings. What a table says of a track counts more.
"""

from __future__ import annotations

import re

#: Whole words, or beginnings of words where a star stands.
WORDS = (
    "fuck*",
    "f**k*",
    "fucc*",
    "motherf*",
    "shit*",
    "sh*t",
    "bitch*",
    "b*tch*",
    "biatch",
    "cunt*",
    "dick*",
    "pussy*",
    "p*ssy",
    "whore*",
    "hoe",
    "hoes",
    "nigga*",
    "niggaz",
    "n*gga*",
    "cock",
    "cocks",
    "asshole*",
    "ass",
    "bastard*",
    "slut*",
    "thot*",
    "tits",
    "titties",
    "blowjob*",
    "cum",
    "porn*",
    "sexx*",
    "wank*",
    "puta",
    "putas",
    "mierda",
    "fick*",
    "scheiss*",
    "scheiß*",
    "hure*",
    "hurensohn*",
    "wichser*",
    "arschloch*",
    "putain",
    "merde",
    "salope*",
    "cazzo",
    "puttana",
    "stronzo",
)

#: Names that hold such a word and say nothing.
HARMLESS = ("dickens", "dickinson", "dickie", "shitake", "moby dick", "dick dale", "dick's picks")


def _pattern(words: tuple[str, ...]) -> str:
    # A star within a word is what titles write for a letter; at its end it stands for any letters.
    parts = [re.escape(word[:-1]) + r"\w*" if word.endswith("*") else re.escape(word) for word in words]
    return rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)"


_EXPLICIT = re.compile(_pattern(WORDS), re.IGNORECASE)
_HARMLESS = re.compile(_pattern(HARMLESS), re.IGNORECASE)


def sounds_explicit(title: str) -> bool:
    """Whether ``title`` holds a word that nobody would call clean."""
    return _EXPLICIT.search(_HARMLESS.sub(" ", title)) is not None
