"""A listener's state is bounded and keeps the newest."""

from __future__ import annotations

import gc
import itertools
import threading
import time
import tracemalloc
from types import SimpleNamespace

import pytest

from feelharmonic.app import create_app
from feelharmonic.reading.networks import Networks
from feelharmonic.settings import Settings
from feelharmonic.web.live.listener import MAX_GIVEN, MAX_JUDGED, Listener, NewestIds
from feelharmonic.web.services import Services


@pytest.fixture(scope="module")
def parts():
    return Networks.load()


@pytest.fixture
def app(parts):
    return create_app(Settings(providers=("catalogue",)), networks=parts)


@pytest.fixture
def live(app):
    return app.extensions["socketio"].test_client(app, namespace="/live")


@pytest.fixture
def listener(app, live) -> Listener:
    (held,) = Services.of(app).live._listeners.values()
    return held


def track_id(number: int) -> str:
    return f"{number:022d}"


def test_the_newest_are_kept_in_order_and_what_comes_again_is_new_again():
    newest = NewestIds(3)
    for one in "abcdb":
        newest.add(one)
    assert list(newest) == ["c", "d", "b"]
    newest.discard("d")
    newest.discard("never there")
    assert list(newest) == ["c", "b"]


def test_events_in_several_threads_keep_the_bound():
    newest, faults = NewestIds(10), []

    def add(first: int) -> None:
        try:
            for number in range(first, first + 2000):
                newest.add(track_id(number))
                tuple(newest)
        except Exception as exc:
            faults.append(exc)

    threads = [threading.Thread(target=add, args=(1500 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    assert len(list(newest)) == 10


@pytest.mark.parametrize("like", [True, False])
def test_no_number_of_judgements_makes_a_listener_larger(live, listener, like):
    for number in range(2 * MAX_JUDGED):
        assert live.emit("feedback", {"id": track_id(number), "like": like}, namespace="/live", callback=True)["ok"]
    kept, other = (listener.liked, listener.disliked) if like else (listener.disliked, listener.liked)
    assert list(kept) == [track_id(number) for number in range(MAX_JUDGED, 2 * MAX_JUDGED)]
    assert list(other) == []
    live.emit("feedback", {"id": track_id(MAX_JUDGED), "like": not like}, namespace="/live", callback=True)
    assert (len(list(kept)), list(other)) == (MAX_JUDGED - 1, [track_id(MAX_JUDGED)])


def test_no_number_of_lists_makes_a_listener_larger(live, listener):
    last = []
    for emotion in itertools.islice(itertools.cycle(("happy", "sad", "angry", "neutral")), MAX_GIVEN // 50 + 3):
        answer = live.emit("snap", {"emotion": emotion, "n": 50}, namespace="/live", callback=True)
        last = [track["id"] for track in answer["tracks"]]
    assert len(list(listener.given)) == MAX_GIVEN
    assert set(list(listener.given)[-len(last) :]) == set(last)


@pytest.fixture
def now_s(app, monkeypatch) -> list[float]:
    """The live namespace's clock, to be set by hand."""
    clock = [100.0]
    monkeypatch.setattr(Services.of(app).live, "_clock", lambda: clock[0])
    return clock


def test_a_frame_sent_before_wait_ms_is_refused_unread(app, live, now_s, monkeypatch, astronaut_jpeg):
    held = Services.of(app).live
    asked = []
    monkeypatch.setattr(held._queue, "retry_after_ms", lambda client: asked.append(1) or 400)

    def frame(seq: int) -> dict:
        return live.emit("frame", seq, astronaut_jpeg, namespace="/live", callback=True)

    first = frame(0)
    assert (first["problem"], first["wait_ms"]) == (None, 400)
    now_s[0] += 0.1
    early = frame(1)
    assert (early["seq"], early["problem"]["code"], early["wait_ms"], early["faces"]) == (1, "busy", 300, [])
    assert len(asked) == 1  # who does not wait puts nobody else off
    now_s[0] += 0.2
    assert frame(2)["wait_ms"] == 100
    now_s[0] += 0.09  # a timer that rang a little early
    assert frame(3)["problem"] is None


def test_a_frame_sent_after_wait_ms_is_read_whatever_others_do(app, live, now_s, astronaut_jpeg):
    for seq in range(3):
        reply = live.emit("frame", seq, astronaut_jpeg, namespace="/live", callback=True)
        assert reply["problem"] is None
        now_s[0] += reply["wait_ms"] / 1000


def test_an_event_of_another_name_is_answered_and_counted(app, live, monkeypatch):
    counted = []
    rates = SimpleNamespace(allows=lambda *who_and_cost: counted.append(who_and_cost) or True)
    monkeypatch.setattr(Services.of(app).live, "_rates", rates)
    for name in ("nosuch", "__class__"):
        problem = live.emit(name, {}, namespace="/live", callback=True)["problem"]
        assert problem["code"] == "bad_request"
        assert "Send one of baseline, device, feedback, frame, goal" in problem["action"]
    assert len(counted) == 2


def test_an_id_in_another_script_is_no_track(live):
    answer = live.emit("feedback", {"id": "字" * 22, "like": True}, namespace="/live", callback=True)
    assert answer["problem"]["code"] == "bad_request"


def test_all_that_is_held_stays_under_100_kilobytes(parts, astronaut_jpeg):
    Listener(parts, lambda stage, seconds: None).pipeline.see(astronaut_jpeg, 0.0)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    listener = Listener(parts, lambda stage, seconds: None)
    for i in range(40):  # more than the window holds at 30 frames a second
        listener.pipeline.see(astronaut_jpeg, i / 30)
    for number in range(1000):
        for kept in (listener.given, listener.liked, listener.disliked):
            kept.add(track_id(number))  # a string of its own each time
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000


def test_a_frame_needs_no_context_of_a_request(app, live, monkeypatch, astronaut_jpeg):
    monkeypatch.setattr(app, "request_context", lambda environ: pytest.fail("Flask's context was made"))
    assert live.emit("frame", 7, astronaut_jpeg, namespace="/live", callback=True)["seq"] == 7


def test_a_mood_as_an_answer_holds_it_is_resumed(astronaut_jpeg):
    """Whole, as the page sends it back: after a worker's death another one goes on with it."""
    socketio = (app := create_app(Settings(providers=("catalogue",)))).extensions["socketio"]
    first, again = (socketio.test_client(app, namespace="/live") for _ in range(2))
    mood = first.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)["mood"]
    assert mood
    resumed = {"mood": {**mood, "since_s": 60.0}, "at_s": time.time()}
    assert again.emit("resume", resumed, namespace="/live", callback=True) == {"ok": True, "problem": None}
    assert again.emit("frame", 0, astronaut_jpeg, namespace="/live", callback=True)["mood"]["since_s"] >= 60
