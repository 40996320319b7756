"""The namespace /live over a real WebSocket: readings, snaps, faults; connections outlive them all."""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from feelharmonic.app import create_app
from feelharmonic.emotions import EMOTIONS
from feelharmonic.reading.messages import Face
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from tests.support.corrupt_pictures import png
from tests.support.samples import encode
from tests.support.serving import MODES, Server


@pytest.fixture(scope="module", params=MODES)
def server(request, tmp_path_factory):
    running = Server(tmp_path_factory.mktemp(request.param), ASYNC_MODE=request.param, MAX_LISTENERS="5").start()
    yield running
    running.kill()


@pytest.fixture
def listener(server):
    with server.listener() as connected:
        yield connected


def assert_reads(listener, jpeg: bytes) -> dict:
    answer = listener.call("frame", 99, jpeg)
    assert answer["problem"] is None
    assert answer["faces"]
    return answer


def test_a_frame_is_answered_with_its_reading(listener, astronaut_jpeg):
    answer = listener.call("frame", 7, astronaut_jpeg)
    read = {"faces", "probabilities", "valence", "arousal", "mood", "group", "baseline", "picture_problem"}
    assert set(answer) == {"seq", "problem", "wait_ms", *read}
    assert (answer["baseline"], answer["picture_problem"]) == ("learning", None)
    assert (answer["seq"], answer["problem"], answer["group"], answer["wait_ms"]) == (7, None, None, 0)
    (face,) = answer["faces"]
    assert set(face) == {"id", "box", "score", "probabilities", "valence", "arousal", "sure", "second", "hidden"}
    for place in (face, answer, answer["mood"]):
        assert place["valence"] > 0.2
        assert -0.6 <= place["arousal"] <= 0.4
    assert all(0 <= value <= 1 for value in face["box"])
    assert 0.25 < face["box"][0] + face["box"][2] / 2 < 0.6
    assert 0 < face["score"] <= 1
    for probabilities in (face["probabilities"], answer["probabilities"]):
        assert len(probabilities) == len(EMOTIONS)
        assert sum(probabilities) == pytest.approx(1, abs=0.001)
    assert answer["mood"]["emotion"] == "happy"
    assert 0.38 <= answer["mood"]["confidence"] <= 1
    assert listener.call("frame", 8, astronaut_jpeg)["faces"][0]["id"] == face["id"]


def test_no_face_keeps_the_mood_and_says_so(listener, astronaut_jpeg, wall_jpeg):
    listener.call("frame", 0, astronaut_jpeg)
    answer = listener.call("frame", 1, wall_jpeg)
    assert answer["faces"] == []
    assert answer["probabilities"] is None
    assert answer["mood"]["emotion"] == "happy"


