"""The examples of docs/api.md run as they stand, against a real server."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.samples import PROJECT
from tests.support.serving import Server

ADDRESS = "http://127.0.0.1:8000"
DEADLINE_S = 60

SECTION = (PROJECT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("server")).start()
    yield running
    running.stop()


@pytest.fixture
def run(server, tmp_path, astronaut_jpeg):
    (tmp_path / "photo.jpg").write_bytes(astronaut_jpeg)

    def started(language: str, text: str) -> str:
        assert ADDRESS in text
        here = text.replace(ADDRESS, server.url)
        command = ["sh", "-c", here] if language == "sh" else [sys.executable, "-c", here]
        ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return started


def test_every_kind_of_request_has_its_example():
    assert [language for language, _ in EXAMPLES] == ["sh", "python", "sh", "python", "sh", "python", "sh"]


@pytest.mark.parametrize("text", [text for language, text in EXAMPLES if language == "sh"])
def test_a_curl_example_answers_json(run, text):
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "curl is missing"
        pytest.skip("curl is missing")
    answers = [json.loads(line) for line in run("sh", text).splitlines() if line]
    assert len(answers) == text.count("curl ")
    for answer in answers:
        assert answer
        assert "problem" not in answer


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, r"\[0\.\d+, .*\] \[0"),
        (3, r"angry then happy\n.*Calm"),
        (5, r"1 known, 1 unknown\n\['angry', .*\]\ncatalogue\nready\nok"),
    ],
)
def test_a_python_example_prints_what_it_promises(run, number, words):
    assert re.search(words, run(*EXAMPLES[number]))
