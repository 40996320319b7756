"""`spotify…`: a connected account. Its tracks as a private playlist, played or queued; one of its playlists read.

In: requests of our own page, with its cookie and the CSRF token. The login itself is `web/account.py`'s.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

import marshmallow as ma
from flask import Response, jsonify, request
from marshmallow import fields, validate

from feelharmonic.errors import AccountFault, BadForm, Forbidden, NotConnected
from feelharmonic.music import SPOTIFY_KEY, is_spotify_key
from feelharmonic.web.account import COOKIE, Account, forget_cookie, in_time, same
from feelharmonic.web.api.blueprint import api
from feelharmonic.web.schemas import MAX_TRACKS
from feelharmonic.web.services import services

CSRF_HEADER = "X-CSRF-Token"
#: A sorted playlist may be saved whole.
MAX_SAVED_TRACKS = 2000
MAX_NAME_LETTERS = 100
#: No track is longer than a day.
MAX_POSITION_S = 86_400.0
PLAYLIST_LINK = re.compile(rf"playlist[/:]({SPOTIFY_KEY.pattern})(?![0-9A-Za-z])")

Result = TypeVar("Result")


class AccountState(ma.Schema):
    available = fields.Boolean(required=True, metadata={"description": "whether this server has an app at Spotify"})
    connected = fields.Boolean(required=True)
    connect_url = fields.String(required=True, metadata={"description": "where a browser begins the login"})
    csrf = fields.String(required=True, allow_none=True, metadata={"description": f"for the header {CSRF_HEADER}"})


class Ids(ma.Schema):
    ids = fields.List(fields.String(), required=True, validate=validate.Length(1, MAX_TRACKS))


class NamedIds(ma.Schema):
    name = fields.String(required=True, validate=validate.Length(1, MAX_NAME_LETTERS))
    ids = fields.List(fields.String(), required=True, validate=validate.Length(1, MAX_SAVED_TRACKS))


class Link(ma.Schema):
    link = fields.String(required=True, metadata={"description": "as Spotify's Share menu copies it"})


class SavedPlaylist(ma.Schema):
    url = fields.String(required=True)


class PlaylistRow(ma.Schema):
    id = fields.String(required=True)
    artist = fields.String(required=True)
    title = fields.String(required=True)


class PlaylistRows(ma.Schema):
    tracks = fields.List(fields.Nested(PlaylistRow), required=True)


class Command(ma.Schema):
    action = fields.String(required=True, validate=validate.OneOf(("pause", "resume", "seek", "volume")))
    value = fields.Float(
        required=True, metadata={"description": "seek: seconds from the start; volume: 0..1; else without meaning"}
    )


class Playback(ma.Schema):
    ids = fields.List(
        fields.String(), required=True, metadata={"description": "the track's, and of the edition that it stands for"}
    )
    playing = fields.Boolean(required=True)
    position_s = fields.Float(required=True)
    duration_s = fields.Float(required=True)
    volume = fields.Float(
        required=True, allow_none=True, metadata={"description": "0..1; null where the device's cannot be set"}
    )


class Done(ma.Schema):
    ok = fields.Boolean(required=True)


def takes(schema: type[ma.Schema]) -> Callable:
    """Describe a JSON body that the handler checks by itself: only after it knows that our page asks."""
    content = {"application/json": {"schema": schema}}
    return api.doc(requestBody={"required": True, "content": content}, parameters=[CSRF_PARAMETER])


CSRF_PARAMETER = {
    "in": "header",
    "name": CSRF_HEADER,
    "required": True,
    "schema": {"type": "string"},
    "description": "as GET spotify gives it",
}


@api.get("/spotify")
@api.response(200, AccountState)
def spotify() -> Response:
    """Whether an account can be connected and is; the CSRF token for the other paths."""
    connections = services().connections
    connection = connections.find(request.cookies.get(COOKIE))
    response = jsonify(
        available=connections.accounts is not None,
        connected=connection is not None,
        connect_url="/connect/spotify",
        csrf=None if connection is None else connection.csrf,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@api.post("/spotify/playlist")
@takes(NamedIds)
@api.response(201, SavedPlaylist)
def spotify_playlist() -> dict:
    """Save tracks as a new private playlist."""
    account = connected_account()
    wish = body_with({"name", "ids"})
    name, ids = checked_name(wish["name"]), checked_ids(wish["ids"], MAX_SAVED_TRACKS)
    return {"url": acted(lambda: account.save(name, "Made by Feelharmonic.", ids))}


@api.post("/spotify/playlist/tracks")
@takes(Link)
@api.response(200, PlaylistRows)
def spotify_playlist_tracks() -> dict:
    """The tracks of one of the listener's playlists, by its link."""
    account = connected_account()
    link = body_with({"link"})["link"]
    found = PLAYLIST_LINK.search(link) if isinstance(link, str) else None
    if found is None:
        raise BadForm("Expected the link of a Spotify playlist.", "Copy it in Spotify: Share, Copy link.")
    key = found[1]
    rows = acted(lambda: account.playlist(key))
    return {"tracks": [{"id": track_id, "artist": artist, "title": title} for track_id, artist, title in rows]}


