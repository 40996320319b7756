"""docs/privacy.md, as far as a browser can see it: whom the page talks to, and when."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, expect_tracks, go_live, pick, snap


def test_until_a_track_is_played_the_page_talks_to_its_own_server_alone(visit, server, spotify_embed):
    page = visit()
    hosts: set[str] = set()
    page.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    page.reload()
    go_live(page)
    own = urlsplit(server.url).netloc
    snap(page)
    expect_tracks(page)
    page.wait_for_timeout(500)
    assert hosts == {own}
    asked = len(spotify_embed.asked)
    page.locator("#player").get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    assert hosts - {own} == {"open.spotify.com"}
    # What Spotify itself saw: its script and the track's page, both after the press.
    assert [path.split("/")[2] for path in spotify_embed.asked[asked:]] == ["iframe-api", "track"]


def test_what_was_played_stays_in_this_tab(visit):
    page = visit(embed={"length_ms": 600_000})
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url + str(request.post_data)))
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(str(data))))
    page.reload()
    pick(page, "Sad")
    page.locator("#player").get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    (played,) = page.evaluate("JSON.parse(sessionStorage.getItem('feelharmonic.queue')).recent")
    assert page.evaluate("Object.values(localStorage).join()").find(played) < 0
    assert not [text for text in sent if played in text and "open.spotify.com" not in text]


def test_the_browser_keeps_choices_but_no_picture_and_no_mood_of_earlier_visits(visit):
    page = visit()
    go_live(page)
    snap(page)
    kept = page.evaluate("Object.keys(localStorage).sort()")
    assert set(kept) <= {f"feelharmonic.{name}" for name in ("camera", "keys-use", "renew-on", "renew-after", "way")}
    assert page.evaluate("indexedDB.databases().then((list) => list.length)") == 0
    assert page.context.cookies() == []


def test_a_language_chosen_by_hand_is_the_only_cookie_and_no_script_sees_it(visit):
    page = visit()
    page.get_by_role("combobox", name="Language").select_option("de")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    (cookie,) = page.context.cookies()
    assert (cookie["name"], cookie["value"], cookie["path"]) == ("language", "de", "/")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.getItem('feelharmonic.language')") is None
