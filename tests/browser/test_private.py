"""docs/privacy.md, as far as a browser can see it: whom the page talks to, and when."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, go_live, snap


def test_until_tracks_show_the_page_talks_to_its_own_server_alone(visit, server):
    page = visit()
    hosts: set[str] = set()
    page.context.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.on("websocket", lambda socket: hosts.add(urlsplit(socket.url).netloc))
    page.reload()
    go_live(page)
    own = urlsplit(server.url).netloc
    assert hosts == {own}
    snap(page)
    expect(page.locator("#cards iframe").first).to_be_visible(timeout=DEADLINE_MS)
    page.wait_for_function("() => document.querySelectorAll('#cards iframe').length >= 5", timeout=DEADLINE_MS)
    page.wait_for_timeout(500)
    assert hosts - {own} == {"open.spotify.com"}


def test_the_browser_keeps_choices_but_no_picture_and_no_mood_of_earlier_visits(visit):
    page = visit()
    go_live(page)
    snap(page)
    kept = page.evaluate("Object.keys(localStorage).sort()")
    assert set(kept) <= {f"feelharmonic.{name}" for name in ("camera", "keys-use", "renew-on", "renew-after")}
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
