"""A call returns, raises, or takes too long."""

from __future__ import annotations

import threading

import pytest

from feelharmonic.call_with_timeout import call_with_timeout


def test_call_with_timeout_hands_on_results_and_faults():
    assert call_with_timeout(20, lambda: 7) == 7
    with pytest.raises(KeyError):
        call_with_timeout(20, lambda: {}["no"])
    with pytest.raises(TimeoutError, match=r"Expected an answer within 0\.01 s, got none\."):
        call_with_timeout(0.01, lambda: threading.Event().wait(1))
