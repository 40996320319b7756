"""The page of a camera on the server: its stream, its mood, its tracks, seen by real Chromium."""

from __future__ import annotations

import subprocess
import sys

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.steps import DEADLINE_MS, expect_tracks


@pytest.fixture(scope="module")
def watched(tmp_path_factory, project, astronaut_bgr):
    """The address of /watch, showing a video of the astronaut."""
    path = tmp_path_factory.mktemp("video") / "face.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 15, (640, 480))
    for i in range(45):
        writer.write(np.roll(cv2.resize(astronaut_bgr, (640, 480)), i % 5, axis=1))
    writer.release()
    command = [sys.executable, "-u", "-m", "flask", "--app", str(project / "app.py"), "watch"]
    process = subprocess.Popen(
        [*command, "--source", str(path), "--group", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    yield process.stdout.readline().split(" at ")[1].split(" ")[0]
    process.kill()
    process.wait()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_the_room_sees_the_stream_the_mood_and_tracks(visit, watched, check, shoot, width, scheme):
    page = visit(url=watched, grants=(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    expect(page.locator("#stream")).to_have_js_property("naturalWidth", 640, timeout=DEADLINE_MS)
    expect(page.locator("#group li")).to_have_count(1)
    expect_tracks(page)
    expect(page.locator("#tracks-title")).to_have_text("Happy songs")
    check(page, "watch")
    shoot(page, f"watch-{width}-{scheme}")


def test_without_a_camera_the_page_says_how(visit, server, check):
    page = visit(url=f"{server.url}/watch", grants=(), tolerate=("404",))
    expect(page.get_by_role("heading", level=2)).to_have_text("No camera is set up on this server")
    check(page, "watch, nothing")
