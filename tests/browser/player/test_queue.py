"""The player's queue in a real browser: reordered, filled, judged, saved, kept over a reload."""

from __future__ import annotations

import json

from playwright.sync_api import expect

from tests.browser.player.bar import open_queue, pick, play, press, queue_ids
from tests.browser.steps import DEADLINE_MS, player_ids


def test_the_queue_is_reordered_and_emptied_by_keyboard_alone(visit, check):
    page = visit(embed={"length_ms": 600_000})
    pick(page, "Happy")
    ids = queue_ids(page)
    page.locator("#player").get_by_role("button", name="Queue", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator(".player-list [data-kind=move]").nth(2).focus()
    page.keyboard.press("ArrowUp")
    assert queue_ids(page)[:3] == [ids[0], ids[2], ids[1]]
    assert page.evaluate("document.activeElement.closest('li').dataset.id") == ids[2]
    page.keyboard.press("ArrowDown")
    assert queue_ids(page) == ids
    page.locator(".player-list [data-kind=remove]").nth(1).focus()
    page.keyboard.press("Enter")
    assert queue_ids(page) == [ids[0], *ids[2:]]
    assert page.evaluate("document.activeElement.closest('li').dataset.id") == ids[2]
    check(page, "the queue")
    page.keyboard.press("Escape")
    expect(page.locator("#player-queue")).to_be_hidden()


def test_the_queue_is_reordered_by_dragging(visit):
    page = visit()
    pick(page, "Happy")
    ids = queue_ids(page)
    open_queue(page)
    handle = page.locator(".player-list [data-kind=move]").nth(0).bounding_box()
    target = page.locator(".player-list > li").nth(2).bounding_box()
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(target["x"] + 20, target["y"] + target["height"] / 2, steps=5)
    page.mouse.up()
    assert queue_ids(page) == [ids[1], ids[2], ids[0], *ids[3:]]


def test_a_new_list_asks_once_what_becomes_of_a_queue_in_use(visit, check):
    page = visit(embed={"length_ms": 600_000})
    pick(page, "Happy")
    first = queue_ids(page)
    # Untouched, it is replaced without a question.
    pick(page, "Sad")
    expect(page.locator("#tracks-title")).to_have_text("Sad songs", timeout=DEADLINE_MS)
    expect(page.locator(f".player-list [data-id='{first[0]}']")).to_have_count(0)
    second = queue_ids(page)
    play(page)
    page.get_by_role("button", name="Happy", exact=True).click()
    dialog = page.get_by_role("dialog", name="What about your queue?")
    expect(dialog).to_be_visible(timeout=DEADLINE_MS)
    check(page, "the question")
    dialog.get_by_role("button", name="Add them at the end").click()
    expect(page.locator(".player-list > li")).to_have_count(16)
    assert queue_ids(page)[:8] == second
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.locator(".player-list > li")).not_to_have_count(16, timeout=DEADLINE_MS)
    expect(dialog).to_be_hidden()


def test_a_shared_link_opens_with_its_queue_paused(visit, server):
    page = visit()
    pick(page, "Sad")
    ids = player_ids(page)
    other = visit(url=f"{server.url}#mood=sad&goal=match&tracks={','.join(ids)}")
    expect(other.locator("#player")).to_have_attribute("data-phase", "paused", timeout=DEADLINE_MS)
    expect(other.locator(".player-list > li")).to_have_count(len(ids))
    assert queue_ids(other) == ids


def test_the_queue_is_saved_as_m3u_and_jspf(visit):
    page = visit()
    pick(page, "Sad")
    open_queue(page)
    for name, start in (("M3U", b"#EXTM3U\n#EXTINF:-1,"), ("JSPF", b'{\n  "playlist"')):
        with page.expect_download() as coming:
            page.get_by_role("button", name=f"Save the queue as {name}").click()
        assert coming.value.suggested_filename == f"feelharmonic.{name.lower()}"
        assert coming.value.path().read_bytes().startswith(start)


def test_a_reload_keeps_the_queue_paused(visit):
    page = visit(embed={"length_ms": 600_000})
    pick(page, "Happy")
    ids = queue_ids(page)
    play(page)
    press(page, "Next song")
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused", timeout=DEADLINE_MS)
    assert queue_ids(page) == ids
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[1])
    assert not [url for url in asked if "open.spotify.com" in url]
    play(page)


def test_the_map_shows_the_track_of_the_moment_beside_its_target(visit, shoot):
    page = visit(embed={"length_ms": 600_000})
    pick(page, "Happy")
    open_queue(page)
    chart = page.locator("#player .player-map")
    expect(chart.locator(".playing")).to_have_count(1)
    expect(chart.locator(".aim")).to_have_count(1)
    expect(chart.locator(".coming")).to_have_count(7)
    title = page.locator("#player .player-words .title").text_content()
    assert f"{title} is " in chart.get_attribute("aria-label")
    assert "; the target is " in chart.get_attribute("aria-label")
    before = chart.locator(".playing").get_attribute("style")
    press(page, "Next song")
    expect(chart.locator(".coming")).to_have_count(6)
    assert chart.locator(".playing").get_attribute("style") != before


def test_more_like_this_brings_more_after_it_and_not_this_another_in_its_place(visit):
    page = visit()
    pick(page, "Happy")
    ids = queue_ids(page)
    open_queue(page)
    page.locator(".player-list [data-kind=more]").nth(2).click()
    expect(page.locator(".player-list > li")).to_have_count(11, timeout=DEADLINE_MS)
    after = queue_ids(page)
    assert (after[:3], after[6:]) == (ids[:3], ids[3:])
    page.locator(".player-list [data-kind=less]").nth(6).click()
    expect(page.locator(".player-list > li")).to_have_count(11, timeout=DEADLINE_MS)
    expect(page.locator(f".player-list [data-id='{ids[3]}']")).to_have_count(0)
    assert queue_ids(page)[7:] == ids[4:]


def test_a_snap_brings_nothing_that_this_tab_has_played(visit, server):
    page = visit()
    address = f"{server.url.rstrip('/')}/api/v1/tracks?emotion=happy&n=8"
    played = list({track["id"] for _ in range(5) for track in page.request.get(address).json()["tracks"]})
    assert len(played) > 20  # without the rule a list would hold some of them
    stored = json.dumps({"entries": [], "index": -1, "recent": played})
    page.evaluate("text => sessionStorage.setItem('feelharmonic.queue', text)", stored)
    page.reload()
    pick(page, "Happy")
    shown = player_ids(page)
    assert len(shown) >= 5
    assert not set(shown) & set(played)
    assert queue_ids(page) == shown
