"""Own music, radio and the page /library in a real browser: sound really plays, under the pages' real policies."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
from playwright.sync_api import expect

from feelharmonic.music.library.pool import read_file
from feelharmonic.music.library.scanner import Scanner
from feelharmonic.music.library.store import LibraryStore
from tests.browser.player.bar import open_queue, play
from tests.browser.steps import DEADLINE_MS, pick
from tests.support.music.files import tones, write_sound
from tests.support.music.icecast import Icecast
from tests.support.music.open_services import OpenServiceStandIn, as_json, station
from tests.support.serving import Server

SONGS = 12


def wav() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, tones(440, seconds=60, level=0.01), 22_050, format="WAV")
    return file.getvalue()


@pytest.fixture(scope="module")
def radio() -> Iterator[OpenServiceStandIn]:
    """Radio Browser with three stations, whose sound it serves as well."""
    sound = wav()

    def answer(path: str, query: dict, headers: dict) -> tuple[int, bytes]:
        if path.startswith("/stream"):
            return 200, sound
        rows = [station(number, url_resolved=f"{service.url}/stream{number}") for number in range(3)]
        return as_json(rows if path.endswith("/search") else {"ok": True})

    with OpenServiceStandIn(answer) as service:
        yield service


@pytest.fixture(scope="module")
def music_server(tmp_path_factory, radio) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("music server")
    music = folder / "music"
    for number in range(SONGS):
        sound = tones(200 + 20 * number, seconds=20, level=0.01)
        write_sound(music / f"{number}.wav", sound, title=f"Song {number}", artist=f"Artist {number}")
        (music / f"{number}.wav").rename(music / f"Artist {number} - Song {number}.wav")
    store = LibraryStore(Path(folder / "instance" / "library.db"))
    Scanner(store, [music], results=lambda jobs: map(read_file, jobs)).scan()
    server = Server(folder, RADIO_URL=radio.url, INSTANCE_DIR=str(folder / "instance")).start()
    yield server
    server.kill()


def test_own_songs_play_first_and_whole(visit, music_server):
    page = visit(url=music_server.url)
    pick(page, "Happy")
    expect(page.locator("#cards")).to_contain_text("Song", timeout=DEADLINE_MS)
    play(page)
    expect(page.locator("#player iframe")).to_have_count(0)
    expect(page.locator("#player .player-time")).to_contain_text("0:20", timeout=DEADLINE_MS)
    open_queue(page)
    page.get_by_label("Cross-fade").uncheck()
    assert page.evaluate("localStorage.getItem('feelharmonic.cross-fade')") == "off"


def test_choosing_the_radio_plays_a_station_whose_directory_is_told(visit, music_server, radio):
    page = visit(url=music_server.url)
    pick(page, "Happy")
    expect(page.locator(".player-list > li").first).to_be_attached(timeout=DEADLINE_MS)
    assert not radio.asked
    open_queue(page)
    told = threading.Event()
    page.on("response", lambda response: told.set() if response.url.endswith("/started") else None)
    page.locator("#music-from").select_option("radio")
    expect(page.locator("#player .player-words .title")).to_contain_text("Station", timeout=DEADLINE_MS)
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.wait_for_timeout(300)
    assert told.is_set()
    assert [path for path, _ in radio.asked if path.startswith("/json/url/")]


def test_the_library_is_searched_heard_and_corrected_by_keyboard(visit, music_server, check):
    page = visit(url=f"{music_server.url}/library")
    expect(page.locator("#scan")).to_contain_text(f"{SONGS} songs", timeout=DEADLINE_MS)
    check(page, "library")
    page.get_by_role("searchbox").fill("song 7")
    expect(page.get_by_role("option")).to_have_count(1)
    page.get_by_role("listbox").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#chosen")).to_contain_text("Song 7")
    expect(page.locator("#chosen")).to_contain_text("a guess")
    page.get_by_label("Dark to bright").fill("0.9")
    expect(page.locator("#chosen")).to_contain_text("placed by hand", timeout=DEADLINE_MS)
    check(page, "library with a chosen song")
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
    page.reload()
    page.get_by_role("searchbox").fill("song 7")
    page.get_by_role("option").click()
    expect(page.locator("#chosen")).to_contain_text("placed by hand", timeout=DEADLINE_MS)


@pytest.mark.full  # Icecast and a server of their own
@pytest.mark.timeout(240)
def test_a_real_stream_plays(visit, tmp_path):
    folder = tmp_path / "icecast"
    folder.mkdir()
    with (
        Icecast(folder) as stream,
        OpenServiceStandIn(lambda *asked: as_json([station(1, url_resolved=stream.url)])) as radio,
    ):
        server = Server(tmp_path, RADIO_URL=radio.url).start()
        try:
            page = visit(url=server.url, tolerate=("status of 404", "WebSocket"))
            pick(page, "Happy")
            expect(page.locator(".player-list > li").first).to_be_attached(timeout=DEADLINE_MS)
            open_queue(page)
            page.locator("#music-from").select_option("radio")
            expect(page.locator("#player .player-words .title")).to_have_text("Station 1", timeout=DEADLINE_MS)
            expect(page.locator("#player")).to_have_attribute("data-phase", "playing", timeout=DEADLINE_MS)
            page.wait_for_timeout(2000)
            expect(page.locator("#player")).to_have_attribute("data-phase", "playing")
        finally:
            server.kill()
