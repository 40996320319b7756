"""Every regular expression of the program takes time linear in its text; so does what reads a playlist's names."""

from __future__ import annotations

import ast
import contextlib
import importlib
import itertools
import pkgutil
import re
import time
from pathlib import Path

import pytest

import feelharmonic
from feelharmonic.errors import BadInput
from feelharmonic.music import playlist, song_names
from feelharmonic.music.playlist import MAX_LINE_CHARS, MAX_SONGS, read_playlist
from feelharmonic.music.song_names import MAX_NAME_CHARS, first_artist_key, song_key

#: Repeated, these are what patterns with nested or overlapping repetitions stumble over.
PUMPS = (
    " ", "\t", "a", "0", "aA0", "a.", "a-", "a_", "0-", "0/", ":", ":/", "/track:", "[", "(", "[0", "[:", "[)", "()",
    ",", "a,", "(feat", "(feat ", "[with a", " feat. ", " feat.", "(remaster", "(remaster live", "remaster ",
    " - remaster", " - 2000 remaster", "–", " – ", "  – ", "…", "#0f", "=", "-", "1/1/1", "playlist/", "\xff", "\xff\0",
)  # fmt: skip
ENDINGS = ("", "!", ")", "\n")
SHORT, LONG = 2_000, 16_000
#: Eight times the text may take this many times as long: linear work takes 8, quadratic 64.
MAX_GROWTH = 32
#: Below this the clock and the machine's other work decide, not the pattern. Quadratic work on LONG takes 50 times it.
NOISE_S = 0.004


def modules() -> list:
    names = [found.name for found in pkgutil.walk_packages(feelharmonic.__path__, "feelharmonic.")]
    return [importlib.import_module(name) for name in names if not name.endswith("__main__")]


def patterns() -> dict[str, re.Pattern]:
    found: dict[str, re.Pattern] = {}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                found[f"{value.pattern}"] = value
                assert name.isupper(), f"{module.__name__}.{name}"
    return found


def fastest_s(call, *args: object, tries: int = 3) -> float:
    taken_s = []
    for _ in range(tries):
        start_s = time.process_time()
        call(*args)
        taken_s.append(time.process_time() - start_s)
        if taken_s[-1] < NOISE_S:
            break
    return min(taken_s)


def pumped(pump: str, ending: str, chars: int) -> str:
    return (pump * chars)[:chars] + ending


def assert_linear(call, what: str) -> None:
    for pump, ending in itertools.product(PUMPS, ENDINGS):
        long_s = fastest_s(call, pumped(pump, ending, LONG))
        if long_s > NOISE_S:
            short_s = fastest_s(call, pumped(pump, ending, SHORT))
            assert long_s < MAX_GROWTH * max(short_s, NOISE_S / 100), f"{what} on {pump!r} and {ending!r}"


def test_every_pattern_is_a_constant_of_its_module():
    """So that the test below finds it."""
    for module in modules():
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
        used = {node.func.attr for node in calls if getattr(node.func.value, "id", "") == "re"}
        assert used <= {"compile", "escape"}, module.__name__
        compiled = {id(node.value) for node in tree.body if isinstance(node, ast.Assign)}
        compiling = [
            node for node in calls if node.func.attr == "compile" and getattr(node.func.value, "id", "") == "re"
        ]
        inner = [node for node in compiling if id(node) not in compiled]
        assert not inner, module.__name__


@pytest.mark.parametrize("pattern", patterns().values(), ids=list(patterns()))
def test_a_pattern_takes_time_linear_in_the_text(pattern):
    def every_way(text: str | bytes) -> None:
        if isinstance(pattern.pattern, bytes):
            text = text.encode("latin-1", "replace")
        pattern.match(text), pattern.fullmatch(text), pattern.sub(text[:0], text)

    assert_linear(every_way, pattern.pattern)


def test_a_quadratic_pattern_would_be_found():
    with pytest.raises(AssertionError):
        assert_linear(re.compile(r"[(\[](?:feat|ft|with)\b[^)\]]*[)\]]").search, "the example")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (song_names, "_without_guests"), (song_names, "_without_asides"), (song_names, "plain"),
        (playlist, "_plain_line"), (playlist, "_file"), (playlist, "_refuse_binary"),
    ],
)  # fmt: skip
def test_reading_a_name_takes_time_linear_in_its_length(module, name):
    def read(text: str) -> None:
        with contextlib.suppress(BadInput):
            getattr(module, name)(text)

    assert_linear(read, name)


@pytest.mark.parametrize(
    "pump",
    [
        "(",
        "ﷺ",
        *(pytest.param(p, marks=pytest.mark.full) for p in ("(feat ", "(remaster ", " feat.", " ", " - remaster")),
    ],
)
def test_the_largest_playlist_is_read_in_bounded_time(pump):
    text = "\n".join(["a – " + (pump * MAX_LINE_CHARS)[: MAX_LINE_CHARS - 5] + "b"] * MAX_SONGS)
    start_s = time.process_time()
    for line in read_playlist(text):
        song_key(line.artist, line.title)
        first_artist_key(line.artist, line.title)
    assert time.process_time() - start_s < 15.0  # 2 to 4 s measured; quadratic patterns took minutes
    assert len(read_playlist(text)[0].title) <= MAX_NAME_CHARS
