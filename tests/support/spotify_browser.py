"""A browser that connects Spotify: its cookies, its login, its requests to our REST paths."""

from __future__ import annotations

from flask import Flask
from flask.testing import FlaskClient

from tests.support.spotify_stand_in import StandIn

HOME = "http://127.0.0.1:8000"
REDIRECT_URI = f"{HOME}/connect/callback"
IDS = [f"{number:022d}" for number in range(3)]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class Browser:
    """One browser at our page's address."""

    def __init__(self, app: Flask, spotify: StandIn):
        self.client: FlaskClient = app.test_client()
        self.spotify = spotify

    def get(self, path: str, base_url: str = HOME, **headers: str):
        return self.client.get(path, base_url=base_url, headers=headers)

    def post(self, path: str, body: object = None, csrf: str | None = None):
        headers = {} if csrf is None else {"X-CSRF-Token": csrf}
        return self.client.post(f"/api/v1/spotify/{path}", base_url=HOME, json=body, headers=headers)

    def login(self) -> dict[str, str]:
        """Go to Spotify and agree; the callback's query."""
        response = self.get("/connect/spotify")
        assert response.status_code == 302
        return self.spotify.agree(response.location)

    def connect(self) -> str:
        """Log in wholly; the CSRF token."""
        response = self.client.get("/connect/callback", base_url=HOME, query_string=self.login())
        assert response.status_code == 200, response.text
        return self.status()["csrf"]

    def status(self) -> dict:
        return self.get("/api/v1/spotify").json

    def cookie(self) -> str | None:
        cookie = self.client.get_cookie("connection", domain="127.0.0.1")
        return cookie and cookie.value


def problem_of(response) -> tuple[int, str]:
    assert response.mimetype == "application/problem+json"
    assert set(response.json) == {"type", "title", "status", "detail", "code", "action"}
    assert response.json["status"] == response.status_code
    return response.status_code, response.json["code"]
