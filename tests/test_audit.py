"""`make audit` fails on known vulnerabilities, and says so where an advisory service gives no answer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")

CLEAN = ("No known vulnerabilities found", 0)
FOUND_BY_PIP_AUDIT = ("Found 1 known vulnerability in 1 package\nflask 1.0 PYSEC-2018-66", 1)
NOT_AUDITED = ("ERROR:pip_audit._cli:Flask: Dependency not found and could not be audited", 1)
FOUND_BY_NPM = ("3 vulnerabilities (1 low, 2 high)", 1)
REFUSED = ("npm error audit endpoint returned an error", 1)


@pytest.fixture
def audit(project, tmp_path):
    """Run `make audit` with stand-ins for pip-audit and npm that print a text and exit with a status."""

    def run(pip_audit: tuple[str, int], npm: tuple[str, int]) -> subprocess.CompletedProcess:
        for name, (text, status) in {"python": pip_audit, "npm": npm}.items():
            tool = tmp_path / name
            tool.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\ncat <<EOF\n{text}\nEOF\nexit {status}\n')
            tool.chmod(0o755)
        built = [word for stamp in ("test", "node") for word in ("-o", f".venv/{stamp}.stamp")]
        return subprocess.run(
            ["make", *built, "audit", f"BIN={tmp_path}"],
            cwd=project,
            env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_clean_reports_pass(audit, tmp_path):
    ended = audit(CLEAN, ("found 0 vulnerabilities", 0))
    assert ended.returncode == 0
    assert "no answer" not in ended.stdout
    pip_audit, npm = (tmp_path / "asked").read_text().splitlines()
    assert {"requirements.txt", "deploy/requirements.txt"} <= set(pip_audit.split())
    assert npm == "audit --audit-level=high"


@pytest.mark.parametrize(("pip_audit", "npm"), [(FOUND_BY_PIP_AUDIT, CLEAN), (CLEAN, FOUND_BY_NPM)])
def test_known_vulnerabilities_fail_and_are_shown(audit, pip_audit, npm):
    ended = audit(pip_audit, npm)
    assert ended.returncode != 0
    assert (pip_audit if pip_audit[1] else npm)[0].splitlines()[-1] in ended.stdout


@pytest.mark.parametrize(("pip_audit", "npm"), [(NOT_AUDITED, CLEAN), (CLEAN, REFUSED), (NOT_AUDITED, REFUSED)])
def test_an_advisory_service_without_an_answer_is_reported(audit, pip_audit, npm):
    ended = audit(pip_audit, npm)
    assert ended.returncode == 0
    for name, (text, status) in {"pip-audit": pip_audit, "npm audit": npm}.items():
        assert text in ended.stdout
        assert (f"{name}: no answer from the advisory service, nothing is known." in ended.stdout) is (status != 0)


def test_the_audit_brings_node_along(project: Path):
    """On a machine without Node, `npm` is the one in the virtual environment."""
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    rule = re.search(r"^audit:(.*)\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert "$(VENV)/node.stamp" in rule[1]
    assert "$(WITH_NODE) npm audit" in rule[2]
