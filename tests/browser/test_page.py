"""The page as a person meets it: notice, live reading, snap, start, lost connections, no camera, moods by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from feelharmonic.music.catalogue.shipped import ShippedTracks
from tests.browser.steps import DEADLINE_MS, WALL, WATCH_CAMERA, go_live, open_line, player_ids, refusing, settings
from tests.support.serving import Server


@pytest.fixture(scope="session")
def starter_ids() -> set[str]:
    return set(ShippedTracks().ids())


def full(*values: object) -> list:
    """Parameters that only `make test-all` takes."""
    return [pytest.param(value, marks=pytest.mark.full) for value in values]


def accent(page: Page) -> str:
    return page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--glow')")


def test_from_the_notice_to_the_music_and_back(visit, shoot, starter_ids):
    page = visit(init=WATCH_CAMERA)
    for word in ("Small pictures go only to", "What is read", "Pictures are read and discarded", "when you press play"):
        expect(page.locator("#welcome")).to_contain_text(word)
    assert page.evaluate("window.streams") is None
    before = accent(page)
    shoot(page, "welcome-1440-light")

    go_live(page)
    expect(page.locator(".box.listener")).to_be_visible()
    expect(page.locator("#mood-sure")).to_contain_text("% sure")
    expect(page.locator("#bars [role=meter]")).to_have_count(7)
    happy = page.get_by_role("meter", name="Happy")
    assert int(happy.get_attribute("aria-valuenow")) > 50
    expect(page.locator("html")).to_have_attribute("data-mood", "happy")
    page.wait_for_function(
        "before => getComputedStyle(document.documentElement).getPropertyValue('--glow') !== before", arg=before
    )
    box = page.locator(".box.listener").bounding_box()
    video = page.locator("#video").bounding_box()
    # The face is left of the middle in the photograph, so right of it in the mirror.
    assert box["x"] + box["width"] / 2 > video["x"] + video["width"] / 2
    shoot(page, "live-1440-light")

    page.get_by_role("button", name="Play this mood").click()
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    ids = player_ids(page)
    assert len(ids) >= 5
    assert len(set(ids)) == len(ids)
    assert set(ids) <= starter_ids
    assert page.evaluate("window.streams.at(-1).getTracks().every((track) => track.readyState === 'ended')")
    expect(page.locator("#mood-word")).to_have_text("Happy")
    expect(page.locator("#still")).to_be_visible()
    for i in range(len(ids)):
        card = page.locator("#cards > li").nth(i)
        expect(card.locator(".title")).not_to_be_empty()
        assert card.get_by_role("link").get_attribute("href") == f"https://open.spotify.com/track/{ids[i]}"
    shoot(page, "snap-1440-light")

    page.get_by_role("button", name="More tracks").click()
    page.wait_for_function(
        "first => document.querySelector('#cards > [data-id]').dataset.id !== first", arg=ids[0], timeout=DEADLINE_MS
    )
    assert not set(player_ids(page)) & set(ids)

    page.get_by_role("button", name="Start again").click()
    expect(page.get_by_role("button", name="Play this mood")).to_be_visible()
    expect(page.locator(".box.listener")).to_be_visible(timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    assert page.evaluate("window.streams.at(-1).getTracks().every((track) => track.readyState === 'live')")


@pytest.mark.full  # test_connection.py has a connection that is lost
@pytest.mark.parametrize(
    ("end", "text"),
    [
        (Server.kill, "Connection lost"),
        (Server.stop, "The server is restarting"),
    ],
)
def test_the_page_recovers_by_itself_when_the_server_comes_back(visit, shoot, tmp_path, end, text):
    server = Server(tmp_path).start()
    try:
        page = visit(url=server.url, tolerate=("WebSocket connection to", "net::ERR_CONNECTION_REFUSED"))
        go_live(page)
        # All that a reading needs is loaded by then.
        open_line(page)
        end(server)
        expect(page.locator("#notice")).to_contain_text(text, timeout=DEADLINE_MS)
        expect(page.locator("#mood-word")).to_have_text("Happy")
        shoot(page, "lost-1440-light")
        server.start()
        expect(page.locator("#notice")).to_be_hidden(timeout=DEADLINE_MS)
        page.wait_for_function("document.body.dataset.connection === 'connected'")
        expect(page.locator(".box.listener")).to_be_visible(timeout=DEADLINE_MS)
        page.get_by_role("button", name="Play this mood").click()
        expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
        # Its script is loaded after the tracks.
        expect(page.locator("#player")).to_be_visible(timeout=DEADLINE_MS)
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("error", "text"),
    [
        ("NotAllowedError", "Camera access is blocked"),
        pytest.param("NotFoundError", "No camera found", marks=pytest.mark.full),
        pytest.param("NotReadableError", "The camera could not be read", marks=pytest.mark.full),
    ],
)
def test_without_a_camera_the_page_says_why_and_plays_all_the_same(visit, shoot, error, text):
    page = visit(init=refusing(error))
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#notice")).to_contain_text(text)
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    shoot(page, f"camera-{error}-1440-light")
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Sad")


@pytest.mark.full
def test_a_camera_refused_by_the_browser_itself_is_told(launch, visit):
    browser = launch("--use-fake-device-for-media-stream", "--deny-permission-prompts")
    try:
        page = visit(browser, grants=())
        page.get_by_role("button", name="Allow the camera").click()
        expect(page.locator("#notice")).to_contain_text("Camera access is blocked", timeout=DEADLINE_MS)
    finally:
        browser.close()


def test_a_page_that_is_not_secure_says_so(visit):
    page = visit(init="Object.defineProperty(window, 'isSecureContext', { value: false });")
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#notice")).to_contain_text("Cameras work on secure pages only")


def test_a_camera_that_goes_away_is_told(visit):
    page = visit(init=WATCH_CAMERA)
    go_live(page)
    page.evaluate("window.streams.at(-1).getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.locator("#notice")).to_contain_text("The camera was disconnected")
    page.get_by_role("button", name="Start the camera").click()
    expect(page.locator("#notice")).to_be_hidden()


@pytest.mark.parametrize("mood", ["Sad", *full("Angry", "Disgusted", "Scared", "Happy", "Surprised", "Neutral")])
def test_each_mood_picked_by_hand_wears_its_colour_and_plays(visit, shoot, starter_ids, mood):
    page = visit()
    page.get_by_role("button", name=mood, exact=True).click()
    expect(page.locator("#mood-word")).to_have_text(mood)
    names = {"Disgusted": "disgust", "Scared": "fear", "Surprised": "surprise"}
    expect(page.locator("html")).to_have_attribute("data-mood", names.get(mood, mood.lower()))
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    assert set(player_ids(page)) <= starter_ids
    expect(page.get_by_role("button", name=mood, exact=True)).to_have_attribute("aria-pressed", "true")
    shoot(page, f"hand-{mood.lower()}-1440-light")


def test_a_goal_leads_the_music_elsewhere(visit):
    page = visit()
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.locator("#tracks-title")).to_have_text("Sad songs", timeout=DEADLINE_MS)
    page.get_by_text("lift me").click()
    expect(page.locator("#tracks-title")).to_have_text("From sad to brighter", timeout=DEADLINE_MS)


def test_where_spotify_cannot_be_reached_the_cards_are_useful_still(visit, shoot):
    page = visit(offline_player=True, tolerate=("Failed to load resource", "net::ERR_FAILED", "Expected Spotify"))
    page.get_by_role("button", name="Happy", exact=True).click()
    expect(page.locator("#cards > li").nth(4)).to_be_visible(timeout=DEADLINE_MS)
    expect(page.locator("#cards > li .title").first).not_to_be_empty()
    expect(page.locator("#cards > li").first.get_by_role("link")).to_have_attribute(
        "href", re.compile(r"^https://open\.spotify\.com/track/[0-9A-Za-z]{22}$")
    )
    page.locator("#player").get_by_role("button", name="Play", exact=True).click()
    expect(page.locator("#player")).to_contain_text("Spotify’s player cannot be loaded")
    shoot(page, "spotify-unreachable-1440-light")


@pytest.mark.full
def test_nobody_in_view_keeps_the_mood_and_says_so(visit, shoot, check):
    page = visit(init=WALL)  # the photograph, then after a while a wall
    go_live(page)
    page.evaluate("window.wall = true")
    expect(page.locator("#notice")).to_contain_text("No face in view: keeping the last mood", timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy")
    shoot(page, "nobody-1440-light")
    check(page, "nobody")
    expect(page.locator("#mood-word")).to_have_text("Looking…", timeout=DEADLINE_MS)
    page.evaluate("window.wall = false")
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    expect(page.locator("#notice")).to_be_hidden()


def test_of_several_faces_the_largest_is_the_listener(visit, shoot):
    # The photograph beside a smaller copy of itself, as if somebody else came into view.
    page = visit(
        init="""
        const draw = CanvasRenderingContext2D.prototype.drawImage;
        CanvasRenderingContext2D.prototype.drawImage = function (video, x, y, width, height) {
          if (!width || !window.company) return draw.apply(this, arguments);
          this.fillStyle = '#7a8490';
          this.fillRect(0, 0, width, height);
          draw.call(this, video, 140, 10, 280, 280, 0, 0, width * 0.6, height * 0.8);
          draw.call(this, video, 140, 10, 280, 280, width * 0.6, height * 0.2, width * 0.4, height * 0.53);
        };
        """
    )
    go_live(page)
    page.evaluate("window.company = true")
    expect(page.locator("#mood-sure")).to_contain_text("Several faces – using the largest", timeout=DEADLINE_MS)
    page.wait_for_function(
        """() => {
          const boxes = [...document.querySelectorAll('.box')];
          const [large, small] = boxes.map((box) => box.getBoundingClientRect().width);
          return boxes.length === 2 && large > small && boxes[0].classList.contains('listener');
        }""",
        timeout=DEADLINE_MS,
    )
    shoot(page, "several-1440-light")


@pytest.mark.full
def test_a_full_server_is_told_and_joined_when_there_is_room(visit, shoot, check, tmp_path):
    server = Server(tmp_path, MAX_LISTENERS="1", ON_DEVICE="never").start()
    try:
        with server.listener():
            page = visit(url=server.url)
            page.get_by_role("button", name="Allow the camera").click()
            expect(page.locator("#notice")).to_contain_text("The server is full", timeout=DEADLINE_MS)
            shoot(page, "full-1440-light")
            check(page, "full")
        expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
        expect(page.locator("#notice")).to_be_hidden()
    finally:
        server.kill()


@pytest.mark.full
def test_a_hidden_tab_sends_nothing(visit):
    page = visit(
        init="""
        window.sent = 0;
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          if (typeof data !== 'string') window.sent += 1;
          return send.call(this, data);
        };
        Object.defineProperty(document, 'hidden', { get: () => window.away === true });
        """
    )
    go_live(page)
    assert page.evaluate("window.sent") > 0
    page.evaluate("window.away = true")
    page.wait_for_timeout(700)
    before = page.evaluate("window.sent")
    page.wait_for_timeout(1500)
    assert page.evaluate("window.sent") == before
    page.evaluate("window.away = false")
    page.wait_for_function("before => window.sent > before + 2", arg=before, timeout=DEADLINE_MS)


@pytest.mark.full
def test_no_frame_is_sent_while_another_is_in_flight(visit):
    page = visit(
        init="""
        window.most = 0;
        let flying = 0;
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          if (typeof data !== 'string') { flying += 1; window.most = Math.max(window.most, flying); }
          if (!this.watched) {
            this.watched = true;
            this.addEventListener('message', (event) => {
              if (typeof event.data === 'string' && event.data.startsWith('43/live,')) flying -= 1;
            });
          }
          return send.call(this, data);
        };
        """
    )
    go_live(page)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.most") == 1


def test_the_chosen_camera_is_remembered(visit):
    two = """
        const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        navigator.mediaDevices.enumerateDevices = async () => {
          const [first] = (await list()).filter((device) => device.kind === 'videoinput');
          return [first, { kind: 'videoinput', deviceId: 'second', label: 'Second camera' }];
        };
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wish) => {
          window.askedFor = [...(window.askedFor ?? []), wish.video.deviceId?.exact ?? ''];
          return ask({ video: true });
        };
    """
    page = visit(init=two)
    go_live(page)
    with settings(page):
        page.get_by_role("combobox", name="Camera").select_option("second")
    page.wait_for_function("window.askedFor.at(-1) === 'second'")
    page.reload()  # a second visit starts it by itself
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    assert page.evaluate("window.askedFor[0]") == "second"


def test_the_about_panel_opens_closes_and_says_what_matters(visit, shoot):
    page = visit()
    page.get_by_role("button", name="About").click()
    dialog = page.get_by_role("dialog")
    for heading in ("What this is", "How it reads", "How accurate it is", "What it stores", "What it was trained on"):
        expect(dialog.get_by_role("heading", name=heading)).to_be_visible()
    shoot(page, "about-1440-light")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_keyboard_alone_reaches_the_music(visit):
    page = visit()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset?.emotion") == "surprise":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)


@pytest.mark.parametrize(("motion", "is_still"), [("reduce", True), ("no-preference", False)])
def test_still_for_people_who_ask_for_reduced_motion(visit, motion, is_still):
    page = visit(reduced_motion=motion)
    for selector in ("html", ".bars .fill"):
        durations = page.evaluate(
            "selector => getComputedStyle(document.querySelector(selector)).transitionDuration", selector
        )
        assert (set(durations.split(", ")) == {"0s"}) == is_still


@pytest.mark.parametrize("scheme", ["light", *full("dark")])
@pytest.mark.parametrize("width", [320, *full(360, 768, 1440)])
def test_nothing_is_wider_than_the_window(visit, shoot, width, scheme):
    page = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    shoot(page, f"welcome-{width}-{scheme}")
    settings_button = page.locator("#settings-open").bounding_box()
    assert settings_button["width"] >= 44
    assert settings_button["x"] + settings_button["width"] <= width
    go_live(page)
    shoot(page, f"live-{width}-{scheme}")
    page.get_by_role("button", name="Play this mood").click()
    expect(page.locator("#cards > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Nor is what a card holds outside it.
    assert page.evaluate(
        """() => [...document.querySelectorAll('.card')].every((card) => {
          const { left, right } = card.getBoundingClientRect();
          return [...card.querySelectorAll('button, a')].every((part) => {
            const box = part.getBoundingClientRect();
            return box.left >= left && box.right <= right;
          });
        })"""
    )
    shoot(page, f"snap-{width}-{scheme}")
