"""Notices stand at what they are about, over no control, with one action, and can be closed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    DEADLINE_MS,
    WALL,
    go_live,
    learn_resting_face,
    pick,
    refusing,
    settings,
)


def covered(page: Page) -> list[str]:
    """The texts of buttons that the notice lies over."""
    return page.evaluate(
        """() => {
          const a = document.getElementById('notice').getBoundingClientRect();
          const controls = [...document.querySelectorAll('button, a, input, select')];
          return controls.filter((e) => e.offsetParent && !e.closest('.notice')).filter((e) => {
            const b = e.getBoundingClientRect();
            return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
          }).map((e) => e.textContent.trim());
        }"""
    )


def test_a_refused_camera_is_told_beside_its_button_and_can_be_tried_again(visit, check):
    page = visit(viewport={"width": 390, "height": 844}, init=refusing("NotReadableError"))
    page.locator("#allow").click()
    notice = page.locator(".mood #notice")
    expect(notice).to_contain_text("another app may be using it")
    assert covered(page) == []
    check(page, "a camera that is in use")
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
    notice.get_by_role("button", name="Try again").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    expect(notice).to_be_hidden()


def test_what_the_picture_lacks_is_told_over_the_picture_and_closed(visit):
    page = visit(init=WALL)
    go_live(page)
    page.evaluate("window.wall = true")
    notice = page.locator(".stage #notice")
    expect(notice).to_contain_text("No face in view", timeout=DEADLINE_MS)
    assert covered(page) == []
    before = page.locator("#snap").bounding_box()
    notice.get_by_role("button", name="Close").click()
    expect(notice).to_be_hidden()
    assert page.locator("#snap").bounding_box() == before


def test_what_the_list_is_about_is_told_at_the_list(visit):
    page = visit(grants=("clipboard-read", "clipboard-write"))
    pick(page, "Sad")
    page.get_by_role("button", name="Share this list").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#tracks #notice")).to_contain_text("Link copied")
    assert covered(page) == []


@pytest.mark.full
def test_what_a_setting_brought_is_told_in_the_sheet(visit):
    page = visit()
    go_live(page)
    learn_resting_face(page)
    expect(page.locator(".stage #notice")).to_contain_text("Done.", timeout=DEADLINE_MS)
    with settings(page):
        page.get_by_role("button", name="Forget my resting face").click()
        expect(page.locator("#settings #notice")).to_contain_text("Deleted")
