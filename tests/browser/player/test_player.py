"""The player in a real browser, with a stand-in for Spotify's iFrame API: one press plays a queue to its end."""

from __future__ import annotations

import statistics

import pytest
from playwright.sync_api import expect

from tests.browser import steps
from tests.browser.player.bar import embed_log, expect_phase, open_queue, pick, play, played_ids, press, queue_ids
from tests.browser.steps import DEADLINE_MS, OTHER_MOOD, expect_tracks, player_ids

LENGTH_MS = 800
#: What lies between the end of a track and the next one's play at most, by the median: tests run side by side.
MAX_SILENCE_MS = 300


def test_one_press_plays_eight_tracks_to_the_end(visit, shoot):
    page = visit(embed={"length_ms": LENGTH_MS})
    pick(page, "Happy")
    ids = player_ids(page)
    assert len(ids) == 8
    play(page)
    shoot(page, "player-1440-light")
    expect(page.locator("#player .player-words .title")).to_have_text(
        page.locator("#cards .title").nth(7).text_content(), timeout=8 * (LENGTH_MS + 2000)
    )
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused", timeout=DEADLINE_MS)
    assert played_ids(page) == ids
    ends, plays = embed_log(page, "end"), embed_log(page, "play")
    starts = [next(p["at_ms"] for p in plays if p["at_ms"] >= end["at_ms"]) for end in ends[:7]]
    silences = [start - end["at_ms"] for start, end in zip(starts, ends, strict=False)]
    assert statistics.median(silences) <= MAX_SILENCE_MS, silences
    # The frame is one and the same.
    assert page.locator("#player iframe").count() == 1


@pytest.mark.parametrize(
    ("onward", "back"), [("j", "k"), pytest.param("ArrowRight", "ArrowLeft", marks=pytest.mark.full)]
)
def test_keys_play_pause_and_move_on(visit, onward, back):
    page = visit(embed={"length_ms": 600_000})
    pick(page, "Happy")
    ids = queue_ids(page)
    page.locator("#mood").focus()
    page.keyboard.press(" ")
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.keyboard.press(onward)
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[1])
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.keyboard.press(back)
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[0])
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.keyboard.press(" ")
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused")
    expect(page.locator("#player .unseen[role=status]")).to_contain_text("Now playing: ")


@pytest.mark.full
def test_a_track_that_is_gone_is_skipped_and_said(visit):
    page = visit(embed={"length_ms": 600_000, "faults": {"0": "gone"}})
    pick(page, "Happy")
    ids = queue_ids(page)
    press(page, "Play")
    expect(page.locator("#player")).to_contain_text("Spotify did not play", timeout=12_000)
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[1])
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)


@pytest.mark.full
def test_three_tracks_that_fail_stop_the_queue_with_one_notice(visit):
    page = visit(embed={"faults": {"all": "no-update"}})
    pick(page, "Happy")
    ids = queue_ids(page)
    press(page, "Play")
    expect(page.locator("#player")).to_contain_text("Three songs in a row did not play", timeout=35_000)
    expect(page.locator("#player")).to_contain_text("Spotify did not play them.")
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused")
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[2])


@pytest.mark.full
def test_autoplay_refused_leaves_the_queue_and_says_press_play(visit):
    page = visit(embed={"length_ms": 600_000, "faults": {"0": "refused"}}, init=NO_SECOND_PLAY)
    pick(page, "Happy")
    ids = queue_ids(page)
    press(page, "Play")
    expect(page.locator("#player")).to_contain_text("press play", timeout=12_000)
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused")
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[0])
    page.evaluate("window.refuse = false")
    play(page)
    assert played_ids(page) == [ids[0]]


#: As long as the page's `refuse` is true, the stand-in refuses every play.
NO_SECOND_PLAY = "if (window === top) window.refuse = true;"


@pytest.mark.full
@pytest.mark.parametrize("fault", ["silent-end", "ends-early", "ends-late", "last-position", "update-stops"])
def test_however_a_track_ends_the_next_one_plays(visit, fault):
    page = visit(embed={"length_ms": 5000, "faults": {"0": fault}})
    pick(page, "Happy")
    ids = queue_ids(page)
    play(page)
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[1], timeout=DEADLINE_MS)
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)


