"""Clients that send all they can and read nothing, while another one is served."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from tests.support.raw_websocket import RawListener
from tests.support.serving import MODES, PROJECT, SHORT_TIMEOUTS, Server

SENDERS = 10
#: A ping after a second, four seconds for its answer, and what a busy machine needs.
CLOSED_S = 15.0
#: `python -m benchmarks.abuse` measures this on a quiet machine; others' tests may run beside this one.
MAX_WAIT_S = 6.0
FLOODS = {
    "small answers": '42/live,7["goal",{"goal":"lift"}]',
    "lists": '42/live,7["snap",{"emotion":"sad","goal":"lift","n":50}]',
}


@pytest.mark.parametrize("kind", [pytest.param("small answers", marks=pytest.mark.full), "lists"])
@pytest.mark.parametrize("mode", MODES)
def test_who_sends_without_reading_is_disconnected_and_others_are_served(tmp_path, mode, kind):
    server = Server(tmp_path, timeouts=SHORT_TIMEOUTS, ASYNC_MODE=mode).start()
    command = [sys.executable, str(PROJECT / "tests" / "support" / "flood.py"), server.url, str(SENDERS), FLOODS[kind]]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as flood:
        try:
            honest = RawListener(server.url)
            assert flood.stdout.readline() == b"connected\n"
            began_s, longest_s = time.monotonic(), 0.0
            while flood.poll() is None and time.monotonic() - began_s < CLOSED_S:
                asked_s = time.monotonic()
                problem = honest.call("goal", {"goal": "match"})["problem"]
                assert problem is None or problem["code"] == "busy"  # all come from one address
                longest_s = max(longest_s, time.monotonic() - asked_s)
                time.sleep(0.1)
            print(f"{kind}: longest wait {longest_s:.2f} s, disconnected after {time.monotonic() - began_s:.1f} s")
            assert flood.poll() is not None
            assert longest_s < MAX_WAIT_S
        finally:
            flood.kill()
            server.kill()
