"""What the fuzz tests share: how often, which values, and pictures that are damaged in one to three places.

FUZZ_CASES says how often (`make test`: 800 in all; `make test-all`: 2,000; `make fuzz`: a million). Hypothesis makes a
part of them; most are whole inputs that `mutation.py` changes, which takes a hundredth of the time.
"""

from __future__ import annotations

import contextlib
import os
import struct
import zlib

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from feelharmonic.audio_features import FEATURES
from feelharmonic.emotions import EMOTIONS, GOALS

CASES = int(os.environ.get("FUZZ_CASES", "800"))

#: Hypothesis' share, for each of its ten tests; and the share of each test that changes whole inputs.
HYPOTHESIS_CASES = max(CASES // 400, min(CASES // 8, 250))
MUTATED_CASES = CASES // 6

#: A test's share takes seconds; with more cases each may take longer than other tests.
TEST_TIMEOUT_S = 120 + CASES / 20

BODIES = ("moods", "tracks/moods", "playlists/sorted")

often = settings(
    max_examples=HYPOTHESIS_CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=40),
    st.binary(max_size=200),
    st.sampled_from((*EMOTIONS, *GOALS)),
)
names = st.one_of(
    st.sampled_from(
        [
            *("emotion", "goal", "n", "wishes", "mood", "at_s", "probabilities", "id", "like", "on", "baseline"),
            *("since_s", "genres_liked", "decades", "explicit", "familiarity", "readings", "tracks", "text"),
            *FEATURES,
        ]
    ),
    st.text(max_size=8),
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=8) | st.dictionaries(names, inner, max_size=6), max_leaves=12
)


def sized(data: bytes, width: int, height: int) -> bytes:
    """The JPEG, PNG or WebP picture, its header telling another size; where that is no longer there, as it is."""
    made = bytearray(data)
    with contextlib.suppress(ValueError, struct.error):
        if data.startswith(b"\xff\xd8"):
            struct.pack_into(">HH", made, data.index(b"\xff\xc0") + 5, height, width)
        elif data.startswith(b"\x89PNG"):
            struct.pack_into(">II", made, 16, width, height)
            struct.pack_into(">I", made, 29, zlib.crc32(made[12:29]))
        elif data.startswith(b"RIFF"):
            struct.pack_into("<HH", made, 26, width & 0x3FFF, height & 0x3FFF)
    return bytes(made)


def mutated(data: bytes, kind: str, at: float, junk: bytes, size: tuple[int, int], other: bytes) -> bytes:
    """``data`` damaged in one way, at a share ``at`` of its length."""
    place = int(at * len(data))
    if kind == "cut":
        return data[:place]
    if kind == "changed":
        return data[:place] + junk + data[place + len(junk) :]
    if kind == "left out":
        return data[:place] + data[place + len(junk) :]
    if kind == "put in":
        return data[:place] + junk + data[place:]
    if kind == "spliced":
        return data[:place] + other[int(at * len(other)) :]
    return sized(data, *size)


mutations = st.lists(
    st.tuples(
        # Most damage is small: it passes the header's check.
        st.sampled_from(("changed", "changed", "left out", "put in", "cut", "spliced", "sized")),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=20),
        st.tuples(*[st.sampled_from((0, 1, 31, 33, 64, 97, 640, 1280, 1281, 4000, 65_535))] * 2),
        st.sampled_from((".jpg", ".png", ".webp")),
    ),
    min_size=1,
    max_size=3,
)
kinds = st.sampled_from((".jpg", ".png", ".webp"))


def damaged(pictures: dict[str, bytes], kind: str, changes: list[tuple]) -> bytes:
    data = pictures[kind]
    for how, at, junk, size, other in changes:
        data = mutated(data, how, at, junk, size, pictures[other])
    return data


def nested(depth: int, opening: str, closing: str, inner: str) -> str:
    return opening * depth + inner + closing * depth


numbers = st.one_of(
    st.integers(1, 6000).map("9".__mul__),
    st.sampled_from(("NaN", "-Infinity", "1e999", "-0", "1E-999", "01")),
)
halves = st.sampled_from((r'"\ud800 - x"', r'"\udfff"', r'"\ud83d\ude00 - \ud83d"', r'"\u0000"', '"\x00"', '"\ud800"'))
deep = st.builds(
    nested, st.integers(1, 3000), st.sampled_from(("[", '{"a":')), st.sampled_from(("", "]", "}")), st.just("1")
)
long_lists = st.builds(
    lambda count, one: f"[{','.join([one] * count)}]",
    st.integers(0, 5000),
    st.sampled_from(("{}", "[]", "null", '{"id":"a"}', '{"at_s":0,"probabilities":null}', '{"at_s":0,"é":[[]]}')),
)
many_names = st.integers(1, 5000).map(lambda count: "{" + ",".join(f'"{i}":{i}' for i in range(count)) + "}")
#: What no encoder writes; by itself and as a field's value.
raw_values = st.one_of(numbers, halves, deep, long_lists, many_names)
raw_bodies = raw_values | st.builds(
    '{{"{}":{}}}'.format, st.sampled_from(("readings", "tracks", "text", "baseline", "emotion", r"\ud800")), raw_values
)
