"""Anything at all, and what is nearly right, is sent to the decoders, to the wire as events and packets, and to every
body of REST: each answers, quickly, and nothing breaks.

FUZZ_CASES says how often (`make test`: 2,000; `make fuzz`: 50,000).
"""

from __future__ import annotations

import contextlib
import gc
import os
import struct
import time
import tracemalloc
import zlib

import cv2
import numpy as np
import pytest
import websocket
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feelharmonic.app import create_app
from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS
from feelharmonic.errors import ListenerFault
from feelharmonic.reading.frame import decode, decode_photograph
from feelharmonic.settings import Settings
from feelharmonic.web import account
from feelharmonic.web.services import Services
from feelharmonic.web.stores.expiring_store import InMemoryStore
from tests.support.raw_websocket import RawListener
from tests.support.samples import encode
from tests.support.serving import Server

CASES = int(os.environ.get("FUZZ_CASES", "2000"))
LONGEST_S = 1.0

#: A test's share takes seconds; with more cases each may take longer than a test of the others.
pytestmark = pytest.mark.timeout(120 + CASES / 20)

EVENTS = ("frame", "snap", "goal", "baseline", "group", "resume", "feedback")
BODIES = ("moods", "tracks/moods", "playlists/sorted")
SPOTIFY_BODIES = ("playlist", "playlist/tracks", "play", "queue", "disconnect")

#: Each of the tests takes its share.
often = settings(
    max_examples=CASES // 8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
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


# ---------- pictures that are nearly right ----------


def sized(data: bytes, width: int, height: int) -> bytes:
    """The JPEG, PNG or WebP picture, its header telling another size; where that is no longer there, as it is."""
    made = bytearray(data)
    with contextlib.suppress(ValueError, struct.error):
        if data.startswith(b"\xff\xd8"):
            struct.pack_into(">HH", made, data.index(b"\xff\xc0") + 5, height, width)
        elif data.startswith(b"\x89PNG"):
            struct.pack_into(">II", made, 16, width, height)
            struct.pack_into(">I", made, 29, zlib.crc32(made[12:29]))
        elif data.startswith(b"RIFF"):
            struct.pack_into("<HH", made, 26, width & 0x3FFF, height & 0x3FFF)
    return bytes(made)


def mutated(data: bytes, kind: str, at: float, junk: bytes, size: tuple[int, int], other: bytes) -> bytes:
    """``data`` damaged in one way, at a share ``at`` of its length."""
    place = int(at * len(data))
    if kind == "cut":
        return data[:place]
    if kind == "changed":
        return data[:place] + junk + data[place + len(junk) :]
    if kind == "left out":
        return data[:place] + data[place + len(junk) :]
    if kind == "put in":
        return data[:place] + junk + data[place:]
    if kind == "spliced":
        return data[:place] + other[int(at * len(other)) :]
    return sized(data, *size)


mutations = st.lists(
    st.tuples(
        # Most damage is small: it passes the header's check.
        st.sampled_from(("changed", "changed", "left out", "put in", "cut", "spliced", "sized")),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=20),
        st.tuples(*[st.sampled_from((0, 1, 31, 33, 64, 97, 640, 1280, 1281, 4000, 65_535))] * 2),
        st.sampled_from((".jpg", ".png", ".webp")),
    ),
    min_size=1,
    max_size=3,
)
kinds = st.sampled_from((".jpg", ".png", ".webp"))


@pytest.fixture(scope="module")
def pictures(astronaut_bgr) -> dict[str, bytes]:
    """Small pictures, whole, by their kind."""
    small = cv2.resize(astronaut_bgr, (96, 72))
    return {kind: encode(small, kind) for kind in (".jpg", ".png", ".webp")}


def damaged(pictures: dict[str, bytes], kind: str, changes: list[tuple]) -> bytes:
    data = pictures[kind]
    for how, at, junk, size, other in changes:
        data = mutated(data, how, at, junk, size, pictures[other])
    return data


def test_no_damaged_picture_breaks_a_decoder(pictures):
    told = {"cases": 0, "decoded": 0}

    @often
    @given(kind=kinds, changes=mutations)
    def check(kind, changes):
        data = damaged(pictures, kind, changes)
        for decoder in (decode, decode_photograph):
            told["cases"] += 1
            try:
                in_time(lambda decoder=decoder: decoder(data))
                told["decoded"] += 1
            except ListenerFault as fault:
                # What the header gives away is refused before decoding.
                told["decoded"] += fault.text.startswith("The picture is damaged")

    check()
    assert told["decoded"] > told["cases"] / 3


# ---------- the wire and REST ----------


@pytest.fixture(scope="module")
def wire(app):
    return app.extensions["socketio"].test_client(app, namespace="/live")