@api.post("/spotify/play")
@takes(Ids)
@api.response(200, Done)
def spotify_play() -> dict:
    """Play tracks on the listener's active device."""
    account = connected_account()
    ids = checked_ids(body_with({"ids"})["ids"], MAX_TRACKS)
    acted(lambda: account.play(ids))
    return {"ok": True}


@api.post("/spotify/queue")
@takes(Ids)
@api.response(200, Done)
def spotify_queue() -> dict:
    """Play tracks after what plays now."""
    account = connected_account()
    ids = checked_ids(body_with({"ids"})["ids"], MAX_TRACKS)
    acted(lambda: account.queue(ids))
    return {"ok": True}


@api.get("/spotify/playback")
@api.doc(parameters=[CSRF_PARAMETER])
@api.response(200, Playback)
def spotify_playback() -> Response:
    """What the listener's active device plays."""
    account = connected_account()
    state = acted(account.playback)
    if state is None:
        raise AccountFault("no_device", "No device of yours is playing Spotify.", "Play any song in the Spotify app.")
    response = jsonify(asdict(state))
    response.headers["Cache-Control"] = "no-store"
    return response


@api.post("/spotify/playback")
@takes(Command)
@api.response(200, Done)
def spotify_control() -> dict:
    """Pause, resume, seek or set the volume on the listener's active device."""
    account = connected_account()
    command = body_with({"action", "value"})
    acted(commanded(account, command["action"], command["value"]))
    return {"ok": True}


def commanded(account: Account, action: object, value: object) -> Callable[[], None]:
    """What ``action`` does. Raises BadForm where there is no such action or ``value`` is not one of its own."""
    if action in ("pause", "resume"):
        return account.pause if action == "pause" else account.resume
    high = {"seek": MAX_POSITION_S, "volume": 1.0}.get(str(action))
    if high is None:
        raise BadForm("Expected action to be pause, resume, seek or volume.", "Send one of them.")
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= high:
        raise BadForm(f"Expected value to be a number from 0 to {high:g}.", "Send seconds to seek, a share for volume.")
    return (lambda: account.seek(value)) if action == "seek" else (lambda: account.set_volume(value))


@api.post("/spotify/disconnect")
@api.doc(parameters=[CSRF_PARAMETER])
@api.response(200, Done)
def spotify_disconnect() -> Response:
    """Forget the account, its tokens and the cookie."""
    connected_account()
    services().connections.forget(request.cookies.get(COOKIE))
    response = jsonify(ok=True)
    forget_cookie(response)
    return response


def connected_account() -> Account:
    """The account of the browser that asks. Raises NotConnected, or Forbidden where it is not our page that asks."""
    connections = services().connections
    key = request.cookies.get(COOKIE)
    connection = connections.find(key)
    if key is None or connection is None:
        raise NotConnected("No Spotify account is connected.", "Connect Spotify first.")
    if not same(request.headers.get(CSRF_HEADER), connection.csrf):
        raise Forbidden(f"Expected the header {CSRF_HEADER} as GET /api/v1/spotify gives it.", "Load the page again.")
    return connections.account(key)


def acted(action: Callable[[], Result]) -> Result:
    """What ``action()`` returns; an account that Spotify no longer accepts is forgotten."""
    try:
        return in_time(action)
    except NotConnected:
        services().connections.forget(request.cookies.get(COOKIE))
        raise


def body_with(known: set[str]) -> dict:
    try:
        value = request.get_json(silent=True)
    except RecursionError:  # lists in lists, too deep: silent stands for a ValueError only
        value = None
    if not isinstance(value, dict) or set(value) != known:
        raise BadForm(f"Expected a JSON object with {' and '.join(sorted(known))}.", "Send nothing else.")
    return value


def checked_ids(value: Any, most: int) -> list[str]:
    is_list = isinstance(value, list) and 1 <= len(value) <= most
    if not is_list or not all(is_spotify_key(item) for item in value):
        raise BadForm(f"Expected ids to be 1 to {most} track ids.", "Send the ids of the cards.")
    return value


def checked_name(value: object) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not 1 <= len(text) <= MAX_NAME_LETTERS:
        raise BadForm(f"Expected name to be 1 to {MAX_NAME_LETTERS} characters.", "Give the playlist a name.")
    return text
