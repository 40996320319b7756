"""What requests may hold: one set of marshmallow fields and schemas for the events of /live and for REST.

In: what a browser or a program sent. Out: checked values, or a text that says what was expected and what came. A text's
``{place}`` stands for where the value lies, such as ``wishes.decades``; one without it follows its place.
Answers on a frame's way are written by hand (`serializers.py`): that takes 20 µs where a schema takes 50.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.emotions import CLOSE, EMOTIONS, GOALS, MIN_SURE
from feelharmonic.errors import BadRequest
from feelharmonic.music import Wishes, is_track_id
from feelharmonic.params import PlanePoint
from feelharmonic.reading import Mood

#: How many tracks one answer may hold.
MIN_TRACKS, MAX_TRACKS, DEFAULT_TRACKS = 1, 50, 8
#: How many genres or decades a listener may wish for or bar.
MAX_WISHES = 20
#: The longest genre names have 40 characters; each word of a wish is compared with those of all genres.
MAX_GENRE_CHARS = 100
#: Providers that are asked only for who chooses them.
CHOSEN_SOURCES = ("audius", "radio")
#: Maximum faults of one request in an answer, and characters of a name or value in it: both are the caller's.
MAX_FAULTS_SHOWN, MAX_NAME_SHOWN = 5, 60
#: Seven numbers between commas take no more characters.
MAX_NUMBERS_TEXT = 200
#: How far the sum of seven probabilities may be from 1.
SUM_TOLERANCE = 0.02


def shown(value: object) -> str:
    """A caller's value as an error may repeat it."""
    return repr(value)[: MAX_NAME_SHOWN - 20] if isinstance(value, str) else str(value)[: MAX_NAME_SHOWN - 20]


def expected(what: str, value: object) -> ma.ValidationError:
    return ma.ValidationError(f"Expected {{place}} to be {what}, got {shown(value)}.")


class Choice(fields.String):
    """One of ``names``."""

    def __init__(self, names: tuple[str, ...], **options: Any):
        self.names = names
        super().__init__(validate=validate.OneOf(names), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str) or value not in self.names:
            raise expected(f"one of {', '.join(self.names)}", value)
        return value


