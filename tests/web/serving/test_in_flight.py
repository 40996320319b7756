"""Requests are in flight from their head to the last byte of their answer, also those that fail."""

from __future__ import annotations

import pytest

from feelharmonic.web.serving.in_flight import CountRequests, InFlight


def test_a_request_is_in_flight_until_its_answer_is_closed():
    in_flight = InFlight()
    requests = CountRequests(lambda environ, start_response: iter([b"one", b"two"]), in_flight)
    answers = [requests({}, None) for _ in range(2)]
    assert b"".join(answers[0]) == b"onetwo"
    assert in_flight.count == 2  # taken, but not yet closed: the server may still be sending
    answers[0].close()
    assert in_flight.count == 1
    answers[1].close()  # its caller went away
    assert in_flight.count == 0


def test_a_request_that_raises_is_no_longer_in_flight():
    def breaks(environ: dict, start_response: object) -> list[bytes]:
        raise RuntimeError("broken")

    in_flight = InFlight()
    requests = CountRequests(breaks, in_flight)
    with pytest.raises(RuntimeError):
        requests({}, None)
    assert in_flight.count == 0
