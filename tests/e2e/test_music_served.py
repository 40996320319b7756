"""A whole server's music in every async mode, whatever Spotify does."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import requests

from tests.support.serving import MODES, Server
from tests.support.spotify_faults import DRIPS
from tests.support.spotify_stand_in import CLIENT_ID, CLIENT_SECRET, StandIn, song

PROVIDERS = ("spotify-recommendations", "spotify-search", "catalogue")
DEADLINE_S = 20


def served_at(folder: Path, spotify: StandIn, mode: str) -> Server:
    return Server(
        folder,
        ASYNC_MODE=mode,
        PROVIDERS=",".join(PROVIDERS),
        SPOTIFY_CLIENT_ID=CLIENT_ID,
        SPOTIFY_CLIENT_SECRET=CLIENT_SECRET,
        SPOTIFY_API_URL=spotify.api_url,
        SPOTIFY_ACCOUNTS_URL=spotify.url,
    ).start()


@pytest.mark.parametrize("mode", MODES)
def test_whatever_spotify_does_the_page_plays_and_says_from_what(tmp_path, mode):
    """A drip outlives the sockets' timeouts: under green threads too the budget must end it, for everybody."""
    with StandIn([song(number) for number in range(40)]) as spotify:
        server = served_at(tmp_path, spotify, mode)
        try:
            with server.listener() as listener:
                answer = snap(listener, "spotify-search")
                assert answer["note"] == "From Spotify's search. Spotify's recommendations are closed to this app."
                spotify.faults["/v1/search"] = DRIPS
                answer = listener.call("snap", {"emotion": "angry", "n": 4})
                assert (answer["provider"], len(answer["tracks"])) == ("catalogue", 4)
                assert "Spotify's search did not answer in time." in answer["note"]
            with requests.Session() as browser:
                assert "Spotify is connected" in browser.get(f"{server.url}/connect/spotify", timeout=DEADLINE_S).text
                csrf = browser.get(f"{server.url}/api/v1/spotify", timeout=DEADLINE_S).json()["csrf"]
                played = browser.post(
                    f"{server.url}/api/v1/spotify/play",
                    json={"ids": ["1" * 22]},
                    headers={"X-CSRF-Token": csrf},
                    timeout=DEADLINE_S,
                )
                assert (played.json(), spotify.playing) == ({"ok": True}, [f"spotify:track:{'1' * 22}"])
        finally:
            server.stop()
    forms = [request.form for request in spotify.asked("/api/token")]
    codes = [value for form in forms for name, value in form.items() if name in ("code", "code_verifier")]
    assert len(codes) == 2
    for secret in (CLIENT_SECRET, csrf, *codes, *spotify.tokens, *spotify.refresh_tokens):
        assert secret not in server.log()
    assert server.log().count("are closed to this app") == 1


def snap(listener, provider: str) -> dict:
    """Snap until the providers have been tried; the answer."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        answer = listener.call("snap", {"emotion": "happy", "n": 4})
        if answer["provider"] == provider and "being tried" not in answer["note"]:
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.05)
