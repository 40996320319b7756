"""What the benchmarks of small and many machines rest on: time by layer, a share of a processor, the simulation."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmarks.profile.layers import LayerTimes
from benchmarks.scale.simulation import Load, most_listeners, p95_ms, reply_times_s
from benchmarks.support.quota import limited, renderers, used_s

CONSTANT_S = np.array([0.002])


def busy(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


def test_a_layer_counts_its_own_time_and_not_that_of_the_layers_inside():
    times = LayerTimes()
    inner = times.counting(lambda: busy(0.02), "crop")
    times.counting(lambda: (busy(0.01), inner()), "expression")()
    assert times.ms["crop"] == pytest.approx(20, abs=5)
    assert times.ms["expression"] == pytest.approx(10, abs=5)
    assert times.calls == {"crop": 1, "expression": 1}


def test_following_within_a_search_is_part_of_the_search():
    times = LayerTimes()
    times.counting(times.counting(lambda: busy(0.005), "following"), "search")()
    assert set(times.calls) == {"search"}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_gets_its_share_of_a_processor_and_no_more():
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as process:
        try:
            with limited([process.pid], 0.2):
                before_s, began_s = used_s([process.pid]), time.monotonic()
                time.sleep(1.5)
                share = (used_s([process.pid]) - before_s) / (time.monotonic() - began_s)
        finally:
            process.kill()
    assert 0.01 < share < 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_only_pages_of_our_own_browser_are_throttled():
    idle = [sys.executable, "-c", "import time; time.sleep(60)", "--type=renderer"]
    with subprocess.Popen(idle) as page, subprocess.Popen(idle[:3]) as other:
        try:
            assert renderers(os.getpid()) == [page.pid]
            assert renderers(other.pid) == []
        finally:
            page.kill()
            other.kill()


def test_a_lonely_frame_takes_its_own_time_and_a_worker_reads_one_after_the_other():
    alone = Load(listeners=1, workers=1, rate_hz=5, seconds=20)
    assert reply_times_s(alone, CONSTANT_S, np.random.default_rng(0)) == pytest.approx(np.full(100, 0.002))
    crowded = Load(listeners=200, workers=1, rate_hz=5, seconds=20)  # twice what the worker can read
    assert p95_ms(crowded, CONSTANT_S) > 1000


def test_twice_the_workers_hold_more_listeners_but_no_more_than_twice():
    one, two = (most_listeners(n, CONSTANT_S, rate_hz=5, max_p95_ms=50, seconds=20) for n in (1, 2))
    assert 50 < one < 110
    assert one < two < 220
