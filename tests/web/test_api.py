"""REST under /api/v1: every address, every limit, every fault as a problem document."""

from __future__ import annotations

import io
import logging
import time

import numpy as np
import pytest
from openapi_spec_validator import validate

from feelharmonic.app import create_app
from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pictures.frame import MAX_PHOTOGRAPH_BYTES
from feelharmonic.settings import Settings
from feelharmonic.web.services import Services
from tests.support.samples import encode


@pytest.fixture(scope="module")
def app():
    return create_app()


@pytest.fixture
def client(app):
    return app.test_client()


def posted(client, data: bytes, name: str = "image"):
    return client.post("/api/v1/expressions", data={name: (io.BytesIO(data), "picture.jpg")})


def told(answer, status: int) -> dict:
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    document = answer.get_json()
    assert (document["type"], document["status"]) == ("about:blank", status)
    assert document["action"]
    return document


def test_the_description_is_valid_openapi_3_1(client):
    description = client.get("/api/v1/openapi.json").get_json()
    validate(description)
    assert description["openapi"] == "3.1.0"
    assert set(description["paths"]) == {
        f"/api/v1/{path}"
        for path in (
            "expressions", "genres", "moods", "tracks", "tracks/moods", "playlists/sorted", "emotions", "providers",
            "healthz",
            "spotify", "spotify/playlist", "spotify/playlist/tracks", "spotify/play", "spotify/queue",
            "spotify/disconnect", "spotify/playback",
        )
    }  # fmt: skip


def test_the_description_for_people_names_every_address(client):
    page = client.get("/api/v1/").get_data(as_text=True)
    for path in client.get("/api/v1/openapi.json").get_json()["paths"]:
        assert path in page
    assert "<script" not in page


def test_a_pictures_faces_are_read(client, astronaut_jpeg):
    (face,) = posted(client, astronaut_jpeg).get_json()["faces"]
    assert face["id"] == 1
    assert face["box"] == pytest.approx((0.37, 0.16, 0.14, 0.28), abs=0.05)
    assert EMOTIONS[int(np.argmax(face["probabilities"]))] == "happy"


def test_a_picture_without_a_face_has_none(client, wall_jpeg):
    assert posted(client, wall_jpeg).get_json() == {"faces": []}


def test_several_faces_are_numbered_by_their_size(client, astronaut_bgr):
    beside = np.hstack([astronaut_bgr, np.kron(astronaut_bgr, np.ones((2, 2, 1), np.uint8))[:240, 120:440]])
    faces = posted(client, encode(beside, ".jpg")).get_json()["faces"]
    assert [face["id"] for face in faces] == [1, 2]
    areas = [face["box"][2] * face["box"][3] for face in faces]
    assert areas == sorted(areas, reverse=True)


def test_a_group_is_in_the_answer_on_request(client, astronaut_jpeg, wall_jpeg):
    def asked(data: bytes) -> dict:
        return client.post("/api/v1/expressions?group=true", data={"image": (io.BytesIO(data), "a.jpg")}).get_json()

    answer = asked(astronaut_jpeg)
    assert answer["group"]["shares"] == [{"id": 1, "share": 1.0}]
    assert answer["group"]["probabilities"] == pytest.approx(answer["faces"][0]["probabilities"], abs=1e-3)
    assert asked(wall_jpeg) == {"faces": [], "group": None}


@pytest.mark.parametrize(
    ("data", "status", "code", "text"),
    [
        (b"", 422, "bad_frame", "Expected the bytes of a picture, got none."),
        (b"a letter", 422, "bad_frame", "Expected a JPEG, PNG or WebP picture, got something else."),
        (
            b"\xff" * (MAX_PHOTOGRAPH_BYTES + 1),
            413,
            "too_large",
            "Expected at most 10 MB (10,485,760 bytes), got more.",
        ),
    ],
)
def test_what_is_no_picture_is_refused(client, data, status, code, text):
    document = told(posted(client, data), status)
    assert (document["code"], document["detail"]) == (code, text)


def test_a_body_above_the_limit_is_refused_before_it_is_read(client):
    document = told(posted(client, b"\xff" * (11 * 1024 * 1024)), 413)
    assert document["code"] == "too_large"


def test_a_picture_under_another_name_is_asked_for(client, astronaut_jpeg):
    assert told(posted(client, astronaut_jpeg, "photo"), 422)["detail"] == "image: Missing data for required field."


