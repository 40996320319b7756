"""`GET tracks`: tracks for a mood and a goal. `POST tracks/moods`: the mood of tracks by their features."""

from __future__ import annotations

import random
import re
from dataclasses import asdict

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.audio_features import ACCEPTED_RANGES, FEATURES
from feelharmonic.music import TRACK_MOODS, track_moods_of
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.schemas import (
    DEFAULT_TRACKS,
    MAX_TRACKS,
    MIN_TRACKS,
    BoundedList,
    WholeNumber,
    emotion,
    goal,
    probability,
)
from feelharmonic.web.serializers import track_fields
from feelharmonic.web.services import services

MAX_SCORED_TRACKS = 1000

TRACK_IDS = re.compile(rf"\A[0-9A-Za-z]{{1,40}}(,[0-9A-Za-z]{{1,40}}){{0,{MAX_TRACKS - 1}}}\Z")


class TrackQuery(ma.Schema):
    emotion = emotion(load_default="neutral", metadata={"description": "the mood to start from"})
    goal = goal(load_default="match")
    n = WholeNumber(MIN_TRACKS, MAX_TRACKS, reads_text=True, load_default=DEFAULT_TRACKS)
    ids = fields.String(
        validate=validate.Regexp(TRACK_IDS),
        metadata={"description": "instead of all else: ids between commas; those at hand come back"},
    )


class FoundTrack(ma.Schema):
    id = fields.String(required=True)
    title = fields.String(required=True)
    artist = fields.String(required=True)
    year = fields.Integer(required=True, allow_none=True)
    url = fields.String(required=True)


class Tracks(ma.Schema):
    tracks = fields.List(fields.Nested(FoundTrack), required=True)
    provider = fields.String(required=True, metadata={"description": "who served them; empty where nobody could"})
    note = fields.String(required=True, metadata={"description": "who served and why not another, for people"})


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
        return {"tracks": [track_fields(track) for track in found], "provider": "catalogue", "note": ""}
    served = music.playlist(emotion=query["emotion"], goal=query["goal"], n=query["n"], chance=random.Random())
    return {
        "tracks": [track_fields(track) for track in served.tracks],
        "provider": served.provider,
        "note": note_in(words_in(chosen_language()), served),
    }


@api.post("/tracks/moods")
@api.arguments(ScoredTracks)
@api.response(200, MoodsOfTracks)
def tracks_moods(body: dict) -> dict:
    """The mood of tracks by their audio features: Calm, Energetic, Happy or Sad."""
    read = track_moods_of(body["tracks"])
    return {"moods": [{"id": row["id"], **asdict(mood)} for row, mood in zip(body["tracks"], read, strict=True)]}
