"""From a mood to sound in two acts, and one primary action at a time."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS, go_live, pick, settings

SIZES = [(390, 844), *(pytest.param(size, marks=pytest.mark.full) for size in ((844, 390), (1366, 768)))]


def visit_at(visit, size: tuple[int, int], **options: object) -> Page:
    return visit(viewport={"width": size[0], "height": size[1]}, **options)


def first_play(page: Page):
    return page.locator("#cards .play").first


def expect_ready(page: Page, height: int) -> None:
    """The first track's button has the keyboard, is on the screen, and nothing covers it."""
    expect(first_play(page)).to_be_focused(timeout=DEADLINE_MS)
    box = first_play(page).bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
    assert first_play(page).evaluate(
        """(button) => {
          const { left, top, width, height } = button.getBoundingClientRect();
          return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }"""
    )


def expect_sound(page: Page) -> None:
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)


@pytest.mark.parametrize("size", SIZES)
def test_from_a_granted_camera_to_sound_in_two_acts(visit, shoot, size):
    page = visit_at(visit, size, embed={"length_ms": 600_000})
    go_live(page)
    snap = page.get_by_role("button", name="Play this mood")
    box = snap.bounding_box()
    assert box["y"] + box["height"] <= size[1], "the button is on the first screen"
    snap.click()  # the first act
    expect_ready(page, size[1])
    strip = page.locator("#hero").bounding_box()
    assert strip["height"] <= 140
    assert page.locator("#still").bounding_box()["height"] <= 140
    expect(page.locator("#mood-word")).to_have_text("Happy")
    expect(page.locator("#mood-sure")).to_contain_text("% sure")
    shoot(page, f"acts-{size[0]}")
    page.keyboard.press("Enter")  # the second
    expect_sound(page)


@pytest.mark.parametrize("size", SIZES)
def test_by_hand_to_sound_in_two_acts(visit, size):
    page = visit_at(visit, size, embed={"length_ms": 600_000}, grants=())
    page.get_by_role("button", name="Sad", exact=True).click()
    expect_ready(page, size[1])
    first_play(page).click()
    expect_sound(page)


def test_each_state_has_one_primary_action(visit):
    page = visit()
    primary = page.locator("main button.main:visible")
    expect(primary).to_have_text("Allow the camera")
    go_live(page)
    expect(primary).to_have_text("Play this mood")
    primary.click()
    expect(first_play(page)).to_be_focused(timeout=DEADLINE_MS)
    expect(primary).to_have_count(0)  # the first track's button is the next act


def test_a_mood_that_was_read_wrong_is_changed_beside_its_word(visit):
    page = visit()
    go_live(page)
    moods = page.locator("#by-hand")
    expect(moods).to_be_hidden()
    page.get_by_role("button", name="Not right? Change it").click()
    expect(moods).to_be_visible()
    pick(page, "Surprised")
    expect(page.locator("#mood-word")).to_have_text("Surprised")


def test_what_is_set_once_is_in_one_sheet(visit, check):
    page = visit()
    go_live(page)
    with settings(page):
        sheet = page.locator("#settings")
        for control in ("#device-on", "#group-on", "#rest-teach", "#renew-on"):
            expect(sheet.locator(control)).to_be_visible()
        check(page, "the sheet of settings")
    header = page.locator("header")
    expect(header.get_by_role("link", name="Photo")).to_be_visible()
    expect(header.get_by_role("link", name="Playlist")).to_be_visible()
