"""The pages, the headers of their answers, the health check."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, render_template, request, url_for

from feelharmonic.emotions import GOALS, VALENCE_AROUSAL
from feelharmonic.params import Params
from feelharmonic.web.i18n import (
    LANGUAGE_COOKIE,
    LANGUAGES,
    chosen_language,
    label_in,
    read_words,
    sentence_in,
    words_in,
)
from feelharmonic.web.security.headers import PLAYER_SECURITY_POLICY
from feelharmonic.web.services import Services, services

pages = Blueprint("pages", __name__)

YEAR_S = 31_536_000
#: The page's own, as in static/page.css: shown while an installed page loads.
BACKGROUND = "#fbfaf8"


def bind(app: Flask, params: Params, *, on_device: str = "offer") -> None:
    """Put the page and the headers of every answer on ``app``."""
    words = {code: read_words(Path(app.root_path), code) for code in LANGUAGES}
    services = Services.of(app)
    services.translations = words
    services.page_config = {code: page_config(params, words[code], on_device) for code in LANGUAGES}
    app.register_blueprint(pages)
    app.jinja_env.globals["url_for"] = relative_url_for


def path_of(endpoint: str, **values: Any) -> str:
    """The path of ``endpoint`` on this server, without the one under which a proxy serves it."""
    return url_for(endpoint, **values).removeprefix(request.script_root)


def relative_url_for(endpoint: str, **values: Any) -> str:
    """The address of ``endpoint`` as seen from the page that is asked for: right under whatever path a proxy serves
    the page, also where the proxy does not name it."""
    up = request.path.count("/") - 1
    return ("../" * up or "./") + path_of(endpoint, **values).removeprefix("/")


def page_config(params: Params, words: dict[str, str], on_device: str) -> dict:
    """What the scripts need: each emotion's name, label, colours and place; the goals; the reader; its texts."""
    return {
        "emotions": [
            {
                "name": name,
                "label": words[f"emotion.{name}"],
                "colour": asdict(emotion.colour),
                "valence": valence,
                "arousal": arousal,
            }
            for (name, emotion), (valence, arousal) in zip(params.emotions.items(), VALENCE_AROUSAL, strict=True)
        ],
        "goals": list(GOALS),
        "on_device": on_device,
        "mood_hold_s": params.mood_hold_s,
        "words": words,
    }


@pages.get("/")
def index() -> Response:
    return in_language("index.html")


@pages.get("/manifest.webmanifest")
def manifest() -> Response:
    """What a browser needs to put the page on a home screen, with shortcuts to fixed links."""
    words = words_in(chosen_language())
    # Relative to the manifest, since the page may be served under a path.
    shortcuts = {"calm": "./?mood=calm&goal=match", "resume": "./?resume"}
    document = {
        "name": "Feelharmonic",
        "short_name": "Feelharmonic",
        "description": words["page.description"],
        "lang": chosen_language(),
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": BACKGROUND,
        "theme_color": BACKGROUND,
        "icons": [{"src": url_for("static", filename="icon.svg"), "type": "image/svg+xml", "sizes": "any"}],
        "shortcuts": [{"name": words[f"shortcut.{name}"], "url": url} for name, url in shortcuts.items()],
    }
    response = Response(json.dumps(document, ensure_ascii=False), mimetype="application/manifest+json")
    response.vary.update(("Accept-Language", "Cookie"))
    return response


@pages.get("/photo")
def photo() -> Response:
    """Where a photograph is read instead of the camera."""
    return in_language("photo.html")


@pages.get("/playlist")
def playlist() -> Response:
    """Where one's own playlist is sorted by mood."""
    return in_language("playlist.html")


@pages.get("/player")
def player() -> Response:
    """The document that holds Spotify's player, framed by our pages, with a policy of its own."""
    response = in_language("player.html")
    response.headers["Content-Security-Policy"] = PLAYER_SECURITY_POLICY
    return response


@pages.post(f"/language/<any({', '.join(LANGUAGES)}):code>")
def choose_language(code: str) -> Response:
    """Remember the language chosen by hand, for the next time that a page is loaded."""
    response = Response(status=204)
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def in_language(template: str, **values: object) -> Response:
    """``template`` with its texts and its scripts' configuration, in the language that the browser prefers."""
    language = chosen_language()
    words = services().translations
    page = render_template(
        template,
        language=language,
        languages={code: words[code]["language"] for code in LANGUAGES},
        words=words[language],
        config=services().page_config[language],
        **values,
    )
    response = Response(page)
    response.vary.update(("Accept-Language", "Cookie"))
    return response


@pages.get("/status")
def status() -> str:
    """How the music providers are, for people; /api/v1/providers says the same to programs."""
    language = chosen_language()
    words = words_in(language)
    rows = [
        {
            "label": label_in(words, provider.name),
            "state": provider.state,
            "why": sentence_in(words, provider.name, provider.why) if provider.why else "",
            "action": provider.action,
            "rests_for_s": provider.rests_for_s,
            "served": provider.served,
        }
        for provider in services().music.status()
    ]
    return render_template("status.html", language=language, words=words, rows=rows)


@pages.get("/healthz")
def healthz() -> dict:
    return {"status": "ok"}