def test_no_event_breaks_the_wire(wire, astronaut_jpeg):
    @often
    @given(event=st.sampled_from(EVENTS), arguments=st.lists(values, max_size=3))
    def check(event, arguments):
        try:
            answer = in_time(lambda: wire.emit(event, *arguments, namespace="/live", callback=True))
        except ValueError as refused:  # the wire hangs up
            if "attachment" not in str(refused):
                raise
            return
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


def nested(depth: int, opening: str, closing: str, inner: str) -> str:
    return opening * depth + inner + closing * depth


numbers = st.one_of(
    st.integers(1, 6000).map("9".__mul__),
    st.sampled_from(("NaN", "-Infinity", "1e999", "-0", "1E-999", "01")),
)
halves = st.sampled_from((r'"\ud800 - x"', r'"\udfff"', r'"\ud83d\ude00 - \ud83d"', r'"\u0000"', '"\x00"', '"\ud800"'))
deep = st.builds(
    nested, st.integers(1, 3000), st.sampled_from(("[", '{"a":')), st.sampled_from(("", "]", "}")), st.just("1")
)
long_lists = st.builds(
    lambda count, one: f"[{','.join([one] * count)}]",
    st.integers(0, 5000),
    st.sampled_from(("{}", "[]", "null", '{"id":"a"}', '{"at_s":0,"probabilities":null}', '{"at_s":0,"é":[[]]}')),
)
many_names = st.integers(1, 5000).map(lambda count: "{" + ",".join(f'"{i}":{i}' for i in range(count)) + "}")
#: What no encoder writes; by itself and as a field's value.
raw_values = st.one_of(numbers, halves, deep, long_lists, many_names)
raw_bodies = raw_values | st.builds(
    '{{"{}":{}}}'.format, st.sampled_from(("readings", "tracks", "text", "baseline", "emotion", r"\ud800")), raw_values
)


def test_no_raw_body_breaks_rest(app):
    client, statuses = app.test_client(), set()

    @often
    @given(path=st.sampled_from(BODIES), body=raw_bodies)
    def check(path, body):
        data = body.encode(errors="surrogatepass")
        answer = in_time(lambda: client.post(f"/api/v1/{path}", data=data, content_type="application/json"))
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 413, 415, 422), (path, body)
        assert answer.is_json
        if answer.status_code != 200:
            assert len(answer.data) < 2000

    check()
    assert {200, 400, 422} <= statuses  # some were read as JSON, some were right


class StandInAccount:
    """An account that does nothing, but holds the edge to what it may let in."""

    def save(self, name: str, description: str, ids: list[str]) -> str:
        assert isinstance(name, str)
        assert 1 <= len(name) <= account.MAX_NAME_LETTERS
        self.queue(ids)
        return "https://open.spotify.com/playlist/1"

    def queue(self, ids: list[str]) -> None:
        assert 1 <= len(ids) <= account.MOST_SAVED
        assert all(len(one) == 22 and one.isascii() and one.isalnum() for one in ids)

    play = queue

    def playlist(self, playlist_id: str) -> list[tuple[str, str, str]]:
        self.queue([playlist_id])
        return [("1" * 22, "artist", "title")]


class StandInAccounts:
    redirect_uri = "http://localhost/connect/callback"

    def account(self, tokens: object) -> StandInAccount:
        return StandInAccount()


@pytest.fixture
def connected(app):
    """Makes a browser whose account is connected, and the headers of its page's requests."""
    Services.of(app).connections = connections = account.Connections(
        StandInAccounts(), InMemoryStore(10), budget_s=20.0
    )
    client = app.test_client()

    def browser():
        connection = account.Connection(tokens={})
        client.set_cookie(account.COOKIE, connections.add(connection))
        return client, {account.CSRF_HEADER: connection.csrf}

    return browser


ids = st.lists(st.sampled_from(("1" * 22, "a" * 22, "²" * 22, "", "1" * 21)) | scalars, max_size=60)
right_ids = st.lists(st.just("1" * 22), min_size=1, max_size=60)
links = st.text(max_size=60) | st.just("https://open.spotify.com/playlist/" + "1" * 22)
#: A body's fields with values that are right or nearly so; a few bodies have them all.
nearly_right = st.fixed_dictionaries({}, optional={"name": scalars, "ids": ids, "link": links | scalars})
spotify_bodies = st.one_of(
    values,
    nearly_right,
    st.fixed_dictionaries({"name": st.text(max_size=120), "ids": right_ids | ids}),
    st.fixed_dictionaries({"ids": right_ids}),
    st.fixed_dictionaries({"link": links}),
)


