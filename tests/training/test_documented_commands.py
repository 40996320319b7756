"""The training commands in the Makefile and in docs/training.md exist and have the options that are given."""

from __future__ import annotations

import importlib
import re
import sys

import pytest

from tests.support.samples import PROJECT

pytest.importorskip("torch", reason="needs requirements-train.txt")
pytest.importorskip("onnx", reason="needs requirements-train.txt")
pytest.importorskip("sklearn", reason="needs requirements-train.txt")

#: A module of a training package and what follows it on its line.
COMMAND = re.compile(r"\b(training\.(?:expression|face_finder|track_mood)\.\w+)([^`\n;|]*)")


def commands() -> dict[str, set[str]]:
    """The options given to each module."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    variables = dict(re.findall(r"^(\w+) \??= (.*)$", makefile, re.MULTILINE))
    for _ in range(3):  # variables hold variables
        makefile = re.sub(r"\$\((\w+)\)", lambda match: variables.get(match[1], match[0]), makefile)
    text = makefile + (PROJECT / "docs" / "training.md").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for module, rest in COMMAND.findall(text):
        found.setdefault(module, set()).update(re.findall(r"(?<=\s)--[a-z0-9-]+", rest))
    return found


def test_all_steps_are_documented():
    assert {"training.expression.train", "training.expression.distill", "training.face_finder.train"} <= set(commands())
    assert {"--soft-labels", "--soft-label-weight", "--augmentation"} <= commands()["training.expression.train"]


@pytest.mark.parametrize("module", sorted(commands()))
def test_a_documented_command_has_its_options(module, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [module, "--help"])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(module).main()
    assert ended.value.code == 0
    known = set(re.findall(r"--[a-z0-9-]+", capsys.readouterr().out))
    assert commands()[module] <= known
