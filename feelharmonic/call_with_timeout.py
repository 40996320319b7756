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


def call_with_timeout(budget_s: float, call: Callable[[], Result]) -> Result:
    """What ``call()`` returns or raises. Raises TimeoutError after ``budget_s``; the call then ends unheeded."""
    outcome: list[tuple[Result | None, BaseException | None]] = []
    done = threading.Event()

    def run() -> None:
        try:
            outcome.append((call(), None))
        except BaseException as exc:  # handed on to the caller, whatever it is
            outcome.append((None, exc))
        done.set()

    threading.Thread(target=run, daemon=True, name="within").start()
    if not done.wait(max(0.0, budget_s)):
        raise TimeoutError(f"Expected an answer within {budget_s:g} s, got none.")
    result, fault = outcome[0]
    if fault is not None:
        raise fault
    return result
