"""Real Chromium, a fake camera that shows a real photograph, a real server, a stand-in for Spotify's player."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

from feelharmonic.web.security.certificate import own_certificate
from tests.support.external_servers import NginxUnderPath
from tests.support.serving import SLOW_DEVICE_HZ, Server
from tests.support.spotify.embed_server import EmbedServer

PROJECT = Path(__file__).resolve().parents[2]
SHOTS = PROJECT / "shots"

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Whether the page is served under a path of a proxy.
UNDER_PATH = os.environ.get("UNDER_PATH") == "1"
#: How long colours take to change.
TRANSITIONS_MS = 1000
#: What Playwright says where it keeps service workers away.
BLOCKED = "Service Worker registration blocked by Playwright"
FAKE_CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def spotify_embed(tmp_path_factory) -> Iterator[EmbedServer]:
    """open.spotify.com, as every browser of these tests finds it."""
    with EmbedServer(tmp_path_factory.mktemp("embed")) as running:
        yield running


@pytest.fixture(scope="session")
def launch(playwright, spotify_embed) -> Callable[..., Browser]:
    """Starts the system's Chromium, else Playwright's own; skips where neither is there, but fails in CI."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)

    def start(*arguments: str) -> Browser:
        try:
            return playwright.chromium.launch(executable_path=path, args=[*QUIET, *spotify_embed.options, *arguments])
        except Error as exc:
            reason = "no Chromium: install Debian's `chromium`, or run `.venv/bin/playwright install chromium`"
            if os.environ.get("CI") == "true":
                pytest.fail(f"{reason} ({exc.message.splitlines()[0]})")
            pytest.skip(reason)

    return start


@pytest.fixture(scope="session")
def camera_file(tmp_path_factory, astronaut_bgr) -> Path:
    """A Y4M video, 640×480, of the astronaut moving by a few pixels, as a fake camera's picture."""
    path = tmp_path_factory.mktemp("camera") / "face.y4m"
    still = cv2.resize(astronaut_bgr, (640, 480), interpolation=cv2.INTER_CUBIC)
    with path.open("wb") as video:
        video.write(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n")
        for i in range(15):
            turn = 2 * np.pi * i / 15
            move = np.float32([[1, 0, 5 * np.sin(turn)], [0, 1, 3 * np.cos(turn)]])
            picture = cv2.warpAffine(still, move, (640, 480), borderMode=cv2.BORDER_REFLECT)
            video.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).tobytes())
    return path


@pytest.fixture(scope="session")
def chromium(launch, camera_file) -> Iterator[Browser]:
    trusting = ["--ignore-certificate-errors"] if UNDER_PATH else []
    browser = launch(*trusting, *FAKE_CAMERA, f"--use-file-for-fake-video-capture={camera_file}")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server | NginxUnderPath]:
    """The app; with UNDER_PATH=1 behind nginx with TLS, under /music/ (tests/deploy/test_under_path.py)."""
    folder = tmp_path_factory.mktemp("server")
    running = Server(folder, min_rate_hz=SLOW_DEVICE_HZ, **({"TRUSTED_PROXIES": "1"} if UNDER_PATH else {})).start()
    if not UNDER_PATH:
        yield running
    else:
        proxy = NginxUnderPath(folder, running.port, *own_certificate(folder, ["127.0.0.1"])).start()
        yield proxy
        proxy.kill()
    running.kill()


@pytest.fixture
def visit(chromium, server) -> Iterator[Callable[..., Page]]:
    """Opens the page in a fresh browser context; at the end, any error in a console fails the test. ``embed``: how the
    stand-in for Spotify's iFrame API behaves."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(
        browser: Browser = chromium,
        *,
        grants: tuple[str, ...] = ("camera",),
        offline_player: bool = False,
        url: str = server.url,
        init: str = "",
        embed: dict | None = None,
        tolerate: tuple[str, ...] = (),
        **options: object,
    ) -> Page:
        options.setdefault("viewport", {"width": 1440, "height": 900})
        # Tests that are not about it go to the server for everything.
        options.setdefault("service_workers", "block")
        options.setdefault("ignore_https_errors", UNDER_PATH)
        # Drawing the page's animations without a graphics card takes half of what a live page costs.
        options.setdefault("reduced_motion", "reduce")
        context = browser.new_context(**options)
        contexts.append(context)
        if grants:
            context.grant_permissions(list(grants), origin=url)
        if offline_player:
            context.route("https://open.spotify.com/**", lambda route: route.abort())
        page = context.new_page()

        def note(text: str) -> None:
            if not any(known in text for known in (BLOCKED, *tolerate)):
                faults.append(text)

        page.on("console", lambda message: note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: note(str(error)))
        if init:
            page.add_init_script(init)
        if embed:
            page.add_init_script(f"window.embedStandIn = {json.dumps(embed)};")
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """With SCREENSHOTS=1 saves a picture of the page, once its transitions have ended; without it does nothing."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("SCREENSHOTS") == "1":
            SHOTS.mkdir(exist_ok=True)
            page.wait_for_timeout(TRANSITIONS_MS)
            page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    return take


@pytest.fixture(scope="session")
def axe_source(project) -> str:
    path = project / "node_modules" / "axe-core" / "axe.min.js"
    assert path.is_file(), "axe-core is missing: run `npm ci --omit=optional`"
    return path.read_text(encoding="utf-8")


@pytest.fixture
def check(axe_source) -> Callable[[Page, str], None]:
    """Fails where axe-core finds anything in the page as it is now."""

    def run(page: Page, state: str) -> None:
        page.evaluate(axe_source)
        # The players are Spotify's: their insides are not ours to judge.
        found = page.evaluate("axe.run(document, { iframes: false })")
        told = [
            f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:160]} {node['failureSummary'][:300]}"
            for fault in found["violations"]
            for node in fault["nodes"]
        ]
        assert not told, f"{state}:\n" + "\n".join(told)

    return run
