"""Backpressure: a limited number runs, a limited number waits, the rest is refused with a wait; all slow down alike."""

from __future__ import annotations

import heapq
import threading
import time

import pytest

from feelharmonic.errors import Overloaded
from feelharmonic.settings import ASYNC_MODES
from feelharmonic.web.serving import inference_queue, load_async_mode, pace
from feelharmonic.web.serving.inference_queue import InferenceQueue


def in_threads(count: int, action) -> list[threading.Thread]:
    threads = [threading.Thread(target=action) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_no_more_run_at_once_than_there_are_slots():
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


def test_a_full_queue_refuses_at_once_with_a_wait():
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


def test_a_function_that_raises_frees_its_slot():
    one = InferenceQueue(1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            one.run(lambda: 1 / 0)
    assert one.run(lambda: 5) == 5


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_thread_runners_return_results_and_raise_exceptions(mode, capfd):
    run = load_async_mode(mode).thread_runner(2)
    assert run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        run(lambda: 1 / 0)
    assert "ZeroDivisionError" not in capfd.readouterr().err


def test_one_late_tick_slows_listeners_for_a_short_time_only():
    now_s = [0.0]
    one = InferenceQueue(1, clock=lambda: now_s[0])

    def reading() -> None:
        now_s[0] += 0.002

    one.run(reading)
    now_s[0] = 0.6
    one.tick(late_s=0.5)  # thirty pages were opened meanwhile
    one.retry_after_ms()  # the next frame of anybody
    assert 0 < one.retry_after_ms() <= 2 * pace.MAX_GAP * 2
    for _ in range(50):  # five seconds in which little comes
        now_s[0] += 0.1
        one.tick(late_s=0.0)
    one.retry_after_ms()
    assert one.retry_after_ms() == 0


@pytest.mark.parametrize(("took_s", "asks"), [(0.03, False), (0.003, True)])
def test_a_wait_shorter_than_two_inferences_is_no_saturation(took_s, asks):
    now_s = [0.0]
    one = InferenceQueue(1, clock=lambda: now_s[0])

    def reading() -> None:
        now_s[0] += took_s

    one.run(reading)
    now_s[0] = 0.1
    one.tick(late_s=0.04)
    one.retry_after_ms()
    assert (one.retry_after_ms() > 0) is asks


class Simulation:
    """Listeners who send frames to a server that needs ``each_s`` for each, in simulated time: they wait as they are
    asked to, and at least ``interval_s``; one frame is read at a time."""

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


def test_below_capacity_nobody_waits():
    simulation = Simulation(20, each_s=0.003)
    simulation.go_on(20)
    assert min(simulation.read) >= 98  # five a second
    assert max(simulation.waits_s) < 0.02


@pytest.mark.parametrize("listeners", [40, 100, 300])
def test_above_capacity_all_rates_fall_alike_and_no_queue_grows(listeners):
    simulation = Simulation(listeners, each_s=0.01)  # a hundred frames a second, where 200 to 1,500 are sent
    simulation.go_on(60)
    simulation.go_on(30)
    assert sum(simulation.read) > 0.85 * 30 / 0.01  # what can be read is
    fair = sum(simulation.read) / listeners
    assert min(simulation.read) > 0.8 * fair
    assert max(simulation.read) < 1.25 * fair
    waits_s = sorted(simulation.waits_s)
    assert waits_s[int(0.95 * len(waits_s))] < 0.4


def test_rates_recover_when_listeners_leave():
    simulation = Simulation(100, each_s=0.01)
    simulation.go_on(20)
    simulation._sends = [one for one in simulation._sends if one[1] < 10]
    heapq.heapify(simulation._sends)
    simulation.go_on(5)
    simulation.go_on(10)
    assert min(simulation.read[:10]) >= 45


def test_waiting_too_long_is_refused_and_frees_the_place():
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


def test_the_share_of_time_spent_reading_is_that_of_the_last_seconds():
    now_s = [0.0]
    queue = InferenceQueue(2, clock=lambda: now_s[0])

    def read() -> None:
        now_s[0] += 4.0

    queue.run(read)
    assert queue.busy_share() == pytest.approx(0.2)
    for _ in range(8):
        queue.run(read)
    assert queue.busy_share() == pytest.approx(0.6)
    now_s[0] += 11.0
    assert queue.busy_share() == 0.0


def waits_after(addresses: dict[str, float], *, late_s: float) -> dict[str, int]:
    """The wait that the last of ten listeners of each address is told, after ten seconds in which the loop was late and
    a frame of each address took what ``addresses`` says."""
    now_s = [0.0]
    queue = InferenceQueue(1, clock=lambda: now_s[0])

    def read(took_s: float) -> None:
        now_s[0] += took_s

    while now_s[0] < 10:
        for address, took_s in addresses.items():
            queue.run(lambda took_s=took_s: read(took_s), address)
        queue.tick(late_s)
    return {address: max(queue.retry_after_ms(address) for _ in range(10)) for address in addresses}


def test_an_address_that_takes_much_more_than_others_slows_down_alone():
    """Costly frames of one made everybody wait for up to five seconds. The others wait for one that runs: that is no
    overload."""
    addresses = {"greedy": 0.3, "one": 0.005, "another": 0.005}
    waits_ms = waits_after(addresses, late_s=0.9)
    assert waits_ms["greedy"] > 1000
    assert max(waits_ms["one"], waits_ms["another"]) < 500
    waits_ms = waits_after(addresses, late_s=0.4)
    assert max(waits_ms["one"], waits_ms["another"]) == 0


def test_addresses_that_take_the_same_slow_down_alike():
    waits_ms = waits_after({"one": 0.05, "two": 0.05, "three": 0.05}, late_s=0.9)
    assert min(waits_ms.values()) > 300


def test_while_the_server_keeps_up_nobody_has_a_pace_of_their_own():
    queue = InferenceQueue(2)
    queue.run(lambda: time.sleep(0.05), "one")
    queue.run(lambda: None, "two")
    queue.tick(0.0)
    assert not queue._own_paces


def test_with_one_slot_only_what_is_quick_runs_where_it_is_called():
    ran = []
    queue = InferenceQueue(1, lambda function: ran.append("thread") or function(), quick_here=True)
    queue.run(lambda: ran.append("quick"), is_quick=True)
    queue.run(lambda: ran.append("slow"), is_quick=False)
    assert ran == ["quick", "thread", "slow"]


def test_a_first_costly_frame_slows_nobody_else():
    now_s = [0.0]
    queue = InferenceQueue(2, clock=lambda: now_s[0])

    def read(took_s: float) -> None:
        now_s[0] += took_s

    for _ in range(10):
        queue.run(lambda: read(0.005), "honest")
    queue.run(lambda: read(0.4), "greedy")
    for _ in range(5):
        queue.run(lambda: read(0.4), "greedy")
        queue.run(lambda: read(0.005), "honest")
        queue.tick(late_s=0.5)
        assert max(queue.retry_after_ms("honest") for _ in range(20)) == 0
    now_s[0] += 20  # it stopped
    queue.tick(late_s=0.0)
    assert not queue._own_paces
