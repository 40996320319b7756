"""The player with a connected Spotify account: the queue as a private playlist, and one's own device plays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.browser.player.bar import expect_phase, open_queue, pick, press, queue_ids

LENGTH_S = 200.0
PAUSE = ("playback", {"action": "pause", "value": 0})


class Device:
    """Answers /api/v1/spotify… as the server does for a connected account, whose device plays what it is told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, object]] = []
        self.id = ""
        self.playing = False
        self.active = True

    def __call__(self, route: Route) -> None:
        action = route.request.url.rsplit("/", 1)[1]
        if action == "spotify":
            route.fulfill(json={"available": True, "connected": True, "connect_url": "/connect/spotify", "csrf": "t"})
            return
        assert route.request.headers["x-csrf-token"] == "t"
        if action == "playback" and route.request.method == "GET":
            route.fulfill(json=self.state())
            return
        wish = route.request.post_data_json
        self.asked.append((action, wish))
        if not self.active:
            problem = {"title": "Nothing plays.", "detail": "Start a song.", "status": 409, "code": "no_device"}
            route.fulfill(status=409, json=problem, content_type="application/problem+json")
            return
        if action == "play":
            self.id, self.playing = wish["ids"][0], True
        elif action == "playback":
            self.playing = wish["action"] == "resume" or (self.playing and wish["action"] != "pause")
        route.fulfill(json={"ok": True, "url": "https://open.spotify.com/playlist/x"})

    def state(self) -> dict:
        return {"ids": [self.id], "playing": self.playing, "position_s": 3.0, "duration_s": LENGTH_S, "volume": 0.5}


def connected(visit, device: Device) -> Page:
    page = visit(embed={"length_ms": 600_000}, tolerate=("status of 409",))
    page.context.route("**/api/v1/spotify", device)
    page.context.route("**/api/v1/spotify/*", device)
    page.reload()
    pick(page, "Happy")
    open_queue(page)
    return page


def is_command(response: Response) -> bool:
    return response.request.method == "POST"


def test_the_queue_becomes_a_private_playlist_and_plays_on_the_listeners_device(visit, check):
    device = Device()
    page = connected(visit, device)
    ids = queue_ids(page)
    check(page, "connected")
    page.locator("#player").get_by_role("button", name="Save at Spotify").click()
    expect(page.locator("#player .player-account .note")).to_contain_text("Saved as a private playlist: Feelharmonic, ")
    ((action, wish),) = device.asked
    assert (action, wish["ids"]) == ("playlist", ids)
    page.get_by_role("combobox", name="Spotify’s songs play").select_option("device")
    press(page, "Play")
    expect_phase(page, "playing")
    assert device.asked[1:] == [("play", {"ids": ids[:1]})]
    expect(page.get_by_role("slider", name="Volume")).to_be_visible()
    expect(page.locator("#player iframe")).to_have_count(0)
    with page.expect_response(is_command):
        press(page, "Pause")
    expect_phase(page, "paused")
    assert device.asked[-1] == PAUSE
    press(page, "Next song")
    press(page, "Play")
    expect_phase(page, "playing")
    assert device.asked[-1] == ("play", {"ids": ids[1:2]})
    # Back on the page: the device falls silent, the embed plays on.
    with page.expect_response(is_command):
        page.get_by_role("combobox", name="Spotify’s songs play").select_option("page")
    expect(page.locator("#player iframe")).to_have_count(1)
    expect_phase(page, "playing")
    assert device.asked[-1] == PAUSE


@pytest.mark.full
def test_a_listener_without_an_active_device_is_told_and_keeps_the_queue(visit):
    device = Device()
    device.active = False
    page = connected(visit, device)
    ids = queue_ids(page)
    page.get_by_role("combobox", name="Spotify’s songs play").select_option("device")
    press(page, "Play")
    expect(page.locator("#player .player-note")).to_contain_text("No Spotify device of yours is active")
    expect_phase(page, "paused")
    assert queue_ids(page) == ids
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[0])
