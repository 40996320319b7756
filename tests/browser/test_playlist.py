"""One's own playlist: pasted, sorted, walked on the map by keyboard, saved as CSV."""

from __future__ import annotations

import csv
import io

import pytest
from playwright.sync_api import Page, Route, expect

from feelharmonic.music.catalogue.starter import read_starter
from tests.browser.steps import DEADLINE_MS, pick

SONGS = read_starter()[::30]
LINES = "\n".join([*(f"{track.artist} – {track.title}" for track in SONGS), "Nobody – Never Heard Of"])


def sorted_page(visit, server, **options: object) -> Page:
    page = visit(url=f"{server.url}/playlist", grants=(), **options)
    page.get_by_role("textbox", name="Your playlist").fill(LINES)
    page.get_by_role("button", name="Sort", exact=True).click()
    expect(page.locator("#songs li")).to_have_count(len(SONGS), timeout=DEADLINE_MS)
    return page


def test_a_pasted_playlist_is_sorted_and_the_unknown_are_listed(visit, server):
    page = sorted_page(visit, server)
    expect(page.locator("#result-note")).to_have_text(f"{len(SONGS)} known, 1 unknown")
    expect(page.locator("#unknown li")).to_have_text(["Nobody – Never Heard Of"])
    before = page.locator("#songs li").all_text_contents()
    page.get_by_role("button", name="Happy", exact=True).click()
    expect(page.locator("#result-title")).to_have_text("Best match for happy", timeout=DEADLINE_MS)
    after = page.locator("#songs li").all_text_contents()
    assert sorted(before) == sorted(after)
    assert before != after


def test_the_result_comes_into_view(visit, server):
    page = sorted_page(visit, server, viewport={"width": 390, "height": 700})
    expect(page.locator("#result-title")).to_be_focused()
    assert 0 <= page.locator("#result-title").bounding_box()["y"] < 200


@pytest.mark.parametrize("locale", ["en", pytest.param("de", marks=pytest.mark.full)])
def test_the_examples_given_are_known(visit, server, locale):
    page = visit(url=f"{server.url}/playlist", grants=(), locale=locale)
    examples = page.locator("#text").get_attribute("placeholder")
    page.locator("#text").fill(examples)
    page.locator("#sort").click()
    expect(page.locator("#songs li")).to_have_count(len(examples.splitlines()), timeout=DEADLINE_MS)
    expect(page.locator("#unknown-part")).to_be_hidden()


def test_the_four_words_wear_neither_sads_colour_nor_angrys_by_mistake(visit, server):
    page = visit(url=f"{server.url}/playlist", grants=())
    dots = {
        mood: page.evaluate(
            """(mood) => {
              const item = document.body.appendChild(Object.assign(document.createElement('i')));
              item.dataset.moodOf = mood;
              return getComputedStyle(item).getPropertyValue('--dot').trim();
            }""",
            mood,
        )
        for mood in ("Calm", "Energetic", "Happy", "Sad")
    }
    glows = page.evaluate(
        "JSON.parse(document.getElementById('config').textContent).emotions.map((e) => e.colour.glow)"
    )
    assert len(set(dots.values())) == 4
    assert distance(dots["Calm"], glows[4]) > 60, "calm is not sad"
    assert distance(dots["Energetic"], glows[0]) > 60, "energetic is not angry"
    assert distance(dots["Sad"], glows[4]) < 60, "sad is sad"


def distance(one: str, other: str) -> float:
    """Between two colours, #rrggbb, 0 to 441."""
    channels = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in (one, other)]
    return sum((a - b) ** 2 for a, b in zip(*channels, strict=True)) ** 0.5


