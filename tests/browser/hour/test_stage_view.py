"""The stage view: colour, word and track; the screen stays awake while music plays; still where motion is unwanted."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS, go_live, pick

#: Counts the locks that are held, as a browser with the Wake Lock API would.
WAKE_LOCK = """
    window.held = 0;
    Object.defineProperty(navigator, 'wakeLock', { value: {
      request: async (kind) => {
        window.held += 1;
        return { kind, release: async () => { window.held -= 1; } };
      },
    } });
"""


def opened(visit, **options: object) -> Page:
    page = visit(init=WAKE_LOCK, embed={"length_ms": 600_000}, **options)
    pick(page, "Sad")
    page.get_by_role("button", name="Stage view").click()
    expect(page.locator("#stage-view")).to_be_visible(timeout=DEADLINE_MS)
    return page


def held(page: Page, count: int) -> None:
    page.wait_for_function("count => window.held === count", arg=count, timeout=DEADLINE_MS)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_it_shows_colour_word_and_track_alone(visit, check, shoot, width, scheme):
    page = opened(visit, viewport={"width": width, "height": 800}, color_scheme=scheme)
    view = page.locator("#stage-view")
    title = page.locator("#cards .title").first.text_content()
    expect(view.locator("p")).to_have_text(
        ["Sad", f"{title} – {page.locator('#cards .by').first.text_content().split(' · ')[0]}"]
    )
    expect(view.get_by_role("button")).to_have_count(1)
    box = view.bounding_box()
    assert (box["width"], box["height"]) == (width, 800)
    shoot(page, f"stage-view-{width}-{scheme}")
    check(page, "the stage view")
    page.keyboard.press("Escape")
    page.evaluate("document.exitFullscreen?.().catch(() => undefined)")
    expect(view).to_be_hidden()


def test_the_screen_stays_awake_while_music_plays_in_it(visit):
    page = opened(visit)
    assert page.evaluate("window.held") == 0
    page.keyboard.press(" ")
    held(page, 1)
    page.keyboard.press(" ")
    held(page, 0)
    page.keyboard.press(" ")
    held(page, 1)
    page.locator("#stage-view").get_by_role("button", name="Close").click()
    held(page, 0)
    # The music goes on.
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing")


@pytest.mark.full
def test_it_breathes_with_the_mood_and_stands_still_where_motion_is_unwanted(visit):
    moving = opened(visit, reduced_motion="no-preference")
    orb = "getComputedStyle(document.querySelector('.stage-orb'))"
    assert moving.evaluate(f"{orb}.animationName") == "breathe"
    sad_s = float(moving.evaluate(f"{orb}.animationDuration").rstrip("s"))
    still = opened(visit, reduced_motion="reduce")
    assert still.evaluate(f"{orb}.animationName") == "none"
    still.locator("#stage-view").get_by_role("button", name="Close").click()
    assert 3 <= sad_s <= 9


def test_it_follows_the_camera(visit):
    page = visit(init=WAKE_LOCK)
    go_live(page)
    page.get_by_role("button", name="Stage view").click()
    expect(page.locator("#stage-view .stage-word")).to_have_text("Happy", timeout=DEADLINE_MS)
