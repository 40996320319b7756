"""Importing reads, opens and patches nothing. Who may import whom is import-linter's to check: see pyproject.toml."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest


def package_files(project: Path) -> list[Path]:
    return sorted((project / "feelharmonic").rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Full names of all that ``path`` imports, wherever in the file."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def test_only_spotifyaccess_knows_spotipy(project):
    files = [*package_files(project), project / "app.py"]
    assert not [path.name for path in files if any(name.split(".")[0] == "spotipy" for name in imported(path))]


def test_the_app_never_imports_training_benchmarks_or_notebooks(project):
    files = [*package_files(project), project / "app.py", *project.glob("spotifyaccess.py")]
    tops = {name.split(".")[0] for path in files for name in imported(path)}
    assert not tops & {"training", "benchmarks", "notebooks", "tests", "torch"}


PROBE = """
import sys
seen = []
def hook(event, args):
    if event == "open" and isinstance(args[0], str) and not args[0].endswith((".py", ".pyc", ".so")):
        if {project!r} in args[0] and "site-packages" not in args[0]:
            seen.append(args[0])
    # Not socket.bind: urllib3 binds once at import to learn whether the machine has IPv6.
    if event == "socket.connect":
        seen.append(event)
sys.addaudithook(hook)
import socket
before = socket.socket
import {module}
assert socket.socket is before, "importing patches the standard library"
assert not seen, seen
"""


@pytest.mark.parametrize("module", ["app", "feelharmonic.reading.pipeline", "feelharmonic.web.live"])
def test_importing_reads_no_file_opens_no_socket_and_patches_nothing(project, module):
    program = PROBE.format(project=str(project), module=module)
    done = subprocess.run([sys.executable, "-c", program], cwd=project, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
