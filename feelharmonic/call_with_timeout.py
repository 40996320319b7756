"""Waiting no longer than is good: a call to a network that may never answer.

In: a budget in seconds and a call. Out: what it returned or raised, or TimeoutError. Knows nothing of ours.

A timeout on a socket is not enough: a server that sends a byte now and then, or a name that does not resolve, holds
a caller far longer. So the call runs in a thread of its own (under gevent and eventlet a green one).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def call_with_timeout(timeout_s: float, call: Callable[[], Result]) -> Result:
    """What ``call()`` returns or raises. Raises TimeoutError after ``timeout_s``; the call then goes on unused."""
    results: list[Result] = []
    faults: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(call())
        except BaseException as exc:  # raised in the caller's thread, whatever it is
            faults.append(exc)
        done.set()

    threading.Thread(target=run, daemon=True, name="call_with_timeout").start()
    if not done.wait(max(0.0, timeout_s)):
        raise TimeoutError(f"Expected an answer within {timeout_s:g} s, got none.")
    if faults:
        raise faults[0]
    return results[0]
