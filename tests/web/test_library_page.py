"""The page /library: what it tells of tracks, who may see it, what is kept of a correction."""

from __future__ import annotations

import csv
import io

import pytest

from feelharmonic.app import create_app
from feelharmonic.audio_features import FEATURES
from feelharmonic.music.library.store import LibraryFile, LibraryStore, packed
from feelharmonic.settings import Settings
from feelharmonic.web.own_music.library_page import FIELDS

MIDDLE = dict.fromkeys(FEATURES, 0.5) | {"loudness": -10.0, "tempo": 120.0}
ELSEWHERE = {"REMOTE_ADDR": "192.168.1.9"}


def file(key: str, **values: object) -> LibraryFile:
    known = {"path": f"/secret/place/{key}.mp3", "size": 1, "modified_ns": 1, "title": key, "artist": "Same"}
    return LibraryFile(**{"key": key, "sound": packed(MIDDLE), "method": "sound", **known, **values})


@pytest.fixture
def app(tmp_path):
    with LibraryStore(tmp_path / "library.db").writing() as writer:
        writer.put(file("one", loudness_lufs=-12.0, pitch_class=9, mode=0))
        writer.put(file("two", artist="=1+1", named=packed(MIDDLE | {"valence": 0.25})))
        writer.put(file("bad", fault="damaged", sound=None))
        writer.set_state({"state": "done", "folders": '["/secret/place"]'})
    app = create_app(Settings(instance_dir=tmp_path))
    services = app.extensions["feelharmonic"]
    services.scan.start = lambda: True  # no process
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def rows(client) -> dict[str, dict]:
    answer = client.get("/library/tracks").get_json()
    assert answer["fields"] == list(FIELDS)
    return {row[0]: dict(zip(FIELDS, row, strict=True)) for row in answer["tracks"]}


def test_the_page_is_there_in_both_languages(client):
    assert "Your own music" in client.get("/library").get_data(as_text=True)
    german = client.get("/library", headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert "Deine eigene Musik" in german


def test_the_first_page_leads_there_for_who_may_see_it(client, tmp_path):
    assert 'href="./library"' in client.get("/").get_data(as_text=True)
    assert 'href="./library"' not in client.get("/", environ_base=ELSEWHERE).get_data(as_text=True)
    without = create_app(Settings(instance_dir=tmp_path / "empty")).test_client()
    assert 'href="./library"' not in without.get("/").get_data(as_text=True)


def test_each_track_says_where_it_lies_and_how_it_was_understood(client):
    found = rows(client)
    assert set(found) == {"one", "two"}
    assert (found["one"]["method"], found["one"]["loudness"], found["one"]["pitch_class"]) == ("sound", -12.0, 9)
    assert (found["two"]["method"], found["two"]["valence"]) == ("name", 0.25)


def test_faults_are_listed_by_the_files_own_names(client):
    answer = client.get("/library/tracks")
    assert answer.get_json()["faults"] == [{"name": "bad.mp3", "fault": "damaged"}]
    assert b"/secret" not in answer.data
    assert answer.get_json()["scan"] == {"state": "done", "running": False}


def test_a_place_is_kept_and_forgotten(client):
    assert client.post("/library/tracks/one/place", json={"valence": 0.9, "energy": 0.1}).get_json() == {"ok": True}
    assert (rows(client)["one"]["valence"], rows(client)["one"]["placed"]) == (0.9, True)
    assert client.post("/library/tracks/one/place", json={}).status_code == 200
    assert (rows(client)["one"]["valence"], rows(client)["one"]["placed"]) == (0.5, False)
    assert client.post("/library/tracks/unknown/place", json={}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"valence": 2, "energy": 0},
        {"valence": "0.5", "energy": 0},
        {"valence": True, "energy": 0},
        {"valence": 0.5},
        [1],
    ],
)
def test_a_place_off_the_plane_is_refused(client, body):
    assert client.post("/library/tracks/one/place", json=body).status_code == 422


def test_a_page_of_another_origin_changes_nothing(client):
    headers = {"Origin": "https://elsewhere.example"}
    assert client.post("/library/tracks/one/place", json={}, headers=headers).status_code == 403


def test_others_do_not_see_it_and_listeners_change_nothing(client, app, tmp_path):
    for path in ("/library", "/library/tracks", "/library/tracks.csv"):
        assert client.get(path, environ_base=ELSEWHERE).status_code == 404
    shared = create_app(Settings(instance_dir=tmp_path, music_for="listeners")).test_client()
    answer = shared.get("/library/tracks", environ_base=ELSEWHERE).get_json()
    assert (len(answer["tracks"]), answer["may_change"]) == (2, False)
    assert shared.post("/library/tracks/one/place", json={}, environ_base=ELSEWHERE).status_code == 404
    assert shared.post("/library/scan", environ_base=ELSEWHERE).status_code == 404


def test_the_csv_holds_the_same_and_runs_no_formula(client):
    text = client.get("/library/tracks.csv").get_data().decode("utf-8-sig")
    table = {row["key"]: row for row in csv.DictReader(io.StringIO(text))}
    assert table["one"]["tempo"] == "120.0"
    assert table["two"]["artist"] == "'=1+1"


def test_a_scan_is_begun_by_hand(client):
    assert client.post("/library/scan").get_json() == {"ok": True}
