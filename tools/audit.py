"""`make audit`: known faults of the packages that we depend on, by pip-audit and npm audit.

A known fault fails (of npm's, a high or critical one; PyPI tells no severity). Where an advisory service cannot be
reached that is said, and nothing fails: no answer is no fault. A tool that is missing or breaks fails in CI; elsewhere
it is said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements.txt", "deploy/requirements.txt")
DEADLINE_S = 300

#: What requests, pip and npm say, in lower case, where the network or the service is away.
AWAY = (
    "max retries exceeded",
    "failed to establish a new connection",
    "name resolution",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "network may be blocking",
    "timed out",
    "econnrefused",
    "econnreset",
    "enotfound",
    "eai_again",
    "etimedout",
    "enetunreach",
)
#: Answers of a registry or a proxy that has no advisories for us.
NOT_SERVED = (401, 403, 404, 405, 407, 408, 429)

Run = Callable[[list[str]], subprocess.CompletedProcess]


class NotReached(Exception):
    """The advisory service gave no answer."""


class Broken(Exception):
    """The tool that asks it is missing or failed."""


def run(command: list[str]) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired as exc:
        raise NotReached(f"no answer within {DEADLINE_S} s") from exc


def python_faults(run: Run = run) -> list[str]:
    """A line for each known fault of a Python package. Raises NotReached or Broken."""
    files = [part for name in REQUIREMENTS for part in ("-r", str(PROJECT / name))]
    ended = run([sys.executable, "-m", "pip_audit", *files, "-f", "json", "--progress-spinner", "off"])
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as exc:
        raise why(ended, ended.stderr) from exc
    # A package of which PyPI says nothing: a mirror answers for the files, not for their advisories.
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    if unknown and not faults:
        raise NotReached(f"no answer for {len(unknown)} of {len(packages)} packages, {unknown[0]} among them")
    return faults


def npm_faults(run: Run = run, which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """A line for each npm package with a high or critical fault. Raises NotReached or Broken."""
    if which("npm") is None:
        raise Broken("npm is missing")
    ended = run(["npm", "audit", "--json", "--audit-level=high"])
    try:
        told = json.loads(ended.stdout)
        packages = told["vulnerabilities"]
    except ValueError as exc:
        raise why(ended, ended.stderr) from exc
    except KeyError as exc:
        status = told.get("statusCode") or 0
        if status in NOT_SERVED or status >= 500:
            raise NotReached(f"the registry answered {status}") from exc
        raise why(ended, ended.stdout) from exc
    return [f"{name}: {one['severity']}" for name, one in packages.items() if one["severity"] in ("high", "critical")]


def why(ended: subprocess.CompletedProcess, said: str) -> NotReached | Broken:
    """What it means that a tool ended without an answer, after what it ``said``."""
    lines = said.strip().splitlines() or ["nothing was said"]
    away = [line for line in lines if any(words in line.lower() for words in AWAY)]
    if away:
        return NotReached(away[-1].strip()[:200])
    return Broken(f"exit status {ended.returncode}: {' '.join(lines[-5:])[:400]}")


def report(name: str, ask: Callable[[], list[str]], *, in_ci: bool) -> bool:
    """Print what ``ask`` finds; False where that fails the audit."""
    try:
        faults = ask()
    except NotReached as exc:
        print(f"{name}: the advisory service was not reached ({exc}); nothing is known.")
        return True
    except Broken as exc:
        print(f"{name}: failed ({exc}); nothing is known.")
        return not in_ci
    print("\n  ".join((f"{name}: known faults", *faults)) if faults else f"{name}: no known faults.")
    return not faults


def main() -> int:
    in_ci = bool(os.environ.get("CI"))
    passed = [report("pip-audit", python_faults, in_ci=in_ci), report("npm audit", npm_faults, in_ci=in_ci)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
