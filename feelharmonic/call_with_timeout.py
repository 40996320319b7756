"""Calls with a deadline: a call to a network may never return.

In: a function. Out: what it returns, or TimeoutError. The call itself is not interrupted; its thread ends with it.
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
