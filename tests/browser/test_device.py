"""Reading on this device: the same mood, and no picture leaves the browser; and the page without a network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import UNDER_PATH
from tests.browser.steps import (
    DEADLINE_MS,
    expect_tracks,
    go_live,
    keep_on_device,
    learn_resting_face,
    open_line,
    pick,
    player_ids,
    snap,
)
from tests.support.serving import SLOW_DEVICE_HZ, Server

#: Loading 18 MB and the self-test, on a busy machine.
LOADING_MS = 90_000


@pytest.fixture
def watch() -> Callable[[Page], list[bytes | str]]:
    """Every message that the page sends over any WebSocket from now on."""

    def start(page: Page) -> list[bytes | str]:
        sent: list[bytes | str] = []
        page.on("websocket", lambda socket: socket.on("framesent", lambda payload: sent.append(payload)))
        page.reload()
        return sent

    return start


def pictures(sent: list[bytes | str]) -> list[bytes | str]:
    """What is a picture, or might be one: binary, or longer than any other event."""
    return [message for message in sent if isinstance(message, bytes) or len(message) > 1000]


def switch(page: Page) -> object:
    return page.locator("#device-on")


def read_here(page: Page) -> None:
    keep_on_device(page)
    expect(page.locator("#device-note")).to_contain_text("No picture leaves it", timeout=LOADING_MS)


def test_on_this_device_the_face_is_read_and_no_picture_leaves_the_browser(visit, watch, shoot):
    page = visit()
    sent = watch(page)
    uploads = []
    page.on("request", lambda request: uploads.append(request.url) if request.method != "GET" else None)
    go_live(page)
    assert pictures(sent), "the watch must see the pictures that the server gets"
    read_here(page)
    page.wait_for_timeout(500)  # a picture that was under way to the server may still have gone
    sent.clear()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    open_line(page)
    line = page.evaluate("document.querySelector('#chart').getAttribute('aria-label')")
    page.wait_for_function(
        "before => document.querySelector('#chart').getAttribute('aria-label') !== before",
        arg=line,
        timeout=DEADLINE_MS,
    )
    shoot(page, "device-1440-light")
    snap(page)
    assert pictures(sent) == []
    assert uploads == []
    # Every event has its arguments in brackets; pings and connections have none.
    (asked,) = [json.loads(message[message.index("[") :]) for message in sent if "[" in message]
    # Seven numbers of the reading go along, and nothing else of it.
    probabilities = asked[1].pop("probabilities")
    assert len(probabilities) == 7
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert asked == ["snap", {"emotion": "happy", "goal": "match", "wishes": {}}]


def test_the_choice_is_remembered_and_nothing_is_sent_from_the_start(visit, watch):
    page = visit()
    expect(switch(page)).not_to_be_checked()
    read_here(page)
    sent = watch(page)
    expect(switch(page)).to_be_checked()
    expect(page.get_by_text("Your pictures stay on this device")).to_be_visible()
    go_live(page)
    expect(page.locator(".box.listener")).to_be_visible(timeout=DEADLINE_MS)
    assert pictures(sent) == []
    keep_on_device(page, False)
    page.wait_for_function("() => document.body.dataset.connection === 'connected'", timeout=DEADLINE_MS)
    for _ in range(100):
        if pictures(sent):
            break
        page.wait_for_timeout(100)
    assert pictures(sent), "switched off, the server reads again"


def test_runtime_and_networks_are_fetched_only_when_they_are_wanted(visit):
    page = visit()
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.context.on("request", lambda request: fetched.append(request.url))
    page.reload()
    go_live(page)
    assert not [url for url in fetched if "/device/" in url or "ort." in url]
    read_here(page)
    assert {url.rsplit("/", 1)[1] for url in fetched if "/device/" in url} >= {
        "parts.json",
        "face_finder.onnx",
        "face_look.onnx",
        "expression.onnx",
        "ort-wasm-simd-threaded.wasm",
    }


def changed(route: Route, **fields: object) -> None:
    """The real answer, with some fields changed."""
    document = route.fetch().json()
    document.update(fields)
    route.fulfill(json=document)


def test_a_browser_that_is_too_slow_says_so_and_offers_the_server(visit, shoot):
    page = visit()
    page.context.route("**/device/parts.json", lambda route: changed(route, least_rate_hz=1e6))
    keep_on_device(page)
    expect(page.locator("#device-note")).to_contain_text("This device manages only", timeout=LOADING_MS)
    shoot(page, "device-slow-1440-light")
    page.get_by_role("button", name="Use the server").click()
    expect(switch(page)).not_to_be_checked()
    expect(switch(page)).to_be_focused()
    go_live(page)


@pytest.mark.parametrize(
    "name",
    [
        "expression.onnx",
        *(
            pytest.param(name, marks=pytest.mark.full)
            for name in ("face_finder.onnx", "face_look.onnx", "ort-wasm-simd-threaded.wasm")
        ),
    ],
)
def test_a_network_or_runtime_that_is_not_the_one_meant_is_not_used(visit, name):
    page = visit(tolerate=("with the SHA-256",))
    damaged = []

    def damage(route: Route) -> None:
        body = bytearray(route.fetch().body())
        body[-1] ^= 1
        damaged.append(len(body))
        route.fulfill(body=bytes(body))

    page.context.route(f"**/{name}", damage)
    keep_on_device(page)
    expect(page.locator("#device-note")).to_contain_text("could not load or run", timeout=LOADING_MS)
    assert damaged
    page.context.unroute(f"**/{name}")
    keep_on_device(page, False)
    read_here(page)


@pytest.mark.full
def test_switching_to_and_fro_while_it_loads_ends_as_it_was_left(visit):
    page = visit()
    for _ in range(2):
        keep_on_device(page)
        keep_on_device(page, False)
    expect(page.locator("#device-note")).to_have_text("")
    read_here(page)
    go_live(page)


@pytest.mark.full
def test_a_resting_face_is_learned_and_kept_here(visit, watch):
    page = visit()
    read_here(page)
    sent = watch(page)
    go_live(page)
    learn_resting_face(page)
    expect(page.locator("#notice")).to_contain_text("Done.", timeout=DEADLINE_MS)
    # Her smile is now what rest looks like: it says far less than before (98 %).
    happy = page.get_by_role("meter", name="Happy")
    expect(happy).to_have_attribute("aria-valuenow", re.compile(r"^([0-6]?\d|7[0-4])$"), timeout=DEADLINE_MS)
    assert not [message for message in sent if "baseline" in str(message)]


@pytest.mark.parametrize(
    ("choice", "shown", "on"), [pytest.param("default", True, True, marks=pytest.mark.full), ("never", False, False)]
)
def test_the_host_decides_what_is_offered(visit, tmp_path, choice, shown, on):
    server = Server(tmp_path, ON_DEVICE=choice).start()
    try:
        page = visit(url=server.url)
        expect(page.locator("#device-switch")).to_be_visible(visible=shown)
        assert page.locator("#device-on").is_checked() is on
        status = page.request.get(f"{server.url}/device/parts.json").json()
        assert bool(status["files"]) is shown
    finally:
        server.kill()


def test_a_full_server_turns_nobody_away(visit, shoot, tmp_path):
    server = Server(tmp_path, min_rate_hz=SLOW_DEVICE_HZ, MAX_LISTENERS="1").start()
    try:
        with server.listener():
            page = visit(url=server.url)
            page.get_by_role("button", name="Allow the camera").click()
            expect(page.locator("#device-note")).to_contain_text(
                "The server is full, so this device reads", timeout=LOADING_MS
            )
            expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
            expect(page.locator("#notice")).to_be_hidden()
            snap(page)
            expect(page.locator("#tracks-note")).to_contain_text("The server is full")
            shoot(page, "device-full-1440-light")
            page.close()  # before its server is gone, which it would report
    finally:
        server.kill()


# ---------- without a network ----------


def kept(page: Page) -> None:
    """The service worker has all it needs, and serves this page."""
    page.wait_for_function("() => navigator.serviceWorker.controller !== null", timeout=DEADLINE_MS)


@pytest.mark.full
def test_without_a_network_the_page_reads_here_and_plays_from_its_own_table(visit, shoot, tmp_path):
    server = Server(tmp_path, min_rate_hz=SLOW_DEVICE_HZ).start()
    try:
        page = visit(
            url=server.url,
            service_workers="allow",
            offline_player=True,
            tolerate=("WebSocket connection to", "net::ERR", "Failed to fetch"),
        )
        kept(page)
        read_here(page)
        server.kill()
        page.context.set_offline(True)
        page.reload()
        go_live(page)
        expect(page.locator("#notice")).to_contain_text("your face is still read here", timeout=DEADLINE_MS)
        snap(page)
        expect(page.locator("#tracks-note")).to_contain_text("from the list in this browser")
        expect(page.locator("#tracks-note")).to_contain_text("You are offline")
        first = player_ids(page)
        assert len(first) == 8
        shoot(page, "offline-1440-light")
        page.get_by_role("button", name="More tracks").click()
        expect(page.locator("#cards")).not_to_have_attribute("aria-busy", "true", timeout=DEADLINE_MS)
        assert not set(first) & set(player_ids(page))
        page.get_by_role("button", name="Not right? Change it").click()
        pick(page, "Sad")
        expect(page.locator("#tracks-title")).to_have_text("Sad songs")
        page.get_by_text("calm me").click()
        expect(page.locator("#tracks-title")).to_contain_text("From sad", timeout=DEADLINE_MS)
        expect_tracks(page)
        page.get_by_role("switch", name="Follow my mood").check()
        expect(page.locator(".player-list > li").nth(4)).to_be_attached(timeout=DEADLINE_MS)
        page.locator("#player").get_by_role("button", name="Play", exact=True).first.click()
        expect(page.locator("#player")).to_contain_text("Spotify’s player cannot be loaded", timeout=5000)
    finally:
        server.kill()


def test_the_service_worker_fetches_no_network_and_no_runtime_by_itself(visit):
    page = visit(service_workers="allow")
    kept(page)
    held = page.evaluate(
        """async () => {
          const names = await caches.keys();
          const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
          return lists.flat().map(({ url }) => url);
        }"""
    )
    assert any(url.endswith("/static/js/live/main.js") for url in held)
    assert not [url for url in held if url.endswith((".onnx", ".wasm", "ort.wasm.min.js"))]


def test_a_new_release_takes_the_place_of_the_old_one(visit, tmp_path):
    page = visit(service_workers="allow")
    kept(page)
    names = page.evaluate("caches.keys()")
    assert len([name for name in names if name.startswith("feelharmonic-page-")]) == 1
    page.evaluate("caches.open('feelharmonic-page-of-last-year')")
    page.evaluate("navigator.serviceWorker.getRegistration().then((one) => one.unregister())")
    page.reload()
    kept(page)
    page.wait_for_function(
        "() => caches.keys().then((names) => !names.includes('feelharmonic-page-of-last-year'))", timeout=DEADLINE_MS
    )


@pytest.mark.skipif(not UNDER_PATH, reason="runs under a path, by tests/deploy/test_under_path.py")
def test_the_service_worker_keeps_the_page_under_its_path(visit, server):
    page = visit(
        url=f"{server.url}/",
        service_workers="allow",
        tolerate=("WebSocket connection to", "net::ERR", "Failed to fetch"),
    )
    scope = page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)")
    assert scope == f"{server.url}/"
    page.wait_for_function(f"caches.match('{server.url}/device/cards.json').then(Boolean)", timeout=DEADLINE_MS)
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("button", name="Allow the camera")).to_be_visible(timeout=DEADLINE_MS)
