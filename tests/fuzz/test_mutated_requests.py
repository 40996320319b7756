"""Bodies, queries and pictures of REST, changed at random: answered, or refused with a problem document, at little
cost."""

from __future__ import annotations

import json

import pytest

from feelharmonic.audio_features import FEATURES
from tests.fuzz.mutation import Mutations
from tests.fuzz.test_mutated_packets import PROBABILITIES
from tests.fuzz.test_mutated_texts import BYTE_PARTS, TEXT_PARTS
from tests.music.test_playlist_forms import FORMS
from tests.support.fuzzing import MUTATED_CASES, TEST_TIMEOUT_S

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)

ANSWERS = (200, 400, 404, 413, 415, 422)

TRACK = {"id": "a", **dict.fromkeys(FEATURES, 0.5)}
BODIES = {
    "moods": [{"readings": [{"at_s": i / 3, "probabilities": PROBABILITIES} for i in range(5)], "baseline": None}],
    "tracks/moods": [{"tracks": [TRACK] * 3}],
    "playlists/sorted": [{"text": text, "emotion": "sad", "goal": "lift"} for text in FORMS.values()],
}
QUERIES = [
    *("tracks?emotion=sad&goal=lift&n=50", "tracks?probabilities=0,0,0,0,0.6,0,0.4&n=5", "tracks?ids=1,2,3"),
    *("tracks?valence=-0.5&arousal=-0.2&n=5", "genres?wishes=indie,polka", "emotions", "providers", "openapi.json"),
]
QUERY_PARTS = ("%", "%ff", "%00", "&", "=", "?", "/", "..", ",", "+", "n=", "ids=", "-", "9" * 400, "1e999", "nan", "ﷺ")


def test_bodies_are_answered_at_little_cost(app, meter):
    client, statuses = app.test_client(), set()
    bodies = {
        path: Mutations([json.dumps(one).encode() for one in whole], (*BYTE_PARTS, b'{"', b'":', b"null", b"\\ud800"))
        for path, whole in BODIES.items()
    }
    for number in range(MUTATED_CASES // 2):
        path = list(bodies)[number % len(bodies)]
        data = bodies[path].next()
        answer = meter.in_time(
            lambda path=path, data=data: client.post(f"/api/v1/{path}", data=data, content_type="application/json")
        )
        statuses.add(answer.status_code)
        assert answer.status_code in ANSWERS
        assert answer.is_json
    assert {200, 400, 422} <= statuses


def test_queries_are_answered_at_little_cost(app, meter):
    client, statuses = app.test_client(), set()
    queries = Mutations(QUERIES, QUERY_PARTS)
    for _ in range(MUTATED_CASES // 2):
        address = f"/api/v1/{queries.next()[:4000]}"
        answer = meter.in_time(lambda address=address: client.get(address))
        statuses.add(answer.status_code)
        assert answer.status_code in (*ANSWERS, 308, 405), address
    assert {200, 404, 422} <= statuses


def test_pictures_are_read_or_refused_at_little_cost(app, meter, pictures):
    client, statuses = app.test_client(), set()
    parts = (
        b"\xff",
        b"\xff\xda",
        b"\xff\xd9",
        b"\x00\x00",
        b"IDAT",
        b"IEND",
        b"VP8 ",
        b"ANMF",
        b"Exif\0\0",
        b"\xff\xc4",
    )
    changed = Mutations([*pictures.values()], parts)
    for _ in range(MUTATED_CASES):
        head = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        data = head + changed.next() + b"\r\n--edge--\r\n"
        answer = meter.in_time(
            lambda data=data: client.post(
                "/api/v1/expressions", data=data, content_type="multipart/form-data; boundary=edge"
            )
        )
        statuses.add(answer.status_code)
        assert answer.status_code in ANSWERS
        assert answer.is_json
    assert {200, 422} <= statuses


def test_texts_put_into_bodies_are_answered_at_little_cost(app, meter):
    """Whole JSON whose texts are changed: it passes the parser, so that what is behind is reached."""
    client = app.test_client()
    texts = Mutations([*FORMS.values()], TEXT_PARTS, number=2)
    for _ in range(MUTATED_CASES // 8):
        body = {"text": texts.next(), "emotion": "sad"}
        answer = meter.in_time(lambda body=body: client.post("/api/v1/playlists/sorted", json=body))
        assert answer.status_code in ANSWERS
