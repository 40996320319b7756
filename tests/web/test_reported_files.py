"""The small files of public bug reports, sent to the API: what should come out of each."""

from __future__ import annotations

import json

import pytest

from feelharmonic.app import create_app
from tests.support.samples import PROJECT

REPORTS = PROJECT / "tests/support/reports"


@pytest.fixture(scope="module")
def client():
    return create_app().test_client()


def test_a_night_between_two_readings_is_no_part_of_a_mood(client):
    series = json.loads((REPORTS / "readings/eight_hours_asleep.json").read_text(encoding="utf-8"))
    moods = client.post("/api/v1/moods", json=series).get_json()["moods"]
    after = moods[2]
    assert after is None or (after["emotion"] == "angry" and after["since_s"] < 60)


@pytest.mark.parametrize(
    "name",
    [
        "jpeg_without_end.jpg",
        "jpeg_last_12_bytes_gone.jpg",
        "jpeg_named.jfif",
        "arrow_up_exif6.webp",
        "sign_cut_left.jpg",
        "sign_whole.jpg",
    ],
)
def test_a_reported_picture_is_read_and_shows_no_face(client, name):
    with (REPORTS / "pictures" / name).open("rb") as picture:
        answer = client.post("/api/v1/expressions", data={"image": (picture, name)})
    assert (answer.status_code, answer.get_json()["faces"]) == (200, [])


def test_a_camera_that_is_too_flat_is_told_so(client):
    with (REPORTS / "pictures/camera_320x22.jpg").open("rb") as picture:
        answer = client.post("/api/v1/expressions", data={"image": (picture, "a.jpg")})
    assert answer.get_json()["code"] == "too_small"


@pytest.mark.parametrize(
    ("name", "known"),
    [("exportify_es.csv", 4), ("spotify_data.json", 4), ("tunemymusic_video.csv", 4), ("cast_row.csv", 2)],
)
def test_a_reported_playlist_is_sorted(client, name, known):
    wish = {"text": (REPORTS / "playlists" / name).read_text(encoding="utf-8"), "emotion": "happy", "goal": "match"}
    answer = client.post("/api/v1/playlists/sorted", json=wish).get_json()
    assert len(answer["tracks"]) == known
