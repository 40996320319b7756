"""The catalogue's benchmark runs and measures what it says."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.support.search_only import measure_search_alone


def test_it_prints_a_row_for_each_size_and_search(project):
    words = [sys.executable, "-m", "benchmarks.catalogue", "--json", "--max-tracks", "1000"]
    text = subprocess.run(words, cwd=project, capture_output=True, text=True, check=True, timeout=110).stdout
    decoder = json.JSONDecoder()
    imports, end = decoder.raw_decode(text)
    searches, _ = decoder.raw_decode(text[end:].lstrip())
    assert [row["tracks"] for row in imports["rows"]] == [1000]
    assert imports["rows"][0]["rows_per_s"] > 0
    assert [row["what"] for row in searches["rows"]] == [
        "search, all filters",
        "search, no filter",
        "list",
        "journey",
        "plain pass",
    ]
    assert all(row["cpu_ms"] > 0 and 0 < row["median_ms"] <= row["p95_ms"] for row in searches["rows"])


def test_the_search_alone_is_measured_against_a_plain_scan_that_finds_the_same():
    rows = measure_search_alone(30_000, count=60, rounds=3)
    assert [(row["tracks"], row["what"]) for row in rows] == [(30_000, "search by leaves"), (30_000, "plain scan")]
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in rows)


def test_ten_million_rows_are_an_option(project):
    words = [sys.executable, "-m", "benchmarks.catalogue", "--help"]
    assert "--ten-million" in subprocess.run(words, cwd=project, capture_output=True, text=True, check=True).stdout
