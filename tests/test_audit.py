"""`make audit` tells apart: a known fault, a service out of reach, a tool that is missing or breaks."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from tools.audit import REQUIREMENTS, Broken, NotReached, npm_faults, python_faults, report

REFUSED = "connect ECONNREFUSED 127.0.0.1:9"
NO_NETWORK = (
    "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded with "
    "url: /pypi/flask/3.1/json (Caused by NameResolutionError(\"Failed to resolve 'pypi.org'\"))"
)


def ends(stdout: object = "", stderr: str = "", status: int = 1) -> Callable:
    """A tool that says this, whatever it is asked."""
    text = stdout if isinstance(stdout, str) else json.dumps(stdout)
    return lambda command: subprocess.CompletedProcess(command, status, text, stderr)


def npm_says(stdout: object, stderr: str = "") -> list[str]:
    return npm_faults(ends(stdout, stderr), lambda name: f"/usr/bin/{name}")


def package(name: str, *faults: str) -> dict:
    return {"name": name, "version": "1.0", "vulns": [{"id": one, "fix_versions": ["1.1"]} for one in faults]}


SKIPPED = {"name": "flask", "skip_reason": "Dependency not found on PyPI and could not be audited: flask (3.1)"}


def test_pip_audit_is_asked_about_all_that_a_server_installs(project):
    asked = []
    python_faults(lambda command: asked.extend(command) or ends({"dependencies": []})(command))
    for name in REQUIREMENTS:
        assert asked[asked.index(str(project / name)) - 1] == "-r"
    assert set(REQUIREMENTS) == {"requirements.txt", "deploy/requirements.txt"}


def test_known_faults_are_told():
    told = {"dependencies": [package("good"), package("bad", "PYSEC-1"), SKIPPED]}
    assert python_faults(ends(told)) == ["bad 1.0: PYSEC-1, mended in 1.1"]
    severities = {"one": {"severity": "high"}, "two": {"severity": "critical"}, "three": {"severity": "moderate"}}
    assert npm_says({"vulnerabilities": severities}) == ["one: high", "two: critical"]


def test_nothing_known_is_nothing_found():
    assert python_faults(ends({"dependencies": [package("good")]}, status=0)) == []
    assert npm_says({"vulnerabilities": {}}) == []


@pytest.mark.parametrize("dependencies", [[SKIPPED], [package("good"), SKIPPED]])
def test_a_mirror_that_knows_no_advisories_is_no_all_clear(dependencies):
    with pytest.raises(NotReached, match="flask"):
        python_faults(ends({"dependencies": dependencies}, status=0))


@pytest.mark.parametrize("stderr", [NO_NETWORK, "Tip: your network may be blocking this service."])
def test_without_a_network_pip_audit_was_not_answered(stderr):
    with pytest.raises(NotReached):
        python_faults(ends("", f"Traceback (most recent call last):\n{stderr}\n"))


@pytest.mark.parametrize(
    "told",
    [
        {"message": f"request to https://registry.npmjs.org/-/npm failed, reason: {REFUSED}", "error": {}},
        {"message": "405 Method Not Allowed", "statusCode": 405},
        {"message": "503 Service Unavailable", "statusCode": 503},
        {"error": {"code": "ENOTFOUND", "summary": "getaddrinfo ENOTFOUND registry.npmjs.org"}},
    ],
)
def test_without_a_registry_that_answers_npm_was_not_answered(told):
    with pytest.raises(NotReached):
        npm_says(told)


def test_a_tool_that_breaks_is_not_called_out_of_reach():
    with pytest.raises(Broken, match="No module named pip_audit"):
        python_faults(ends("", "python: No module named pip_audit"))
    with pytest.raises(Broken, match="ENOLOCK"):
        npm_says({"error": {"code": "ENOLOCK", "summary": "This command requires an existing lockfile."}})
    with pytest.raises(Broken, match="nothing was said"):
        npm_says("")


def test_a_missing_npm_is_called_missing():
    with pytest.raises(Broken, match="npm is missing"):
        npm_faults(ends(), lambda name: None)


def raising(fault: Exception) -> Callable:
    def ask() -> list[str]:
        raise fault

    return ask


@pytest.mark.parametrize(
    ("ask", "in_ci", "passes", "said"),
    [
        (lambda: [], True, True, "no known faults"),
        (lambda: ["one: high"], False, False, "one: high"),
        (raising(NotReached("refused")), True, True, "the advisory service was not reached (refused)"),
        (raising(Broken("npm is missing")), True, False, "failed (npm is missing)"),
        (raising(Broken("npm is missing")), False, True, "failed (npm is missing)"),
    ],
)
def test_what_fails_the_audit(capsys, ask, in_ci, passes, said):
    assert report("a tool", ask, in_ci=in_ci) is passes
    assert said in capsys.readouterr().out


def test_make_audit_brings_node_along(project):
    """On a machine without Node, `npm` is the one in the virtual environment."""
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    rule = re.search(r"^audit:(.*)\n\t(.*)", makefile, re.MULTILINE)
    assert "$(VENV)/node.stamp" in rule[1]
    assert rule[2].startswith("$(WITH_NODE) ")
