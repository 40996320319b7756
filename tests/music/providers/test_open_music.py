"""Radio and Audius against stand-ins: what is asked, what is taken, and every fault that the services are known for."""

from __future__ import annotations

import dataclasses
import random

import pytest

from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import ProviderUnavailable
from feelharmonic.music.fallback import ProviderFallback
from feelharmonic.music.messages import TrackRequest
from feelharmonic.music.providers import load_providers, on_wish
from feelharmonic.music.providers.audius import AudiusProvider
from feelharmonic.music.providers.radio import RadioProvider, _stations
from feelharmonic.music.selection import select
from feelharmonic.music.targets import journey
from feelharmonic.params import Params
from feelharmonic.settings import Settings
from tests.support.music.open_services import OpenServiceStandIn, as_json, audius_track, slow, station
from tests.support.music_providers import REQUEST, Local

PARAMS = Params.load()
MUSIC = PARAMS.open_music


def request(emotion: str = "happy", goal: str = "match", n: int = 3) -> TrackRequest:
    return TrackRequest(steps=tuple(journey(PARAMS, emotion, goal, n)), chance=random.Random(1))


def stations(*rows: dict, emotion: str = "happy", goal: str = "match"):
    with OpenServiceStandIn(lambda *asked: as_json(list(rows))) as service:
        wanted = request(emotion, goal, max(1, len(rows)))
        return select(wanted, RadioProvider(service.url, MUSIC).candidates(wanted)), service.asked


def code_of(provider) -> str:
    with pytest.raises(ProviderUnavailable) as caught:
        provider.candidates(request())
    return caught.value.code


def test_every_emotion_and_goal_has_tags_and_moods():
    for emotion in EMOTIONS:
        for goal in GOALS:
            assert MUSIC.radio_tags_for(emotion, goal)
            assert MUSIC.audius_moods_for(emotion, goal)


def test_stations_are_asked_for_by_the_moods_tags_and_become_tracks():
    (track,), asked = stations(station(7))
    assert track.id == "radio:00000007-1111-2222-3333-444444444444"
    assert (track.title, track.artist) == ("Station 7", "Iceland")
    assert (track.audio, track.url) == ("https://radio.example/7", "https://radio.example/")
    assert {path for path, _ in asked} == {"/json/stations/search"}
    assert {query["tag"] for _, query in asked} <= set(MUSIC.radio["happy"])
    assert {(query["is_https"], query["hidebroken"], query["order"]) for _, query in asked} == {
        ("true", "true", "votes")
    }


def test_a_goal_is_asked_for_by_its_own_tags():
    _, asked = stations(station(), emotion="angry", goal="calm")
    assert {query["tag"] for _, query in asked} <= set(MUSIC.radio["calm"])


@pytest.mark.parametrize(
    "changes",
    [
        {"url_resolved": "http://radio.example/1"},
        {"url_resolved": "https://radio.example/list.m3u"},
        {"url_resolved": "https://radio.example/list.pls?x=1"},
        {"url_resolved": "javascript:alert(1)"},
        {"url_resolved": 'https://radio.example/"onerror='},
        {"url_resolved": None},
        {"codec": "WMA"},
        {"codec": None},
        {"name": "  "},
        {"stationuuid": "../../etc"},
        {"stationuuid": 5},
    ],
)
def test_what_a_page_cannot_play_is_passed_over(changes):
    found, _ = stations(station(1, **changes), station(2))
    assert [track.title for track in found] == ["Station 2"]


def test_streams_in_pieces_come_after_whole_ones():
    with OpenServiceStandIn(lambda *asked: as_json([station(1, hls=1, codec="UNKNOWN"), station(2)])) as service:
        found = RadioProvider(service.url, MUSIC)._service.get("/json/stations/search", {})
        assert [track.title for track in _stations(found)] == ["Station 2", "Station 1"]


def test_a_foreign_homepage_that_is_no_page_is_left_out():
    (track,), _ = stations(station(1, homepage="javascript:alert(1)"))
    assert track.url == ""


def test_answers_are_kept_for_an_hour():
    with OpenServiceStandIn(lambda *asked: as_json([station(1)])) as service:
        provider = RadioProvider(service.url, MUSIC)
        for _ in range(5):
            provider.candidates(request())
        assert len(service.asked) <= len(MUSIC.radio["happy"])


def test_a_click_is_counted_for_ids_of_stations_alone():
    with OpenServiceStandIn(lambda *asked: as_json({"ok": True})) as service:
        provider = RadioProvider(service.url, MUSIC)
        provider.count_click(station(1)["stationuuid"])
        provider.count_click("../x")
        assert [path for path, _ in service.asked] == [f"/json/url/{station(1)['stationuuid']}"]


