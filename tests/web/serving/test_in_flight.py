"""Requests in work count from their head to the last byte of their answer, also where they break."""

from __future__ import annotations

import pytest

from feelharmonic.web.serving.in_flight import InFlightRequests


def test_a_request_counts_until_its_answer_was_taken():
    requests = InFlightRequests(lambda environ, start_response: iter([b"one", b"two"]))
    answers = [requests({}, None) for _ in range(2)]
    assert b"".join(answers[0]) == b"onetwo"
    assert requests.count == 2  # taken, but not yet closed: the server may still be sending
    answers[0].close()
    assert requests.count == 1
    answers[1].close()  # its caller went away
    assert requests.count == 0


def test_a_request_that_breaks_is_over():
    def breaks(environ: dict, start_response: object) -> list[bytes]:
        raise RuntimeError("broken")

    requests = InFlightRequests(breaks)
    with pytest.raises(RuntimeError):
        requests({}, None)
    assert requests.count == 0
