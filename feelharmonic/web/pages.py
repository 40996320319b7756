"""The page, its headers, and the word that the server lives."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, render_template, request

from feelharmonic.messages import GOALS
from feelharmonic.params import Params

pages = Blueprint("pages", __name__)

#: Nothing but our own files and Spotify's player frame; no inline script or style anywhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "worker-src 'self'",
        "connect-src 'self'",
        "frame-src https://open.spotify.com",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Permissions-Policy": (
        'camera=(self), microphone=(), geolocation=(), autoplay=(self "https://open.spotify.com"), '
        'encrypted-media=(self "https://open.spotify.com")'
    ),
    # Spotify's player checks where it is embedded: it learns the origin, nobody learns more.
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}


#: The languages that static/messages/ holds, the first for browsers that ask for none of them.
LANGUAGES = ("en", "de")

#: The language chosen by hand, remembered for a year. No script reads it.
LANGUAGE_COOKIE = "language"
YEAR_S = 31_536_000


def bind(app: Flask, params: Params, *, on_device: str = "offer") -> None:
    """Put the page and the headers of every answer on ``app``."""
    words = {code: read_words(Path(app.root_path), code) for code in LANGUAGES}
    app.config["FEELHARMONIC_WORDS"] = words
    app.config["FEELHARMONIC_PAGES"] = {code: page_config(params, words[code], on_device) for code in LANGUAGES}
    app.register_blueprint(pages)
    app.after_request(_with_headers)


def read_words(root: Path, language: str) -> dict[str, str]:
    """Every text of the page in ``language``, by its key."""
    return json.loads((root / "static" / "messages" / f"{language}.json").read_text(encoding="utf-8"))


def page_config(params: Params, words: dict[str, str], on_device: str) -> dict:
    """What the page is told: each emotion's name, label and colours, the goals, who may read faces, and its texts."""
    return {
        "emotions": [
            {"name": name, "label": words[f"emotion.{name}"], "colour": asdict(emotion.colour)}
            for name, emotion in params.emotions.items()
        ],
        "goals": list(GOALS),
        "on_device": on_device,
        "words": words,
    }


@pages.get("/")
def index() -> Response:
    return in_language("index.html")


@pages.get("/photo")
def photo() -> Response:
    """Where a photograph is read instead of the camera."""
    return in_language("photo.html")


@pages.get("/playlist")
def playlist() -> Response:
    """Where one's own playlist is sorted by mood."""
    return in_language("playlist.html")


@pages.post(f"/language/<any({', '.join(LANGUAGES)}):code>")
def choose_language(code: str) -> Response:
    """Remember the language chosen by hand, for the next time that a page is loaded."""
    response = Response(status=204)
    response.set_cookie(LANGUAGE_COOKIE, code, max_age=YEAR_S, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def in_language(template: str, **told: object) -> Response:
    """``template`` with its texts and what its scripts are told, in the language that the browser wants."""
    language = chosen_language()
    words = current_app.config["FEELHARMONIC_WORDS"]
    page = render_template(
        template,
        language=language,
        languages={code: words[code]["language"] for code in LANGUAGES},
        words=words[language],
        config=current_app.config["FEELHARMONIC_PAGES"][language],
        **told,
    )
    response = Response(page)
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def words_in(language: str) -> dict[str, str]:
    """Every text in ``language``, which is one of LANGUAGES."""
    return current_app.config["FEELHARMONIC_WORDS"][language]


def chosen_language() -> str:
    """The language picked by hand, else the best of those that the browser asks for."""
    by_hand = request.cookies.get(LANGUAGE_COOKIE)
    return by_hand if by_hand in LANGUAGES else request.accept_languages.best_match(LANGUAGES, LANGUAGES[0])


@pages.get("/healthz")
def healthz() -> dict:
    return {"status": "ok"}


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
