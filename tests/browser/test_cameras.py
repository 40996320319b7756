"""Cameras as they are: too small, too flat, dark, without a picture, paused; browsers that never answer. Each is told,
and only what was tested is named as the cause."""

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
        ("new MediaStream()", "The camera has started but sends no picture."),
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
