"""`POST playlists/sorted`: a playlist's songs by how near they are to a mood."""

from __future__ import annotations

import marshmallow as ma
from marshmallow import fields, validate

from feelharmonic.errors import BadInput, BadRequest
from feelharmonic.music import TRACK_MOODS
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.api.tracks import FoundTrack
from feelharmonic.web.schemas import emotion, goal, probability
from feelharmonic.web.serializers import placed_fields
from feelharmonic.web.services import services

#: Ten thousand songs as the widest of the exporters write them.
MAX_PLAYLIST_LETTERS = 4_000_000


class PlaylistText(ma.Schema):
    text = fields.String(
        required=True,
        validate=validate.Length(max=MAX_PLAYLIST_LETTERS),
        metadata={"description": "a CSV as export tools write it, or lines: artist – title"},
    )
    emotion = emotion(load_default="neutral")
    goal = goal(load_default="match")


class PlacedTrackOf(FoundTrack):
    valence = fields.Float(required=True)
    energy = fields.Float(required=True)
    mood = fields.String(required=True, validate=validate.OneOf(TRACK_MOODS))
    confidence = probability(required=True)
    distance = fields.Float(required=True, metadata={"description": "from the mood and the goal, in spreads"})


class UnknownSong(ma.Schema):
    artist = fields.String(required=True)
    title = fields.String(required=True)


class SortedPlaylist(ma.Schema):
    tracks = fields.List(fields.Nested(PlacedTrackOf), required=True, metadata={"description": "nearest first"})
    # marshmallow's classes have an option of this name; a field of an answer may be called so, too.
    unknown = fields.List(fields.Nested(UnknownSong), required=True)  # type: ignore[assignment]


@api.post("/playlists/sorted")
@api.arguments(PlaylistText)
@api.response(200, SortedPlaylist)
def sorted_playlist(wish: dict) -> dict:
    """The songs of a playlist by how near they are to a mood and a goal, each with its own mood."""
    try:
        placed, unknown = services().music.sorted_playlist(wish["text"], wish["emotion"], wish["goal"])
    except BadInput as fault:
        raise BadRequest(str(fault), "Send a CSV with title and artist, or lines: artist – title.") from fault
    return {
        "tracks": [placed_fields(one) for one in placed],
        "unknown": [{"artist": line.artist, "title": line.title or line.track_id or ""} for line in unknown],
    }
