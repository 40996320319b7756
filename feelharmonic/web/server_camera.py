"""What a camera on the server sees, for anybody in the room: the annotated stream, the mood, tracks.

In: a CameraReader, put here by `flask --app app camera`. Out: a page, an MJPEG stream, JSON. Without one the addresses
say how to get one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from flask import Blueprint, Flask, Response, request
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.music import MusicService, TrackList
from feelharmonic.reading import Reading
from feelharmonic.web.i18n import chosen_language, note_in, words_in
from feelharmonic.web.own_music.audience import OWNERS_PROVIDERS
from feelharmonic.web.pages import in_language
from feelharmonic.web.problems import problem_response
from feelharmonic.web.serializers import reading_fields, track_fields
from feelharmonic.web.services import Services, services
from feelharmonic.web.serving.announcement import is_loopback

watch = Blueprint("watch", __name__, url_prefix="/watch")

BOUNDARY = "frame"
#: How the host starts a camera.
COMMAND = "flask --app app camera --source 0"

#: Seconds that a new mood must hold before it brings new tracks.
TRACKS_AFTER_S = 6.0

TRACKS = 8

#: Longest silence of a stream: each message shows whether the page is still connected.
STREAM_TIMEOUT_S = 5.0


class Seen(Protocol):
    """What the newest picture showed."""

    @property
    def number(self) -> int: ...

    @property
    def state(self) -> str: ...

    @property
    def jpeg(self) -> bytes | None: ...

    @property
    def reading(self) -> Reading | None: ...


class CameraFrames(Protocol):
    """The part of CameraReader that is used here."""

    def newest(self, after: int = -1, timeout_s: float = 0.0) -> Seen: ...


class CameraView:
    """The camera reader, if there is one, and the tracks for the mood that it held last."""

    def __init__(self, music: MusicService):
        self.reader: CameraFrames | None = None
        self._music = music
        self._asking = threading.Lock()
        self._chance = random.Random()
        self._given: dict[str, None] = {}
        self.emotion: str | None = None
        self.served: TrackList | None = None

    def show(self, reader: CameraFrames) -> None:
        """Show ``reader`` from now on."""
        self.reader = reader

    def renew(self, reading: Reading | None) -> None:
        """Ask for tracks where a new mood has held; one request asks, all others go on with what is here."""
        mood = reading.mood if reading else None
        if mood is None or mood.emotion == self.emotion or mood.since_s < TRACKS_AFTER_S:
            return
        if not self._asking.acquire(blocking=False):
            return
        try:
            self.served = self._music.playlist(
                emotion=mood.emotion,
                goal="match",
                n=TRACKS,
                given=self._given,
                chance=self._chance,
                without=OWNERS_PROVIDERS,  # this page has no player for them
            )
            self._given.update(dict.fromkeys(track.id for track in self.served.tracks))
            self.emotion = mood.emotion
        finally:
            self._asking.release()


def bind(app: Flask, music: MusicService) -> Callable[[CameraFrames], None]:
    """Put the addresses on ``app``; returns what makes a camera the one that they show."""
    view = Services.of(app).camera = CameraView(music)
    app.register_blueprint(watch)
    return view.show


@watch.get("")
def page() -> Response | tuple[Response, int]:
    # How to start a camera concerns whoever sits at the server; guests could not.
    host = is_loopback(request.remote_addr or "")
    response = in_language("server_camera.html", watched=_view().reader is not None, host=host)
    return response if _view().reader else (response, 404)


@watch.get("/stream")
def stream() -> Response | PlainResponse:
    """The annotated pictures, one after another (multipart/x-mixed-replace)."""
    reader = _view().reader
    if reader is None:
        return _no_camera()
    return Response(
        _pictures(reader),
        mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
        headers={"Cache-Control": "no-store"},
    )


@watch.get("/state")
def state() -> dict | PlainResponse:
    """What the newest picture showed, and the tracks for it."""
    view = _view()
    if view.reader is None:
        return _no_camera()
    seen = view.reader.newest()
    view.renew(seen.reading)
    served = view.served
    return {
        "state": seen.state,
        "reading": None if seen.reading is None else reading_fields(seen.reading),
        "emotion": view.emotion,
        "tracks": [track_fields(track) for track in served.tracks] if served else [],
        "note": note_in(words_in(chosen_language()), served) if served else "",
    }


def _pictures(reader: CameraFrames) -> Iterator[bytes]:
    number = -1
    while True:
        seen = reader.newest(number, STREAM_TIMEOUT_S)
        number = seen.number
        if seen.jpeg is not None:
            head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(seen.jpeg)}\r\n\r\n"
            yield head.encode() + seen.jpeg + b"\r\n"
        if seen.state == "ended":
            return


def _no_camera() -> PlainResponse:
    return problem_response(404, "no_camera", "No camera is set up on this server.", f"Start one: {COMMAND}")


def _view() -> CameraView:
    return services().camera
