"""What makes somebody keep the page open: resting face, mood line, lists that renew, shared links, languages, keys."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    DEADLINE_MS,
    OTHER_MOOD,
    WALL,
    expect_tracks,
    forget_resting_face,
    go_live,
    learn_resting_face,
    open_line,
    pick,
    player_ids,
    settings,
    snap,
)


def test_a_resting_face_that_reads_as_a_mood_reads_neutral_once_it_is_learned(visit, shoot):
    page = visit()
    go_live(page)
    learn_resting_face(page)
    expect(page.locator("#resting")).to_contain_text("Relax your face")
    shoot(page, "resting-1440-light")
    expect(page.locator("#notice")).to_contain_text("Done.", timeout=DEADLINE_MS)
    expect(page.locator("#resting")).to_be_hidden()
    expect(page.locator("#mood-word")).to_have_text("Neutral", timeout=DEADLINE_MS)
    resting = json.loads(page.evaluate("localStorage.getItem('feelharmonic.resting')"))
    assert len(resting) == 7
    assert sum(resting) == pytest.approx(1, abs=0.02)

    page.reload()  # a second visit starts the camera by itself
    expect(page.locator("#mood-word")).to_have_text("Neutral", timeout=DEADLINE_MS)

    forget_resting_face(page)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    assert page.evaluate("localStorage.getItem('feelharmonic.resting')") is None
    with settings(page):
        expect(page.get_by_role("button", name="Forget my resting face")).to_be_hidden()


@pytest.mark.full
def test_a_resting_face_is_not_learned_from_an_empty_chair(visit):
    page = visit(init=WALL)
    go_live(page)
    page.evaluate("window.wall = true")
    expect(page.locator("#notice")).to_contain_text("No face in view", timeout=DEADLINE_MS)
    learn_resting_face(page)
    expect(page.locator("#resting")).to_be_hidden(timeout=DEADLINE_MS)
    expect(page.locator("#notice")).not_to_contain_text("Done.")
    assert page.evaluate("localStorage.getItem('feelharmonic.resting')") is None


def test_the_mood_line_grows_survives_a_reload_is_saved_and_cleared(visit, shoot):
    page = visit(accept_downloads=True)
    expect(page.locator("#line")).to_be_hidden()
    go_live(page)
    open_line(page)
    summary = re.compile(r"^The last .* Happy \d+ %")
    expect(page.locator("#chart")).to_have_attribute("aria-label", summary, timeout=DEADLINE_MS)
    page.wait_for_timeout(2000)  # a line to look at
    shoot(page, "line-1440-light")

    table = list(csv.DictReader(io.StringIO(download(page, "CSV").decode())))
    emotions = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert list(table[0]) == ["time", "mood", *emotions, "valence", "arousal"]
    assert table[-1]["mood"] == "happy"
    assert float(table[-1]["happy"]) > 0.5
    assert float(table[-1]["valence"]) > 0.3
    saved = json.loads(download(page, "JSON"))
    assert saved["emotions"] == emotions
    assert saved["samples"][-1]["mood"] == "happy"
    assert download(page, "PNG").startswith(b"\x89PNG\r\n\x1a\n")

    page.reload()
    open_line(page)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#line")).to_be_hidden()
    page.evaluate("localStorage.removeItem('feelharmonic.way')")
    page.reload()
    expect(page.locator("#allow")).to_be_visible()
    expect(page.locator("#line")).to_be_hidden()


def download(page: Page, kind: str) -> bytes:
    with page.expect_download() as coming:
        page.get_by_role("button", name=f"Save as {kind}").click()
    assert coming.value.suggested_filename == f"feelharmonic-mood.{kind.lower()}"
    return coming.value.path().read_bytes()


def test_a_mood_that_changed_and_held_brings_a_second_list_and_leaves_the_first(visit, shoot, check):
    page = visit(init=OTHER_MOOD)
    go_live(page)
    snap(page)
    first = player_ids(page)
    page.get_by_role("button", name="Start again").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    with settings(page):
        page.get_by_role("switch", name="Offer new tracks").check()
        page.get_by_role("combobox", name="once it has lasted").select_option("20")
    page.evaluate("window.pretendFor = 5; window.pretend = 'sad'")
    expect(page.locator("#mood-word")).to_have_text("Sad", timeout=DEADLINE_MS)
    expect(page.locator("#offer")).to_be_hidden()
    page.evaluate("window.pretendFor = 25")
    expect(page.locator("#offer-title")).to_have_text("Your mood changed: Sad", timeout=DEADLINE_MS)
    expect_tracks(page, "#offer-cards")
    assert player_ids(page) == first
    shoot(page, "renewed-1440-light")
    check(page, "a second list")

    shown = page.get_by_role("button", name="Show songs: Sad")
    shown.click()  # beside the word
    expect(page.locator("#offer .play").first).to_be_focused()

    page.evaluate("window.pretendFor = 3; window.pretend = 'angry'")  # another mood goes on
    expect(page.locator("#offer")).to_be_hidden(timeout=DEADLINE_MS)
    expect(shown).to_be_hidden()
    page.evaluate("window.pretendFor = 25; window.pretend = 'sad'")
    expect(page.locator("#offer")).to_be_visible(timeout=DEADLINE_MS)
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator("#offer")).to_be_hidden()


def card_titles(page) -> list[str]:
    """The cards' titles."""
    return page.locator("#cards .title").all_text_contents()


