"""A body's bytes must come in time: the clock runs only while the server waits for them."""

from __future__ import annotations

import io

import pytest
from werkzeug.exceptions import RequestTimeout

from feelharmonic.web.serving.request_bodies import (
    MIN_BODY_BYTES_PER_S,
    PIECE_BYTES,
    RequestBody,
    Watchdog,
    body_length,
)
from feelharmonic.web.serving.timeouts import Timeouts

TIMEOUTS = Timeouts()


class Sender(io.BytesIO):
    """Each piece takes ``seconds`` to come."""

    now_s = 0.0

    def __init__(self, data: bytes, seconds: float):
        super().__init__(data)
        self.seconds = seconds

    def read(self, size: int = -1) -> bytes:
        self.now_s += self.seconds
        return super().read(size)


def body_of(sender: Sender, length: int | None) -> RequestBody:
    def clock() -> float:
        return sender.now_s

    return RequestBody(sender, length, None, Watchdog(clock), TIMEOUTS, clock)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_read_whole_and_not_beyond(chunked):
    data = bytes(3 * PIECE_BYTES + 7)
    body = body_of(Sender(data if chunked else data + b"the next request", 0), None if chunked else len(data))
    counted = []
    body.charge = counted.append
    assert body.read() == data
    assert (sum(counted), max(counted)) == (len(data), PIECE_BYTES)
    assert body.read(5) == b""


def test_a_body_at_the_minimum_rate_is_in_time():
    body = body_of(Sender(bytes(100 * PIECE_BYTES), PIECE_BYTES / MIN_BODY_BYTES_PER_S), 100 * PIECE_BYTES)
    assert len(body.read()) == 100 * PIECE_BYTES


def test_half_of_the_minimum_rate_is_too_slow():
    body = body_of(Sender(bytes(200 * PIECE_BYTES), 2 * PIECE_BYTES / MIN_BODY_BYTES_PER_S), 200 * PIECE_BYTES)
    with pytest.raises(RequestTimeout):
        body.read()


def test_a_byte_now_and_then_is_too_slow():
    body = body_of(Sender(b"abc", 6.0), 3)
    assert body.read(1) == b"a"
    with pytest.raises(RequestTimeout):
        body.read(1)
    with pytest.raises(RequestTimeout):
        body.read(1)


def test_a_fast_sender_may_not_pause_for_long():
    sender = Sender(bytes(400 * PIECE_BYTES), 0.0)
    body = body_of(sender, 400 * PIECE_BYTES)
    for _ in range(300):
        body.read(PIECE_BYTES)
    sender.seconds = TIMEOUTS.body_pause_s + 1
    with pytest.raises(RequestTimeout):
        body.read(1)


def test_the_time_of_the_servers_own_work_does_not_count():
    sender = Sender(b"abc", 1.0)
    body = body_of(sender, 3)
    body.read(1)
    sender.now_s += 10 * TIMEOUTS.body_grace_s
    assert body.read() == b"bc"


@pytest.mark.parametrize(
    ("environ", "length"),
    [
        ({}, 0),
        ({"CONTENT_LENGTH": ""}, 0),
        ({"CONTENT_LENGTH": "12"}, 12),
        ({"CONTENT_LENGTH": "-5"}, 0),
        ({"CONTENT_LENGTH": "²"}, 0),
        ({"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}, None),
    ],
)
def test_the_length_of_a_body(environ, length):
    assert body_length(environ) == length
