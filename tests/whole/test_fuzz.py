"""Anything at all is sent to the decoders, to every event of the wire and to every body of REST: each answers, quickly,
and nothing breaks. FUZZ_CASES says how often (`make test`: 2,000; `make fuzz`: 50,000)."""

from __future__ import annotations

import contextlib
import gc
import os
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import create_app
from feelharmonic.errors import ListenerFault
from feelharmonic.frame import decode, decode_photograph
from feelharmonic.messages import EMOTIONS, FEATURES, GOALS
from feelharmonic.settings import Settings

CASES = int(os.environ.get("FUZZ_CASES", "2000"))
LONGEST_S = 1.0
EVENTS = ("frame", "snap", "goal", "baseline", "group", "resume", "feedback")
BODIES = ("moods", "tracks/moods", "playlists/sorted")

often = settings(
    max_examples=CASES // 4, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=200),
    st.sampled_from((*EMOTIONS, *GOALS)),
)
names = st.one_of(
    st.sampled_from(
        [
            *("emotion", "goal", "n", "wishes", "mood", "at_s", "probabilities", "id", "like", "on", "baseline"),
            *("since_s", "genres_liked", "decades", "explicit", "familiarity", "readings", "tracks", "text"),
            *FEATURES,
        ]
    ),
    st.text(max_size=8),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(names, inner, max_size=6), max_leaves=12
)


@pytest.fixture(scope="module")
def app():
    return create_app(Settings(providers=("catalogue",), http_rate="100000000/minute", socket_rate="100000000/minute"))


def in_time(run):
    start = time.perf_counter()
    result = run()
    assert time.perf_counter() - start < LONGEST_S
    return result


@often
@given(data=st.binary(max_size=400), start=st.sampled_from((b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF")))
def test_no_bytes_break_a_decoder(data, start):
    for decoder in (decode, decode_photograph):
        # A fault that is told is an answer too.
        with contextlib.suppress(ListenerFault):
            in_time(lambda decoder=decoder: decoder(start + data))


@pytest.fixture(scope="module")
def wire(app):
    return app.extensions["socketio"].test_client(app, namespace="/live")


def test_no_event_breaks_the_wire(wire, astronaut_jpeg):
    @often
    @given(event=st.sampled_from(EVENTS), arguments=st.lists(values, max_size=3))
    def check(event, arguments):
        answer = in_time(lambda: wire.emit(event, *arguments, namespace="/live", callback=True))
        problem = answer.get("problem")
        assert problem is None or problem["code"] != "server_fault", (event, arguments)

    check()
    assert wire.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)["faces"]


def test_no_body_breaks_rest(app):
    client = app.test_client()

    @often
    @given(path=st.sampled_from(BODIES), body=values.filter(lambda value: not isinstance(value, bytes)))
    def check(path, body):
        try:
            answer = in_time(lambda: client.post(f"/api/v1/{path}", json=body))
        except TypeError:  # bytes inside have no JSON
            return
        assert answer.status_code in (200, 400, 413, 415, 422), (path, body)
        assert answer.is_json

    check()


def test_no_raw_body_breaks_an_upload(app):
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
        answer = in_time(lambda: client.post("/api/v1/expressions", data=data, content_type=kind))
        assert answer.status_code in (200, 400, 413, 415, 422)
        assert answer.is_json

    check()


def test_memory_does_not_grow_with_what_was_refused(wire, app):
    client = app.test_client()

    def round_of_refusals() -> None:
        for number in range(100):
            wire.emit("frame", number, os.urandom(300), namespace="/live", callback=True)
            wire.emit("snap", {"emotion": f"no such {number}"}, namespace="/live", callback=True)
            client.post("/api/v1/moods", json={"readings": [{"at_s": number}]})

    round_of_refusals()  # what is made once does not count
    gc.collect()
    tracemalloc.start()
    round_of_refusals()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        round_of_refusals()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 200_000
