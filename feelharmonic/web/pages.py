"""The page, its headers, and the word that the server lives."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Flask, Response, current_app, render_template

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
}


def bind(app: Flask, params: Params) -> None:
    """Put the page and the headers of every answer on ``app``."""
    app.config["FEELHARMONIC_PAGE"] = page_config(params)
    app.register_blueprint(pages)
    app.after_request(_with_headers)


def page_config(params: Params) -> dict:
    """What the page is told of emotion_params.json: each emotion's name and colours, and the goals."""
    return {
        "emotions": [
            {"name": name, "label": name.capitalize(), "colour": asdict(emotion.colour)}
            for name, emotion in params.emotions.items()
        ],
        "goals": list(GOALS),
    }


@pages.get("/")
def index() -> str:
    return render_template("index.html", config=current_app.config["FEELHARMONIC_PAGE"])


@pages.get("/healthz")
def healthz() -> dict:
    return {"status": "ok"}


def _with_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response
