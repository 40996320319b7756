"""Everybody in view as one: switched on the page, each one's share shown, by the server and on the device."""

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, go_live, keep_on_device, settings

FAKE_CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


@pytest.fixture(scope="module")
def two_in_view(launch, tmp_path_factory, astronaut_bgr):
    """A Chromium whose camera shows two faces, one larger."""
    near = cv2.resize(astronaut_bgr[:, 60:260], (400, 480), interpolation=cv2.INTER_CUBIC)
    far = cv2.resize(astronaut_bgr[:, 60:260], (240, 288), interpolation=cv2.INTER_CUBIC)
    still = np.full((480, 640, 3), 120, np.uint8)
    still[:, :400], still[100:388, 400:] = near, far
    path = tmp_path_factory.mktemp("camera") / "two.y4m"
    with path.open("wb") as video:
        video.write(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n")
        for i in range(4):
            picture = np.roll(still, i % 2, axis=1)
            video.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    browser = launch(*FAKE_CAMERA, f"--use-file-for-fake-video-capture={path}")
    yield browser
    browser.close()


def shares(page) -> list[int]:
    return [int(re.search(r"(\d+) %", text)[1]) for text in page.locator("#group li").all_text_contents()]


@pytest.mark.parametrize("reader", ["server", pytest.param("device", marks=pytest.mark.full)])
def test_everybody_in_view_makes_the_mood_and_the_page_shows_how(visit, two_in_view, check, shoot, reader):
    page = visit(two_in_view)
    go_live(page)
    if reader == "device":
        keep_on_device(page)
        expect(page.locator("#device-note")).to_contain_text("times a second", timeout=DEADLINE_MS)
    expect(page.locator("#group")).to_be_hidden()
    with settings(page):
        page.get_by_role("switch", name="Read everyone in view").check()
    expect(page.locator("#group li")).to_have_count(2, timeout=DEADLINE_MS)
    expect(page.locator("#mood-sure")).to_have_text("Everyone in view, combined.", timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy")
    larger, smaller = shares(page)
    assert larger > smaller > 0
    assert larger + smaller in (99, 100, 101)
    check(page, f"a group, by the {reader}")
    shoot(page, f"group-{reader}")
    with settings(page):
        page.get_by_role("switch", name="Read everyone in view").uncheck()
    expect(page.locator("#group")).to_be_hidden(timeout=DEADLINE_MS)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
