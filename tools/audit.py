"""`make audit`: known faults of the packages that we depend on, by pip-audit and npm audit.

A high one fails. Where an advisory service cannot be reached, that is said, and nothing fails: no answer is no fault.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
DEADLINE_S = 300



def python_faults() -> list[str] | None:
    """A line for each known fault of a Python package; None where the service was not reached."""
    command = [sys.executable, "-m", "pip_audit", "-r", str(PROJECT / "requirements.txt"), "-f", "json"]
    ended = run([*command, "--progress-spinner", "off"])
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None
    return [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none'}"
        for package in packages
        for fault in package.get("vulns", [])
    ]


def npm_faults() -> list[str] | None:
    """A line for each npm package with a high or critical fault; None where the service was not reached."""
    if shutil.which("npm") is None:
        return None
    ended = run(["npm", "audit", "--json", "--audit-level=high"])
    try:
        told = json.loads(ended.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        return None
    return [f"{name}: {one['severity']}" for name, one in told.items() if one["severity"] in ("high", "critical")]


def run(command: list[str]) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 1, "", "")


def main() -> int:
    status = 0
    for name, faults in {"pip-audit": python_faults(), "npm audit": npm_faults()}.items():
        if faults is None:
            print(f"{name}: the advisory service was not reached; nothing is known.")
        elif faults:
            status = 1
            print("\n  ".join((f"{name}: known faults", *faults)))
        else:
            print(f"{name}: no known faults.")
    return status


if __name__ == "__main__":
    sys.exit(main())
