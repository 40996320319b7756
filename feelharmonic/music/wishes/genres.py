"""Which genres a wish means: families of the names that public tables use, and words within names.

In: what a listener typed, and the genre names at hand ("hip-hop", "death-metal", "latin pop|latin"). Out: which of
them it means. "metal" means death-metal and black-metal, too; "indie" means indie-pop and indie poptimism.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: What several names of a row's genre are separated by.
SEPARATOR = "|"

#: A family's name: the names, or parts of names, of genres that belong to it besides those that hold its own name.
FAMILIES: dict[str, tuple[str, ...]] = {
    "alternative": ("alt rock", "alternative rock", "indie", "grunge", "permanent wave", "emo", "garage", "psych rock"),
    "blues": ("blues rock",),
    "classical": ("piano", "opera", "orchestral", "baroque", "romantic"),
    "chill": ("ambient", "lo fi", "sleep", "new age", "chillout", "trip hop", "downtempo"),
    "country": ("bluegrass", "honky tonk", "americana"),
    "dance": ("disco", "edm", "house", "club", "dancehall", "eurodance"),
    "electronic": (
        "edm",
        "electro",
        "house",
        "techno",
        "trance",
        "dubstep",
        "drum and bass",
        "breakbeat",
        "hardstyle",
        "big room",
        "idm",
        "electropop",
        "synthwave",
        "dub",
        "industrial",
        "trip hop",
        "ambient",
        "tropical house",
    ),
    "folk": ("singer songwriter", "acoustic", "bluegrass", "americana"),
    "funk": ("groove", "disco"),
    "hip hop": ("rap", "trap", "hip pop", "boom bap", "drill", "grime"),
    "indie": ("alt rock", "poptimism"),
    "jazz": ("bossa nova", "bebop", "swing"),
    "latin": (
        "reggaeton",
        "salsa",
        "samba",
        "tango",
        "forro",
        "sertanejo",
        "pagode",
        "mpb",
        "brazil",
        "bachata",
        "cumbia",
        "merengue",
        "bossa nova",
        "latino",
        "tropical",
    ),
    "metal": ("metalcore", "grindcore", "deathcore", "djent", "hardcore"),
    "pop": ("electropop", "cantopop", "mandopop", "j idol", "new jack swing"),
    "punk": ("emo", "hardcore", "ska"),
    "r&b": ("soul", "neo soul", "urban contemporary", "new jack swing", "hip pop"),
    "reggae": ("dub", "dancehall", "ska", "reggaeton"),
    "rock": ("grunge", "punk", "metal", "permanent wave", "psych", "goth", "emo", "rockabilly", "guitar"),
    "soul": ("r&b", "neo soul", "gospel", "funk", "new jack swing"),
    "world": (
        "afrobeat",
        "indian",
        "iranian",
        "turkish",
        "malay",
        "french",
        "german",
        "swedish",
        "spanish",
        "brazil",
        "cantopop",
        "mandopop",
        "k pop",
        "j pop",
        "latin",
    ),
}

#: Other spellings, after `plain`.
SPELLINGS = {
    "hiphop": "hip hop",
    "rnb": "r&b",
    "r n b": "r&b",
    "r b": "r&b",
    "electronica": "electronic",
    "alt": "alternative",
    "kpop": "k pop",
    "jpop": "j pop",
    "lofi": "lo fi",
    "drum n bass": "drum and bass",
    "dnb": "drum and bass",
    "synthpop": "electropop",
    "synth pop": "electropop",
    "classic": "classical",
    "rap": "rap",
    "chill out": "chill",
    "chillout": "chill",
    "oldies": "classic rock",
}

NO_NAME = re.compile(r"[^\w&]+|_")


def plain(name: str) -> str:
    """``name`` in lower case with single spaces for hyphens and the like, and in the spelling used here."""
    text = " ".join(NO_NAME.sub(" ", name.casefold()).split())
    return SPELLINGS.get(text, text)


def means(wish: str, genre: str) -> bool:
    """Whether ``wish`` means ``genre``, one name or several joined by SEPARATOR."""
    wanted = plain(wish)
    if not wanted:
        return False
    parts = (wanted, *FAMILIES.get(wanted, ()))
    return any(_holds(plain(name), part) for name in genre.split(SEPARATOR) for part in parts)


def first_meant(wishes: Iterable[str], genre: str | None) -> str | None:
    """The first of ``wishes`` that means ``genre``, as the listener spelled it; None where none does."""
    return next((wish for wish in wishes if genre and means(wish, genre)), None)


def matching(wishes: Iterable[str], genres: Sequence[str]) -> dict[str, list[int]]:
    """For each of ``wishes`` the places of the ``genres`` that it means; an empty list where it means none."""
    return {wish: [place for place, genre in enumerate(genres) if genre and means(wish, genre)] for wish in wishes}


def names_to_offer(genres: Iterable[str]) -> list[str]:
    """The families and the single names among ``genres`` that a listener may ask for, sorted."""
    single = {name for genre in genres for name in genre.split(SEPARATOR) if name}
    return sorted(
        {plain(name) for name in single} | {family for family in FAMILIES if any(means(family, g) for g in single)}
    )


def _holds(name: str, part: str) -> bool:
    """Whether ``part`` is ``name`` or whole words within it."""
    return f" {part} " in f" {name} "
