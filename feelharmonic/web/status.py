"""How the music providers are, for people: which one serves, which one rests, why, and what the host can do."""

from __future__ import annotations

from flask import Blueprint, Flask, current_app, render_template

from feelharmonic.music import MusicService
from feelharmonic.web.i18n import chosen_language, label_in, sentence_in, words_in

providers = Blueprint("providers", __name__)

JUKEBOX = "feelharmonic_jukebox"


def bind(app: Flask, jukebox: MusicService) -> None:
    """Put the addresses on ``app``; where no server's start did it, the first request has the providers tried."""
    app.extensions[JUKEBOX] = jukebox
    app.register_blueprint(providers)
    # Not in create_app: `flask` commands make an app as well, and must not call anybody.
    app.before_request(jukebox.start)


@providers.get("/status")
def page() -> str:
    """/api/v1/providers says the same to programs."""
    language = chosen_language()
    words = words_in(language)
    rows = [
        {
            "label": label_in(words, status.name),
            "state": status.state,
            "why": sentence_in(words, status.name, status.why) if status.why else "",
            "action": status.action,
            "rests_for_s": status.rests_for_s,
            "served": status.served,
        }
        for status in current_app.extensions[JUKEBOX].status()
    ]
    return render_template("status.html", language=language, words=words, rows=rows)