class Number(fields.Float):
    """A number from ``low`` to ``high``; texts and booleans are none."""

    def __init__(self, low: float, high: float, **options: Any):
        self.low, self.high = low, high
        super().__init__(allow_nan=False, validate=validate.Range(low, high), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise expected(f"a number from {self.low:g} to {self.high:g}", value)
        return float(value)


class WholeNumber(fields.Integer):
    """A whole number from ``low`` to ``high``. A query's numbers come as texts: ``reads_text`` takes those."""

    def __init__(self, low: int, high: int, *, reads_text: bool = False, **options: Any):
        self.low, self.high, self._reads_text = low, high, reads_text
        super().__init__(validate=validate.Range(low, high), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        number = value
        if self._reads_text and isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
            number = int(value[:MAX_NAME_SHOWN])
        if isinstance(number, bool) or not isinstance(number, int) or not self.low <= number <= self.high:
            raise expected(f"a whole number from {self.low} to {self.high}", value)
        return number


class Switch(fields.Boolean):
    """True or false, and nothing that only looks like it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise expected("true or false", value)
        return value


class BoundedList(fields.List):
    """A list whose length is checked before its elements are looked at: of too many each would take time and be
    reported as a fault of its own."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, attr, data, **options)


class NumbersText(fields.Field):
    """Seven numbers between commas, as a query has them: see Probabilities."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[float, ...]:
        try:
            numbers = [float(part) for part in str(value)[:MAX_NUMBERS_TEXT].split(",")]
        except ValueError:
            raise expected(f"{len(EMOTIONS)} numbers between commas", value) from None
        return Probabilities()._deserialize(numbers, attr, data, **options)


class QueryNumber(Number):
    """A number in a query, which comes as a text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> float:
        try:
            number = float(str(value)[:MAX_NAME_SHOWN])
        except ValueError:
            raise expected(f"a number from {self.low:g} to {self.high:g}", value) from None
        return super()._deserialize(number, attr, data, **options)


class GenreNames(fields.Field):
    """At most MAX_WISHES names of genres; they come out in lower case."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or len(value) > MAX_WISHES or not all(isinstance(x, str) and x for x in value):
            raise ma.ValidationError(f"Expected {{place}} to be a list of at most {MAX_WISHES} genre names.")
        if any(len(text) > MAX_GENRE_CHARS for text in value):
            raise ma.ValidationError(f"Expected each of {{place}} to have at most {MAX_GENRE_CHARS} characters.")
        return tuple(text.lower() for text in value)


class Decades(fields.Field):
    """At most MAX_WISHES decades, each by its first year."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[int, ...]:
        if not isinstance(value, list) or len(value) > MAX_WISHES:
            raise ma.ValidationError(f"Expected {{place}} to be a list of at most {MAX_WISHES} decades.")
        if not all(type(year) is int and 1900 <= year <= 2090 and year % 10 == 0 for year in value):
            raise ma.ValidationError("Expected each of {place} to be a decade's first year, like 1990.")
        return tuple(value)


class Probabilities(fields.Field):
    """Seven numbers 0..1 that sum to 1, as a tuple."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> tuple[float, ...]:
        if not isinstance(value, list) or len(value) != len(EMOTIONS):
            raise ma.ValidationError(f"Expected {{place}} to be a list of {len(EMOTIONS)} numbers.")
        for number in value:
            if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 1:
                raise ma.ValidationError(f"Expected each of {{place}} to be a number from 0 to 1, got {shown(number)}.")
        if abs(sum(value) - 1) > SUM_TOLERANCE:
            raise ma.ValidationError(f"Expected {{place}} that sum to 1, got a sum of {sum(value):.3f}.")
        return tuple(map(float, value))


def emotion(**options: Any) -> Choice:
    return Choice(EMOTIONS, **options)


def goal(**options: Any) -> Choice:
    return Choice(GOALS, **options)


def probability(**options: Any) -> fields.Float:
    return fields.Float(validate=validate.Range(0, 1), allow_nan=False, **options)


def probabilities(**options: Any) -> BoundedList:
    """Seven numbers as they come from a reading: their sum may be rounded, or 0 where no face was seen."""
    about = {"description": f"seven numbers 0..1 in the order {', '.join(EMOTIONS)} that sum to 1, or all 0"}
    checks = [validate.Length(equal=len(EMOTIONS)), sums_to_one_or_zero]
    return BoundedList(probability(), validate=checks, metadata=about, **options)


def sums_to_one_or_zero(values: list) -> None:
    """Raises ValidationError where the sum of numbers is neither; the list may hold what is no number, which other
    checks tell."""
    total = sum(value for value in values if isinstance(value, int | float) and not isinstance(value, bool))
    if total and not abs(total - 1) <= SUM_TOLERANCE:
        raise ma.ValidationError(f"Expected seven numbers that sum to 1, or all 0, got a sum of {total:.3f}.")


class EventSchema(ma.Schema):
    """A schema whose own messages say what was expected, as those of its fields do."""

    def handle_error(self, error: ma.ValidationError, data: object, **options: Any) -> None:
        """Name the fields that are not known before all other faults."""
        unknown = [str(name)[:40] for name in data if name not in self.fields] if isinstance(data, dict) else []
        if unknown:
            raise ma.ValidationError(f"Not known{{in_place}}: {', '.join(sorted(unknown)[:5])}.")
        if not isinstance(data, dict):
            raise ma.ValidationError(f"Expected an object{{in_place}}, got {type(data).__name__}.")


class WishesSchema(EventSchema):
    """What a listener asks of every track; see `music.messages.Wishes`."""

    genres_liked = GenreNames()
    genres_barred = GenreNames()
    decades = Decades()
    explicit = Switch()
    instrumental_only = Switch()
    familiarity = Number(0, 1)

    @ma.pre_load
    def without_nulls(self, data: object, **options: Any) -> object:
        """A wish that is null asks nothing."""
        return {key: value for key, value in data.items() if value is not None} if isinstance(data, dict) else data

    @ma.post_load
    def as_wishes(self, data: dict, **options: Any) -> Wishes:
        return Wishes(**data)


class PlaceSchema(EventSchema):
    """A point of the plane of Spotify's valence and energy."""

    valence = Number(0, 1, required=True)
    energy = Number(0, 1, required=True)

    @ma.post_load
    def as_point(self, data: dict, **options: Any) -> PlanePoint:
        return PlanePoint(**data)


class SnapSchema(EventSchema):
    """``snap``: tracks for an emotion, by default the mood of the moment. ``probabilities``: of the reading that the
    emotion was the strongest of; ``valence`` and ``arousal``: where it lies on that plane; ``after``: where the track
    lies that plays before them; ``sources``: providers that the listener chose."""

    emotion = emotion(load_default=None, allow_none=True)
    goal = goal(load_default=None, allow_none=True)
    n = WholeNumber(MIN_TRACKS, MAX_TRACKS, load_default=DEFAULT_TRACKS, allow_none=True)
    wishes = fields.Nested(WishesSchema, load_default=Wishes, allow_none=True)
    probabilities = Probabilities(load_default=None, allow_none=True)
    valence = Number(-1, 1, load_default=None, allow_none=True)
    arousal = Number(-1, 1, load_default=None, allow_none=True)
    after = fields.Nested(PlaceSchema, load_default=None, allow_none=True)
    sources = BoundedList(
        fields.String(validate=validate.OneOf(CHOSEN_SOURCES)), load_default=(), validate=validate.Length(max=2)
    )


class GoalSchema(EventSchema):
    goal = goal(required=True)


class BaselineSchema(EventSchema):
    probabilities = Probabilities(load_default=None, allow_none=True)


class GroupSchema(EventSchema):
    on = Switch(required=True)


class ValenceArousal(ma.Schema):
    """Where an answer lies between the emotions, by how people rate faces that show them."""

    valence = fields.Float(required=True, allow_none=True, metadata={"description": "-1 unpleasant .. 1 pleasant"})
    arousal = fields.Float(required=True, allow_none=True, metadata={"description": "-1 calm .. 1 excited"})


class Guessed(ValenceArousal):
    """How sure an emotion is."""

    sure = fields.Boolean(
        allow_none=True, required=True, metadata={"description": f"whether its probability is {MIN_SURE} or more"}
    )
    second = fields.String(
        allow_none=True,
        required=True,
        validate=validate.OneOf(EMOTIONS),
        metadata={"description": f"what it could be as well: less than {CLOSE} below it"},
    )


class DeviceSchema(EventSchema):
    on = Switch(required=True)


class MoodSchema(EventSchema):
    """A mood as an answer held it."""

    emotion = emotion(required=True)
    confidence = Number(0, 1, required=True)
    since_s = Number(0, 1e9, required=True)
    valence = Number(-1, 1, load_default=None, allow_none=True)
    arousal = Number(-1, 1, load_default=None, allow_none=True)
    sure = Switch(load_default=None, allow_none=True)
    second = Choice(EMOTIONS, load_default=None, allow_none=True)

    @ma.post_load
    def as_mood(self, data: dict, **options: Any) -> Mood:
        # Valence, arousal and what is sure are those of readings, which start anew with the connection.
        return Mood(emotion=data["emotion"], confidence=data["confidence"], since_s=data["since_s"])


class ResumeSchema(EventSchema):
    mood = fields.Nested(MoodSchema, load_default=None, allow_none=True)
    at_s = Number(0, 1e11, required=True)


class TrackKey(fields.String):
    """The id of a track, as an answer gave it."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not is_track_id(value):
            raise ma.ValidationError("Expected {place} to be a track's id, as an answer gave it.")
        return value


class FeedbackSchema(EventSchema):
    id = TrackKey(required=True)
    like = Switch(required=True)


SNAP, GOAL, BASELINE, GROUP = SnapSchema(), GoalSchema(), BaselineSchema(), GroupSchema()
RESUME, FEEDBACK, DEVICE = ResumeSchema(), FeedbackSchema(), DeviceSchema()


def read_event(schema: ma.Schema, arguments: tuple) -> dict:
    """The one object that an event carries, checked; none counts as an empty one. Raises BadRequest."""
    value = arguments[0] if arguments and arguments[0] is not None else {}
    action = f"Send {{{', '.join(schema.fields)}}}."
    if not isinstance(value, dict):
        raise BadRequest(f"Expected an object, got {type(value).__name__}.", action)
    try:
        return schema.load(value)
    except ma.ValidationError as fault:
        raise BadRequest(next(fault_lines(fault.normalized_messages())), action) from fault


def feeling_of(wish: dict) -> tuple[float, float] | None:
    """Valence and arousal, where a request has both."""
    both = wish["valence"], wish["arousal"]
    return None if None in both else both


def sequence_number(value: object) -> int | None:
    """``value``, where it may number a frame: a whole number that JavaScript holds exactly."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    return None


def describe_faults(messages: object) -> str:
    """webargs' messages, a tree by place, in one line: the first few, and how many more there are."""
    # The first level names the part of the request: json, query, files.
    parts = messages.values() if isinstance(messages, dict) else [messages]
    lines = itertools.chain.from_iterable(fault_lines(part) for part in parts)
    shown = list(itertools.islice(lines, MAX_FAULTS_SHOWN))
    more = sum(1 for _ in lines)
    return " ".join([*shown, f"And {more} more."] if more else shown)


def fault_lines(messages: object, place: str = "") -> Iterator[str]:
    """One sentence for each of marshmallow's messages; ``place``: where they belong."""
    if isinstance(messages, dict):
        for name, inner in messages.items():
            name = "" if name == "_schema" else str(name)[:MAX_NAME_SHOWN]
            yield from fault_lines(inner, f"{place}.{name}" if place and name else place or name)
    else:
        texts = " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
        if "{place}" in texts or "{in_place}" in texts:
            yield texts.replace("{place}", place).replace("{in_place}", f" in {place}" if place else "")
        else:
            yield f"{place}: {texts}" if place else texts
