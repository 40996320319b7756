"""What was refused leaves nothing in memory."""

from __future__ import annotations

import contextlib
import gc
import os
import tracemalloc

import numpy as np
import pytest

from feelharmonic.errors import ListenerFault
from feelharmonic.reading.pictures.frame import decode_photograph
from tests.support.fuzzing import (
    TEST_TIMEOUT_S,
    mutated,
)

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)


def resident_kb() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))


@pytest.fixture(scope="module")
def refusals(live, app, pictures):
    """Does a few hundred things that are refused."""
    client, chance = app.test_client(), np.random.default_rng(7)

    def round_of_refusals() -> None:
        for number in range(40):
            live.emit("frame", number, chance.bytes(300), namespace="/live", callback=True)
            for data in pictures.values():
                cut = mutated(data, "cut", chance.uniform(0.1, 0.9), b"", (0, 0), b"")
                live.emit("frame", number, cut, namespace="/live", callback=True)
                with contextlib.suppress(ListenerFault):
                    decode_photograph(cut)
            live.emit("snap", {"emotion": f"no such {number}"}, namespace="/live", callback=True)
            client.post("/api/v1/moods", json={"readings": [{"at_s": number}]})

    round_of_refusals()  # what is made once does not count
    round_of_refusals()
    return round_of_refusals


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from Linux's /proc")
def test_refusals_do_not_grow_the_process(refusals):
    """Also not where Python does not count: inside of OpenCV and Pillow."""
    gc.collect()
    before_kb = resident_kb()
    for _ in range(5):
        refusals()
    gc.collect()
    assert resident_kb() - before_kb < 5_000


def test_refusals_leave_no_objects(refusals):
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
