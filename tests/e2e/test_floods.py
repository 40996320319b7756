"""Clients that send all they can and read nothing, while another one is served."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time

import pytest
import websocket

from tests.support.raw_websocket import RawListener
from tests.support.serving import MODES, PROJECT, SHORT_TIMEOUTS, Server

SENDERS = 10
#: A ping after a second, four seconds for its answer, and what a busy machine needs.
CLOSED_S = 15.0
#: What others may wait; the second where the machine is busy already when a test begins, since the flood and the server
#: then share a processor with other programs.
MAX_WAIT_S, MAX_WAIT_BUSY_S = 2.0, 6.0
#: Linux' number of a connection's state, the first byte of TCP_INFO.
TCP_ESTABLISHED = 1
FLOODS = {
    "small answers": '42/live,7["goal",{"goal":"lift"}]',
    "lists": '42/live,7["snap",{"emotion":"sad","goal":"lift","n":50}]',
}


def max_wait_s() -> float:
    return MAX_WAIT_S if os.getloadavg()[0] < (os.cpu_count() or 1) / 2 else MAX_WAIT_BUSY_S


@pytest.mark.parametrize("kind", [pytest.param("small answers", marks=pytest.mark.full), "lists"])
@pytest.mark.parametrize("mode", MODES)
def test_who_sends_without_reading_is_disconnected_and_others_are_served(tmp_path, mode, kind):
    allowed_s = max_wait_s()
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
            assert longest_s < allowed_s
        finally:
            flood.kill()
            server.kill()


@pytest.mark.full
@pytest.mark.parametrize("sends", ["little", "nothing"])
def test_who_reads_nothing_is_disconnected_within_12_s_also_below_a_floods_rate(tmp_path, sends):
    """With the timeouts of every server."""
    server = Server(tmp_path).start()
    try:
        deaf = RawListener(server.url, receives_bytes=4096)
        began_s, ends_s = time.monotonic(), time.monotonic() + 30
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while time.monotonic() < ends_s and not has_ended(deaf.socket.sock):
                if sends == "little":
                    deaf.socket.send('42/live,7["goal",{"goal":"lift"}]')
                time.sleep(0.25)
        assert 4 < time.monotonic() - began_s < 12 + 1  # and what a busy machine needs
    finally:
        server.kill()


def has_ended(line: socket.socket) -> bool:
    """Whether the peer has ended the connection; reads nothing of what it sent."""
    info = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    return info[0] != TCP_ESTABLISHED
