"""`python -m benchmarks.page`: first paint, size of scripts, layout shift when tracks arrive.

Needs Chromium and the test requirements (`make test` installs them). A server of its own is started on loopback; every
visit is a fresh browser context with an empty cache. Spotify's players are not loaded: nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import statistics

from playwright.sync_api import Browser, sync_playwright

from benchmarks.support.report import show
from benchmarks.support.serving import launch_chromium, server

TRACKS_TIMEOUT_MS = 20_000

WATCH_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def visited(browser: Browser, url: str, scheme: str) -> dict[str, float]:
    """One visit: first paint (ms), script before the camera starts (bytes), layout shift until tracks are there."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    context.route("https://open.spotify.com/**", lambda route: route.abort())
    page = context.new_page()
    page.add_init_script(WATCH_SHIFTS)
    scripts: list[int] = []
    page.on("response", lambda response: scripts.append(len(response.body())) if is_script(response.url) else None)
    page.goto(url, wait_until="networkidle")
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    page.evaluate("document.querySelector('[data-emotion=sad]').click()")
    page.wait_for_selector("#cards > [data-id]", state="attached", timeout=TRACKS_TIMEOUT_MS)
    shifts = page.evaluate("window.shifts")
    context.close()
    return {"paint_ms": paint_ms, "script": float(sum(scripts)), "shifts": shifts}


def is_script(url: str) -> bool:
    return url.split("?")[0].endswith(".js")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=10, help="visits in light and in dark, each (default 10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with server() as url, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        visits = [visited(browser, url, scheme) for _ in range(arguments.visits) for scheme in ("light", "dark")]
        browser.close()
    paints = [visit["paint_ms"] for visit in visits]
    rows = [
        {"": "first paint, ms", "median": statistics.median(paints), "worst": max(paints)},
        {
            "": "script before the camera starts, kB",
            "median": statistics.median(visit["script"] for visit in visits) / 1000,
            "worst": max(visit["script"] for visit in visits) / 1000,
        },
        {
            "": "layout shift until tracks are there",
            "median": statistics.median(visit["shifts"] for visit in visits),
            "worst": max(visit["shifts"] for visit in visits),
        },
    ]
    show(f"The page on loopback, {len(visits)} visits with an empty cache", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
