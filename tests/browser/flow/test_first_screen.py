"""The first screen: one headline, the camera's button high up, seven moods in their colours, and little moves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.serving import Server

MAX_BUTTON_BOTTOM_PX = 400
MAX_LAYOUT_SHIFT = 0.05
SHIFTS = """
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.shifts += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
"""


@pytest.mark.parametrize("locale", ["en", pytest.param("de", marks=pytest.mark.full)])
def test_the_camera_button_is_within_the_first_400_px_of_a_phone(visit, locale, shoot):
    page = visit(viewport={"width": 390, "height": 844}, locale=locale, init=SHIFTS)
    expect(page.locator("#by-hand button")).to_have_count(7)
    box = page.locator("#allow").bounding_box()
    assert box["y"] + box["height"] <= MAX_BUTTON_BOTTOM_PX
    expect(page.locator("#welcome #welcome-where")).to_be_visible()
    expect(page.locator("#welcome dl")).to_be_hidden()
    expect(page.locator(".frame #device-on")).to_be_visible()
    page.wait_for_timeout(500)
    shoot(page, f"first-screen-390-{locale}")
    assert page.evaluate("window.shifts") <= MAX_LAYOUT_SHIFT


def test_details_say_what_happens_to_pictures(visit):
    page = visit()
    page.locator("#welcome summary").click()
    for part in ("What is read", "Pictures are read and discarded", "Not for use at work"):
        expect(page.locator("#welcome dl")).to_contain_text(part)
    expect(page.locator("#welcome dl")).to_be_visible()


def test_there_is_one_headline_and_each_mood_has_its_own_colour(visit):
    page = visit(viewport={"width": 1366, "height": 768})
    sizes = page.locator("h1:not(.unseen), h2, .word").evaluate_all(
        "all => all.filter((e) => e.offsetParent).map((e) => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert sum(size > 24 for size in sizes) == 1
    tiles = page.locator("#by-hand button")
    expect(tiles).to_have_count(7)
    colours = tiles.evaluate_all("all => all.map((e) => getComputedStyle(e).backgroundColor)")
    assert len(set(colours)) == 7
    card, first = page.locator(".frame").bounding_box(), tiles.first.bounding_box()
    assert first["x"] >= card["x"] + card["width"]
    assert max(tile.bounding_box()["y"] + tile.bounding_box()["height"] for tile in tiles.all()) <= 768


def test_pages_of_another_machine_keep_pictures_on_the_device(launch, visit, tmp_path):
    server = Server(tmp_path, ALLOWED_HOSTS="music.example").start()
    browser = launch("--host-resolver-rules=MAP music.example 127.0.0.1")
    try:
        page = visit(browser=browser, url=server.url.replace("127.0.0.1", "music.example"), grants=())
        expect(page.locator("#device-on")).to_be_checked()
        expect(page.locator("#welcome-here")).to_be_visible()
    finally:
        browser.close()
        server.kill()
