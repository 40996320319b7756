"""Arbitrary and almost valid bodies to REST: each is answered with 200 or a problem document, quickly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fuzzing import (
    BODIES,
    TEST_TIMEOUT_S,
    damaged,
    kinds,
    mutations,
    often,
    raw_bodies,
    values,
)

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)


def test_arbitrary_json_is_answered(app, meter):
    client = app.test_client()

    @often
    @given(path=st.sampled_from(BODIES), body=values.filter(lambda value: not isinstance(value, bytes)))
    def check(path, body):
        try:
            answer = meter.in_time(lambda: client.post(f"/api/v1/{path}", json=body))
        except TypeError:  # bytes inside have no JSON
            return
        assert answer.status_code in (200, 400, 413, 415, 422), (path, body)
        assert answer.is_json

    check()


def test_raw_json_is_answered(app, meter):
    client, statuses = app.test_client(), set()

    @often
    @given(path=st.sampled_from(BODIES), body=raw_bodies)
    def check(path, body):
        data = body.encode(errors="surrogatepass")
        answer = meter.in_time(lambda: client.post(f"/api/v1/{path}", data=data, content_type="application/json"))
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 413, 415, 422), (path, body)
        assert answer.is_json
        if answer.status_code != 200:
            assert len(answer.data) < 2000

    check()
    assert {400, 422} <= statuses  # some were read as JSON


def test_damaged_uploads_are_answered(app, meter, pictures):
    client, statuses = app.test_client(), set()

    @often
    @given(kind=kinds, changes=mutations)
    def check(kind, changes):
        head = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        data = head + damaged(pictures, kind, changes) + b"\r\n--edge--\r\n"
        answer = meter.in_time(
            lambda: client.post("/api/v1/expressions", data=data, content_type="multipart/form-data; boundary=edge")
        )
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 413, 415, 422)
        assert answer.is_json

    check()
    assert 200 in statuses


def test_raw_uploads_are_answered(app, meter):
    client = app.test_client()

    @often
    @given(
        body=st.binary(max_size=600),
        kind=st.sampled_from(("multipart/form-data; boundary=edge", "multipart/form-data", "text/plain", "")),
        framed=st.booleans(),
    )
    def check(body, kind, framed):
        head = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        data = head + body + b"\r\n--edge--\r\n" if framed else body
        answer = meter.in_time(lambda: client.post("/api/v1/expressions", data=data, content_type=kind))
        assert answer.status_code in (200, 400, 413, 415, 422)
        assert answer.is_json

    check()