BAD_FRAMES = {
    "text": ((0, b"not a picture"), "bad_frame", "Expected a JPEG, PNG or WebP picture, got something else."),
    "empty": ((0, b""), "bad_frame", "Expected the bytes of a picture, got none."),
    "a number instead of bytes": ((0, 12), "bad_frame", "Expected the bytes of a picture, got int."),
    "base64": ((0, "data:image/jpeg;base64,AAAA"), "bad_frame", "Expected the bytes of a picture, got str."),
    "no picture": ((0,), "bad_frame", "Expected the bytes of a picture, got none."),
    "a huge header": ((0, png(20_000, 20_000)), "too_large", "Expected at most 1280×1280 pixels, got "),
    "too many bytes": ((0, bytes(600_000)), "too_large", "Expected at most 512 KB, got 586 KB."),
    "nothing at all": ((), "bad_request", "Expected frame(seq, picture) with a whole number as seq."),
    "a text as seq": (("one", b""), "bad_request", "Expected frame(seq, picture) with a whole number as seq."),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_a_bad_frame_gets_its_problem_and_the_next_good_one_is_read(listener, astronaut_jpeg, name):
    arguments, code, text = BAD_FRAMES[name]
    problem = listener.call("frame", *arguments)["problem"]
    assert problem["code"] == code
    assert problem["text"].startswith(text)
    assert problem["action"]
    assert_reads(listener, astronaut_jpeg)


def test_a_picture_cut_short_gets_its_problem_and_the_next_is_read(listener, astronaut_jpeg):
    answer = listener.call("frame", 3, astronaut_jpeg[: len(astronaut_jpeg) // 2])
    assert answer["seq"] == 3
    assert answer["problem"]["code"] == "bad_frame"
    assert_reads(listener, astronaut_jpeg)


def test_a_snap_without_a_mood_says_so(listener):
    assert listener.call("snap", {})["problem"]["code"] == "no_mood"


def test_a_snap_serves_the_mood_of_the_moment(listener, astronaut_jpeg):
    assert_reads(listener, astronaut_jpeg)
    answer = listener.call("snap", {"n": 5})
    assert answer["problem"] is None
    assert (answer["emotion"], answer["goal"], answer["provider"]) == ("happy", "match", "catalogue")
    assert len({track["id"] for track in answer["tracks"]}) == 5
    assert set(answer["tracks"][0]) == {"id", "title", "artist", "year", "url"}


def test_a_mood_picked_by_hand_needs_no_camera_and_nothing_repeats(listener):
    first = listener.call("snap", {"emotion": "sad", "n": 8})["tracks"]
    second = listener.call("snap", {"emotion": "sad", "n": 8})["tracks"]
    assert len({track["id"] for track in first + second}) == 16
    assert len({track["artist"] for track in first}) == 8


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        ({"emotion": "bored"}, "Expected emotion to be one of angry, disgust, fear, happy, sad, surprise, neutral,"),
        ({"emotion": ["sad"]}, "Expected emotion to be one of"),
        ({"emotion": "sad", "goal": "win"}, "Expected goal to be one of match, lift, calm, energise, got 'win'."),
        ({"emotion": "sad", "n": 0}, "Expected n to be a whole number from 1 to 50, got 0."),
        ({"emotion": "sad", "n": "five"}, "Expected n to be a whole number from 1 to 50, got 'five'."),
        ({"emotoin": "sad"}, "Not known: emotoin."),
        ("sad", "Expected an object, got str."),
    ],
)
def test_a_wrong_snap_is_explained(listener, wish, text):
    problem = listener.call("snap", wish)["problem"]
    assert problem["code"] == "bad_request"
    assert problem["text"].startswith(text)
    assert listener.call("snap", {"emotion": "sad", "n": 1})["tracks"]


def test_a_journey_comes_with_its_path(listener):
    answer = listener.call("snap", {"emotion": "sad", "goal": "lift", "n": 6})
    assert len(answer["path"]) == len(answer["tracks"]) == 6
    aims = [point["aim"] for point in answer["path"]]
    assert aims[-1]["valence"] > aims[0]["valence"]
    steps = [after["valence"] - before["valence"] for before, after in itertools.pairwise(aims)]
    assert steps == pytest.approx([steps[0]] * 5, abs=0.001)
    assert all(0 <= value <= 1 for point in answer["path"] for value in point["track"].values())


def test_wishes_are_kept(listener):
    wishes = {"decades": [2000], "genres_barred": ["pop"], "explicit": False}
    tracks = listener.call("snap", {"emotion": "happy", "wishes": wishes, "n": 5})["tracks"]
    assert tracks
    assert all(2000 <= track["year"] <= 2009 for track in tracks)


@pytest.mark.parametrize(
    ("wishes", "text"),
    [
        ({"genre": ["pop"]}, "Not known in wishes: genre."),
        ({"genres_liked": "pop"}, "Expected wishes.genres_liked to be a list of at most 20 genre names."),
        ({"genres_barred": [1]}, "Expected wishes.genres_barred to be a list of at most 20 genre names."),
        ({"decades": [1995]}, "Expected each of wishes.decades to be a decade's first year, like 1990."),
        ({"decades": ["1990"]}, "Expected each of wishes.decades to be a decade's first year, like 1990."),
        ({"decades": list(range(1900, 2100, 10)) * 2}, "Expected wishes.decades to be a list of at most 20 decades."),
        ({"explicit": "no"}, "Expected wishes.explicit to be true or false, got 'no'."),
        ({"familiarity": 2}, "Expected wishes.familiarity to be a number from 0 to 1, got 2."),
        (["pop"], "Expected an object in wishes, got list."),
    ],
)
def test_a_wrong_wish_is_explained(listener, wishes, text):
    problem = listener.call("snap", {"emotion": "happy", "wishes": wishes})["problem"]
    assert problem["code"] == "bad_request"
    assert problem["text"].startswith(text)


def test_tracks_say_which_genre_wish_they_meet(listener):
    wished = listener.call("snap", {"emotion": "happy", "wishes": {"genres_liked": ["rock"]}})
    assert len(wished["wished"]) == len(wished["tracks"])
    assert "rock" in wished["wished"]
    assert set(wished["wished"]) <= {"rock", None}
    assert set(listener.call("snap", {"emotion": "happy"})["wished"]) == {None}
    assert listener.call("snap", {"emotion": "happy", "wishes": ["pop"]})["wished"] == []


def test_a_goal_stays_for_later_snaps(listener):
    assert listener.call("goal", {"goal": "lift"}) == {"ok": True, "problem": None}
    assert listener.call("snap", {"emotion": "sad"})["goal"] == "lift"


def test_a_baseline_is_taken_and_forgotten(listener):
    assert listener.call("baseline", {"probabilities": [0.05, 0.02, 0.05, 0.02, 0.48, 0.03, 0.35]})["ok"]
    assert listener.call("baseline", {"probabilities": None})["ok"]


def test_a_group_is_read_where_it_is_wished(listener, astronaut_jpeg, astronaut_bgr):
    assert listener.call("frame", 0, astronaut_jpeg)["group"] is None
    assert listener.call("group", {"on": True}) == {"ok": True, "problem": None}
    both = encode(np.hstack([astronaut_bgr, astronaut_bgr]), ".jpg")
    answer = listener.call("frame", 1, both)
    assert [share["id"] for share in answer["group"]["shares"]] == [face["id"] for face in answer["faces"]]
    assert sum(share["share"] for share in answer["group"]["shares"]) == pytest.approx(1, abs=1e-3)
    assert answer["mood"]["emotion"] == "happy"
    assert listener.call("group", {"on": False})["ok"]
    assert listener.call("frame", 2, both)["group"] is None


@pytest.mark.parametrize(
    ("event", "wish"),
    [
        ("group", {}),
        ("group", {"on": "yes"}),
        ("goal", {}),
        ("goal", {"goal": 5}),
        ("baseline", {"probabilities": [1, 2, 3]}),
        ("baseline", {"probabilities": [0.5] * 7}),
        ("baseline", {"probabilities": "sad"}),
        ("resume", {"mood": {"emotion": "happy"}, "at_s": 1}),
        ("resume", {"mood": None}),
        ("feedback", {"id": "short", "like": True}),
        ("feedback", {"id": "0" * 22, "like": "yes"}),
        ("feedback", []),
    ],
)
def test_wrong_events_are_explained_and_survived(listener, event, wish):
    answer = listener.call(event, wish)
    assert answer["ok"] is False
    assert answer["problem"]["code"] == "bad_request"
    assert answer["problem"]["text"]
    assert answer["problem"]["action"]


def test_a_resumed_mood_is_served(listener):
    mood = {"emotion": "fear", "confidence": 0.7, "since_s": 12.5}
    assert listener.call("resume", {"mood": mood, "at_s": time.time() - 1})["ok"]
    assert listener.call("snap", {"n": 1})["emotion"] == "fear"


def test_a_stale_mood_is_not_resumed(listener):
    mood = {"emotion": "fear", "confidence": 0.7, "since_s": 12.5}
    assert listener.call("resume", {"mood": mood, "at_s": time.time() - 3600})["ok"]
    assert listener.call("snap", {})["problem"]["code"] == "no_mood"


def test_listeners_do_not_share_a_mood(server, listener, astronaut_jpeg):
    assert_reads(listener, astronaut_jpeg)
    with server.listener() as other:
        assert other.call("snap", {})["problem"]["code"] == "no_mood"


def test_every_frame_of_a_flood_is_answered(listener, astronaut_bgr):
    large = encode(astronaut_bgr.repeat(4, axis=0).repeat(4, axis=1))
    answers, done = [], threading.Event()

    def take(answer: dict) -> None:
        answers.append(answer)
        if len(answers) == 12:
            done.set()

    for seq in range(12):
        listener.client.emit("frame", (seq, large), namespace="/live", callback=take)
    assert done.wait(60)
    assert sorted(answer["seq"] for answer in answers) == list(range(12))
    codes = {answer["problem"]["code"] for answer in answers if answer["problem"]}
    assert codes <= {"busy"}
    assert all(answer["wait_ms"] > 0 for answer in answers if answer["problem"])


def test_a_listener_without_a_place_is_notified_and_admitted_later(server, astronaut_jpeg):
    inside = [server.listener() for _ in range(5)]
    try:
        with server.listener() as late:
            answer = late.call("frame", 0, astronaut_jpeg)
            assert answer["problem"]["code"] == "full"
            assert answer["problem"]["text"].startswith("All 5 places")
            assert answer["wait_ms"] >= 1000
            inside.pop().close()
            deadline = time.monotonic() + 20
            while late.call("frame", 1, astronaut_jpeg)["problem"] and time.monotonic() < deadline:
                time.sleep(0.1)
            assert_reads(late, astronaut_jpeg)
    finally:
        for connected in inside:
            connected.close()


def test_the_page_and_its_health_are_served_with_their_headers(server):
    import requests

    page = requests.get(server.url, timeout=10)
    assert page.ok
    assert "script-src 'self' 'wasm-unsafe-eval'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert requests.get(f"{server.url}/healthz", timeout=10).json() == {"status": "ok"}


def test_a_foreign_origin_cannot_connect(server):
    import socketio

    client = socketio.Client(reconnection=False)
    with pytest.raises(socketio.exceptions.ConnectionError):
        client.connect(
            server.url,
            headers={"Origin": "https://elsewhere.example"},
            transports=["websocket"],
            namespaces=["/live"],
        )


class BreakingFinder:
    """Finds a face, but breaks when told to."""

    def __init__(self):
        self.broken = False

    def find(self, frame_bgr):
        if self.broken:
            raise RuntimeError("a fault of ours, with details that no listener needs")
        return [Face(box=(110.0, 40.0, 50.0, 64.0), score=0.9)]


def test_a_handler_that_raises_answers_server_fault_and_reads_the_next_frame(astronaut_jpeg, caplog):
    finder = BreakingFinder()
    parts = replace(Networks.load(), finder=finder)
    app = create_app(Settings(providers=("catalogue",)), networks=parts)
    client = app.extensions["socketio"].test_client(app, namespace="/live")
    finder.broken = True
    answer = client.emit("frame", 4, astronaut_jpeg, namespace="/live", callback=True)
    assert answer["seq"] == 4
    assert answer["problem"] == {
        "code": "server_fault",
        "text": "Something went wrong on the server.",
        "action": "Try again; the server's log has the reason.",
    }
    assert answer["wait_ms"] > 0
    assert "a fault of ours" in caplog.text
    assert "\\xff\\xd8" not in caplog.text  # the picture's bytes are not in the log
    finder.broken = False
    answer = client.emit("frame", 5, astronaut_jpeg, namespace="/live", callback=True)
    assert answer["problem"] is None
    assert answer["mood"]["emotion"] == "happy"


class BreakingProvider:
    name = "broken"

    def candidates(self, request):
        raise RuntimeError("no music today")


def test_a_snap_that_raises_answers_server_fault(monkeypatch):
    monkeypatch.setattr("feelharmonic.app.load_providers", lambda *given, **named: [BreakingProvider()])
    app = create_app(Settings(providers=("catalogue",)))
    client = app.extensions["socketio"].test_client(app, namespace="/live")
    answer = client.emit("snap", {"emotion": "sad"}, namespace="/live", callback=True)
    assert answer["problem"]["code"] == "server_fault"
    assert (answer["emotion"], answer["tracks"]) == ("sad", [])
    assert client.emit("goal", {"goal": "calm"}, namespace="/live", callback=True)["ok"]
