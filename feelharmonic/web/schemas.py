"""Checks of what the events of /live carry."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields

from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadRequest
from feelharmonic.music import Wishes
from feelharmonic.reading import Mood

FEWEST_TRACKS, MOST_TRACKS, TRACKS = 1, 50, 8

#: A listener may wish for so many genres or decades.
MOST_WISHED = 20


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _fields(args: tuple, known: set[str]) -> dict:
    """The one object that an event carries; nothing counts as an empty one."""
    value = args[0] if args and args[0] is not None else {}
    if not isinstance(value, dict):
        raise BadRequest(f"Expected an object, got {type(value).__name__}.", f"Send {{{', '.join(sorted(known))}}}.")
    unknown = sorted(str(key)[:40] for key in value if key not in known)
    if unknown:
        raise BadRequest(f"Not known: {', '.join(unknown[:5])}.", f"Send only {', '.join(sorted(known))}.")
    return value


def _one_of(name: str, value: object, known: tuple[str, ...]) -> str | None:
    if value is None or value in known:
        return value
    raise BadRequest(
        f"Expected {name} to be one of {', '.join(known)}, got {str(value)[:40]!r}.", f"Name a known {name}."
    )


def _count(value: object) -> int:
    if value is None:
        return TRACKS
    if not _is_whole(value) or not FEWEST_TRACKS <= value <= MOST_TRACKS:
        raise BadRequest(
            f"Expected n to be a whole number from {FEWEST_TRACKS} to {MOST_TRACKS}, got {str(value)[:40]}.",
            "Ask for fewer tracks.",
        )
    return value


def _wishes(value: object) -> Wishes:
    """What the listener asks of every track; nothing asks nothing."""
    wish = _fields((value,), {item.name for item in fields(Wishes)})
    read = {
        name: check(f"wishes.{name}", wish[name]) for name, check in WISH_CHECKS.items() if wish.get(name) is not None
    }
    return Wishes(**read)


def _names(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_WISHED or not all(isinstance(x, str) and x for x in value):
        raise BadRequest(f"Expected {name} to be a list of at most {MOST_WISHED} genre names.", "Send fewer names.")
    return tuple(text.lower() for text in value)


def _decades(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MOST_WISHED:
        raise BadRequest(f"Expected {name} to be a list of at most {MOST_WISHED} decades.", "1990 is 1990 to 1999.")
    if not all(_is_whole(year) and 1900 <= year <= 2090 and year % 10 == 0 for year in value):
        raise BadRequest(f"Expected each of {name} to be a decade's first year, like 1990.", "1990 is 1990 to 1999.")
    return tuple(value)


def _yes_or_no(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f"Expected {name} to be true or false, got {str(value)[:40]}.", "Send true or false.")
    return value


#: What each wish must be, by its name in messages.Wishes.
WISH_CHECKS: dict[str, Callable[[str, object], object]] = {
    "genres_liked": _names,
    "genres_barred": _names,
    "decades": _decades,
    "explicit": _yes_or_no,
    "instrumental_only": _yes_or_no,
    "familiarity": lambda name, value: _number(name, value, 0, 1),
}


def _number(name: str, value: object, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadRequest(
            f"Expected {name} to be a number from {low:g} to {high:g}, got {str(value)[:40]}.", "Send a number."
        )
    return float(value)


def _probabilities(value: object) -> tuple[float, ...]:
    action = "Send seven numbers from 0 to 1 that sum to 1."
    if not isinstance(value, list) or len(value) != len(EMOTIONS):
        raise BadRequest(f"Expected probabilities to be a list of {len(EMOTIONS)} numbers.", action)
    numbers = tuple(_number("each probability", item, 0, 1) for item in value)
    if not math.isclose(sum(numbers), 1, abs_tol=0.02):
        raise BadRequest(f"Expected probabilities that sum to 1, got a sum of {sum(numbers):.3f}.", action)
    return numbers


def _mood(value: object) -> Mood:
    wish = _fields((value,), {"emotion", "confidence", "since_s"})
    emotion = _one_of("mood.emotion", wish.get("emotion"), EMOTIONS)
    if emotion is None:
        raise BadRequest("Expected mood.emotion, got nothing.", "Send the mood as it came.")
    return Mood(
        emotion=emotion,
        confidence=_number("mood.confidence", wish.get("confidence"), 0, 1),
        since_s=_number("mood.since_s", wish.get("since_s"), 0, 1e9),
    )
