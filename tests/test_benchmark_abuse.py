"""The benchmark of attacks runs, and attacks disconnect no honest listener."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchmarks.abuse.attacks import masked


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (3, b"\x81\x83"),
        (200, b"\x81\xfe" + (200).to_bytes(2, "big")),
        (70_000, b"\x81\xff" + (70_000).to_bytes(8, "big")),
    ],
)
def test_frames_are_masked_with_their_length(size, head):
    assert masked("x" * size) == head + bytes(4) + b"x" * size


@pytest.mark.full
def test_a_row_says_what_listeners_noticed(project):
    words = [sys.executable, "-m", "benchmarks.abuse", "--json", "--seconds", "6", "--only", "answers never read"]
    text = subprocess.run(words, cwd=project, capture_output=True, text=True, check=True, timeout=110).stdout
    (row,) = json.loads(text)["rows"]
    assert row["disconnected"] == 0
    assert row["tries"] >= 40
    assert 0 < row["longest gap s"] < 60
    assert 0 < row["health check s"] < 60
    assert row["peak memory MB"] < 600
