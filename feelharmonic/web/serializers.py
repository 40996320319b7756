"""Messages → what travels: plain dictionaries for the acknowledgements of `/live` and for REST.

In: our messages. Out: JSON-ready values, as static/js/types.js and docs/api.md describe them.
"""

from __future__ import annotations

from collections.abc import Sequence

from feelharmonic.emotions import guess_of, valence_arousal
from feelharmonic.music import MusicTargets, PlacedTrack, Track, Wishes, first_meant
from feelharmonic.reading import Expression, Group, Mood, Reading, SeenFace

#: Decimals of probabilities and boxes: a pixel of 1280 is 0.0008.
DIGITS = 4

#: The two features that a journey is drawn by.
PATH_FEATURES = ("valence", "energy")


def reading_fields(reading: Reading) -> dict:
    """The part of a frame's answer that the picture gave."""
    size = (reading.width_px, reading.height_px)
    return {
        "faces": [face_fields(seen, *size) for seen in reading.faces],
        "probabilities": probabilities_field(reading.expression),
        **valence_arousal_fields(reading.expression.probabilities if reading.expression else None),
        "mood": mood_fields(reading.mood),
        "group": group_fields(reading.group),
        "baseline": reading.baseline,
        "picture_problem": reading.picture_problem,
    }


def group_fields(group: Group | None) -> dict | None:
    """What a frame's faces show together, and each one's share of it, in the faces' order."""
    if group is None:
        return None
    return {
        "probabilities": probabilities_field(group.expression),
        "shares": [{"id": one.id, "share": round(one.share, DIGITS)} for one in group.shares],
    }


def face_fields(seen: SeenFace, width_px: int, height_px: int) -> dict:
    """One face: ``box`` [x, y, w, h] in 0..1 of the frame, clipped to it."""
    x, y, width, height = seen.face.box
    left, right = (_share(value, width_px) for value in (x, x + width))
    top, bottom = (_share(value, height_px) for value in (y, y + height))
    return {
        "id": seen.face.id,
        "box": [round(value, DIGITS) for value in (left, top, right - left, bottom - top)],
        "score": round(seen.face.score, DIGITS),
        "probabilities": probabilities_field(seen.expression),
        **valence_arousal_fields(seen.expression.probabilities if seen.expression else None),
        **guess_fields(seen.expression.probabilities if seen.expression else None),
        "hidden": seen.hidden,
    }


def guess_fields(probabilities: Sequence[float] | None, emotion: str | None = None) -> dict:
    """Whether the emotion that is named (the strongest by default) is sure, and the one that it could be as well."""
    if probabilities is None:
        return {"sure": None, "second": None}
    guess = guess_of(probabilities, emotion)
    return {"sure": guess.is_sure, "second": guess.second}


def valence_arousal_fields(probabilities: Sequence[float] | None) -> dict:
    """Where seven probabilities lie between the emotions: -1..1 each, None without probabilities."""
    if probabilities is None:
        return {"valence": None, "arousal": None}
    valence, arousal = valence_arousal(probabilities)
    return {"valence": round(valence, DIGITS), "arousal": round(arousal, DIGITS)}


def probabilities_field(expression: Expression | None) -> list[float] | None:
    return None if expression is None else [round(value, DIGITS) for value in expression.probabilities]


def mood_fields(mood: Mood | None) -> dict | None:
    if mood is None:
        return None
    return {
        "emotion": mood.emotion,
        "confidence": round(mood.confidence, DIGITS),
        "since_s": round(mood.since_s, 2),
        **valence_arousal_fields(mood.probabilities),
        **guess_fields(mood.probabilities, mood.emotion),
    }


def track_fields(track: Track) -> dict:
    """A track as it travels; ``audio`` only where an audio element plays it."""
    shown = {"id": track.id, "title": track.title, "artist": track.artist, "year": track.year, "url": track.url}
    if not track.audio:
        return shown
    # Whole tracks have their own sound's loudness in LUFS, so that the page can play them equally loud.
    loudness = {"loudness": round(track.features["loudness"], 1)} if track.features else {}
    return shown | {"audio": track.audio} | loudness


def placed_fields(placed: PlacedTrack) -> dict:
    """A track of a playlist: where it lies, its mood, how far it is from what is wanted."""
    return {
        **track_fields(placed.track),
        **(_point(placed.track.features) or {}),
        "mood": placed.mood.mood,
        "confidence": round(placed.mood.confidence, DIGITS),
        "distance": round(placed.distance, DIGITS),
    }


def wished_fields(tracks: Sequence[Track], wishes: Wishes) -> list[str | None]:
    """For each track the genre wish that it meets, None where it meets none."""
    return [first_meant(wishes.genres_liked, track.genre) for track in tracks]


def path_fields(steps: Sequence[MusicTargets], tracks: Sequence[Track]) -> list[dict]:
    """The way from the mood to the goal: for each step where it aims, and where its track lies (None if unknown).

    ``valence`` and ``energy`` are 0..1, Spotify's features of those names.
    """
    return [
        {"aim": _point({name: step.features[name].centre for name in PATH_FEATURES}), "track": _point(track.features)}
        for step, track in zip(steps, tracks, strict=False)
    ]


def _point(features: dict[str, float] | None) -> dict[str, float] | None:
    return None if features is None else {name: round(features[name], DIGITS) for name in PATH_FEATURES}


def nothing_read(seq: int | None, mood: Mood | None, problem: dict, wait_ms: int) -> dict:
    """The answer to a frame that was not read: the mood that held goes on."""
    return {
        "seq": seq,
        "faces": [],
        "probabilities": None,
        **valence_arousal_fields(None),
        "mood": mood_fields(mood),
        "group": None,
        "baseline": None,
        "picture_problem": None,
        "problem": problem,
        "wait_ms": wait_ms,
    }


def _share(value_px: float, of_px: int) -> float:
    return min(max(value_px / of_px, 0.0), 1.0)
