"""What a listener does with the player in several tests."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser import steps
from tests.browser.steps import DEADLINE_MS


def pick(page: Page, mood: str) -> None:
    """Picks a mood, and waits for its tracks in the queue."""
    steps.pick(page, mood)
    expect(page.locator(".player-list > li").nth(4)).to_be_attached(timeout=DEADLINE_MS)


def press(page: Page, name: str) -> None:
    page.locator("#player").get_by_role("button", name=name, exact=True).first.click()


def play(page: Page) -> None:
    press(page, "Play")
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)


def open_queue(page: Page) -> None:
    press(page, "Queue")
    expect(page.locator("#player-queue")).to_be_visible()


def queue_ids(page: Page) -> list[str]:
    return page.locator(".player-list > li").evaluate_all("rows => rows.map((row) => row.dataset.id)")


def embed_log(page: Page, what: str) -> list[dict]:
    (frame,) = [frame for frame in page.frames if frame.url.endswith("/player")]
    return [entry for entry in frame.evaluate("window.embedLog") if entry["what"] == what]


def played_ids(page: Page) -> list[str]:
    return [entry["uri"].split(":")[2] for entry in embed_log(page, "load")]


def expect_phase(page: Page, phase: str, timeout_ms: float = DEADLINE_MS) -> None:
    expect(page.locator("#player")).to_have_attribute("data-phase", phase, timeout=timeout_ms)
