"""What a listener says to the music: wishes, more like this, not this, a journey to see, an account to save it in."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Route, expect

from feelharmonic.music.catalogue.shipped import ShippedTracks
from tests.browser.steps import DEADLINE_MS, expect_tracks, pick, player_ids


@pytest.fixture(scope="session")
def years() -> dict[str, int]:
    table = ShippedTracks()
    return dict(zip(table.ids(), table.year.tolist(), strict=True))


def test_a_journey_is_drawn_as_a_path_and_a_list_that_matches_is_not(visit, shoot):
    page = visit()
    pick(page, "Sad")
    expect(page.locator("#path")).to_be_hidden()
    page.get_by_text("lift me").click()
    expect(page.locator("#path")).to_be_visible(timeout=DEADLINE_MS)
    expect(page.locator("#path .step")).to_have_count(page.locator("#cards > [data-id]").count())
    summary = page.locator("#path").get_attribute("aria-label")
    start, end = map(int, re.search(r"valence from (\d+) to (\d+)", summary).groups())
    assert end > start
    shoot(page, "journey-1440-light")
    page.get_by_text("match my mood").click()
    expect(page.locator("#path")).to_be_hidden(timeout=DEADLINE_MS)


def test_wishes_are_kept_by_every_track(visit, shoot, years):
    page = visit()
    pick(page, "Happy")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("1990s").click()
    page.get_by_text("2000s").click()
    expect(page.locator("#cards")).not_to_have_attribute("aria-busy", "true", timeout=DEADLINE_MS)
    shoot(page, "wishes-1440-light")
    got = [years[track_id] for track_id in player_ids(page)]
    assert got
    assert all(1990 <= year < 2010 for year in got), got


def test_not_this_takes_the_card_away_and_more_like_this_is_told(visit):
    sent: list[str] = []
    page = visit()
    page.on(
        "websocket",
        lambda socket: socket.on("framesent", lambda data: sent.append(data) if "feedback" in str(data) else None),
    )
    page.reload()
    pick(page, "Happy")
    ids = player_ids(page)
    first, second = (page.locator("#cards .card").nth(i) for i in range(2))
    title = second.locator(".title").text_content()
    second.get_by_role("button", name="More like this").click()
    # A similar track comes in behind it, and says why.
    similar = page.locator(f"#cards [data-id='{ids[1]}'] + .card")
    expect(similar.locator(".why")).to_have_text(f"like “{title}”", timeout=DEADLINE_MS)
    expect(page.locator("#cards > [data-id]")).to_have_count(len(ids) + 1)
    expect(second.get_by_role("button", name="More like this")).to_have_attribute("aria-pressed", "true")
    first.get_by_role("button", name="Not this").click()
    expect(page.locator(f"#cards [data-id='{ids[0]}']")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('.card').dataset.id") == ids[1]
    # Another track fills the hole.
    expect(page.locator("#cards > [data-id]")).to_have_count(len(ids) + 1, timeout=DEADLINE_MS)
    assert page.locator("#cards > li").first.get_attribute("data-id") not in ids
    assert page.evaluate("document.activeElement.closest('.card').dataset.id") == ids[1]
    page.wait_for_timeout(300)
    told = [json.loads(data[data.index("[") :])[1] for data in sent]
    assert told == [{"id": ids[1], "like": True}, {"id": ids[0], "like": False}]
    page.get_by_role("button", name="More tracks").click()
    expect(page.locator(f"#cards [data-id='{ids[2]}']")).to_have_count(0, timeout=DEADLINE_MS)
    assert ids[0] not in player_ids(page)


class AccountStandIn:
    """Answers /api/v1/spotify as the server does for an account that is connected, until it is disconnected."""

    def __init__(self) -> None:
        self.connected = True
        self.asked: list[tuple[str, object]] = []

    def __call__(self, route: Route) -> None:
        action = route.request.url.rsplit("/", 1)[1]
        if action == "spotify":
            status = {"available": True, "connected": self.connected, "connect_url": "/connect/spotify", "csrf": "t"}
            route.fulfill(json=status)
            return
        assert route.request.headers["x-csrf-token"] == "t"
        self.asked.append((action, route.request.post_data_json))
        if action == "play":
            problem = {"title": "Nothing plays.", "detail": "Start a song.", "status": 409, "code": "no_device"}
            route.fulfill(status=409, json=problem, content_type="application/problem+json")
            return
        self.connected = action != "disconnect"
        route.fulfill(status=201 if action == "playlist" else 200, json={"url": "https://open.spotify.com/playlist/x"})


def test_a_connected_account_saves_the_tracks_shown_and_is_forgotten_on_request(visit, shoot, check):
    account = AccountStandIn()
    page = visit(tolerate=("status of 409",))
    page.context.route("**/api/v1/spotify", account)
    page.context.route("**/api/v1/spotify/*", account)
    page.reload()
    pick(page, "Happy")
    page.get_by_role("button", name="Save as playlist").click()
    expect(page.locator("#notice")).to_contain_text("Saved as a private playlist: Happy songs")
    assert account.asked == [("playlist", {"name": "Happy songs · Feelharmonic", "ids": player_ids(page)})]
    shoot(page, "connected-1440-light")
    check(page, "connected")
    page.get_by_role("button", name="Play in Spotify").click()
    expect(page.locator("#notice")).to_contain_text("No Spotify player is active")
    page.get_by_role("button", name="Add to the queue").click()
    expect(page.locator("#notice")).to_contain_text("in Spotify’s queue")
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("link", name="Connect Spotify")).to_have_attribute("href", "connect/spotify")


def test_without_an_app_at_spotify_nothing_of_accounts_is_shown(visit):
    page = visit()
    pick(page, "Happy")
    expect_tracks(page)
    expect(page.locator("#account")).to_be_hidden()
