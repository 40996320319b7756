"""Arbitrary bytes and damaged pictures: the decoders answer or refuse, quickly."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feelharmonic.errors import ListenerFault
from feelharmonic.reading.pictures.frame import decode, decode_photograph
from tests.fuzz.costs import in_thread_time
from tests.support.fuzzing import (
    TEST_TIMEOUT_S,
    damaged,
    kinds,
    mutations,
    often,
)

pytestmark = pytest.mark.timeout(TEST_TIMEOUT_S)


@often
@given(data=st.binary(max_size=400), start=st.sampled_from((b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF")))
def test_arbitrary_bytes_are_decoded_or_refused(data, start):
    for decoder in (decode, decode_photograph):
        # A fault that is told is an answer too.
        with contextlib.suppress(ListenerFault):
            in_thread_time(lambda decoder=decoder: decoder(start + data))


def test_damaged_pictures_are_decoded_or_refused(pictures):
    told = {"cases": 0, "decoded": 0}

    @often
    @given(kind=kinds, changes=mutations)
    def check(kind, changes):
        data = damaged(pictures, kind, changes)
        for decoder in (decode, decode_photograph):
            told["cases"] += 1
            try:
                in_thread_time(lambda decoder=decoder: decoder(data))
                told["decoded"] += 1
            except ListenerFault as fault:
                # What the header gives away is refused before decoding.
                told["decoded"] += fault.text.startswith("The picture is damaged")

    check()
    assert told["decoded"] > told["cases"] / 3
