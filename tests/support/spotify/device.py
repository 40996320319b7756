"""The listener's device at Spotify's stand-in: what it is told, what it says that it does.

The stand-in holds its state (``playing``, ``paused``, ``position_ms``, ``volume_percent``, ``queue``, ``device``,
``premium``); these handlers change it, as those of the stand-in's other addresses do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _command(act: Callable[[Any, Any], None]) -> Callable:
    def handle(spotify: Any, request: Any, owner: str) -> tuple[int, dict | None]:
        if owner == "app":
            return 401, {"error": {"status": 401, "message": "Valid user authentication required"}}
        if not spotify.premium:
            error = {"status": 403, "message": "Player command failed: Premium required", "reason": "PREMIUM_REQUIRED"}
            return 403, {"error": error}
        if not spotify.device:
            error = {"status": 404, "message": "Player command failed: No active device", "reason": "NO_ACTIVE_DEVICE"}
            return 404, {"error": error}
        act(spotify, request)
        return 204, None

    return handle


def _play(spotify: Any, request: Any) -> None:
    """With ``uris`` those from the start, else on from where it was."""
    uris = (request.json or {}).get("uris")
    if uris:
        spotify.playing, spotify.position_ms = list(uris), 0
    spotify.paused = False


def _pause(spotify: Any, request: Any) -> None:
    spotify.paused = True


def _seek(spotify: Any, request: Any) -> None:
    spotify.position_ms = int(request.query["position_ms"])


def _set_volume(spotify: Any, request: Any) -> None:
    spotify.volume_percent = int(request.query["volume_percent"])


def _enqueue(spotify: Any, request: Any) -> None:
    spotify.queue.append(request.query["uri"])


def _playback(spotify: Any, request: Any, owner: str) -> tuple[int, dict | None]:
    if owner == "app":
        return 401, {"error": {"status": 401, "message": "Valid user authentication required"}}
    if not spotify.device:
        return 204, None
    ids = [uri.split(":")[-1] for uri in spotify.playing[:1]]
    return 200, {
        "device": {"volume_percent": spotify.volume_percent, "supports_volume": spotify.volume_percent is not None},
        "is_playing": not spotify.paused,
        "progress_ms": spotify.position_ms,
        "item": {"id": ids[0], "duration_ms": 200_000} if ids else None,
    }


ROUTES: dict[tuple[str, str], Callable] = {
    ("GET", "/v1/me/player"): _playback,
    ("PUT", "/v1/me/player/play"): _command(_play),
    ("PUT", "/v1/me/player/pause"): _command(_pause),
    ("PUT", "/v1/me/player/seek"): _command(_seek),
    ("PUT", "/v1/me/player/volume"): _command(_set_volume),
    ("POST", "/v1/me/player/queue"): _command(_enqueue),
}
