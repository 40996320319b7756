"""Reading on the listener's own device, and the page without a network: what the browser needs for both.

In: the stages' constants, the networks' files, music of the starter table. Out: JSON; files addressed by their
checksum, which browsers may cache for ever and check; the service worker, versioned by everything it caches.
"""

from __future__ import annotations

import contextvars
import hashlib
import json
import math
import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request, send_file
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import ListenerFault
from feelharmonic.music import MusicService, Track
from feelharmonic.web.pages import path_of
from feelharmonic.web.problems import fault_response
from feelharmonic.web.security.rate_limits import client_network
from feelharmonic.web.services import Services, services

Result = TypeVar("Result")

device = Blueprint("device", __name__)

#: ONNX Runtime's program, as `npm run vendor` puts it into static/vendor.
RUNTIME = "ort-wasm-simd-threaded.wasm"

#: Below this many frames a second on the device the page offers the server again.
MIN_RATE_HZ = 5

#: The Cache-Control of files whose address is their checksum.
IMMUTABLE = "public, max-age=31536000, immutable"

#: Compressed copies, best first: how HTTP calls them, and how their files end.
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))

#: Lists of tracks on the offline page, and tracks in each: many for a mood, for a journey a first one and "more" twice.
MATCH_LISTS, JOURNEY_LISTS, TRACKS = 24, 3, 8

#: The service worker caches the files of static/ with these endings, except for the runtime's script, which is cached
#: when it is first fetched.
CACHED_SUFFIXES = (".js", ".css", ".svg")

RUNTIME_SCRIPT = "vendor/ort.wasm.min.js"

SERVICE_WORKER = "js/service-worker.js"

#: How long the service worker's script is kept: its version is a checksum of all files, which takes 10 ms.
SCRIPT_TTL_S = 2.0


class DeviceFiles:
    """``constants``: the stages', JSON-ready. ``files``: networks and runtime by name. ``starter`` serves ``tracks``
    alone, the best known of the shipped table. What costs time is made when it is first asked for, and kept."""

    def __init__(self, *, constants: dict, files: dict[str, Path], starter: MusicService, tracks: Iterable[Track]):
        self.constants = constants
        self.files = files
        self._starter = starter
        self._tracks = tracks
        self._checksums: dict[Path, str] = {}
        self._cards: dict | None = None
        self._script, self._script_until_s = "", -math.inf

    def sha256(self, path: Path) -> str:
        """Of a file's bytes, in hexadecimal."""
        if path not in self._checksums:
            self._checksums[path] = hashlib.sha256(path.read_bytes()).hexdigest()
        return self._checksums[path]

    def cards(self) -> dict:
        """``tracks``: [title, artist, year] by id, the best known. ``lists``: ids by mood and goal, list by list."""
        if self._cards is None:
            tracks = {track.id: [track.title, track.artist, track.year] for track in self._tracks}
            lists = {emotion: {goal: self._lists(emotion, goal) for goal in GOALS} for emotion in EMOTIONS}
            self._cards = {"tracks": tracks, "lists": lists}
        return self._cards

    def script(self, make: Callable[[], str]) -> str:
        """What ``make`` returned no longer than SCRIPT_TTL_S ago."""
        if time.monotonic() > self._script_until_s:
            self._script = make()
            self._script_until_s = time.monotonic() + SCRIPT_TTL_S
        return self._script

    def _lists(self, emotion: str, goal: str) -> list[list[str]]:
        """Lists of ids for one mood and goal, no track twice."""
        # Seeded: the same lists every time, so that the service worker sees no change where there is none.
        chance = random.Random(f"{emotion} {goal}")
        given: dict[str, None] = {}
        lists = []
        for _ in range(MATCH_LISTS if goal == "match" else JOURNEY_LISTS):
            served = self._starter.playlist(emotion=emotion, goal=goal, n=TRACKS, given=given, chance=chance)
            given.update(dict.fromkeys(track.id for track in served.tracks))
            lists.append([track.id for track in served.tracks])
        return lists


def bind(
    app: Flask, *, constants: dict, networks: dict[str, Path], starter: MusicService, tracks: Iterable[Track]
) -> None:
    """Put the addresses on ``app``. Without ``networks`` nobody reads on a device; the page still works offline."""
    runtime = Path(app.root_path) / "static" / "vendor" / RUNTIME
    files = {**networks, RUNTIME: runtime} if networks else {}
    Services.of(app).device_files = DeviceFiles(constants=constants, files=files, starter=starter, tracks=tracks)
    app.register_blueprint(device)


