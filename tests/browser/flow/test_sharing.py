"""A list is passed on as text or as a picture where a link would open on this computer only."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.steps import expect_tracks, pick, player_ids

NAMES = {
    "en": re.compile(r"^[a-z-]+( [a-z]+)? and [a-z]+( [a-z]+)?, [A-Z][a-z]+day (morning|afternoon|evening|night)$"),
    "de": re.compile(r"^.+ und .+, [A-Z][a-zäöüß]+(morgen|nachmittag|abend|nacht)$"),
}


@pytest.mark.parametrize("locale", ["en", pytest.param("de", marks=pytest.mark.full)])
def test_every_list_has_a_name_of_its_own(visit, locale):
    page = visit(locale=locale)
    page.locator("#by-hand button[data-emotion=happy]").click()
    expect_tracks(page)
    name = page.locator("#tracks-name")
    expect(name).to_have_text(NAMES[locale])
    first = name.text_content()
    page.locator("#more").click()
    expect(name).not_to_have_text(first)
    expect(name).to_have_text(NAMES[locale])


def test_on_this_machine_the_list_goes_as_text(visit, check):
    page = visit(grants=("clipboard-read", "clipboard-write"))
    pick(page, "Sad")
    page.get_by_role("button", name="Share this list").click()
    expect(page.locator("#share-panel")).to_contain_text("opens on this computer only")
    check(page, "the ways of sharing")
    page.get_by_role("button", name="Copy as text").click()
    expect(page.locator("#notice")).to_contain_text("List copied as text")
    text = page.evaluate("navigator.clipboard.readText()")
    assert text.startswith("Sad songs (")
    assert "127.0.0.1" not in text
    assert re.findall(r"open\.spotify\.com/track/(\w+)", text) == player_ids(page)


def test_the_picture_wears_the_moods_colour_and_shows_no_face(visit):
    page = visit(accept_downloads=True)
    pick(page, "Sad")
    page.get_by_role("button", name="Share this list").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save a picture").click()
    assert coming.value.suggested_filename == "feelharmonic.png"
    picture = cv2.imdecode(np.frombuffer(coming.value.path().read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (1080, 1080, 3)
    assert tuple(picture[2, 2]) == (0xF5, 0xA8, 0x5A)  # the sad glow, blue first
    assert (picture < 60).all(axis=2).any(), "words in ink"
