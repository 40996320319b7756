"""Origin check: which pages may change something, read answers, open a WebSocket."""

from __future__ import annotations

import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings

FOREIGN, FRIEND = "https://elsewhere.example", "https://friend.example"


@pytest.fixture(scope="module")
def client():
    return create_app(Settings(allowed_origins=(FRIEND,))).test_client()


@pytest.mark.parametrize(
    ("origin", "status"), [(None, 200), ("http://localhost", 200), (FRIEND, 200), (FOREIGN, 403), ("null", 403)]
)
def test_a_foreign_origin_changes_nothing(client, origin, status):
    headers = {} if origin is None else {"Origin": origin}
    answer = client.post("/api/v1/tracks/moods", json={"tracks": []}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "forbidden"


def test_only_allowed_origins_read_answers(client):
    for origin, told in ((FRIEND, FRIEND), (FOREIGN, None)):
        answer = client.get("/api/v1/emotions", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == told
        assert "Origin" in answer.headers["Vary"]
    alone = create_app().test_client().get("/api/v1/emotions", headers={"Origin": FRIEND})
    assert "Access-Control-Allow-Origin" not in alone.headers
