"""Twenty listeners at five frames a second, for a minute or as many seconds as SOAK_S says (`make soak`: an hour):
every reply comes, none is a fault, and the server's memory stays as it is."""

from __future__ import annotations

import os
import statistics
import threading
import time

import pytest

from tests.support.raw_websocket import RawListener
from tests.support.serving import Server, needs_proc

LISTENERS, RATE_HZ = 20, 5.0
SOAK_S = float(os.environ.get("SOAK_S", "60"))
#: How far the memory of the last quarter may lie from that of the second: by then everything was used once.
FLAT = 0.05

pytestmark = [
    pytest.mark.full,
    needs_proc,
    pytest.mark.timeout(SOAK_S + 120),
]


class Steady(threading.Thread):
    """A listener who sends on time, or as soon as the answer before is there."""

    def __init__(self, url: str, jpegs: list[bytes], ends_s: float):
        super().__init__(daemon=True)
        self._url, self._jpegs, self._ends_s = url, jpegs, ends_s
        self.sent = 0
        self.problems: list[str] = []
        self.broke: Exception | None = None
        self.right = 0

    def run(self) -> None:
        try:
            listener = RawListener(self._url)
            while time.monotonic() < self._ends_s:
                start_s = time.monotonic()
                reply = listener.ask(self.sent, self._jpegs[self.sent % len(self._jpegs)])
                self.right += reply["seq"] == self.sent
                self.sent += 1
                if reply["problem"]:
                    self.problems.append(reply["problem"]["code"])
                wait_s = max(1 / RATE_HZ - (time.monotonic() - start_s), reply["wait_ms"] / 1000)
                time.sleep(max(0.0, wait_s))
            listener.vanish()
        except Exception as exc:
            self.broke = exc


def test_memory_stays_flat_and_every_frame_is_answered(tmp_path, astronaut_jpeg, wall_jpeg, record_property):
    server = Server(tmp_path).start()
    try:
        ends_s = time.monotonic() + SOAK_S
        listeners = [Steady(server.url, [astronaut_jpeg] * 9 + [wall_jpeg], ends_s) for _ in range(LISTENERS)]
        for listener in listeners:
            listener.start()
            time.sleep(1 / RATE_HZ / LISTENERS)
        memory_mb = []
        while time.monotonic() < ends_s:
            time.sleep(SOAK_S / 120)
            memory_mb.append(server.resident_mb())
        for listener in listeners:
            listener.join(30)
        quarter = len(memory_mb) // 4
        then, now = statistics.median(memory_mb[quarter : 2 * quarter]), statistics.median(memory_mb[-quarter:])
        frames = sum(listener.sent for listener in listeners)
        result = f"{frames} frames in {SOAK_S:.0f} s, memory {then:.1f} MB, then {now:.1f} MB"
        record_property("soak", result)
        print(result)
        assert [listener.broke for listener in listeners] == [None] * LISTENERS
        assert [listener.problems for listener in listeners] == [[]] * LISTENERS
        assert all(listener.right == listener.sent > 0.2 * SOAK_S * RATE_HZ for listener in listeners)
        assert abs(now - then) < FLAT * then
        assert "Traceback" not in server.log()
        assert '"level": "error"' not in server.log()
    finally:
        server.kill()