def test_no_body_breaks_a_connected_account(connected):
    statuses = set()

    @often
    @given(
        path=st.sampled_from(SPOTIFY_BODIES),
        body=spotify_bodies,
        raw=st.none() | st.binary(max_size=200) | raw_bodies.map(lambda body: body.encode(errors="surrogatepass")),
        kind=st.sampled_from(("application/json", "application/json; charset=utf-16", "text/plain", "")),
    )
    def check(path, body, raw, kind):
        client, headers = connected()
        sent = {"json": body} if raw is None else {"data": raw, "content_type": kind}
        try:
            answer = in_time(lambda: client.post(f"/api/v1/spotify/{path}", headers=headers, **sent))
        except TypeError:  # bytes inside have no JSON
            return
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 201, 400), (path, body, raw)
        assert answer.is_json

    check()
    assert {200, 400} <= statuses  # some got through to the account


def test_no_damaged_picture_breaks_an_upload(app, pictures):
    client, statuses = app.test_client(), set()

    @often
    @given(kind=kinds, changes=mutations)
    def check(kind, changes):
        head = b"--edge\r\nContent-Disposition: form-data; name=image; filename=a\r\n\r\n"
        data = head + damaged(pictures, kind, changes) + b"\r\n--edge--\r\n"
        answer = in_time(
            lambda: client.post("/api/v1/expressions", data=data, content_type="multipart/form-data; boundary=edge")
        )
        statuses.add(answer.status_code)
        assert answer.status_code in (200, 400, 413, 415, 422)
        assert answer.is_json

    check()
    assert 200 in statuses


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


packets = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60),
    st.builds(
        "4{}{}{}{}{}".format,
        st.sampled_from(("", "0", "1", "2", "3", "4", "5", "6", "9")),
        st.sampled_from(("", "0-", "1-", "2-", "9999999999-", "99999999999-", "²-", "-1-")),
        st.sampled_from(("", "/live,", "/live", "/,", "/elsewhere,", "/live?x,")),
        st.sampled_from(("", "0", "7", "9" * 101, "²")),
        st.sampled_from(
            (
                *("", "[]", "{}", "null", "5", '"frame"', "[null]", "[5]", '["frame"', '["connect"]', '["disconnect"]'),
                *('["frame",7,{"_placeholder":true,"num":0}]', '["frame",7,{"_placeholder":true,"num":-2}]'),
                *('["snap",{"emotion":"sad"}]', '["feedback",{"_placeholder":true,"num":{}}]', "[" * 5000),
            )
        ),
    ),
)


def test_no_packet_breaks_the_server(tmp_path, astronaut_jpeg):
    """Each listener is answered, or hung up; the others are served, and the log has no fault."""
    server = Server(tmp_path, SOCKET_RATE="100000000/minute").start()
    try:

        @often
        @given(sent=st.lists(packets, min_size=1, max_size=5))
        def check(sent):
            listener = RawListener(server.url)
            with contextlib.suppress(OSError, websocket.WebSocketException):  # hung up
                for one in sent:
                    listener.socket.send(
                        one, websocket.ABNF.OPCODE_TEXT if isinstance(one, str) else websocket.ABNF.OPCODE_BINARY
                    )
            listener.vanish()

        check()
        with server.listener() as listener:
            assert listener.call("frame", 0, astronaut_jpeg)["faces"]
        assert "Traceback" not in server.log()
        assert '"level": "error"' not in server.log()
    finally:
        server.kill()


def resident_kb() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


@pytest.fixture(scope="module")
def refusals(wire, app, pictures):
    """Does a few hundred things that are refused."""
    client, chance = app.test_client(), np.random.default_rng(7)

    def round_of_refusals() -> None:
        for number in range(40):
            wire.emit("frame", number, chance.bytes(300), namespace="/live", callback=True)
            for data in pictures.values():
                cut = mutated(data, "cut", chance.uniform(0.1, 0.9), b"", (0, 0), b"")
                wire.emit("frame", number, cut, namespace="/live", callback=True)
                with contextlib.suppress(ListenerFault):
                    decode_photograph(cut)
            wire.emit("snap", {"emotion": f"no such {number}"}, namespace="/live", callback=True)
            client.post("/api/v1/moods", json={"readings": [{"at_s": number}]})

    round_of_refusals()  # what is made once does not count
    round_of_refusals()
    return round_of_refusals


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from Linux's /proc")
def test_the_process_does_not_grow_with_what_was_refused(refusals):
    """Also not where Python does not count: inside of OpenCV and Pillow."""
    gc.collect()
    before_kb = resident_kb()
    for _ in range(5):
        refusals()
    gc.collect()
    assert resident_kb() - before_kb < 5_000


def test_no_object_stays_of_what_was_refused(refusals):
    gc.collect()
    tracemalloc.start()
    refusals()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(3):
        refusals()
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 200_000
