"""Overload of a real server, in every async mode: rates fall alike, every client gets a wait, memory stays flat. The
queue by itself, in simulated time: tests/web/serving/test_inference_queue.py."""

from __future__ import annotations

import statistics
import threading
import time

import pytest

from feelharmonic.settings import ASYNC_MODES
from tests.support.raw_websocket import RawListener
from tests.support.serving import Server, needs_proc

LISTENERS = 30
#: They come one after the other; then everybody has got a wait, and what is loaded once is there.
COMING_S, WARM_UP_S, SECONDS = 1.5, 3.0, 8.0
#: A listener without an answer for this long was forgotten.
REPLY_S = 30
#: Maximum difference of the server's memory between the two halves.
FLAT_MB = 15


class Eager(threading.Thread):
    """A listener who sends the next picture as soon as the answer before lets it; or, if not ``obeys``, at once."""

    def __init__(self, url: str, jpeg: bytes, starts_s: float, *, obeys: bool = True):
        super().__init__(daemon=True)
        self._obeys = obeys
        self._listener = RawListener(url)
        self._listener.socket.settimeout(REPLY_S)
        self._jpeg, self._starts_s = jpeg, starts_s
        self.read = 0
        self.waits_ms: list[int] = []
        self.busy_waits_ms: list[int] = []
        self.broke: Exception | None = None

    def run(self) -> None:
        try:
            number, ends_s = 0, self._starts_s + SECONDS
            while time.monotonic() < ends_s:
                reply = self._listener.ask(number, self._jpeg)
                if time.monotonic() > self._starts_s:
                    self._note(reply)
                assert reply["seq"] == number
                number += 1
                if self._obeys:
                    time.sleep(max(0.0, min(reply["wait_ms"] / 1000, ends_s - time.monotonic())))
            self._listener.vanish()
        except Exception as exc:
            self.broke = exc

    def _note(self, reply: dict) -> None:
        self.waits_ms.append(reply["wait_ms"])
        if reply["problem"] is None:
            self.read += 1
        else:
            assert reply["problem"]["code"] == "busy", reply
            self.busy_waits_ms.append(reply["wait_ms"])


pytestmark = pytest.mark.full


@needs_proc
@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_under_overload_rates_fall_alike_and_memory_stays_flat(tmp_path, mode, astronaut_jpeg, record_property):
    server = Server(tmp_path, ASYNC_MODE=mode, FRAMES_AT_ONCE="1").start()
    try:
        starts_s = time.monotonic() + WARM_UP_S
        eager = [Eager(server.url, astronaut_jpeg, starts_s) for _ in range(LISTENERS)]
        for listener in eager:
            listener.start()
            time.sleep(COMING_S / LISTENERS)
        time.sleep(max(0.0, starts_s - time.monotonic()))
        memory_mb = []
        while time.monotonic() < starts_s + SECONDS:
            memory_mb.append(server.resident_mb())
            time.sleep(0.1)
        for listener in eager:
            listener.join(REPLY_S)
        half = len(memory_mb) // 2
        grown_mb = statistics.median(memory_mb[half:]) - statistics.median(memory_mb[:half])
        reads = sorted(listener.read for listener in eager)
        result = f"{mode}: {reads[0]} to {reads[-1]} frames each, memory {grown_mb:+.1f} MB"
        record_property("overload", result)
        print(result)
        assert [listener.broke for listener in eager] == [None] * LISTENERS
        assert reads[0] > 0
        # A slow machine reads a handful for each: one more or less is chance.
        assert reads[0] + 1 >= statistics.median(reads) / 2
        # More was asked than is read: most answers name a wait, and who was refused always hears one.
        waits_ms = [wait_ms for listener in eager for wait_ms in listener.waits_ms]
        assert statistics.median(waits_ms) > 0
        assert all(wait_ms > 0 for listener in eager for wait_ms in listener.busy_waits_ms)
        assert grown_mb < FLAT_MB
        assert '"level": "error"' not in server.log()
    finally:
        server.kill()


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_clients_that_ignore_their_wait_gain_nothing(tmp_path, mode, astronaut_jpeg, record_property):
    server = Server(tmp_path, ASYNC_MODE=mode, FRAMES_AT_ONCE="1").start()
    try:
        starts_s = time.monotonic() + WARM_UP_S
        patient = [Eager(server.url, astronaut_jpeg, starts_s) for _ in range(LISTENERS // 2)]
        greedy = [Eager(server.url, astronaut_jpeg, starts_s, obeys=False) for _ in range(2)]
        for listener in (*patient, *greedy):
            listener.start()
        for listener in (*patient, *greedy):
            listener.join(WARM_UP_S + SECONDS + REPLY_S)
        reads = sorted(listener.read for listener in patient)
        result = f"{mode}: patient {reads[0]} to {reads[-1]}, greedy {[listener.read for listener in greedy]}"
        record_property("greed", result)
        print(result)
        assert [listener.broke for listener in (*patient, *greedy)] == [None] * (LISTENERS // 2 + 2)
        # They are early by what clocks may differ, at most.
        assert all(listener.read <= 2 * statistics.median(reads) + 2 for listener in greedy)
        assert reads[0] + 1 >= statistics.median(reads) / 2
        assert all(listener.busy_waits_ms for listener in greedy)
    finally:
        server.kill()
