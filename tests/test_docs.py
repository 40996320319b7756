"""README and docs: links lead somewhere, commands exist, lines are short."""

from __future__ import annotations

import importlib.util
import re

import pytest

from feelharmonic.cli import COMMANDS
from tests.support.samples import PROJECT

DOCS = [PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "deploy/README.md")]
DOCS += sorted((PROJECT / "docs").glob("*.md"))

MAX_README_LINES = 150
MAX_COLUMNS = 100

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|`)\s*make ([a-z][a-z-]*)\b(?!\w)", re.MULTILINE)
MODULE = re.compile(r"-m ((?:benchmarks|training|tests)\.[a-z_][a-z_.]*)")
COMMAND = re.compile(r"(?:flask --app app|feelharmonic) ([a-z][a-z-]*)\b")

document = pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)


@document
def test_relative_links_lead_to_files(path):
    links = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (path.parent / link.partition("#")[0]).exists()]
    assert not missing


@document
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z][a-z-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(MAKE.findall(path.read_text(encoding="utf-8"))) <= targets


@document
def test_modules_that_are_run_exist(path):
    names = set(MODULE.findall(path.read_text(encoding="utf-8")))
    assert not {name for name in names if importlib.util.find_spec(name.rstrip(".")) is None}


@document
def test_commands_exist(path):
    known = {command.name for command in COMMANDS} | {"serve"}
    assert set(COMMAND.findall(path.read_text(encoding="utf-8"))) <= known


def test_files_that_docs_name_exist():
    named = set()
    for path in DOCS:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"`((?:feelharmonic|static|tests|training|deploy|docs|notebooks)/[\w./-]+)`", text))
    assert not {name for name in named if not (PROJECT / name).exists()} - {"static/vendor"}


def test_readme_is_short():
    assert len((PROJECT / "README.md").read_text(encoding="utf-8").splitlines()) <= MAX_README_LINES


@document
def test_lines_are_wrapped(path):
    is_code, long = False, []
    for line in path.read_text(encoding="utf-8").splitlines():
        is_code ^= line.startswith("```")
        if not is_code and len(line) > MAX_COLUMNS and not line.startswith(("|", "    ", "![")) and " " in line.strip():
            long.append(line)
    assert not long