@device.errorhandler(ListenerFault)
def refuse(fault: ListenerFault) -> PlainResponse:
    return fault_response(fault)


@device.get("/device/parts.json")
def parts() -> PlainResponse:
    """The stages' constants, and where the networks and the runtime are."""
    return _revalidated(jsonify(parts_fields()))


@device.get("/device/cards.json")
def cards() -> PlainResponse:
    """Tracks of the starter table for every mood and goal: what plays without a network."""
    return _revalidated(jsonify(off_the_loop(_parts().cards)))


@device.get("/device/<sha256>/<name>")
def file(sha256: str, name: str) -> Response:
    """One of the files under its checksum, compressed where there is a copy that the browser takes."""
    known = _parts()
    path = known.files.get(name)
    if path is None or not path.is_file() or sha256 != known.sha256(path):
        abort(404)
    mimetype = "application/wasm" if path.suffix == ".wasm" else "application/octet-stream"
    copies = {encoding: path.with_name(path.name + ending) for encoding, ending in ENCODINGS}
    taken = [code for code, copy in copies.items() if code in request.accept_encodings and copy.is_file()]
    response = send_file(copies[taken[0]] if taken else path, mimetype=mimetype, etag=False, conditional=False)
    if taken:
        response.content_encoding = taken[0]
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = IMMUTABLE
    return response


@device.get("/service-worker.js")
def service_worker() -> PlainResponse:
    """static/js/service-worker.js, after the list of files that it caches, where it may serve the whole page.

    Any change to a cached file changes these bytes: the browser then installs the new release.
    """
    made = off_the_loop(lambda: _parts().script(script))
    return _revalidated(Response(made, mimetype="text/javascript"))


def script() -> str:
    """The service worker's script of this moment. Reads all of the page's files."""
    text = (Path(current_app.root_path) / "static" / SERVICE_WORKER).read_text(encoding="utf-8")
    release = json.dumps({"version": version(), "addresses": ["/", *addresses()]})
    return f"self.RELEASE = {release};\n{text}"


def parts_fields() -> dict:
    known = _parts()
    return {
        "constants": known.constants,
        "least_rate_hz": MIN_RATE_HZ,
        "files": {name: _file_fields(known, name, path) for name, path in known.files.items()},
    }


def _file_fields(known: DeviceFiles, name: str, path: Path) -> dict:
    sha256 = known.sha256(path)
    return {"url": path_of("device.file", sha256=sha256, name=name), "sha256": sha256, "bytes": path.stat().st_size}


def addresses() -> list[str]:
    """What the page needs without a network, but for what is fetched only where it is wanted."""
    root = Path(current_app.root_path) / "static"
    cached = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.suffix in CACHED_SUFFIXES)
    static = [path_of("static", filename=name) for name in cached if name not in (SERVICE_WORKER, RUNTIME_SCRIPT)]
    return [*static, path_of("device.parts"), path_of("device.cards")]


def version() -> str:
    """A checksum over everything that the service worker keeps, and the page's own templates and texts."""
    root = Path(current_app.root_path)
    whole = hashlib.sha256()
    for path in _release_files(root):
        whole.update(path.relative_to(root).as_posix().encode() + hashlib.sha256(path.read_bytes()).digest())
    whole.update(json.dumps([parts_fields(), _parts().cards()], sort_keys=True).encode())
    return whole.hexdigest()[:16]


def _release_files(root: Path) -> Iterator[Path]:
    yield from sorted(path for path in (root / "static").rglob("*") if path.suffix in (*CACHED_SUFFIXES, ".json"))
    yield from sorted((root / "templates").glob("*.html"))


def _revalidated(response: Response) -> PlainResponse:
    """Kept by the browser, but asked for again each time; unchanged, it is not sent again."""
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)


def off_the_loop(make: Callable[[], Result]) -> Result:
    """What ``make`` returns. The first lists of cards take a second: others are served meanwhile."""
    context = contextvars.copy_context()  # of Flask's request
    return services().texts.run(lambda: context.run(make), client_network())


def _parts() -> DeviceFiles:
    return services().device_files
