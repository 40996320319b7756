"""`make gallery`: every state of the page at three widths, light and dark, into the git-ignored folder gallery/.

Not a test (its name keeps pytest from collecting it by itself): pictures for eyes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import (
    DEADLINE_MS,
    expect_tracks,
    forget_resting_face,
    go_live,
    keep_on_device,
    learn_resting_face,
    pick,
    refusing,
    snap,
)
from tests.support.serving import Server

GALLERY = Path(__file__).resolve().parents[2] / "gallery"

#: The page's changes of colour are over by then.
SETTLED_MS = 1100

#: A face that moves out of view by half.
HALF_OUT = """
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    CanvasRenderingContext2D.prototype.drawImage = function (video, x, y, width, height) {
      if (!width) return draw.apply(this, arguments);
      draw.call(this, video, x - width * 0.42, y, width, height);
    };
"""


@pytest.fixture(params=[(width, scheme) for width in (360, 768, 1440) for scheme in ("light", "dark")], ids=str)
def look(request, visit):
    width, scheme = request.param

    def open_page(**options: object) -> Page:
        size = {"width": width, "height": 800 if width < 1000 else 900}
        return visit(viewport=size, color_scheme=scheme, device_scale_factor=1, **options)

    def shoot(page: Page, state: str, *, settled: bool = True, whole: bool = True) -> None:
        GALLERY.mkdir(exist_ok=True)
        if settled:
            page.wait_for_timeout(SETTLED_MS)
            # Lazy players load when they come near: let the picture have them all.
            page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
            page.wait_for_timeout(400)
            page.evaluate("window.scrollTo(0, 0)")
            page.wait_for_timeout(300)
        page.screenshot(path=GALLERY / f"{state}-{width}-{scheme}.png", full_page=whole)

    return open_page, shoot


def test_the_way_through(look):
    open_page, shoot = look
    page = open_page()
    shoot(page, "welcome")
    page.get_by_role("button", name="About").click()
    shoot(page, "about")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    shoot(page, "keys")
    page.keyboard.press("Escape")
    go_live(page)
    page.wait_for_timeout(4000)  # a line to look at
    shoot(page, "live")
    learn_resting_face(page)
    page.wait_for_timeout(500)
    shoot(page, "learning", settled=False)
    expect(page.locator("#notice")).to_contain_text("Done.", timeout=DEADLINE_MS)
    forget_resting_face(page)
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    expect(page.locator("#notice")).to_be_hidden(timeout=DEADLINE_MS)
    snap(page)
    shoot(page, "snap")
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("calm me").click()
    expect(page.locator("#path")).to_be_visible(timeout=DEADLINE_MS)
    shoot(page, "journey")


@pytest.mark.parametrize("mood", ["Angry", "Disgusted", "Scared", "Happy", "Sad", "Surprised", "Neutral"])
def test_by_hand(look, mood):
    open_page, shoot = look
    page = open_page()
    pick(page, mood)
    shoot(page, f"hand-{mood.lower()}")


def test_faults(look, tmp_path):
    open_page, shoot = look
    page = open_page(init=refusing("NotAllowedError"))
    page.get_by_role("button", name="Allow the camera").click()
    shoot(page, "refused")
    page = open_page(init=HALF_OUT)
    page.get_by_role("button", name="Allow the camera").click()
    page.wait_for_timeout(2500)
    shoot(page, "half-out")
    server = Server(tmp_path).start()
    try:
        page = open_page(url=server.url, tolerate=("WebSocket connection to",))
        go_live(page)
        server.kill()
        expect(page.locator("#notice")).to_contain_text("Connection lost", timeout=DEADLINE_MS)
        shoot(page, "lost")
    finally:
        server.kill()


def test_on_this_device(look):
    open_page, shoot = look
    page = open_page()
    keep_on_device(page)
    expect(page.locator("#device-note")).to_contain_text("No picture leaves it", timeout=3 * DEADLINE_MS)
    shoot(page, "device-welcome")
    go_live(page)
    page.wait_for_timeout(3000)  # a line to look at
    shoot(page, "device-live")


def test_german(look):
    open_page, shoot = look
    page = open_page(locale="de-DE")
    shoot(page, "german-welcome")
    page.get_by_role("button", name="Überrascht", exact=True).click()
    expect_tracks(page)
    shoot(page, "german-hand")


def test_the_pages_beside_the_page(look, server, astronaut_jpeg):
    open_page, shoot = look
    for name in ("photo", "playlist", "status", "api/v1/"):
        page = open_page(url=f"{server.url}/{name}", grants=())
        shoot(page, f"{name.split('/')[0]}-empty")
    page = open_page(url=f"{server.url}/photo", grants=())
    page.locator("#file").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": astronaut_jpeg})
    expect_tracks(page)
    shoot(page, "photo-read")
    page = open_page(url=f"{server.url}/playlist", grants=())
    songs = "Pharrell Williams – Happy\nPitbull – Fireball\nNobody – Nothing"
    page.get_by_role("textbox", name="Your playlist").fill(songs)
    page.get_by_role("button", name="Sort", exact=True).click()
    expect(page.locator("#result")).to_be_visible(timeout=DEADLINE_MS)
    shoot(page, "playlist-sorted")


def test_the_player(look):
    open_page, shoot = look
    page = open_page(embed={"length_ms": 200_000})
    go_live(page)
    page.get_by_role("switch", name="Follow my mood").check()
    bar = page.locator("#player")
    bar.get_by_role("button", name="Play", exact=True).click()
    expect(bar).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    # The bar stands at the window's foot: these are pictures of the window.
    shoot(page, "player", whole=False)
    bar.get_by_role("button", name="Queue", exact=True).click()
    shoot(page, "player-queue", whole=False)