@pytest.mark.full
def test_a_pause_by_the_listener_a_second_before_the_end_is_no_end(visit):
    page = visit(embed={"length_ms": 3000, "faults": {"0": "listener-pauses"}})
    pick(page, "Happy")
    ids = queue_ids(page)
    play(page)
    expect(page.locator("#player")).to_have_attribute("data-phase", "paused", timeout=DEADLINE_MS)
    page.wait_for_timeout(2500)
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[0])
    press(page, "Play")
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[1], timeout=DEADLINE_MS)


def test_thirty_seconds_are_said_once_with_the_link_to_log_in(visit):
    page = visit(embed={"length_ms": 29_700})
    pick(page, "Happy")
    play(page)
    note = page.locator("#player .player-note")
    expect(note).to_contain_text("30 seconds")
    expect(note.get_by_role("link", name="Log in at Spotify")).to_have_attribute(
        "href", "https://accounts.spotify.com/login"
    )


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.full)])
@pytest.mark.parametrize("width", [320, *(pytest.param(w, marks=pytest.mark.full) for w in (768, 1440))])
def test_the_bar_fits_every_width_and_axe_finds_nothing(visit, check, shoot, width, scheme):
    page = visit(embed={"length_ms": 600_000}, viewport={"width": width, "height": 800}, color_scheme=scheme)
    pick(page, "Happy")
    play(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    bar = page.locator("#player").bounding_box()
    assert bar["y"] + bar["height"] <= 801
    check(page, "playing")
    open_queue(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    shoot(page, f"player-queue-{width}-{scheme}")


def test_the_other_pages_cards_play_in_the_same_bar(visit, server, astronaut_jpeg):
    page = visit(embed={"length_ms": 600_000}, url=f"{server.url.rstrip(chr(47))}/photo")
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": astronaut_jpeg})
    expect_tracks(page)
    page.locator("#cards > [data-id]").nth(1).get_by_role("button", name="Play").click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    assert played_ids(page) == [player_ids(page)[1]]


@pytest.mark.full  # test_follow.py has the plan
def test_a_mood_that_changed_and_held_plans_the_rest_anew_and_cuts_nothing(visit):
    page = visit(embed={"length_ms": 600_000}, init=OTHER_MOOD)
    steps.go_live(page)
    page.get_by_role("switch", name="Follow my mood").check()
    expect(page.locator(".player-list > li").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    play(page)
    first = queue_ids(page)
    page.evaluate("window.pretendFor = 5; window.pretend = 'sad'")
    expect(page.locator("#mood-word")).to_have_text("Sad", timeout=DEADLINE_MS)
    page.wait_for_timeout(500)
    assert queue_ids(page) == first
    page.evaluate("window.pretendFor = 25")
    expect(page.locator(f".player-list [data-id='{first[1]}']")).to_have_count(0, timeout=DEADLINE_MS)
    after = queue_ids(page)
    assert after[0] == first[0]
    assert len(after) == 6
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing")
    # Five are always to come.
    press(page, "Next song")
    expect(page.locator(".player-list > li")).to_have_count(7, timeout=DEADLINE_MS)


@pytest.mark.full
def test_a_player_of_spotifys_that_never_answers_stops_the_queue_with_one_notice(visit):
    page = visit(embed={"never_ready": True})
    pick(page, "Happy")
    ids = queue_ids(page)
    press(page, "Play")
    note = page.locator("#player .player-note")
    expect(note).to_contain_text("Spotify’s player did not answer", timeout=12_000)
    expect(note).to_contain_text("Three songs in a row did not play", timeout=30_000)
    expect(note).to_contain_text("Spotify’s player does not answer")
    expect_phase(page, "paused")
    expect(page.locator(".player-list [aria-current]")).to_have_attribute("data-id", ids[2])


@pytest.mark.full
def test_a_script_of_spotifys_that_is_blocked_is_told_at_once_and_the_queue_stays(visit):
    page = visit(offline_player=True, tolerate=("Failed to load resource", "net::ERR_FAILED", "Expected Spotify"))
    pick(page, "Happy")
    ids = queue_ids(page)
    press(page, "Play")
    expect(page.locator("#player .player-note")).to_contain_text("an extension or a firewall may block it")
    expect_phase(page, "paused")
    assert queue_ids(page) == ids
