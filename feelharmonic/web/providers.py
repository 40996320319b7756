"""How the music providers are, as JSON: which one serves, which one rests, why, and what the host can do."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Flask, current_app

from feelharmonic.pipeline import Jukebox

providers = Blueprint("providers", __name__)

JUKEBOX = "feelharmonic_jukebox"


def bind(app: Flask, jukebox: Jukebox) -> None:
    """Put the address on ``app``; the first request of all has the providers tried in the background."""
    app.extensions[JUKEBOX] = jukebox
    app.register_blueprint(providers)
    # Not in create_app: `flask` commands make an app as well, and must not call anybody.
    app.before_request(jukebox.start)


@providers.get("/api/v1/providers")
def statuses() -> dict:
    return {"providers": [asdict(status) for status in current_app.extensions[JUKEBOX].status()]}