def test_the_listeners_mood_and_goal_come_along(visit, server):
    page = visit(grants=())
    pick(page, "Angry")
    page.get_by_text("calm me").click()
    page.get_by_role("link", name="Playlist", exact=True).click()
    expect(page.get_by_role("button", name="Angry", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("radio", name="calm me")).to_be_checked()


def test_the_map_is_one_stop_and_arrows_walk_it(visit, server):
    page = sorted_page(visit, server)
    points = page.locator("#map button")
    expect(points).to_have_count(len(SONGS))
    assert page.locator("#map button[tabindex='0']").count() == 1
    page.locator("#map button[tabindex='0']").focus()
    expect(page.locator("#chosen")).to_contain_text("1. ")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#chosen")).to_contain_text("2. ")
    page.keyboard.press("End")
    expect(page.locator("#chosen")).to_contain_text(f"{len(SONGS)}. ")
    page.keyboard.press("Home")
    expect(page.locator("#chosen")).to_contain_text("1. ")
    title = page.locator("#songs li").first.locator(".names").text_content().split("  ")[0].strip()
    assert title[:8] in page.locator("#chosen").text_content()


#: Whether names on the map overlap each other or leave it.
NAMES_CLASH = """() => {
  const map = document.querySelector('#map').getBoundingClientRect();
  const names = [...document.querySelectorAll('#map .name')].map((name) => name.getBoundingClientRect());
  const leaves = (a) => a.left < map.left || a.right > map.right + 0.5
    || a.top < map.top || a.bottom > map.bottom + 0.5;
  const over = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return names.some((a, i) => leaves(a) || names.slice(i + 1).some((b) => over(a, b)));
}"""


@pytest.mark.parametrize("width", [1440, 360])
def test_names_stand_on_the_map_where_there_is_room(visit, server, width):
    page = sorted_page(visit, server, viewport={"width": width, "height": 900})
    names = page.locator("#map .name")
    expect(names.first).to_be_visible()
    assert 2 <= names.count() < len(SONGS)
    assert not page.evaluate(NAMES_CLASH)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_result_is_saved_as_csv_that_no_spreadsheet_runs(visit, server):
    page = sorted_page(visit, server)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert {row["id"] for row in rows} == {track.id for track in SONGS}
    assert all(row["mood"] in ("Calm", "Energetic", "Happy", "Sad") for row in rows)


def test_a_file_is_read_and_what_is_no_playlist_is_told(visit, server):
    page = visit(url=f"{server.url}/playlist", grants=(), tolerate=("422",))
    page.get_by_role("button", name="Sort", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Paste or choose a playlist first.", timeout=DEADLINE_MS)
    table = f'Track Name,Artist Name\n"{SONGS[0].title}","{SONGS[0].artist}"\n'.encode()
    page.locator("#file").set_input_files({"name": "list.csv", "mimeType": "text/csv", "buffer": table})
    expect(page.locator("#songs li")).to_have_count(1, timeout=DEADLINE_MS)
    expect(page.locator("#notice")).to_be_hidden()


def test_with_an_account_a_spotify_playlist_comes_in_and_the_sorted_one_goes_back(visit, server):
    page = visit(grants=())
    asked: list[tuple[str, dict]] = []

    def account(route: Route) -> None:
        """Answers as the server does for a connected account."""
        action = route.request.url.split("/spotify")[1]
        if route.request.method == "GET":
            route.fulfill(json={"available": True, "connected": True, "connect_url": "/", "csrf": "token"})
            return
        assert route.request.headers["x-csrf-token"] == "token"
        asked.append((action, route.request.post_data_json))
        rows = [{"id": track.id, "artist": track.artist, "title": track.title} for track in SONGS]
        route.fulfill(json={"tracks": rows, "url": "https://open.spotify.com/playlist/x"})

    page.context.route("**/api/v1/spotify**", account)
    page.context.route("**/api/v1/spotify/**", account)
    page.goto(f"{server.url}/playlist")
    link = f"https://open.spotify.com/playlist/{'a' * 22}"
    page.get_by_role("textbox", name="Or paste the link").fill(link)
    page.get_by_role("button", name="Load", exact=True).click()
    expect(page.locator("#songs li")).to_have_count(len(SONGS), timeout=DEADLINE_MS)
    page.get_by_role("button", name="Save as playlist").click()
    expect(page.locator("#notice .text")).to_have_text("Saved as a private playlist.", timeout=DEADLINE_MS)
    (_, read), (action, saved) = asked
    assert read == {"link": link}
    assert action == "/playlist"
    assert len(saved["ids"]) == len(SONGS)
    assert saved["name"] == "Sorted for Neutral"


@pytest.mark.full
@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), pytest.param(360, "light", marks=pytest.mark.full)])
def test_axe_finds_nothing_on_the_playlists_page(visit, server, check, shoot, width, scheme):
    page = visit(url=f"{server.url}/playlist", grants=(), viewport={"width": width, "height": 900}, color_scheme=scheme)
    check(page, "playlist, empty")
    page = sorted_page(visit, server, viewport={"width": width, "height": 900}, color_scheme=scheme)
    check(page, "playlist, sorted")
    shoot(page, f"playlist-{width}-{scheme}")
