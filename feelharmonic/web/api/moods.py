"""`POST moods`: the mood of a series of readings. `GET emotions`: the seven emotions and what their music aims at."""

from __future__ import annotations

from dataclasses import asdict

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.emotions import EMOTIONS, GOALS, VALENCE_AROUSAL
from feelharmonic.reading import Expression, moods_of
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.schemas import BoundedList, Guessed, ValenceArousal, probabilities, probability
from feelharmonic.web.serializers import mood_fields
from feelharmonic.web.services import services

MAX_READINGS = 1000


class Moment(ma.Schema):
    at_s = fields.Float(
        required=True, allow_nan=False, validate=validate.Range(-1e9, 1e9), metadata={"description": "seconds"}
    )
    probabilities = probabilities(required=True, allow_none=True)


class Series(ma.Schema):
    readings = BoundedList(
        fields.Nested(Moment),
        required=True,
        validate=validate.Length(max=MAX_READINGS),
        metadata={"description": "in the order of their times; probabilities null or all 0 where no face was seen"},
    )
    baseline = probabilities(load_default=None, allow_none=True)


class HeldMood(Guessed):
    emotion = fields.String(required=True, validate=validate.OneOf(EMOTIONS))
    confidence = probability(required=True)
    since_s = fields.Float(required=True, metadata={"description": "how long it has held"})


class Moods(ma.Schema):
    moods = fields.List(
        fields.Nested(HeldMood, allow_none=True),
        required=True,
        metadata={"description": "one for each reading; null while looking"},
    )


class FeatureGoal(ma.Schema):
    centre = fields.Float(required=True)
    spread = fields.Float(required=True)


class ColourOf(ma.Schema):
    light = fields.String(required=True)
    dark = fields.String(required=True)
    glow = fields.String(required=True)


class EmotionOf(ValenceArousal):
    name = fields.String(required=True, validate=validate.OneOf(EMOTIONS))
    colour = fields.Nested(ColourOf, required=True)
    genres = fields.List(fields.String(), required=True)
    targets = fields.Dict(keys=fields.String(), values=fields.Nested(FeatureGoal), required=True)


class Emotions(ma.Schema):
    emotions = fields.List(fields.Nested(EmotionOf), required=True)
    goals = fields.List(fields.String(), required=True)


@api.post("/moods")
@api.arguments(Series)
@api.response(200, Moods)
def moods(series: dict) -> dict:
    """The mood after each of a series of readings of one face, as on the live page: smoothed in time, and relative to
    the face at rest: `baseline`, or what the readings so far tell of it."""
    readings = [(moment["at_s"], _expression(moment["probabilities"])) for moment in series["readings"]]
    resting = _expression(series["baseline"])
    held = moods_of(services().networks.params, readings, resting.probabilities if resting else None)
    return {"moods": [mood_fields(mood) for mood in held]}


@api.get("/emotions")
@api.response(200, Emotions)
def emotions() -> dict:
    """The seven emotions in their order: valence and arousal, colours, genres, the audio features of their music."""
    params = services().networks.params
    rows = [
        {
            "name": name,
            "valence": valence,
            "arousal": arousal,
            "colour": asdict(emotion.colour),
            "genres": list(emotion.genres),
            "targets": {feature: asdict(goal) for feature, goal in emotion.targets.items()},
        }
        for (name, emotion), (valence, arousal) in zip(params.emotions.items(), VALENCE_AROUSAL, strict=True)
    ]
    return {"emotions": rows, "goals": list(GOALS)}


def _expression(values: list[float] | None) -> Expression | None:
    """Seven numbers as an Expression, scaled to sum to 1; seven zeros say as little as none."""
    total = sum(values or ())
    if values is None or total <= 0:
        return None
    return Expression(probabilities=tuple(value / total for value in values))
