"""REST under /api/v1: pictures, series of readings and tracks in; faces, moods and tracks out.

In: requests of programs. Out: JSON, and RFC 9457 problem documents for every fault. The description at
/api/v1/openapi.json is made from the code below. Nothing of a request is kept; a picture never touches a disk.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import io
import json
import logging
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import IO

import flask_smorest
import marshmallow as ma
from flask import Flask, Request, current_app, render_template, request
from flask_smorest import Blueprint
from flask_smorest.fields import Upload
from marshmallow import fields, validate
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from feelharmonic.audio_features import ACCEPTED_RANGES, FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import BadInput, BadRequest, ListenerFault
from feelharmonic.music import TRACK_MOODS, track_moods_of
from feelharmonic.reading import MAX_PHOTOGRAPH_BYTES, Expression, moods_of
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.problems import PROBLEM_TYPE, fault_response, problem_code, problem_response
from feelharmonic.web.schemas import (
    DEFAULT_TRACKS,
    MAX_TRACKS,
    MIN_TRACKS,
    BoundedList,
    WholeNumber,
    emotion,
    faults_told,
    goal,
    probabilities,
    probability,
)
from feelharmonic.web.serializers import face_fields, group_fields, mood_fields, placed_fields, track_fields
from feelharmonic.web.services import Services, services

log = logging.getLogger(__name__)


PREFIX = "/api/v1"

UPLOADS = "feelharmonic_uploads"

#: What a multipart body has around the picture: headers and boundaries.
MULTIPART_MARGIN_BYTES = 64 * 1024

#: So many uploads are received at once: each holds what came of it in memory, 10 MB at most, as long as its sender
#: takes. Twice those that may wait to be read: a slow line takes longer than a reading.
MOST_UPLOADS = 16

#: Whoever finds no room for an upload shall come back after so long.
UPLOADS_RETRY_S = 5

#: A body of JSON may hold so many bytes: a thousand rows of numbers are a fifth of it.
MAX_JSON_BYTES = 1024 * 1024

MOST_READINGS = 1000

MAX_PLAYLIST_LETTERS = 600_000

MOST_TRACKS_READ = 1000

TRACK_IDS = re.compile(rf"\A[0-9A-Za-z]{{1,40}}(,[0-9A-Za-z]{{1,40}}){{0,{MAX_TRACKS - 1}}}\Z")

#: These may take more than 5 ms: they run in a thread of their own, in which their parser and their answer run, too.
LONG_ENDPOINTS = ("api.moods", "api.tracks_moods", "api.sorted_playlist")


class NoRoom(ListenerFault):
    """As many uploads as this process has memory for are being received."""

    code = "busy"


class Problem(ma.Schema):
    """RFC 9457: what is wrong with a request."""

    type = fields.String(required=True, metadata={"description": "always about:blank: `status` and `code` say it all"})
    title = fields.String(required=True, metadata={"description": "the status in words"})
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "for programs, such as bad_frame or too_large"})
    detail = fields.String(required=True, metadata={"description": "what was expected and what came"})
    action = fields.String(required=True, metadata={"description": "what to do about it"})


class Picture(ma.Schema):
    image = Upload(required=True, metadata={"description": "JPEG, PNG or WebP, at most 10 MB and 24 megapixels"})


class SeenFace(ma.Schema):
    id = fields.Integer(allow_none=True, required=True, metadata={"description": "1 is the largest"})
    box = fields.List(
        probability(),
        required=True,
        validate=validate.Length(equal=4),
        metadata={"description": "left, top, width, height in shares of the upright picture, clipped to it"},
    )
    score = probability(required=True)
    probabilities = probabilities(required=True, allow_none=True)


class ShareOfGroup(ma.Schema):
    id = fields.Integer(required=True, allow_none=True)
    share = probability(required=True)


class GroupOf(ma.Schema):
    probabilities = probabilities(required=True)
    shares = fields.List(fields.Nested(ShareOfGroup), required=True, metadata={"description": "each face's part of it"})


class GroupQuery(ma.Schema):
    group = fields.Boolean(load_default=False, metadata={"description": "tell what all faces show together as well"})


class Faces(ma.Schema):
    faces = fields.List(fields.Nested(SeenFace), required=True, metadata={"description": "largest first"})
    group = fields.Nested(GroupOf, allow_none=True, metadata={"description": "where it was asked for and a face is"})


class Moment(ma.Schema):
    at_s = fields.Float(
        required=True, allow_nan=False, validate=validate.Range(-1e9, 1e9), metadata={"description": "seconds"}
    )
    probabilities = probabilities(required=True, allow_none=True)


class Series(ma.Schema):
    readings = BoundedList(
        fields.Nested(Moment),
        required=True,
        validate=validate.Length(max=MOST_READINGS),
        metadata={"description": "in the order of their times; probabilities null or all 0 where no face was seen"},
    )
    baseline = probabilities(load_default=None, allow_none=True)


class HeldMood(ma.Schema):
    emotion = fields.String(required=True, validate=validate.OneOf(EMOTIONS))
    confidence = probability(required=True)
    since_s = fields.Float(required=True, metadata={"description": "how long it has held"})


class Moods(ma.Schema):
    moods = fields.List(
        fields.Nested(HeldMood, allow_none=True),
        required=True,
        metadata={"description": "one for each reading; null while looking"},
    )


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


class FeatureGoal(ma.Schema):
    centre = fields.Float(required=True)
    spread = fields.Float(required=True)


class ColourOf(ma.Schema):
    light = fields.String(required=True)
    dark = fields.String(required=True)
    glow = fields.String(required=True)


class EmotionOf(ma.Schema):
    name = fields.String(required=True, validate=validate.OneOf(EMOTIONS))
    colour = fields.Nested(ColourOf, required=True)
    genres = fields.List(fields.String(), required=True)
    targets = fields.Dict(keys=fields.String(), values=fields.Nested(FeatureGoal), required=True)


class Emotions(ma.Schema):
    emotions = fields.List(fields.Nested(EmotionOf), required=True)
    goals = fields.List(fields.String(), required=True)


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
    tracks = BoundedList(fields.Nested(ScoredTrack), required=True, validate=validate.Length(max=MOST_TRACKS_READ))


class MoodOfTrack(ma.Schema):
    id = fields.String(required=True)
    mood = fields.String(required=True, validate=validate.OneOf(TRACK_MOODS))
    confidence = probability(required=True)


class MoodsOfTracks(ma.Schema):
    moods = fields.List(fields.Nested(MoodOfTrack), required=True)


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
    unknown = fields.List(fields.Nested(UnknownSong), required=True)


class ProviderState(ma.Schema):
    name = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(("ready", "trying", "resting", "off")))
    reason = fields.String(required=True)
    action = fields.String(required=True)
    rests_for_s = fields.Float(required=True, allow_none=True)
    served = fields.Integer(required=True)


class Providers(ma.Schema):
    providers = fields.List(fields.Nested(ProviderState), required=True)


class Health(ma.Schema):
    status = fields.String(required=True, validate=validate.Equal("ok"))


class Uploads:
    """Room for ``most`` pictures to be received at once, and for half as many from one address: who sends slowly must
    not keep the others out."""

    def __init__(self, most: int):
        self._most = most
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Raises NoRoom where none is left."""
        with self._lock:
            is_full = self._by_address.total() >= self._most
            if is_full or self._by_address[address] >= max(self._most // 2, 1):
                detail = "More pictures are being sent than this server has room for."
                raise NoRoom(detail, "Send it again in a moment.")
            self._by_address[address] += 1
        try:
            yield
        finally:
            with self._lock:
                self._by_address[address] -= 1
                self._by_address += Counter()  # forgets who sends nothing any more


class BodyParser(FlaskParser):
    """webargs' parser; it alone would let through what reading JSON raises beside a JSONDecodeError."""

    def _raw_load_json(self, req: Request) -> object:
        try:
            body = super()._raw_load_json(req)
            if body is not ma.missing:
                # Half of a surrogate pair is no character: no answer can hold it, no song has it.
                json.dumps(body, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            raise  # told by webargs, which knows an empty body by it
        except (RecursionError, ValueError) as exc:  # too deep; a number of too many digits; such a half
            return self._handle_invalid_json_error(exc, req)
        return body


class Addresses(Blueprint):
    """flask-smorest's, with our parser."""

    ARGUMENTS_PARSER = BodyParser()


class Api(flask_smorest.Api):
    """flask-smorest, its faults told as RFC 9457 has them, and only under /api/v1."""

    ERROR_SCHEMA = Problem

    def handle_http_exception(self, error: HTTPException) -> object:
        if not request.path.startswith(f"{PREFIX}/"):
            return error
        told = getattr(error, "data", None) or {}
        detail = faults_told(told["messages"]) if "messages" in told else error.description or ""
        return problem(error.code or 500, problem_code(error.code or 500), detail, error.get_response().headers)

    def _register_responses(self) -> None:
        """As flask-smorest does it, but for the type of the content: it offers no setting for that."""
        content = {PROBLEM_TYPE: {"schema": self.ERROR_SCHEMA}}
        for status in HTTPStatus:
            wanted = {"description": status.phrase, **({"content": content} if status >= 400 else {})}
            self.spec.components.response(status.name, wanted, lazy=True)
        self.spec.components.response("DEFAULT_ERROR", {"description": "A fault", "content": content}, lazy=True)


class InMemoryRequest(Request):
    """A request whose files stay in memory: Werkzeug would lay larger ones into a temporary file."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return io.BytesIO()


api = Addresses("api", __name__, url_prefix=PREFIX, description="Faces, moods and tracks")


def bind(app: Flask) -> None:
    """Put the paths, their description and the page about them on ``app``."""
    app.request_class = InMemoryRequest
    app.config.update(
        API_TITLE="Feelharmonic",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    app.extensions[UPLOADS] = Uploads(MOST_UPLOADS)
    described = Api(app, spec_kwargs={"info": {"description": __doc__.splitlines()[0]}})
    described.register_blueprint(api)
    for endpoint in LONG_ENDPOINTS:
        app.view_functions[endpoint] = off_the_loop(app.view_functions[endpoint])
    Services.of(app).openapi = described.spec
    app.add_url_rule(f"{PREFIX}/", "api.about", about)


def off_the_loop(view: Callable) -> Callable:
    """``view``, run where ``texts`` are read; the body is received before, by whoever serves the connection."""

    @functools.wraps(view)
    def run(*args: object, **named: object) -> object:
        request.get_data()  # kept for the parser
        context = contextvars.copy_context()  # of Flask's request
        return services().texts.run(lambda: context.run(answered, *args, **named))

    def answered(*args: object, **named: object) -> object:
        try:
            return view(*args, **named)
        except HTTPException as fault:  # a body's faults may be 10,000: they are told here, too
            return current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].handle_http_exception(fault)

    return run


@api.before_request
def limit_body() -> None:
    is_picture = request.path == f"{PREFIX}/expressions"
    request.max_content_length = MAX_PHOTOGRAPH_BYTES + MULTIPART_MARGIN_BYTES if is_picture else MAX_JSON_BYTES


@api.before_request
def receive_upload() -> None:
    """Read the body of a picture here, where there is room for it: the turns begin only after."""
    if request.endpoint != "api.expressions":
        return
    with current_app.extensions[UPLOADS].place(request.remote_addr or ""):
        len(request.files)  # the first look at them receives them


@api.errorhandler(NoRoom)
def send_back(fault: NoRoom) -> Response:
    # Not 429: who is sent back may have sent nothing else.
    return problem(503, fault.code, fault.text, {"Retry-After": str(UPLOADS_RETRY_S)}, action=fault.action)


@api.errorhandler(ListenerFault)
def refuse(fault: ListenerFault) -> Response:
    return fault_response(fault)


@api.errorhandler(Exception)
def break_down(fault: Exception) -> Response | HTTPException:
    if isinstance(fault, HTTPException):
        return current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].handle_http_exception(fault)
    if type(fault).__module__ == "gunicorn.http.errors":  # a body that breaks off while it is read, in broken chunks
        return problem(400, "bad_request", "Expected a whole body, got a broken one.", action="Send it again.")
    # No traceback of a caller's values: the address and the kind of fault are enough to find it.
    log.exception("%s failed", request.path)
    return problem(500, "server_fault", "Something broke on the server's side.", action="Try again.")


@api.post("/expressions")
@api.arguments(Picture, location="files")
@api.arguments(GroupQuery, location="query")
@api.response(200, Faces)
def expressions(files: dict, query: dict) -> dict:
    """Read every face of a picture: where it is, and the probabilities of the seven emotions."""
    if set(request.form) or len(request.files) > 1:
        raise BadRequest("Expected one field, image, got more.", "Send a picture and nothing else.")
    data, parts = files["image"].read(), services()
    reading = parts.photographs.run(lambda: parts.networks.read_photograph(data))
    faces = [face_fields(seen, reading.width_px, reading.height_px) for seen in reading.faces]
    return {"faces": faces, "group": group_fields(reading.group)} if query["group"] else {"faces": faces}


@api.post("/moods")
@api.arguments(Series)
@api.response(200, Moods)
def moods(series: dict) -> dict:
    """Hold a mood over a series of readings, as the live page does: smoothed in time, corrected by a resting face."""
    readings = [(moment["at_s"], _expression(moment["probabilities"])) for moment in series["readings"]]
    resting = _expression(series["baseline"])
    held = moods_of(services().networks.params, readings, resting and resting.probabilities)
    return {"moods": [mood_fields(mood) for mood in held]}


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


@api.get("/emotions")
@api.response(200, Emotions)
def emotions() -> dict:
    """The seven emotions in their order: colours, genres, and the audio features that their music aims at."""
    params = services().networks.params
    rows = [
        {
            "name": name,
            "colour": asdict(emotion.colour),
            "genres": list(emotion.genres),
            "targets": {feature: asdict(goal) for feature, goal in emotion.targets.items()},
        }
        for name, emotion in params.emotions.items()
    ]
    return {"emotions": rows, "goals": list(GOALS)}


@api.post("/tracks/moods")
@api.arguments(ScoredTracks)
@api.response(200, MoodsOfTracks)
def tracks_moods(body: dict) -> dict:
    """The mood of tracks by their audio features: Calm, Energetic, Happy or Sad."""
    read = track_moods_of(body["tracks"])
    return {"moods": [{"id": row["id"], **asdict(mood)} for row, mood in zip(body["tracks"], read, strict=True)]}


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


@api.get("/providers")
@api.response(200, Providers)
def providers() -> dict:
    """How the music providers are, in the order in which they are asked."""
    rows = [asdict(status) for status in services().music.status()]
    for row in rows:
        del row["why"]  # `reason` says it in a whole sentence
    return {"providers": rows}


@api.get("/healthz")
@api.response(200, Health)
def healthz() -> dict:
    """Whether the server lives."""
    return {"status": "ok"}


def about() -> str:
    """The description for people, from the same source as the one for programs."""
    spec = services().openapi.to_dict()
    language = chosen_language()
    operations = [
        {"method": method.upper(), "path": path, **operation}
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    ]
    return render_template("api.html", language=language, words=words_in(language), operations=operations, spec=spec)


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, *, action: str = ""
) -> Response:
    """A problem document; without an ``action`` it points to the description."""
    return problem_response(status, code, detail, action or f"{PREFIX}/openapi.json says what is expected.", headers)


def _expression(values: list[float] | None) -> Expression | None:
    """Seven numbers as an Expression, scaled to sum to 1; seven zeros say as little as none."""
    total = sum(values or ())
    if values is None or total <= 0:
        return None
    return Expression(probabilities=tuple(value / total for value in values))
