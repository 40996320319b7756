"""What goes wrong on the page, each by its own cause: cameras that are too small, too flat, dark, without a picture or
paused; browsers that never answer; lists that fail; a resting face that nobody showed; faults of our own."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS

#: A camera made of a canvas: black, but alive.
CANVAS = """
    const canvasCamera = (width, height, rate = 15) => {
        const canvas = Object.assign(document.createElement("canvas"), { width, height });
        const pen = canvas.getContext("2d");
        setInterval(() => pen.fillRect(0, 0, width, height), 60);
        return canvas.captureStream(rate);
    };
"""


def camera(answer: str) -> str:
    """A script that makes the browser's camera answer with the JavaScript ``answer``."""
    return f"{CANVAS} navigator.mediaDevices.getUserMedia = async () => {answer};"


def started(visit, answer: str) -> Page:
    page = visit(init=camera(answer))
    page.get_by_role("button", name="Allow the camera").click()
    return page


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("canvasCamera(2, 2)", "This camera’s picture is too small or too flat"),
        ("canvasCamera(1280, 90)", "This camera’s picture is too small or too flat"),
        ("canvasCamera(640, 480)", "The camera’s picture is black."),
        ("{ throw new TypeError('no'); }", "The browser could not start the camera and did not say why."),
        ("{ throw new DOMException('not active', 'InvalidStateError'); }", "This page was not in front"),
        ("{ throw new DOMException('busy', 'NotReadableError'); }", "The camera could not be read"),
    ],
)
def test_what_is_wrong_with_a_camera_is_told(visit, answer, said):
    page = started(visit, answer if answer.startswith("canvas") else f"(() => {answer})()")
    expect(page.locator("#notice")).to_contain_text(said, timeout=DEADLINE_MS)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("new Promise(() => {})", "The browser has not answered yet."),
        pytest.param("new MediaStream()", "The camera has started but sends no picture.", marks=pytest.mark.full),
    ],
)
def test_a_wait_that_goes_on_is_told_within_ten_seconds(visit, answer, said):
    page = started(visit, answer)
    expect(page.locator("#notice")).to_contain_text(said, timeout=10_000)


@pytest.mark.full
def test_the_word_goes_when_the_browser_answers(visit):
    page = started(visit, "new Promise((done) => { window.answer = () => done(canvasCamera(640, 480)); })")
    expect(page.locator("#notice")).to_contain_text("The browser has not answered yet.", timeout=10_000)
    page.evaluate("window.answer()")
    expect(page.locator("#notice")).not_to_contain_text("The browser has not answered yet.", timeout=DEADLINE_MS)


def test_a_camera_that_the_system_pauses_is_told_until_it_is_back(visit):
    page = started(visit, "(window.stream = canvasCamera(640, 480))")
    expect(page.locator("#notice")).to_contain_text("The camera’s picture is black.", timeout=DEADLINE_MS)
    track = "window.stream.getVideoTracks()[0]"
    page.evaluate(f"{track}.dispatchEvent(new Event('mute'))")
    expect(page.locator("#notice")).to_contain_text("The camera is paused", timeout=DEADLINE_MS)
    page.evaluate(f"{track}.dispatchEvent(new Event('unmute'))")
    expect(page.locator("#notice")).not_to_contain_text("The camera is paused", timeout=DEADLINE_MS)


def test_a_browser_without_cameras_is_told(visit):
    page = visit(init="Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#notice")).to_contain_text("This browser can’t use the camera here")


#: A camera that shows a lit wall: grey, with noise.
WALL_CAMERA = """(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    const pen = canvas.getContext("2d");
    let pictures = 0;
    setInterval(() => {
        pictures += 1;
        for (let x = 0; x < 320; x += 8) {
            pen.fillStyle = `rgb(${100 + x / 4} ${110 + x / 5} ${120 + (pictures % 7)})`;
            pen.fillRect(x, 0, 8, 240);
        }
    }, 60);
    return canvas.captureStream(15);
})()"""


def test_a_wall_shows_no_face_and_no_mood_to_snap(visit):
    page = started(visit, WALL_CAMERA)
    expect(page.locator("#notice")).to_contain_text("No face found in the picture", timeout=DEADLINE_MS)
    page.get_by_role("button", name="Play this mood").click()
    expect(page.locator("#notice")).to_contain_text("No clear mood yet", timeout=DEADLINE_MS)


def test_a_fault_of_the_page_itself_is_told(visit):
    page = visit(tolerate=("ours",))
    page.evaluate("setTimeout(() => { throw new Error('ours'); })")
    expect(page.locator("#notice")).to_contain_text("Something went wrong. Reload the page.")


#: The server never hears of a snap.
NO_SNAPS = """
    const send = WebSocket.prototype.send;
    WebSocket.prototype.send = function (data) {
        if (!String(data).includes('"snap"')) send.call(this, data);
    };
"""


@pytest.mark.full
def test_a_list_that_fails_is_told(visit):
    page = visit(init=NO_SNAPS, tolerate=("503",))
    page.context.route("**/device/cards.json", lambda route: route.fulfill(status=503))
    page.wait_for_function("document.body.dataset.connection === 'connected'")
    page.get_by_role("button", name="Sad", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Couldn’t load songs. Try again.", timeout=DEADLINE_MS)


def test_without_javascript_the_page_says_what_it_needs(visit):
    page = visit(java_script_enabled=False)
    expect(page.locator("noscript .notice")).to_have_text("This page needs JavaScript.")
