"""`GET tracks`: tracks for a mood and a goal. `POST tracks/moods`: the mood of tracks by their features."""

from __future__ import annotations

import random
import re
from dataclasses import asdict

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.audio_features import ACCEPTED_RANGES, FEATURES
from feelharmonic.emotions import EMOTIONS
from feelharmonic.errors import BadRequest
from feelharmonic.music import TRACK_MOODS, track_moods_of
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.own_music.audience import barred_providers
from feelharmonic.web.schemas import (
    DEFAULT_TRACKS,
    MAX_TRACKS,
    MAX_WISHES,
    MIN_TRACKS,
    BoundedList,
    NumbersText,
    QueryNumber,
    WholeNumber,
    emotion,
    goal,
    probability,
)
from feelharmonic.web.serializers import track_fields
from feelharmonic.web.services import services

MAX_SCORED_TRACKS = 1000

TRACK_IDS = re.compile(rf"\A[0-9A-Za-z]{{1,40}}(,[0-9A-Za-z]{{1,40}}){{0,{MAX_TRACKS - 1}}}\Z")


def _track_ids(description: str) -> fields.String:
    """Ids between commas."""
    return fields.String(
        validate=validate.Regexp(TRACK_IDS), metadata={"description": f"{description}; between commas"}
    )


class TrackQuery(ma.Schema):
    emotion = emotion(load_default="neutral", metadata={"description": "the mood to start from"})
    goal = goal(load_default="match")
    n = WholeNumber(MIN_TRACKS, MAX_TRACKS, reads_text=True, load_default=DEFAULT_TRACKS)
    probabilities = NumbersText(
        metadata={"description": "instead of one emotion seven numbers between commas that sum to 1"}
    )
    valence = QueryNumber(-1, 1, metadata={"description": "with arousal, instead of an emotion: a point of that plane"})
    arousal = QueryNumber(-1, 1)
    given = _track_ids("ids that are not wanted again: those given before, oldest first")
    liked = _track_ids("ids of which the listener wants more")
    disliked = _track_ids("ids of which the listener wants less, and which never come back")
    ids = fields.String(
        validate=validate.Regexp(TRACK_IDS),
        metadata={"description": "instead of all else: ids between commas; those at hand come back"},
    )


class FoundTrack(ma.Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    artist = fields.String(required=True)
    year = fields.Integer(required=True, allow_none=True)
    url = fields.String(required=True, metadata={"description": "where people find it; may be empty"})
    loudness = fields.Float(metadata={"description": "of that sound, LUFS by EBU R 128; missing where nobody measured"})
    audio = fields.String(metadata={"description": "where its sound is; missing where Spotify plays it"})


class Tracks(ma.Schema):
    tracks = fields.List(fields.Nested(FoundTrack), required=True)
    provider = fields.String(required=True, metadata={"description": "who served them; empty where nobody could"})
    note = fields.String(required=True, metadata={"description": "who served and why not another, for people"})
    emotion = fields.String(required=True, allow_none=True, metadata={"description": "the strongest that counted"})
    also = fields.String(
        required=True, allow_none=True, metadata={"description": "the next of a mixture where there is enough of it"}
    )


class GenreQuery(ma.Schema):
    wishes = fields.String(
        load_default="", validate=validate.Length(max=1000), metadata={"description": "between commas"}
    )


class Genres(ma.Schema):
    genres = fields.List(fields.String(), required=True)
    meant = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    decades = fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": "how many tracks at hand each decade has, by its first year"},
    )
    instrumental = fields.Integer(required=True, metadata={"description": "how many tracks at hand have no singing"})


def _feature(name: str) -> fields.Float:
    return fields.Float(required=True, allow_nan=False, validate=validate.Range(*ACCEPTED_RANGES[name]))


ScoredTrack = ma.Schema.from_dict(
    {
        "id": fields.String(required=True, validate=validate.Length(max=100)),
        **{name: _feature(name) for name in FEATURES},
    },
    name="ScoredTrack",
)


class ScoredTracks(ma.Schema):
    tracks = BoundedList(fields.Nested(ScoredTrack), required=True, validate=validate.Length(max=MAX_SCORED_TRACKS))


class MoodOfTrack(ma.Schema):
    id = fields.String(required=True)
    mood = fields.String(required=True, validate=validate.OneOf(TRACK_MOODS))
    confidence = probability(required=True)


class MoodsOfTracks(ma.Schema):
    moods = fields.List(fields.Nested(MoodOfTrack), required=True)


@api.get("/tracks")
@api.arguments(TrackQuery, location="query")
@api.response(200, Tracks)
def tracks(query: dict) -> dict:
    """Tracks for a mood and a goal; or, by their ids, those of the tracks at hand."""
    music = services().music
    if "ids" in query:
        found = music.known(query["ids"].split(","))
        return {
            "tracks": [track_fields(track) for track in found],
            "provider": "catalogue",
            "note": "",
            "emotion": None,
            "also": None,
        }
    services().live.count_list(query["n"])
    judged = {name: query[name].split(",") for name in ("given", "liked", "disliked") if name in query}
    served = music.playlist(
        n=query["n"],
        goal=query["goal"],
        chance=random.Random(),
        without=barred_providers(),
        **_mood_of(query),
        **judged,
    )
    return {
        "tracks": [track_fields(track) for track in served.tracks],
        "provider": served.provider,
        "note": note_in(words_in(chosen_language()), served),
        "emotion": served.emotion,
        "also": served.also,
    }


def _mood_of(query: dict) -> dict:
    """Which mood a query names: an emotion, a mixture of all, a point of valence and arousal, or the last two."""
    if ("valence" in query) != ("arousal" in query):
        raise BadRequest("Expected valence and arousal together, got one of them.", "Send both.")
    feeling = (query["valence"], query["arousal"]) if "valence" in query else None
    shares = query.get("probabilities")
    emotion = query["emotion"] if shares is None else EMOTIONS[max(range(len(EMOTIONS)), key=shares.__getitem__)]
    return {"emotion": emotion, "probabilities": shares, "feeling": feeling}


@api.get("/genres")
@api.arguments(GenreQuery, location="query")
@api.response(200, Genres)
def genres(query: dict) -> dict:
    """What a wish may name: genres, decades; how many tracks at hand each of ``wishes`` means."""
    music = services().music
    asked = [text.strip().lower() for text in query["wishes"].split(",") if text.strip()][:MAX_WISHES]
    return {
        "genres": music.genres(),
        "meant": music.genres_meant(asked),
        "decades": {str(year): count for year, count in music.decades().items()},
        "instrumental": music.instrumental(),
    }


@api.post("/tracks/moods")
@api.arguments(ScoredTracks)
@api.response(200, MoodsOfTracks)
def tracks_moods(body: dict) -> dict:
    """The mood of tracks by their audio features: Calm, Energetic, Happy or Sad."""
    read = track_moods_of(body["tracks"])
    return {"moods": [{"id": row["id"], **asdict(mood)} for row, mood in zip(body["tracks"], read, strict=True)]}
