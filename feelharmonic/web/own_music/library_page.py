"""The page /library: every track of one's own music on the mood plane, how it was understood, corrected by hand.

Only who may hear the music sees the page; only this machine changes anything.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from flask import Blueprint, Response, abort, request
from werkzeug.wrappers import Response as AnyResponse

from feelharmonic.csv_cells import guarded
from feelharmonic.errors import BadRequest, ListenerFault
from feelharmonic.music import LibraryFile, estimated_features, features_of, moved_artists
from feelharmonic.web.own_music.audience import is_local, may_have_music
from feelharmonic.web.pages import in_language
from feelharmonic.web.problems import fault_response
from feelharmonic.web.services import services

library_page = Blueprint("library_page", __name__)

#: What a row of /library/tracks holds, in this order.
FIELDS = (
    *("key", "title", "artist", "album", "year", "valence", "energy", "method", "placed"),
    *("tempo", "loudness", "pitch_class", "mode", "duration_s"),
)

#: A scan's faults that are listed; more say no more.
MAX_FAULTS = 500

MAX_BODY_BYTES = 1000

DIGITS = 3


@library_page.before_request
def hide_from_others() -> None:
    if not may_have_music() or (request.method != "GET" and not is_local()):
        abort(404)


@library_page.errorhandler(ListenerFault)
def refuse(fault: ListenerFault) -> AnyResponse:
    return fault_response(fault)


@library_page.get("/library")
def library() -> Response:
    return in_language("library.html")


@library_page.get("/library/tracks")
def tracks() -> dict:
    """Every track as a row of FIELDS, what the last scan said, and the files that cannot be read, by their names."""
    files = services().library.files()
    faults = [{"name": _name(file), "fault": file.fault} for file in files if file.fault]
    return {
        "fields": FIELDS,
        "tracks": list(_rows(files)),
        "scan": {**_scan_state(), "running": services().scan.is_running},
        "faults": faults[:MAX_FAULTS],
        "may_change": is_local(),
    }


@library_page.get("/library/tracks.csv")
def tracks_as_csv() -> Response:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIELDS)
    writer.writerows(
        ["" if cell is None else guarded(cell) for cell in row] for row in _rows(services().library.files())
    )
    headers = {"Content-Disposition": "attachment; filename=library.csv"}
    return Response("\ufeff" + text.getvalue(), mimetype="text/csv", headers=headers)


@library_page.post("/library/tracks/<key>/place")
def place(key: str) -> dict:
    """Keep where the listener put a track: {valence, energy}, 0..1 each, or {} to forget it."""
    request.max_content_length = MAX_BODY_BYTES
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise BadRequest("Expected an object.", "Send {valence, energy}, or {} to forget.")
    point = (_share(body, "valence"), _share(body, "energy")) if body else None
    if not services().library.place(key, point):
        abort(404)
    services().scan.start()  # it writes the tracks that are searched
    return {"ok": True}


@library_page.post("/library/scan")
def scan() -> dict:
    """Begin a scan."""
    return {"ok": services().scan.start()}


def _rows(files: list[LibraryFile]) -> Iterable[list[object]]:
    moves = moved_artists(files)
    for file in files:
        features = features_of(file, moves)
        if features is None or estimated_features(file) is None:
            continue
        method = "name" if file.named is not None else file.method
        yield [
            *(file.key, file.title, file.artist, file.album, file.year),
            *(round(features["valence"], DIGITS), round(features["energy"], DIGITS), method),
            file.placed_valence is not None,
            *(round(features["tempo"], 1), round(features["loudness"], 1), file.pitch_class, file.mode),
            round(file.duration_s),
        ]


def _name(file: LibraryFile) -> str:
    """The file's own name: where it lies is nobody's business."""
    return file.path.replace("\\", "/").rpartition("/")[2]


def _scan_state() -> dict[str, str]:
    shown = ("state", "done", "total", "left_s", "files", "broken")
    return {name: value for name, value in services().library.state().items() if name in shown}


def _share(body: dict, name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise BadRequest(f"Expected {name} from 0 to 1.", "Send {valence, energy}, or {} to forget.")
    return float(value)
