"""What a listener does in several tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, expect

DEADLINE_MS = 30_000

#: Remembers the stream that the page gets, so that a test can see its tracks end.
WATCH_CAMERA = """
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wish) => {
      const stream = await real(wish);
      window.streams = [...(window.streams ?? []), stream];
      return stream;
    };
"""

#: While ``window.wall`` is true, draws a plain grey wall in place of the camera's picture. Its blue changes a little
#: from picture to picture, as noise does in a real camera's: equal pictures would be those of a frozen camera.
WALL = """
    const draw = CanvasRenderingContext2D.prototype.drawImage;
    let walls = 0;
    CanvasRenderingContext2D.prototype.drawImage = function (...args) {
      if (!window.wall) return draw.apply(this, args);
      walls += 1;
      this.fillStyle = `rgb(122 132 ${140 + 2 * (walls % 7)})`;
      this.fillRect(0, 0, this.canvas.width, this.canvas.height);
    };
"""

#: Lets a test say what mood the server answered: the reply's own bytes, with another emotion in them.
OTHER_MOOD = """
    const NativeSocket = window.WebSocket;
    window.WebSocket = class extends NativeSocket {
      addEventListener(type, listener, ...rest) { return super.addEventListener(type, listener, ...rest); }
      set onmessage(listener) {
        super.onmessage = (event) => {
          const answer = typeof event.data === 'string' && event.data.startsWith('43/live,');
          if (!window.pretend || !answer) return listener(event);
          const data = event.data.replace(/"mood":\\{"emotion":"\\w+","confidence":[\\d.]+,"since_s":[\\d.]+/,
            `"mood":{"emotion":"${window.pretend}","confidence":0.9,"since_s":${window.pretendFor ?? 60}`);
          return listener(new MessageEvent('message', { data }));
        };
      }
      get onmessage() { return super.onmessage; }
    };
"""


def refusing(name: str) -> str:
    return f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('no', '{name}'); }};"


def go_live(page: Page) -> None:
    page.get_by_role("button", name="Allow the camera").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)


@contextmanager
def settings(page: Page) -> Iterator[None]:
    """The sheet of settings, open while the block runs."""
    page.locator("#settings-open").click()
    yield
    if page.locator("#settings").is_visible():
        page.keyboard.press("Escape")


def keep_on_device(page: Page, on: bool = True) -> None:
    """The switch that lets this device read: on the first screen, later among the settings."""
    if page.locator("#welcome").is_visible():
        page.locator("#device-on").set_checked(on)
    else:
        with settings(page):
            page.locator("#device-on").set_checked(on)


def open_line(page: Page) -> None:
    """Opens the mood line, which is closed at first, and waits for its picture."""
    page.locator("#line > summary").click(timeout=DEADLINE_MS)
    expect(page.locator("#chart canvas")).to_be_visible(timeout=DEADLINE_MS)


def learn_resting_face(page: Page) -> None:
    """The sheet closes by itself: the face is to look at the camera."""
    page.locator("#settings-open").click()
    page.get_by_role("button", name="Learn my resting face").click()


def forget_resting_face(page: Page) -> None:
    with settings(page):
        page.get_by_role("button", name="Forget my resting face").click()


def snap(page: Page) -> None:
    page.get_by_role("button", name="Play this mood").click()
    expect_tracks(page)


def pick(page: Page, mood: str) -> None:
    page.get_by_role("button", name=mood, exact=True).click()
    expect_tracks(page)


def expect_tracks(page: Page, where: str = "#cards") -> None:
    """At least five cards are there."""
    expect(page.locator(f"{where} > [data-id]").nth(4)).to_be_attached(timeout=DEADLINE_MS)


def player_ids(page: Page, where: str = "#cards") -> list[str]:
    return page.locator(f"{where} > [data-id]").evaluate_all("cards => cards.map((card) => card.dataset.id)")
