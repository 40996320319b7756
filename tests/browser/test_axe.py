"""axe-core finds nothing in any state, light or dark, narrow or wide."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.steps import (
    DEADLINE_MS,
    forget_resting_face,
    go_live,
    keep_on_device,
    learn_resting_face,
    open_line,
    pick,
    refusing,
    settings,
    snap,
)
from tests.support.serving import Server


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_nothing_is_found_on_the_way_through_the_page(visit, check, scheme, width):
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    check(page, "welcome")
    page.get_by_role("button", name="About").click()
    check(page, "about")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    check(page, "keys")
    page.keyboard.press("Escape")
    go_live(page)
    open_line(page)
    with settings(page):
        page.get_by_role("switch", name="Offer new tracks").check()
        check(page, "settings")
    check(page, "live")
    learn_resting_face(page)
    check(page, "learning")
    expect(page.locator("#notice")).to_contain_text("Done.", timeout=DEADLINE_MS)
    check(page, "learned")
    forget_resting_face(page)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    snap(page)
    check(page, "snapped")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("calm me").click()
    expect(page.locator("#path")).to_be_visible(timeout=DEADLINE_MS)
    check(page, "journey")


@pytest.mark.full
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (360, "light")])
def test_nothing_is_found_in_any_moods_colour(visit, check, scheme, width):
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce")
    for mood in ("Angry", "Disgusted", "Scared", "Happy", "Sad", "Surprised", "Neutral"):
        pick(page, mood)
        check(page, f"by hand: {mood}")


@pytest.mark.full
def test_nothing_is_found_where_the_camera_is_refused(visit, check):
    page = visit(init=refusing("NotAllowedError"), reduced_motion="reduce")
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#notice")).to_be_visible()
    check(page, "refused")


@pytest.mark.full
def test_nothing_is_found_while_the_connection_is_lost(visit, check, tmp_path):
    server = Server(tmp_path).start()
    try:
        page = visit(
            url=server.url, tolerate=("WebSocket connection to", "net::ERR_CONNECTION_REFUSED"), reduced_motion="reduce"
        )
        go_live(page)
        server.kill()
        expect(page.locator("#notice")).to_contain_text("Connection lost", timeout=DEADLINE_MS)
        check(page, "lost")
    finally:
        server.kill()


@pytest.mark.full
@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1440, "light")])
def test_nothing_is_found_while_this_device_reads(visit, check, width, scheme):
    page = visit(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        reduced_motion="reduce",
        tolerate=("status of 503", "/device/parts.json, got status 503"),
    )
    keep_on_device(page)
    check(page, "loading the networks")
    expect(page.locator("#device-note")).to_contain_text("No picture leaves it", timeout=3 * DEADLINE_MS)
    check(page, "ready")
    go_live(page)
    check(page, "live on this device")
    keep_on_device(page, False)
    page.context.route("**/device/parts.json", lambda route: route.fulfill(status=503))
    keep_on_device(page)
    expect(page.get_by_role("button", name="Use the server")).to_be_visible(timeout=DEADLINE_MS)
    check(page, "could not be loaded")


@pytest.mark.full
def test_nothing_is_found_in_german(visit, check):
    page = visit(locale="de-DE", reduced_motion="reduce")
    page.get_by_role("button", name="Überrascht", exact=True).click()
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    check(page, "german")


@pytest.mark.full
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_nothing_is_found_on_the_status_page(visit, check, scheme, width):
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.get_by_role("link", name="Where the music comes from").click()
    expect(page.locator(".providers li")).not_to_have_count(0)
    check(page, "status")
