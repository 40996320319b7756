"""The journal: off until switched on, in this browser alone, as pictures, saved and erased by one press."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS, expect_tracks, go_live, pick, player_ids, settings, snap

NAME = "feelharmonic-journal"
#: A day with two moods, tracks played within it, one liked. Minutes are of the day on which the test runs.
PAST = """
    async () => {
      const open = indexedDB.open('feelharmonic-journal', 1);
      const database = await new Promise((done) => { open.onsuccess = () => done(open.result); });
      const now = Math.floor(Date.now() / 60000);
      const track = { id: '60nZcImufyMA1MKQY3dcCH', title: 'Happy', artist: 'Pharrell Williams', year: 2013,
        url: 'https://open.spotify.com/track/60nZcImufyMA1MKQY3dcCH' };
      const all = database.transaction(['minutes', 'plays', 'judged'], 'readwrite');
      const midnight = Math.floor(new Date().setHours(0, 0, 0, 0) / 60000);
      for (let i = 0; i < 10; i += 1) {
        const mood = i < 5 ? 'sad' : 'happy';
        const valence = i < 5 ? -30 : 30;
        all.objectStore('minutes').put({ minute: midnight + i, moods: { [mood]: 50 }, valence, seconds: 50 });
      }
      all.objectStore('plays').put({ at_ms: (midnight + 4) * 60000, track, emotion: 'sad', goal: 'lift' });
      all.objectStore('judged').put({ id: track.id, track, like: true, at_ms: Date.now() });
      await new Promise((done) => { all.oncomplete = done; });
      database.close();
    }
"""


READ = """
    async (name) => {
      const open = indexedDB.open('feelharmonic-journal', 1);
      const database = await new Promise((done) => { open.onsuccess = () => done(open.result); });
      const all = database.transaction(name).objectStore(name).getAll();
      const entries = await new Promise((done) => { all.onsuccess = () => done(all.result); });
      database.close();
      return entries;
    }
"""


def switch_on(page: Page) -> None:
    with settings(page):
        page.locator("#journal-on").check()


def open_journal(page: Page) -> None:
    page.locator("#settings-open").click()
    page.get_by_role("button", name="Open the journal").click()
    expect(page.locator("#journal")).to_be_visible(timeout=DEADLINE_MS)


def stored(page: Page, name: str, least: int) -> list[dict]:
    """What the journal holds under ``name``, once there are as many entries."""
    for _ in range(100):
        entries = page.evaluate(READ, name)
        if len(entries) >= least:
            return entries
        page.wait_for_timeout(200)
    raise AssertionError(f"{name}: expected {least} entries, got {entries}")


def names(page: Page) -> list[str]:
    return page.evaluate("indexedDB.databases().then((all) => all.map(({ name }) => name))")


def test_it_is_off_until_switched_on_and_then_holds_moods_tracks_and_judgements(visit):
    page = visit(embed={"length_ms": 600_000})
    go_live(page)
    assert names(page) == []
    switch_on(page)
    page.wait_for_function("""() => indexedDB.databases().then((all) => all.length === 1)""", timeout=DEADLINE_MS)
    (minute, *_) = stored(page, "minutes", 1)
    assert set(minute["moods"]) == {"happy"}
    assert 0 < minute["seconds"] <= 60
    snap(page)
    ids = player_ids(page)
    page.locator("#cards .play").first.click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.locator("#cards .card").nth(1).get_by_role("button", name="Not this").click()
    assert [entry["track"]["id"] for entry in stored(page, "plays", 1)] == [ids[0]]
    assert [(entry["id"], entry["like"]) for entry in stored(page, "judged", 1)] == [(ids[1], False)]


def test_nothing_of_it_is_sent(visit):
    page = visit(embed={"length_ms": 600_000})
    switch_on(page)
    pick(page, "Sad")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + str(request.post_data)))
    page.locator("#cards .play").first.click()
    stored(page, "plays", 1)
    open_journal(page)
    page.wait_for_timeout(300)
    # The player's own frame and its status hold nothing of the journal.
    known = ("/static/", "/player", "/api/v1/spotify", "open.spotify.com")
    asked = [text for text in sent if not any(part in text for part in known)]
    assert not asked, asked


@pytest.mark.full
def test_what_was_not_wanted_stays_away_on_the_next_visit(visit):
    page = visit()
    switch_on(page)
    pick(page, "Sad")
    unwanted = player_ids(page)[0]
    page.locator("#cards .card").first.get_by_role("button", name="Not this").click()
    stored(page, "judged", 1)
    sent: list[str] = []
    second = page.context.new_page()
    second.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data))))
    second.goto(page.url)
    pick(second, "Sad")
    assert unwanted not in player_ids(second)
    assert any("feedback" in data and unwanted in data for data in sent)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), pytest.param(1440, "dark", marks=pytest.mark.full)])
def test_it_shows_day_week_and_what_lifted_the_listener(visit, check, shoot, width, scheme):
    page = visit(viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True)
    switch_on(page)
    open_journal(page)
    expect(page.locator("#journal")).to_contain_text("Nothing yet")
    page.keyboard.press("Escape")
    page.evaluate(PAST)
    page.keyboard.press("Escape")
    open_journal(page)
    journal = page.locator("#journal")
    expect(journal.get_by_role("img").first).to_have_attribute("aria-label", "Today: Sad 100 %")
    expect(journal.locator(".journal-row")).to_have_count(7)
    for heading in ("What lifted me", "Songs I liked"):
        expect(journal.get_by_role("heading", name=heading)).to_be_visible()
    expect(journal.locator(".journal-tracks li")).to_have_count(2)
    shoot(page, f"journal-{width}-{scheme}")
    check(page, "the journal")
    with page.expect_download() as coming:
        page.get_by_role("button", name="Save as a file").click()
    saved = json.loads(coming.value.path().read_text())
    assert len(saved["minutes"]) == 10
    page.get_by_role("button", name="Erase everything").click()
    expect(journal).to_contain_text("Nothing yet")
    assert NAME not in names(page)


def test_the_fixed_link_resumes_what_played_last(visit, server):
    page = visit(embed={"length_ms": 600_000})
    switch_on(page)
    pick(page, "Surprised")
    ids = player_ids(page)
    page.locator("#cards .play").first.click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    stored(page, "kept", 1)
    later = page.context.new_page()
    later.goto(f"{server.url}/?resume")
    expect_tracks(later)
    assert player_ids(later) == ids
    expect(later.locator("#mood-word")).to_have_text("Surprised")