def test_a_program_names_itself():
    heard = {}

    def answer(path, query, headers):
        heard.update(headers)
        return as_json([])

    with OpenServiceStandIn(answer) as service:
        RadioProvider(service.url, MUSIC).candidates(request())
    assert heard["User-Agent"].startswith("feelharmonic/")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda *asked: (404, b""), "http_error"),
        (lambda *asked: (500, b"oops"), "http_error"),
        (lambda *asked: (403, b""), "key_refused"),
        (lambda *asked: (429, b""), "pause"),
        (lambda *asked: (200, b"<html>"), "unreadable_answer"),
        (lambda *asked: as_json({"error": "x"}), "unreadable_answer"),
        (lambda *asked: (200, b"[" + b" " * 4_000_000 + b"]"), "unreadable_answer"),
        (slow, "timeout"),
    ],
    ids=["404", "500", "403", "429", "page", "another form", "too long", "slow"],
)
def test_faults_are_told(answer, code):
    with OpenServiceStandIn(answer) as service:
        assert code_of(RadioProvider(service.url, MUSIC)) == code
        if code != "timeout":
            assert code_of(AudiusProvider([service.url], "", MUSIC)) == code


def test_an_empty_answer_is_no_fault():
    assert stations()[0] == []


def test_audius_tracks_name_their_artist_and_page_and_stream_by_the_host_that_answered():
    rows = [audius_track(1), audius_track(2, is_streamable=False)]
    with (
        OpenServiceStandIn(lambda *asked: (404, b"")) as gone,
        OpenServiceStandIn(lambda *asked: as_json({"data": rows})) as here,
    ):
        provider = AudiusProvider([gone.url, here.url], "", MUSIC)
        (track,) = select(request(), provider.candidates(request()))
        assert (track.id, track.title, track.artist, track.year) == ("audius:D7K1", "Track 1", "Artist 1", 2021)
        assert track.url == "https://audius.co/artist/track-1"
        assert track.audio == f"{here.url}/v1/tracks/D7K1/stream?app_name=feelharmonic"
        provider.candidates(request("sad"))
        assert len(gone.asked) == 1  # the next request begins with the host that answered
        assert here.asked[0][1]["mood"] in MUSIC.audius["happy"]


def test_a_key_is_sent_where_there_is_one_and_never_in_the_address():
    heard = []

    def answer(path, query, headers):
        heard.append((query, headers.get("x-api-key")))
        return as_json({"data": []})

    with OpenServiceStandIn(answer) as service:
        AudiusProvider([service.url], "secret", MUSIC).candidates(request())
        AudiusProvider([service.url], "", MUSIC).candidates(request())
    assert [key for _, key in heard] == ["secret", None]
    assert "secret" not in str([query for query, _ in heard])


@pytest.mark.parametrize(
    "changes",
    [{"id": "a/b"}, {"id": 5}, {"title": ""}, {"user": None}, {"user": {"name": 5}}, {"title": ["x"]}],
)
def test_rows_of_another_form_are_passed_over(changes):
    rows = [audius_track(1, **changes), 7, audius_track(2)]
    with OpenServiceStandIn(lambda *asked: as_json({"data": rows})) as service:
        found = select(request(), AudiusProvider([service.url], "", MUSIC).candidates(request()))
    assert [track.title for track in found] == ["Track 2"]


def test_a_journey_ends_with_the_goals_moods():
    with OpenServiceStandIn(lambda *asked: as_json({"data": []})) as service:
        AudiusProvider([service.url], "", MUSIC).candidates(request("angry", "calm", 9))
        moods = [query["mood"] for _, query in service.asked]
    assert moods[0] in MUSIC.audius["angry"]
    assert moods[-1] in MUSIC.audius["calm"]


def test_they_are_asked_only_where_chosen_or_named():
    chosen, usual = Local("radio"), Local("catalogue")
    fallback = ProviderFallback([usual, chosen], on_wish=("radio",))
    assert fallback.ask(REQUEST).provider == "catalogue"
    assert fallback.ask(REQUEST, wished=("radio",)).provider == "radio"
    many = dataclasses.replace(REQUEST, steps=REQUEST.steps * 8)
    assert fallback.ask(many, wished=("radio",)).provider == "radio"  # one station is enough
    assert fallback.ask(REQUEST, without=("radio",), wished=("radio",)).provider == "catalogue"
    assert on_wish(Settings()) == ("audius", "radio")
    assert on_wish(Settings(providers=("radio", "catalogue"))) == ("audius",)


def test_they_are_always_at_hand(tmp_path):
    providers = load_providers(Settings(instance_dir=tmp_path), None)
    assert [provider.name for provider in providers] == ["catalogue", "audius", "radio"]
