"""A second visit, a reload, a fixed link: the page goes on where the listener was."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, expect_tracks, go_live, pick, player_ids, snap


def test_a_second_visit_goes_straight_to_the_camera(visit):
    page = visit()
    go_live(page)
    second = page.context.new_page()
    second.goto(page.url)
    expect(second.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)


def test_a_camera_that_would_ask_first_is_not_started(launch, visit):
    browser = launch("--use-fake-device-for-media-stream")
    try:
        page = visit(browser, grants=(), init="localStorage.setItem('feelharmonic.way', 'camera')")
        page.wait_for_timeout(500)
        expect(page.locator("#allow")).to_be_visible()
    finally:
        browser.close()


def test_who_chose_by_hand_meets_the_moods_first(visit, shoot):
    page = visit(viewport={"width": 390, "height": 844}, init="localStorage.setItem('feelharmonic.way', 'hand')")
    expect(page.locator("#welcome")).to_be_hidden()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    last = page.locator("#by-hand button").last.bounding_box()
    assert last["y"] + last["height"] <= 844
    shoot(page, "second-visit-by-hand-390")


@pytest.mark.parametrize("way", ["camera", "hand"])
def test_a_reload_brings_list_mood_goal_and_filters_back(visit, way):
    page = visit()
    if way == "camera":
        go_live(page)
        snap(page)
    else:
        pick(page, "Sad")
    page.get_by_text("lift me").click()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("1990s").click()
    page.wait_for_function("() => document.querySelector('#cards[aria-busy]') === null", timeout=DEADLINE_MS)
    expect(page.locator("#path")).to_be_visible(timeout=DEADLINE_MS)
    ids, title = player_ids(page), page.locator("#tracks-title").text_content()
    word, sure = (page.locator(f"#mood-{part}").text_content() for part in ("word", "sure"))

    page.reload()
    expect_tracks(page)
    assert player_ids(page) == ids
    expect(page.locator("#tracks-title")).to_have_text(title)
    expect(page.locator("#mood-word")).to_have_text(word)
    expect(page.locator("#mood-sure")).to_have_text(sure)
    expect(page.get_by_role("radio", name="lift me")).to_be_checked()
    expect(page.locator("#decades input[value='1990']")).to_be_checked()
    expect(page.locator("#path")).to_be_visible()
    expect(page.locator("#welcome")).to_be_hidden()


def test_a_reload_while_the_camera_reads_starts_it_again_above_the_list(visit):
    page = visit()
    pick(page, "Sad")
    ids = player_ids(page)
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    page.reload()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    assert player_ids(page) == ids


@pytest.mark.parametrize(
    ("link", "word", "goal"), [("/?mood=calm&goal=match", "Neutral", "match"), ("/?mood=sad&goal=lift", "Sad", "lift")]
)
def test_a_fixed_link_plays_its_mood(visit, server, link, word, goal):
    page = visit(url=server.url + link, grants=())
    expect_tracks(page)
    expect(page.locator("#mood-word")).to_have_text(word)
    expect(page.locator(f"#goals input[value='{goal}']")).to_be_checked()


def test_a_link_that_names_no_mood_opens_the_first_page(visit, server):
    page = visit(url=server.url + "/?mood=hungry&goal=eat", grants=())
    page.wait_for_timeout(500)
    expect(page.locator("#allow")).to_be_visible()