def test_a_shared_link_brings_the_same_tracks_and_holds_nothing_else(visit, shoot, check):
    page = visit(grants=("camera", "clipboard-read", "clipboard-write"))
    pick(page, "Sad")
    ids = player_ids(page)
    page.get_by_role("button", name="Share this list").click()
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#notice")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.split("#")[1] == f"mood=sad&goal=match&tracks={','.join(ids)}"

    other = visit(url=link)
    expect(other.locator("#tracks-title")).to_have_text("Sad songs, shared with you")
    assert player_ids(other) == ids
    titles = card_titles(page)
    assert len(titles) == len(ids)
    assert card_titles(other) == titles
    expect(other.locator("html")).to_have_attribute("data-mood", "sad")
    shoot(other, "shared-1440-light")
    check(other, "a shared list")


def test_tracks_that_arrive_move_nothing(visit):
    page = visit(
        init="""
        window.shifts = 0;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        """
    )
    go_live(page)
    page.locator("#snap").click()
    expect_tracks(page)
    before = page.evaluate("window.shifts")
    heights = page.locator("#cards").evaluate("list => list.getBoundingClientRect().height")
    page.evaluate("document.getElementById('more').click()")
    page.wait_for_function("() => !document.querySelector('#cards[aria-busy]')", timeout=DEADLINE_MS)
    page.wait_for_timeout(500)
    assert page.locator("#cards").evaluate("list => list.getBoundingClientRect().height") == heights
    assert page.evaluate("window.shifts") == before
    assert before < 0.1  # web.dev's "good"


@pytest.mark.parametrize(
    ("locale", "title"),
    [
        ("de-DE", "Lass dein Gesicht"),
        pytest.param("en-GB", "Let your face", marks=pytest.mark.full),
        pytest.param("fr-FR", "Let your face", marks=pytest.mark.full),
    ],
)
def test_the_browser_chooses_the_language(visit, locale, title):
    page = visit(locale=locale)
    expect(page.get_by_role("heading", level=2).first).to_contain_text(title)


def test_a_language_chosen_by_hand_is_remembered(visit, shoot):
    page = visit()
    page.get_by_role("combobox", name="Language").select_option("de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.reload()
    page.get_by_role("button", name="Fröhlich", exact=True).click()
    expect_tracks(page)
    expect(page.locator("#mood-word")).to_have_text("Fröhlich")
    expect(page.locator("#tracks-title")).to_have_text("Fröhliche Lieder")
    shoot(page, "german-1440-light")


def test_a_language_chosen_out_of_the_servers_reach_comes_later(visit):
    page = visit(tolerate=("net::ERR_FAILED",))
    page.route("**/language/de", lambda route: route.abort())
    page.get_by_role("combobox", name="Language").select_option("de")
    expect(page.locator("#notice")).to_contain_text("Your choice applies the next time the page loads")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.unroute("**/language/de")
    with page.expect_response("**/language/de"):  # as soon as the wire is there
        page.reload()
    page.wait_for_function("localStorage.getItem('feelharmonic.language') === null", timeout=DEADLINE_MS)
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_single_keys_do_what_the_list_under_the_question_mark_says(visit, shoot):
    page = visit()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    shoot(page, "keys-1440-light")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    page.keyboard.press("s")
    expect_tracks(page)
    page.keyboard.press("5")
    expect(page.locator("#tracks-title")).to_have_text("Sad songs", timeout=DEADLINE_MS)
    page.keyboard.press("g")
    expect(page.locator("#tracks-title")).to_have_text("From sad to brighter", timeout=DEADLINE_MS)
    first = player_ids(page)[0]
    page.keyboard.press("m")
    expect(page.locator(f"#cards [data-id='{first}']")).to_have_count(0, timeout=DEADLINE_MS)

    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("switch", name="Use these shortcuts").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("4")
    expect(page.locator("#mood-word")).to_have_text("Sad")


def test_the_page_is_light_before_the_camera_starts(visit, server):
    sizes: list[int] = []
    page = visit(url=f"{server.url}/status")  # has no scripts, so that none is in the browser's cache
    scripts = lambda response: response.url.split("?")[0].endswith(".js")  # noqa: E731
    page.on("response", lambda response: sizes.append(len(response.body())) if scripts(response) else None)
    page.goto(server.url, wait_until="networkidle")
    assert 0 < sum(sizes) <= 150_000
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert paint_ms <= 10_000  # the budget of 1 s is measured by benchmarks.page; this only tells a page that hangs
