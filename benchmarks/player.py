"""`python -m benchmarks.player`: the player's delays, and what it costs the page, side by side with an earlier commit.

Needs Chromium and the test requirements (`make test` installs them). Spotify's embed is the tests' stand-in on
loopback, so that nothing leaves the machine: its script and its frame are loaded by HTTPS, as the real ones are.
``--before COMMIT`` checks that commit out into a temporary folder and visits both servers in turn.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.support.report import show
from benchmarks.support.serving import PROJECT, launch_chromium, started

TIMEOUT_MS = 60_000
LENGTH_MS = 2500
#: In the page: when a play button was pressed and when the source made its frame, which it does as it takes the first
#: track, just before its play; in milliseconds of Unix time as the stand-in's log has them.
WATCH_PRESS = """
const now_ms = () => performance.timeOrigin + performance.now();
addEventListener("click", (event) => {
  if (event.target.closest?.(".player-toggle")) window.pressed_ms = now_ms();
}, true);
if (window === top) {
  const append = Element.prototype.append;
  Element.prototype.append = function (...nodes) {
    if (nodes[0] instanceof HTMLIFrameElement) window.taken_ms = now_ms();
    return append.apply(this, nodes);
  };
}
"""


@contextmanager
def checkout(commit: str) -> Iterator[Path]:
    """A temporary folder with that commit's files and this checkout's browser libraries."""
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "archive", commit], cwd=PROJECT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
        shutil.copytree(PROJECT / "static" / "vendor", Path(folder) / "static" / "vendor", dirs_exist_ok=True)
        yield Path(folder)


@contextmanager
def server_of(project: Path) -> Iterator[str]:
    """The address of a server of another checkout."""
    with started((sys.executable, str(project / "app.py")), PYTHONPATH=str(project)) as (url, _):
        yield url


def opened(browser: Browser, url: str) -> dict[str, float]:
    """One visit with an empty cache: first paint (ms) and the scripts that are loaded before anything is done (kB)."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, service_workers="block")
    page = context.new_page()
    scripts: list[int] = []
    page.on("response", lambda response: scripts.append(len(response.body())) if is_script(response.url) else None)
    page.goto(url, wait_until="networkidle")
    paint_ms = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    context.close()
    return {"paint_ms": paint_ms, "script_kb": sum(scripts) / 1000}


def is_script(url: str) -> bool:
    return url.split("?")[0].endswith(".js")


def played(browser: Browser, url: str) -> dict[str, list[float]]:
    """One visit that plays eight tracks: press → the source's play, press → the embed's (the first, and one with the
    frame there already), the silences between tracks (all ms), and how many other hosts were asked before the first
    press."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    page.add_init_script(WATCH_PRESS)
    page.add_init_script(f"window.embedStandIn = {json.dumps({'length_ms': LENGTH_MS})};")
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(url)
    page.locator("[data-emotion=sad]").click()
    page.locator(".player-list > li").nth(7).wait_for(state="attached", timeout=TIMEOUT_MS)
    foreign = float(len(hosts - {urlsplit(url).netloc}))
    first_ms = pressed(page, "play", 0)
    source_ms = page.evaluate("window.taken_ms - window.pressed_ms")
    page.locator("#player[data-phase=playing]").wait_for(timeout=TIMEOUT_MS)
    page.locator("#player .player-toggle").click()
    again_ms = pressed(page, "resume", 0)
    page.locator(".player-list > li:nth-child(8)[aria-current]").wait_for(state="attached", timeout=TIMEOUT_MS)
    page.locator("#player[data-phase=paused]").wait_for(timeout=TIMEOUT_MS)
    ends, plays = log(page, "end"), log(page, "play")
    silences = [min(play for play in plays if play >= end) - end for end in ends[:7]]
    context.close()
    return {
        "source_ms": [source_ms],
        "first_ms": [first_ms],
        "again_ms": [again_ms],
        "silence_ms": silences,
        "foreign": [foreign],
    }


def pressed(page: Page, what: str, number: int) -> float:
    """Presses play; the milliseconds from there to the embed's play or resume with that number."""
    page.locator("#player .player-toggle").click()
    while len(found := log(page, what)) <= number:
        page.wait_for_timeout(20)
    return found[number] - page.evaluate("window.pressed_ms")


def log(page: Page, what: str) -> list[float]:
    """When the embed was told ``what``, or did it, in milliseconds of Unix time."""
    frames = [frame for frame in page.frames if frame.url.endswith("/player")]
    entries = frames[0].evaluate("window.embedLog ?? []") if frames else []
    return [entry["at_ms"] for entry in entries if entry["what"] == what]


def rows_of(visits: list[dict[str, list[float]]]) -> list[dict]:
    names = {
        "source_ms": "press → the source's play, ms",
        "first_ms": "press → the embed's play, frame and Spotify's script loaded anew, ms",
        "again_ms": "press → the embed's play, frame there, ms",
        "silence_ms": "silence between two tracks, ms",
        "foreign": "other hosts asked before the first press",
    }
    values = {name: [value for visit in visits for value in visit[name]] for name in names}
    return [
        {"": label, "median": statistics.median(values[name]), "worst": max(values[name])}
        for name, label in names.items()
    ]


def page_rows(name: str, visits: list[dict[str, float]]) -> list[dict]:
    labels = {"paint_ms": "first paint, ms", "script_kb": "scripts before anything is done, kB"}
    return [
        {
            "": f"{name}: {label}",
            "median": statistics.median(visit[key] for visit in visits),
            "worst": max(visit[key] for visit in visits),
        }
        for key, label in labels.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=10, help="visits of each page (default 10)")
    parser.add_argument("--plays", type=int, default=3, help="queues of eight tracks that are played (default 3)")
    parser.add_argument("--before", help="a commit whose page is opened in turn with this one's")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    sys.path.insert(0, str(PROJECT))
    from tests.support.spotify.embed_server import EmbedServer

    rows = []
    with tempfile.TemporaryDirectory() as folder, EmbedServer(Path(folder)) as embed, sync_playwright() as playwright:
        browser = launch_chromium(playwright, *embed.options)
        with started() as (url, _):
            rows += rows_of([played(browser, url) for _ in range(arguments.plays)])
            if arguments.before:
                with checkout(arguments.before) as project, server_of(project) as before:
                    visits = [(opened(browser, before), opened(browser, url)) for _ in range(arguments.visits)]
                rows += page_rows("before", [one for one, _ in visits])
                rows += page_rows("now", [two for _, two in visits])
            else:
                rows += page_rows("now", [opened(browser, url) for _ in range(arguments.visits)])
        browser.close()
    show("The player, with the stand-in for Spotify's embed on loopback", rows, as_json=arguments.json)


if __name__ == "__main__":
    main()
