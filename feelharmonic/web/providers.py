"""How the music providers are: which one serves, which one rests, why, and what the host can do. A page, and JSON."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Flask, current_app, render_template

from feelharmonic.pipeline import Jukebox
from feelharmonic.web.notes import label_in, sentence_in
from feelharmonic.web.pages import chosen_language, words_in

providers = Blueprint("providers", __name__)

JUKEBOX = "feelharmonic_jukebox"


def bind(app: Flask, jukebox: Jukebox) -> None:
    """Put the addresses on ``app``; where no server's start did it, the first request has the providers tried."""
    app.extensions[JUKEBOX] = jukebox
    app.register_blueprint(providers)
    # Not in create_app: `flask` commands make an app as well, and must not call anybody.
    app.before_request(jukebox.start)


@providers.get("/api/v1/providers")
def statuses() -> dict:
    rows = [asdict(status) for status in current_app.extensions[JUKEBOX].status()]
    for row in rows:
        del row["why"]  # `reason` says it in a whole sentence
    return {"providers": rows}


@providers.get("/status")
def page() -> str:
    """The same for people."""
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
