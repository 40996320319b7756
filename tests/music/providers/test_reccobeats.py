"""ReccoBeats over real HTTP on loopback: seeds from the catalogue, answers read, every fault told."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from feelharmonic.audio_features import FEATURES, FeatureTarget
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.catalogue.catalogue import Catalogue
from feelharmonic.music.messages import MusicTargets, Track, TrackRequest, Wishes
from feelharmonic.music.providers.reccobeats import ReccoBeatsProvider
from feelharmonic.music.selection import select

TARGETS = MusicTargets(
    emotion="happy", goal="match", features={name: FeatureTarget(centre=0.5, spread=0.1) for name in FEATURES}
)


class Answers:
    """What the server says next, and what it was asked."""

    def __init__(self):
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.content: list = [item(number) for number in range(40)]
        self.body: bytes | None = None
        self.silent = False
        self.only_without_targets = False
        self.over = threading.Event()


def item(number: int, **changed: object) -> dict:
    return {
        "id": f"6f0d7a1e-0000-4000-8000-{number:012d}",
        "href": f"https://open.spotify.com/track/{number:022d}",
        "trackTitle": f"Song {number}",
        "artists": [{"name": f"Artist {number}"}],
        "popularity": 50,
    } | changed


class Handler(BaseHTTPRequestHandler):
    answers: Answers

    def log_message(self, *arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        answers, query = self.answers, parse_qs(urlsplit(self.path).query)
        answers.asked.append({name: values[0] for name, values in query.items()})
        if answers.silent:
            answers.over.wait(20)
            return
        content = [] if answers.only_without_targets and "energy" in query else answers.content
        body = json.dumps({"content": content}).encode() if answers.body is None else answers.body
        self.send_response(answers.status)
        for name, value in answers.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def provider(answers, catalogue) -> Iterator[ReccoBeatsProvider]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"answers": answers}))
    server.daemon_threads, server.block_on_close = True, False
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield ReccoBeatsProvider(catalogue, api_url=f"http://127.0.0.1:{server.server_port}/v1", read_s=5.0)
    answers.over.set()
    server.shutdown()
    server.server_close()


def asking(n: int = 8, **fields: object) -> TrackRequest:
    return TrackRequest(steps=(TARGETS,) * n, chance=random.Random(3), **fields)


def ask(provider: ReccoBeatsProvider, request: TrackRequest) -> list[Track]:
    return select(request, provider.candidates(request))


def test_seeds_come_from_the_catalogue_and_targets_go_along(provider, answers, catalogue):
    assert len(ask(provider, asking(8))) == 8
    (asked,) = answers.asked
    seeds = asked["seeds"].split(",")
    assert len(seeds) == 5
    assert set(catalogue.known(seeds)) == set(seeds)
    assert asked["energy"] == "0.5"


def test_spotifys_id_is_the_last_part_of_href(provider, answers):
    answers.content = [item(7), item(8, href=None), item(9, artists=[]), "nonsense", item(10, trackTitle=None)]
    (track,) = ask(provider, asking(3))
    assert (track.id, track.title, track.artist, track.popularity) == (f"{7:022d}", "Song 7", "Artist 7", 50)


def test_without_an_answer_to_targets_the_seeds_alone_are_asked(provider, answers):
    answers.only_without_targets = True
    assert len(ask(provider, asking(4))) == 4
    assert ["energy" in asked for asked in answers.asked] == [True, False]


def test_one_artist_once_what_was_given_last_and_nothing_disliked(provider, answers):
    answers.content = [item(1), item(2, artists=[{"name": "artist 1"}]), item(3), item(4), item(5)]
    request = asking(5, avoid=(f"{3:022d}",), disliked=(f"{4:022d}",))
    assert [track.title for track in ask(provider, request)] == ["Song 1", "Song 5", "Song 3"]


def test_wishes_that_need_what_nobody_knows_bar_a_track(provider):
    assert ask(provider, asking(3, wishes=Wishes(decades=(1990,)))) == []


def test_what_was_liked_is_a_seed(provider, answers):
    ask(provider, asking(2, liked=("L" * 22,)))
    assert answers.asked[0]["seeds"].startswith("L" * 22)


@pytest.mark.parametrize(
    ("status", "headers", "body", "code", "params", "cooldown_s"),
    [
        (429, {"Retry-After": "12"}, None, "pause", {"wait_s": 12}, 12.0),
        (429, {}, None, "pause", {"wait_s": 60}, 60.0),
        (503, {}, None, "http_error", {"status": 503}, 30.0),
        (200, {}, b'{"content": [', "unreadable_answer", {}, 30.0),
        (200, {}, b"[]", "unreadable_answer", {}, 30.0),
        (200, {}, b'{"content": 3}', "unreadable_answer", {}, 30.0),
    ],
)
def test_every_fault_becomes_a_code_and_a_cooldown(provider, answers, status, headers, body, code, params, cooldown_s):
    answers.status, answers.headers, answers.body = status, headers, body
    with pytest.raises(ProviderUnavailable) as caught:
        ask(provider, asking())
    assert (caught.value.code, caught.value.params, caught.value.cooldown_s) == (code, params, cooldown_s)
    assert len(answers.asked) == 1


def test_a_service_that_does_not_answer_is_unavailable(provider, answers, catalogue):
    answers.silent = True
    impatient = ReccoBeatsProvider(catalogue, api_url=provider._url.removesuffix("/track/recommendation"), read_s=0.1)
    with pytest.raises(ProviderUnavailable, match="timeout"):
        ask(impatient, asking())


def test_a_service_that_cannot_be_reached_is_unavailable(catalogue):
    with pytest.raises(ProviderUnavailable, match="unreachable"):
        ask(ReccoBeatsProvider(catalogue, api_url="http://127.0.0.1:9/v1"), asking())
