"""Overload: so many readings at once, so many in wait, everybody else told when to come; all slow down alike."""

from __future__ import annotations

import heapq
import threading
import time

import pytest

from feelharmonic.errors import Overloaded
from feelharmonic.settings import ASYNC_MODES
from feelharmonic.web.serving import async_mode, inference_queue
from feelharmonic.web.serving.inference_queue import InferenceQueue


def in_threads(count: int, action) -> list[threading.Thread]:
    threads = [threading.Thread(target=action) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_no_more_are_read_at_once_than_allowed_and_the_rest_waits():
    three, most, now = InferenceQueue(3), [0], [0]
    counted = threading.Lock()

    def reading() -> None:
        with counted:
            now[0] += 1
            most[0] = max(most[0], now[0])
        time.sleep(0.01)
        with counted:
            now[0] -= 1

    for thread in in_threads(20, lambda: three.run(reading)):
        thread.join(20)
    assert (most[0], three.running) == (3, 0)


def test_who_finds_no_room_to_wait_is_told_when_to_come_at_once():
    one, go_on = InferenceQueue(1, max_waiting=2), threading.Event()
    threads = in_threads(3, lambda: one.run(lambda: go_on.wait(20)))
    deadline = time.monotonic() + 20
    while one.waiting < 2 and time.monotonic() < deadline:
        time.sleep(0.001)
    with pytest.raises(Overloaded) as raised:
        one.run(lambda: None)
    assert (raised.value.code, raised.value.wait_ms) == ("busy", inference_queue.MIN_RETRY_MS)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert one.run(lambda: "read") == "read"


def test_a_reading_that_raises_gives_its_turn_back():
    one = InferenceQueue(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            one.run(lambda: 1 / 0)
    assert one.run(lambda: 5) == 5


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_in_every_async_mode_results_and_faults_come_back(mode, capfd):
    run = async_mode.load(mode).thread_runner(2)
    assert run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)
    assert "ZeroDivisionError" not in capfd.readouterr().err


def test_a_loop_that_was_late_for_another_reason_slows_nobody_down_for_long():
    now_s = [0.0]
    one = InferenceQueue(1, clock=lambda: now_s[0])

    def reading() -> None:
        now_s[0] += 0.002

    one.run(reading)
    now_s[0] = 0.6
    one.tick(late_s=0.5)  # thirty pages were opened meanwhile
    one.retry_after_ms()  # the next frame of anybody
    assert 0 < one.retry_after_ms() <= 2 * inference_queue.MAX_GAP * 2
    for _ in range(50):  # five seconds in which little comes
        now_s[0] += 0.1
        one.tick(late_s=0.0)
    one.retry_after_ms()
    assert one.retry_after_ms() == 0


@pytest.mark.parametrize(("took_s", "asks"), [(0.03, False), (0.003, True)])
def test_on_a_slow_machine_a_wait_of_less_than_two_readings_slows_nobody_down(took_s, asks):
    now_s = [0.0]
    one = InferenceQueue(1, clock=lambda: now_s[0])

    def reading() -> None:
        now_s[0] += took_s

    one.run(reading)
    now_s[0] = 0.1
    one.tick(late_s=0.04)
    one.retry_after_ms()
    assert (one.retry_after_ms() > 0) is asks


class Room:
    """Listeners who send frames to a server that needs ``each_s`` for one, in made-up time: they wait as they are told,
    and at least ``interval_s``; one after the other is read."""

    def __init__(self, listeners: int, *, each_s: float, interval_s: float = 0.2):
        self.now_s = 0.0
        self._queue = InferenceQueue(1, clock=lambda: self.now_s)
        self._each_s, self._interval_s = each_s, interval_s
        self._sends = [(i * interval_s / listeners, i) for i in range(listeners)]
        heapq.heapify(self._sends)
        self.read = [0] * listeners
        self.waits_s: list[float] = []

    def go_on(self, seconds: float) -> None:
        self.read, self.waits_s = [0] * len(self.read), []
        ends_s, tick_s = self.now_s + seconds, self.now_s + 0.1
        while self.now_s < ends_s:
            sent_s, who = heapq.heappop(self._sends)
            self.now_s = max(self.now_s, sent_s)
            while tick_s <= self.now_s:
                # What waits for its turn shows as a late loop here, where nothing happens at the same time.
                self._queue.tick(self.now_s - sent_s)
                tick_s += 0.1
            self.waits_s.append(self.now_s - sent_s)
            self._queue.run(self._take_time)
            self.read[who] += 1
            pause_s = self._queue.retry_after_ms() / 1000
            heapq.heappush(self._sends, (max(self.now_s + pause_s, sent_s + self._interval_s), who))

    def _take_time(self) -> None:
        self.now_s += self._each_s


def test_a_server_that_keeps_up_asks_nobody_to_wait():
    room = Room(20, each_s=0.003)
    room.go_on(20)
    assert min(room.read) >= 98  # five a second
    assert max(room.waits_s) < 0.02


@pytest.mark.parametrize("listeners", [40, 100, 300])
def test_beyond_what_is_read_all_rates_fall_alike_and_no_queue_grows(listeners):
    room = Room(listeners, each_s=0.01)  # a hundred frames a second, where 200 to 1,500 are sent
    room.go_on(60)
    room.go_on(30)
    assert sum(room.read) > 0.85 * 30 / 0.01  # what can be read is
    fair = sum(room.read) / listeners
    assert min(room.read) > 0.8 * fair
    assert max(room.read) < 1.25 * fair
    waits_s = sorted(room.waits_s)
    assert waits_s[int(0.95 * len(waits_s))] < 0.4


def test_when_listeners_leave_the_rest_is_quick_again():
    room = Room(100, each_s=0.01)
    room.go_on(20)
    room._sends = [one for one in room._sends if one[1] < 10]
    heapq.heapify(room._sends)
    room.go_on(5)
    room.go_on(10)
    assert min(room.read[:10]) >= 45


def test_who_waited_too_long_is_sent_back_and_frees_the_place():
    queue = InferenceQueue(1, max_waiting=1, max_wait_s=0.05)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(10)

    first = threading.Thread(target=queue.run, args=(slow,))
    first.start()
    begun.wait(10)
    with pytest.raises(Overloaded):
        queue.run(lambda: pytest.fail("was read"))
    assert (queue.waiting, queue.running) == (0, 1)
    go_on.set()
    first.join(10)
    assert queue.run(lambda: "read") == "read"