def test_more_than_a_picture_is_refused(client, astronaut_jpeg):
    files = {"image": (io.BytesIO(astronaut_jpeg), "a.jpg"), "name": "Eileen"}
    assert told(client.post("/api/v1/expressions", data=files), 422)["detail"] == "Expected one field, image, got more."


def test_an_upload_never_reaches_a_disk(client, astronaut_jpeg, monkeypatch):
    def refused(*_given: object, **_named: object) -> None:
        raise AssertionError("a temporary file was opened")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refused)
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    large = astronaut_jpeg + b"\0" * 2_000_000  # bytes after the end of a JPEG are no part of it
    assert len(posted(client, large).get_json()["faces"]) == 1


def test_moods_are_held_over_a_series(client):
    happy = [0.0, 0, 0, 1, 0, 0, 0]
    readings = [{"at_s": 0.3 * i, "probabilities": happy} for i in range(5)] + [{"at_s": 99, "probabilities": None}]
    held = client.post("/api/v1/moods", json={"readings": readings}).get_json()["moods"]
    assert [mood and mood["emotion"] for mood in held[:5]] == ["happy"] * 5
    assert held[5] is None


def test_seven_zeros_are_no_face(client):
    body = {"readings": [{"at_s": 0, "probabilities": [0] * 7}], "baseline": [0] * 7}
    assert client.post("/api/v1/moods", json=body).get_json() == {"moods": [None]}


def test_a_resting_face_corrects_the_series(client):
    resting = [0.05, 0.05, 0.05, 0.05, 0.6, 0.05, 0.15]
    body = {"readings": [{"at_s": 0.2 * i, "probabilities": resting} for i in range(20)]}
    assert client.post("/api/v1/moods", json=body).get_json()["moods"][-1]["emotion"] == "sad"
    corrected = client.post("/api/v1/moods", json={**body, "baseline": resting}).get_json()["moods"][-1]
    assert corrected is None or corrected["emotion"] != "sad"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "readings: Missing data for required field."),
        ({"readings": [{"at_s": 0, "probabilities": [1, 0]}]}, "readings.0.probabilities: Length must be 7."),
        ({"readings": [{"at_s": "x", "probabilities": None}]}, "readings.0.at_s: Not a valid number."),
        ({"readings": [{"at_s": 0, "probabilities": None}] * 1001}, "readings: Longer than maximum length 1000."),
    ],
)
def test_wrong_series_are_explained(client, body, text):
    assert told(client.post("/api/v1/moods", json=body), 422)["detail"] == text


@pytest.mark.parametrize(("path", "name"), [("moods", "readings"), ("tracks/moods", "tracks")])
def test_of_too_many_elements_none_is_looked_at(client, path, name):
    start_s = time.perf_counter()
    answer = client.post(f"/api/v1/{path}", json={name: [{}] * 100_000})
    assert told(answer, 422)["detail"] == f"{name}: Longer than maximum length 1000."
    assert time.perf_counter() - start_s < 1


def test_of_too_many_probabilities_none_is_looked_at(client):
    body = {"readings": [{"at_s": 0, "probabilities": ["x"] * 100_000}]}
    assert told(client.post("/api/v1/moods", json=body), 422)["detail"] == "readings.0.probabilities: Length must be 7."


def test_the_first_faults_are_listed_and_the_rest_counted(client):
    detail = told(client.post("/api/v1/moods", json={"readings": [{}] * 1000}), 422)["detail"]
    assert detail.startswith("readings.0.at_s: Missing data for required field. readings.0.probabilities: Missing")
    assert detail.endswith("readings.2.at_s: Missing data for required field. And 1995 more.")
    assert len(detail) < 500


def test_a_long_name_of_the_callers_is_shortened(client):
    answer = client.post("/api/v1/moods", json={"readings": [], "x" * 100_000: 1})
    assert told(answer, 422)["detail"] == f"{'x' * 60}: Unknown field."


@pytest.mark.parametrize("path", ["moods", "tracks/moods", "playlists/sorted"])
@pytest.mark.parametrize(
    "body",
    [
        "[" * 1100,
        '{"text": ' + "[" * 1100 + "]" * 1100 + "}",
        '{"readings": [{"at_s": ' + "9" * 5000 + "}]}",
        r'{"text": "\ud800 - x", "emotion": "happy"}',
        r'{"tracks": [{"id": "\udfff"}]}',
        r'{"\ud800": 1}',
        "{",
    ],
    ids=["open", "deep", "digits", "half a pair", "half a pair inside", "half a pair as a name", "broken"],
)
def test_a_body_that_cannot_be_read_is_refused(client, caplog, path, body):
    caplog.set_level(logging.WARNING)
    answer = client.post(f"/api/v1/{path}", data=body, content_type="application/json")
    assert told(answer, 400)["detail"] == "Invalid JSON body."
    assert not caplog.records


