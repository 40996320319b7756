"""Slots are given to addresses in turn: what one address sends waits behind its own work, not in front of others'."""

from __future__ import annotations

import threading
import time

import pytest

from feelharmonic.errors import Overloaded
from feelharmonic.web.serving.fair_slots import MAX_REMEMBERED, FairSlots
from feelharmonic.web.serving.inference_queue import InferenceQueue


class Callers:
    """Threads that ask for a slot; ``served`` in the order in which they got one."""

    def __init__(self, slots: FairSlots):
        self._slots, self.served, self.refused, self._threads = slots, [], [], []

    def ask(self, client: str, timeout_s: float = 20.0) -> None:
        before = self._waiting(client)

        def wait() -> None:
            (self.served if self._slots.acquire(client, timeout_s) else self.refused).append(client)

        self._threads.append(threading.Thread(target=wait, daemon=True))
        self._threads[-1].start()
        self.settle(lambda: self._waiting(client) != before or not self._threads[-1].is_alive())

    def _waiting(self, client: str) -> int:
        return len(self._slots._waiting.get(client, ()))

    def settle(self, holds) -> None:
        deadline_s = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline_s
            time.sleep(0.001)

    def release(self, client: str, took_s: float) -> None:
        before = len(self.served)
        self._slots.release(client, took_s)
        self.settle(lambda: len(self.served) > before)


def test_an_address_that_had_less_time_is_served_first():
    slots = FairSlots(1, 20)
    callers = Callers(slots)
    assert slots.acquire("greedy")
    for client in ("greedy", "greedy", "greedy", "honest", "honest"):
        callers.ask(client)
    for _ in range(5):
        callers.release(callers.served[-1] if callers.served else "greedy", 0.3 if len(callers.served) != 1 else 0.01)
    # Behind the first, which ran already: both of the honest one, as its first took little.
    assert callers.served == ["honest", "honest", "greedy", "greedy", "greedy"]


def test_costly_work_of_one_address_delays_another_by_one_piece_of_it():
    """Forty costly frames wait; those of another address come one by one and wait for the one that runs."""
    slots = FairSlots(1, 100)
    callers = Callers(slots)
    slots.acquire("greedy")
    for _ in range(40):
        callers.ask("greedy")
    for _ in range(5):
        callers.ask("honest")
        callers.release("greedy", 0.3)
        assert callers.served[-1] == "honest"
        callers.release("honest", 0.005)
        assert callers.served[-1] == "greedy"


def test_when_too_many_wait_the_newest_of_the_greediest_is_refused():
    slots = FairSlots(1, 4)
    callers = Callers(slots)
    slots.acquire("greedy")
    for _ in range(4):
        callers.ask("greedy")
    assert not slots.acquire("greedy")
    callers.ask("honest")
    callers.settle(lambda: callers.refused == ["greedy"])
    assert slots.waiting == 4
    callers.ask("honest")
    callers.settle(lambda: callers.refused == ["greedy"] * 2)
    assert not slots.acquire("honest")  # both have two
    assert slots.waiting == 4


def test_a_client_that_was_away_has_no_advantage_and_no_debt():
    slots = FairSlots(1, 20)
    callers = Callers(slots)
    for _ in range(100):  # alone for long
        assert slots.acquire("school")
        slots.release("school", 1.0)
    assert slots.acquire("newcomer")
    callers.ask("school")
    callers.ask("newcomer")
    callers.release("newcomer", 0.1)
    assert callers.served == ["school"]


def test_waiting_ends_after_its_time_and_leaves_nothing():
    slots = FairSlots(1, 4)
    assert slots.acquire("one")
    assert not slots.acquire("two", 0.02)
    assert slots.waiting == 0
    slots.release("one", 0.1)
    assert slots.acquire("two", 0.02)


def test_thousands_of_addresses_are_not_remembered():
    slots = FairSlots(2, 4)
    assert slots.acquire("always busy")
    for number in range(3 * MAX_REMEMBERED):
        assert slots.acquire(str(number))
        slots.release(str(number), 0.01)
    assert len(slots._used_s) <= MAX_REMEMBERED + 2
    slots.release("always busy", 1.0)
    assert not slots._used_s
    assert not slots._running


def test_photographs_of_one_address_do_not_fill_the_queue_of_others():
    queue, go_on, answers = InferenceQueue(1, max_waiting=8), threading.Event(), []

    def send(client: str) -> None:
        try:
            answers.append(queue.run(lambda: go_on.wait(20) and client, client))
        except Overloaded:
            answers.append("refused")

    greedy = [threading.Thread(target=send, args=("greedy",)) for _ in range(20)]
    for thread in greedy:
        thread.start()
    deadline_s = time.monotonic() + 20
    while answers.count("refused") < 11 and time.monotonic() < deadline_s:
        time.sleep(0.001)
    assert queue.waiting == 8
    honest = threading.Thread(target=send, args=("honest",))
    honest.start()
    while answers.count("refused") < 12 and time.monotonic() < deadline_s:
        time.sleep(0.001)
    go_on.set()
    for thread in (*greedy, honest):
        thread.join(20)
    assert sorted(answers) == ["greedy"] * 8 + ["honest"] + ["refused"] * 12


def test_whose_work_is_costly_leaves_a_slot_to_others():
    slots = FairSlots(2, 10)
    callers = Callers(slots)
    assert slots.acquire("greedy")
    assert slots.acquire("greedy")  # nobody knows yet
    slots.release("greedy", 0.3)
    callers.ask("greedy")
    assert callers.served == []  # one is running
    assert slots.acquire("honest")
    slots.release("honest", 0.005)
    assert callers.served == []
    callers.release("greedy", 0.3)
    assert callers.served == ["greedy"]
    assert slots.acquire("honest")


def test_cheap_work_of_one_address_has_every_slot():
    slots = FairSlots(2, 10)
    for _ in range(10):
        assert slots.acquire("school")
        assert slots.acquire("school")
        slots.release("school", 0.01)
        slots.release("school", 0.01)


def test_costly_work_uses_the_only_slot_there_is():
    slots = FairSlots(1, 10)
    for _ in range(3):
        assert slots.acquire("greedy")
        slots.release("greedy", 3.0)


@pytest.mark.parametrize("count", [1, 3])
def test_no_more_have_a_slot_than_there_are(count):
    slots = FairSlots(count, 0)
    assert [slots.acquire("one") for _ in range(count + 1)] == [True] * count + [False]
