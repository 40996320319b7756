"""What the stand-in for Spotify answers when something goes wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An answer that is not the right one. ``hangs`` answers nothing before the server closes; ``drips`` sends a
    byte now and then, so that no read ever times out."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    drips: bool = False


def refusal(status: int, message: str, reason: str | None = None, **headers: str) -> Fault:
    """Spotify's regular error object."""
    error = {"status": status, "message": message} | ({"reason": reason} if reason else {})
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status=status, body=json.dumps({"error": error}).encode(), headers=named)


RATE_LIMIT = refusal(429, "API rate limit exceeded", Retry_After="37")
QUOTA = refusal(429, "Quota exceeded", "QUOTA_EXCEEDED", Retry_After="48925")
DOWN = refusal(503, "Service unavailable")
BROKEN = Fault(body=b'{"tracks": {"items": [')
NOT_SPOTIFY = Fault(body=b"[1, 2, 3]")
TEXT_ERROR = Fault(status=502, body=b'{"error": "bad gateway"}')
NO_PREMIUM_OWNER = Fault(status=403, body=b"Active premium subscription required for the owner of the app.")
HANGS = Fault(hangs=True)
DRIPS = Fault(drips=True)