def test_whole_pairs_of_surrogates_are_a_character(client):
    text = r'{"text": "\ud83d\ude00 - x"}'
    answer = client.post("/api/v1/playlists/sorted", data=text, content_type="application/json")
    assert answer.get_json()["unknown"] == [{"artist": "\N{GRINNING FACE}", "title": "x"}]


def test_tracks_for_a_mood_and_a_goal(client):
    answer = client.get("/api/v1/tracks?emotion=sad&goal=lift&n=4").get_json()
    assert len(answer["tracks"]) == 4
    assert answer["provider"] == "catalogue"
    assert set(answer["tracks"][0]) == {"id", "title", "artist", "year", "url"}


def test_tracks_given_or_disliked_do_not_come_again(client):
    ids = [track["id"] for track in client.get("/api/v1/tracks?emotion=sad&n=6").get_json()["tracks"]]
    judged = f"given={','.join(ids[:4])}&disliked={','.join(ids[4:])}&liked={ids[0]}"
    again = client.get(f"/api/v1/tracks?emotion=sad&n=6&{judged}").get_json()["tracks"]
    assert not {track["id"] for track in again} & set(ids)
    assert told(client.get("/api/v1/tracks?liked=%20"), 422)


def test_tracks_by_their_ids_come_in_that_order_without_the_unknown(client):
    ids = [track["id"] for track in client.get("/api/v1/tracks?emotion=happy&n=3").get_json()["tracks"]]
    asked = [ids[2], "0" * 22, ids[0]]
    found = client.get(f"/api/v1/tracks?ids={','.join(asked)}").get_json()["tracks"]
    assert [track["id"] for track in found] == [ids[2], ids[0]]
    assert all(track["title"] and track["artist"] for track in found)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "emotion=bored",
            "Expected emotion to be one of angry, disgust, fear, happy, sad, surprise, neutral, got 'bored'.",
        ),
        ("emotion=sad&n=51", "Expected n to be a whole number from 1 to 50, got '51'."),
        ("ids=a,,b", "ids: String does not match expected pattern."),
    ],
)
def test_wrong_queries_are_explained(client, query, text):
    assert told(client.get(f"/api/v1/tracks?{query}"), 422)["detail"] == text


def test_the_emotions_come_in_their_order_with_what_their_music_aims_at(client):
    answer = client.get("/api/v1/emotions").get_json()
    assert [emotion["name"] for emotion in answer["emotions"]] == list(EMOTIONS)
    assert answer["goals"] == list(GOALS)
    for emotion in answer["emotions"]:
        assert set(emotion["targets"]) == set(FEATURES)


def test_moods_of_tracks(client):
    loud = dict(zip(FEATURES, (0.01, 0.7, 0.95, 0.0, 0.2, -3.0, 0.08, 150.0, 0.6), strict=True))
    calm = {**loud, "acousticness": 0.97, "energy": 0.05, "instrumentalness": 0.9, "loudness": -28.0, "valence": 0.1}
    answer = client.post("/api/v1/tracks/moods", json={"tracks": [{"id": "a", **loud}, {"id": "b", **calm}]})
    moods = answer.get_json()["moods"]
    assert [mood["id"] for mood in moods] == ["a", "b"]
    assert [mood["mood"] for mood in moods] == ["Energetic", "Calm"]
    assert client.post("/api/v1/tracks/moods", json={"tracks": []}).get_json() == {"moods": []}


def test_a_playlist_is_sorted_and_the_unknown_are_listed(client):
    known = client.get("/api/v1/tracks?emotion=sad&n=3").get_json()["tracks"]
    lines = [f"{track['artist']} – {track['title'].upper()}" for track in known]
    text = "\n".join([*lines, "Nobody – Never Heard Of", "a line without a dash"])
    answer = client.post("/api/v1/playlists/sorted", json={"text": text, "emotion": "sad"}).get_json()
    assert {track["id"] for track in answer["tracks"]} == {track["id"] for track in known}
    distances = [track["distance"] for track in answer["tracks"]]
    assert distances == sorted(distances)
    assert all(0 <= track["valence"] <= 1 and track["mood"] for track in answer["tracks"])
    assert answer["unknown"] == [
        {"artist": "Nobody", "title": "Never Heard Of"},
        {"artist": "", "title": "a line without a dash"},
    ]


