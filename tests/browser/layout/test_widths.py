"""Widths from 320 to 1600, two languages, plain and doubled text: nothing overflows, overlaps, or is off the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import DEADLINE_MS, expect_tracks

WIDTHS = range(320, 1601, 40)
HEIGHT = 800

#: What is wrong with the page as it is now, in words.
MEASURE = """
    () => {
      const faults = [];
      const root = document.documentElement;
      if (root.scrollWidth > window.innerWidth) faults.push(`the page is ${root.scrollWidth} px wide`);
      const open = document.querySelector('dialog[open]');
      const said = (e) => `${e.tagName.toLowerCase()}#${e.id}.${e.className} “${e.textContent.trim().slice(0, 24)}”`;
      const text = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      const clips = (e) => e.closest('.unseen, .skip, .player-bar, svg, .chart, [aria-busy]') !== null;
      const scrolls = (e) => {
        for (let p = e.parentElement; p; p = p.parentElement) {
          if (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(p).overflowX)) return p;
        }
        return null;
      };
      const hidden = (e) => {
        const style = getComputedStyle(e);
        return style.clipPath !== 'none' || (style.opacity === '0' && e.tagName === 'INPUT');
      };
      const parts = [...(open ?? document.body).querySelectorAll('*')].filter(
        (e) => (e.matches('button, a, select, input, summary, textarea') || text(e))
          && e.checkVisibility() && !clips(e) && !hidden(e),
      );
      const boxes = parts.map((e) => [e, e.getBoundingClientRect()]).filter(([, b]) => b.width > 1 && b.height > 1);
      for (const [e, b] of boxes) {
        const frame = scrolls(e);
        if (!frame && (b.right > window.innerWidth + 1 || b.left < -1)) faults.push(`outside the window: ${said(e)}`);
        const card = e.closest('.card, .hero, .panel, .notice, dialog');
        if (card && card !== e && !frame) {
          const c = card.getBoundingClientRect();
          if (b.right > c.right + 1 || b.left < c.left - 1) faults.push(`outside its card: ${said(e)}`);
        }
      }
      for (let i = 0; i < boxes.length; i += 1) {
        for (let j = i + 1; j < boxes.length; j += 1) {
          const [[e, a], [f, b]] = [boxes[i], boxes[j]];
          if (e.contains(f) || f.contains(e) || scrolls(e) !== scrolls(f)) continue;
          // Texts of one line that go on in the next have boxes that hold each other's.
          const inline = [e, f].every((part) => getComputedStyle(part).display === 'inline');
          if (inline && e.parentElement === f.parentElement) continue;
          if (e.matches('.step') || f.matches('.step')) continue; // a journey's songs may lie at the same point
          const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (width > 2 && height > 2) faults.push(`overlap: ${said(e)} and ${said(f)}`);
        }
      }
      return faults;
    }
"""


def walk(page: Page, state: str, first_screen: str | None = None, *, doubled: bool) -> list[str]:
    """What is wrong at any width. ``first_screen``: what has to be on it; doubled text may push it down."""
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.evaluate("window.scrollTo(0, 0)")
        faults += [f"{state}, {width} px: {fault}" for fault in page.evaluate(MEASURE)]
        if first_screen and not doubled:
            if first_screen.startswith("#cards"):  # as a new list is shown
                page.evaluate("document.getElementById('tracks').scrollIntoView()")
            box = page.locator(first_screen).first.bounding_box()
            if box["y"] + box["height"] > HEIGHT:
                faults.append(f"{state}, {width} px: {first_screen} is below the first screen")
    return faults


@pytest.fixture(params=[("en", 100), ("en", 200), ("de", 100), ("de", 200)], ids=lambda param: f"{param[0]}-{param[1]}")
def look(request, visit):
    """Opens a page in a language, with its text at a size; says whether that is doubled."""
    language, percent = request.param

    def open_page(**options: object) -> Page:
        page = visit(locale=language, **options)
        page.evaluate("percent => { document.documentElement.style.fontSize = `${percent}%`; }", percent)
        return page

    return open_page, percent == 200


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_live_page_fits_every_width(look):
    open_page, doubled = look
    page = open_page()
    faults = walk(page, "welcome", "#allow", doubled=doubled)
    page.locator("#allow").click()
    expect(page.locator("html")).to_have_attribute("data-mood", "happy", timeout=DEADLINE_MS)
    expect(page.locator("#plane")).to_be_visible(timeout=DEADLINE_MS)
    faults += walk(page, "live", "#snap", doubled=doubled)
    page.locator("#change").click()
    faults += walk(page, "live, moods to choose", doubled=doubled)
    page.locator("#settings-open").click()
    faults += walk(page, "settings", doubled=doubled)
    page.keyboard.press("Escape")
    page.locator("#snap").click()
    expect_tracks(page)
    faults += walk(page, "list", "#cards .play", doubled=doubled)
    page.locator("#goals label").nth(1).click()
    expect(page.locator("#path")).to_be_visible(timeout=DEADLINE_MS)
    page.locator("#share").click()
    page.locator("#wishes > summary").click()
    expect(page.locator("#decades label").first).to_be_visible(timeout=DEADLINE_MS)
    page.locator("#line > summary").click()
    faults += walk(page, "journey", doubled=doubled)
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_list_chosen_by_hand_fits_every_width(look):
    open_page, doubled = look
    page = open_page()
    page.locator("#by-hand button[data-emotion=surprise]").click()
    expect_tracks(page)
    faults = walk(page, "by hand", "#cards .play", doubled=doubled)
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ["photo", "playlist", "status", "watch", "nowhere"])
def test_the_other_pages_fit_every_width(look, server, name):
    open_page, doubled = look
    page = open_page(url=f"{server.url}/{name}", grants=(), tolerate=("404",))
    faults = walk(page, name, doubled=doubled)
    assert not faults, "\n".join(dict.fromkeys(faults))


@pytest.mark.parametrize("size", [(320, 640), (844, 390)])
def test_a_small_phone_has_each_first_act_on_its_screen(visit, size):
    page = visit(viewport={"width": size[0], "height": size[1]})
    box = page.locator("#allow").bounding_box()
    assert box["y"] + box["height"] <= size[1]
    page.locator("#allow").click()
    expect(page.locator("#mood-word")).to_have_text("Happy", timeout=DEADLINE_MS)
    box = page.locator("#snap").bounding_box()
    assert box["y"] + box["height"] <= size[1]
    assert page.evaluate(MEASURE) == []
    pick_by_key(page)
    assert page.evaluate(MEASURE) == []


def pick_by_key(page: Page) -> None:
    page.keyboard.press("4")
    expect_tracks(page)
