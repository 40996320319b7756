"""What the page says when no WebSocket can be opened: rate limit, full server, a proxy that blocks it."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, go_live, snap
from tests.support.serving import Server

#: A proxy that passes pages and answers a WebSocket's handshake like any other request.
PROXY = """
    window.blocks = true;
    const Real = WebSocket;
    window.WebSocket = class extends Real {
      constructor(url, ...others) {
        super(window.blocks ? String(url).replace("/socket.io/", "/no-such-page/") : url, ...others);
        window.addEventListener("lose", () => this.close());
      }
    };
"""


#: The answer of a server whose connection limit is reached.
FULL = """
    const ask = window.fetch;
    window.fetch = (what, ...others) =>
      window.blocks && String(what).includes("socket.io/")
        ? Promise.resolve(new Response("", { status: 503, headers: { "Retry-After": "1" } }))
        : ask(what, ...others);
"""


def test_a_rate_limit_is_not_taken_for_a_blocking_proxy(visit, tmp_path):
    server = Server(tmp_path, SOCKET_RATE="2/minute").start()
    try:
        with server.listener():
            page = visit(url=server.url, tolerate=("WebSocket connection to", "429"))
            notice = page.locator("#notice")
            expect(notice).to_contain_text("The server is full", timeout=DEADLINE_MS)
    finally:
        server.kill()


def test_a_full_server_is_asked_again_after_its_wait(visit):
    page = visit(init=PROXY + FULL, tolerate=("WebSocket connection to", "503"))
    notice = page.locator("#notice")
    expect(notice).to_contain_text("The server is full", timeout=DEADLINE_MS)
    page.evaluate("window.blocks = false")
    expect(notice).not_to_contain_text("room", timeout=DEADLINE_MS)
    go_live(page)


def test_a_proxy_that_blocks_websockets_is_named_and_the_page_recovers(visit):
    page = visit(init=PROXY, tolerate=("WebSocket connection to", "400"))
    notice = page.locator("#notice")
    expect(notice).to_contain_text("can’t be reached over a WebSocket", timeout=DEADLINE_MS)
    expect(notice).to_contain_text("A proxy may be blocking it.")
    page.evaluate("window.blocks = false")
    expect(notice).not_to_contain_text("WebSocket", timeout=DEADLINE_MS)
    go_live(page)


def test_a_mood_of_before_the_loss_says_so_and_this_device_is_offered(visit, shoot, check):
    page = visit(init=PROXY, tolerate=("WebSocket connection to", "400"))
    page.evaluate("window.blocks = false")
    go_live(page)
    expect(page.locator("body")).not_to_have_attribute("data-stale", "")
    page.evaluate("window.blocks = true; window.dispatchEvent(new Event('lose'))")
    expect(page.locator("#mood-sure")).to_have_text(re.compile(r"^As of \d"), timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy")
    expect(page.locator(".boxes")).to_be_hidden()
    shoot(page, "stale-1440-light")
    check(page, "a mood of before")
    page.get_by_role("button", name="Read on this device instead").click()
    expect(page.locator("body")).not_to_have_attribute("data-stale", "", timeout=DEADLINE_MS)
    expect(page.locator("#mood-sure")).to_contain_text("% sure", timeout=2 * DEADLINE_MS)


def test_a_snap_of_a_mood_of_before_says_so(visit):
    page = visit(init=PROXY, tolerate=("WebSocket connection to", "400"))
    page.evaluate("window.blocks = false")
    go_live(page)
    page.evaluate("window.blocks = true; window.dispatchEvent(new Event('lose'))")
    expect(page.locator("#mood-sure")).to_have_text(re.compile(r"^As of \d"), timeout=DEADLINE_MS)
    snap(page)
    expect(page.locator("#mood-sure")).to_have_text(re.compile(r"^As of \d"))