@pytest.mark.parametrize(("text", "why"), [("", "got nothing"), ("x\n" * 10_001, "at most 10,000 songs, got 10,001")])
def test_what_is_no_playlist_is_refused(client, text, why):
    assert why in told(client.post("/api/v1/playlists/sorted", json={"text": text}), 422)["detail"]


@pytest.mark.parametrize("value", [None, 1.5, "NaN", "loud"])
def test_a_track_with_a_wrong_feature_is_named(client, value):
    track = {"id": "a", **dict.fromkeys(FEATURES, 0.5), "energy": value}
    assert "tracks.0.energy:" in told(client.post("/api/v1/tracks/moods", json={"tracks": [track]}), 422)["detail"]


def test_unknown_addresses_and_methods_are_problems_here_and_pages_elsewhere(client):
    assert told(client.get("/api/v1/nowhere"), 404)["code"] == "not_found"
    answer = client.delete("/api/v1/emotions")
    assert told(answer, 405)["code"] == "method_not_allowed"
    assert "GET" in answer.headers["Allow"]
    assert client.get("/nowhere", headers={"Accept": "text/html"}).content_type.startswith("text/html")


def test_a_fault_of_ours_tells_nothing_but_that(client, monkeypatch, astronaut_jpeg):
    def broken(_data: bytes) -> None:
        raise RuntimeError("inner matters")

    monkeypatch.setattr(Networks, "read_photograph", lambda self, data: broken(data))
    document = told(posted(client, astronaut_jpeg), 500)
    assert document["code"] == "server_fault"
    assert "inner" not in str(document)


def test_health(client):
    assert client.get("/api/v1/healthz").get_json() == client.get("/healthz").get_json() == {"status": "ok"}


def test_too_many_photographs_at_once_are_answered_429(astronaut_jpeg, monkeypatch):
    monkeypatch.setattr("feelharmonic.app.MAX_PHOTOGRAPHS_WAITING", 0)
    app = create_app(Settings(providers=("catalogue",)))
    Services.of(app).photographs._fair_slots.acquire("192.0.2.9")  # another one is being read
    answer = app.test_client().post("/api/v1/expressions", data={"image": (io.BytesIO(astronaut_jpeg), "face.jpg")})
    assert (answer.status_code, answer.get_json()["code"]) == (429, "busy")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_mixture_of_emotions_counts_and_is_named(client):
    told = client.get("/api/v1/tracks?probabilities=0.02,0,0.01,0.02,0.55,0,0.4").get_json()
    assert (told["emotion"], told["also"]) == ("sad", "neutral")
    alone = client.get("/api/v1/tracks?probabilities=0,0,0,0,1,0,0").get_json()
    assert (alone["emotion"], alone["also"]) == ("sad", None)


def test_a_point_of_valence_and_arousal_stands_for_the_emotions_near_it(client):
    assert client.get("/api/v1/tracks?valence=0.7&arousal=0.4").get_json()["emotion"] == "happy"
    assert client.get("/api/v1/tracks?valence=-0.6&arousal=-0.3").get_json()["emotion"] == "sad"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("probabilities=0.5,0.5,0.5,0,0,0,0", "sum to 1"),
        ("probabilities=1,0", "7 numbers"),
        ("probabilities=x", "7 numbers between commas"),
        ("valence=0.5", "together"),
        ("valence=2&arousal=0", "from -1 to 1"),
    ],
)
def test_what_is_no_mixture_is_refused_with_the_reason(client, query, text):
    answer = client.get(f"/api/v1/tracks?{query}")
    assert answer.status_code == 422
    assert text in answer.get_json()["detail"]


def test_genres_say_how_many_tracks_a_wish_means(client):
    told = client.get("/api/v1/genres?wishes=jazz, indie,polka").get_json()
    assert told["meant"]["jazz"] > 100
    assert told["meant"]["indie"] > 100
    assert told["meant"]["polka"] == 0
    assert {"jazz", "indie", "metal"} <= set(told["genres"])
    assert set(told["decades"]) >= {"1960", "1990", "2010"}
    assert all(count > 0 for count in told["decades"].values())
    assert 0 < told["instrumental"] < sum(told["decades"].values())


def test_moods_of_readings_that_do_not_sum_to_1_are_refused(client):
    readings = [{"at_s": 0, "probabilities": [0.5] * 7}]
    answer = client.post("/api/v1/moods", json={"readings": readings})
    assert answer.status_code == 422
    assert "sum to 1, or all 0, got a sum of 3.500" in answer.get_json()["detail"]
