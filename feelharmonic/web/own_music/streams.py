"""`GET /music/<key>`: a file's sound, with ranges and validators. `GET /music/<key>/cover`: the picture inside it.

Files are known by opaque keys alone: no path is taken from a request, sent in an answer or logged.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import requests
from flask import Blueprint, Flask, Response, abort, request, send_file

from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music import Library, SubsonicClient, SubsonicLibrary
from feelharmonic.settings import Settings
from feelharmonic.web.own_music.audience import may_have_music
from feelharmonic.web.own_music.background_scan import BackgroundScan
from feelharmonic.web.own_music.library_page import library_page
from feelharmonic.web.services import Services, services

streams = Blueprint("own_music", __name__)

#: A browser asks again whether a file is the same: a scan may have put another one in its place.
CACHE_CONTROL = "private, no-cache"
COVER_CACHE_CONTROL = "private, max-age=3600"


def bind(app: Flask, library: Library) -> None:
    """Put the routes on ``app``; `/music` answers 404 while there is no music."""
    services = Services.of(app)
    services.library, services.scan = library, BackgroundScan(services.settings)
    services.subsonic = subsonic_library(services.settings)
    app.before_request(services.scan.begin)
    app.register_blueprint(streams)
    app.register_blueprint(library_page)
    app.jinja_env.globals["shows_library"] = lambda: library.is_used and may_have_music()


def subsonic_library(settings: Settings) -> SubsonicLibrary | None:
    """The owner's Subsonic server; None where none is named."""
    if not settings.subsonic_url:
        return None
    client = SubsonicClient(settings.subsonic_url, settings.subsonic_user, settings.subsonic_password)
    return SubsonicLibrary(settings.instance_dir, client)


@streams.get("/music/<key>")
def sound(key: str) -> Response:
    """The sound of a track."""
    found = services().library.sound(key) if may_have_music() else None
    if found is None:
        abort(404)
    path, kind = found
    if services().settings.music_accel:
        return _by_nginx(path, kind)
    response = send_file(path, mimetype=kind, conditional=True, etag=True, download_name=f"{key}{path.suffix}")
    response.headers["Cache-Control"] = CACHE_CONTROL
    return response


@streams.get("/music/subsonic/<key>")
def passed_on(key: str) -> Response:
    """The sound of a song on the owner's Subsonic server, ranges included."""
    library = services().subsonic
    file = library.store.file(key) if library is not None and may_have_music() else None
    if library is None or file is None:
        abort(404)
    asked = {name: request.headers[name] for name in ("Range", "If-Range") if name in request.headers}
    try:
        answer = library.client.stream(file.path, asked)
    except ProviderUnavailable:
        abort(502)
    kept = ("Content-Type", "Content-Length", "Content-Range", "Accept-Ranges", "ETag", "Last-Modified")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    if not headers.get("Content-Type", "").startswith("audio/"):  # an error in the place of a song
        answer.close()
        abort(502)
    response = Response(_parts(answer), answer.status_code, {**headers, "Cache-Control": "private, no-store"})
    response.call_on_close(answer.close)
    return response


def _parts(answer: requests.Response) -> Iterator[bytes]:
    """The sound as it comes; where it breaks off, the connection does: the browser notices half a song."""
    yield from answer.iter_content(65_536)


@streams.get("/music/<key>/cover")
def cover(key: str) -> Response:
    """The picture inside a track's file."""
    found = services().library.cover(key) if may_have_music() else None
    if found is None:
        abort(404)
    data, kind = found
    return Response(data, mimetype=kind, headers={"Cache-Control": COVER_CACHE_CONTROL})


def _by_nginx(path: Path, kind: str) -> Response:
    """An answer without a body: nginx sends the file, and takes the header with its place out.

    The place is MUSIC_ACCEL, the number of the music folder, and the path inside it: nginx has a location for each
    folder and can send nothing else.
    """
    for number, folder in enumerate(services().library.folders):
        real = folder.resolve()
        if path.is_relative_to(real):
            place = f"{services().settings.music_accel}/{number}/{quote(path.relative_to(real).as_posix())}"
            headers = {"X-Accel-Redirect": place, "Cache-Control": CACHE_CONTROL}
            return Response(mimetype=kind, headers=headers)
    abort(404)
