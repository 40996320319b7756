"""Tracks that have an address of their sound: the page's audio element plays them, beside Spotify's in one queue."""

from __future__ import annotations

import io
import json
import re
import wave

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.player.bar import expect_phase, play, played_ids, press
from tests.browser.steps import DEADLINE_MS

RATE_HZ = 8000
SPOTIFY_ID = "0" * 22


def tone(seconds: float) -> bytes:
    """A WAV file of a quiet tone, mono."""
    at_s = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    samples = (2000 * np.sin(2 * np.pi * 440 * at_s)).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE_HZ)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def entry(key: str) -> dict:
    """An entry of the queue: with a number as ``key`` a track of sound on this server, else one of Spotify's."""
    own = {"id": f"own:{key}", "url": "", "audio": f"/music/{key}"}
    known = own if key.isdigit() else {"id": SPOTIFY_ID, "url": f"https://open.spotify.com/track/{SPOTIFY_ID}"}
    return {"track": {"title": f"Song {key}", "artist": "Somebody", "year": None, **known}, "place": None, "why": ""}


def serve(route: Route, sound: bytes | None) -> None:
    """Answers with the part of ``sound`` that is asked for: browsers seek by ranges alone."""
    if sound is None:
        route.fulfill(status=404)
        return
    start = int(re.match(r"bytes=(\d+)-", route.request.headers.get("range", "bytes=0-"))[1])
    headers = {"Content-Range": f"bytes {start}-{len(sound) - 1}/{len(sound)}", "Accept-Ranges": "bytes"}
    route.fulfill(status=206, headers=headers, content_type="audio/wav", body=sound[start:])


@pytest.fixture
def queue(visit):
    """Opens the page with a queue of this tab; ``seconds``: of each sound, None for one that is missing."""

    def open_page(keys: list[str], seconds: float | None = 0.6, **options: object) -> Page:
        page = visit(tolerate=("Failed to load resource",), **options)
        stored = json.dumps({"entries": [entry(key) for key in keys], "index": 0, "recent": []})
        page.evaluate("text => sessionStorage.setItem('feelharmonic.queue', text)", stored)
        sound = None if seconds is None else tone(seconds)
        page.route(re.compile(r"//[^/]+/music/\d$"), lambda route: serve(route, sound))
        page.reload()
        expect_phase(page, "paused")
        return page

    return open_page


def test_one_press_plays_sounds_and_spotifys_tracks_to_the_end(queue):
    page = queue(["1", "a", "2"], embed={"length_ms": 1500})
    play(page)
    expect(page.locator("#player iframe")).to_have_count(0)
    expect(page.locator("#player .player-words .title")).to_have_text("Song 2", timeout=DEADLINE_MS)
    expect_phase(page, "paused")
    assert played_ids(page) == [SPOTIFY_ID]
    assert page.evaluate("JSON.parse(sessionStorage.getItem('feelharmonic.queue')).recent") == [
        "own:1",
        SPOTIFY_ID,
        "own:2",
    ]


def test_the_volume_is_there_where_a_source_takes_one_and_is_remembered(queue):
    page = queue(["1", "a"], seconds=60, embed={"length_ms": 600_000})
    volume = page.get_by_role("slider", name="Volume")
    expect(volume).to_be_hidden()
    play(page)
    volume.fill("30")
    assert page.evaluate("localStorage.getItem('feelharmonic.volume')") == "0.3"
    position = page.get_by_role("slider", name="Position")
    expect(position).to_be_enabled()
    position.fill("40")
    expect(page.locator("#player .player-time")).to_contain_text("0:4")
    press(page, "Next song")
    expect_phase(page, "playing")
    expect(volume).to_be_hidden()
    page.reload()
    press(page, "Previous song")
    play(page)
    expect(volume).to_have_value("30")


@pytest.mark.full
def test_sounds_that_are_missing_are_skipped_and_three_stop_with_one_notice(queue):
    page = queue(["1", "2", "3", "4"], seconds=None)
    press(page, "Play")
    note = page.locator("#player .player-note")
    expect(note).to_contain_text("Three songs in a row did not play", timeout=DEADLINE_MS)
    expect(note).to_contain_text("not found")
    expect_phase(page, "paused")
    expect(page.locator("#player .player-words .title")).to_have_text("Song 3")
