"""The modules of training and benchmarks import one another without cycles, and the app imports neither."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGES = ("training", "benchmarks")


def module_name(project: Path, path: Path) -> str:
    return ".".join(path.relative_to(project).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Full names of all that ``path`` imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_imports_have_no_cycles(project):
    paths = {module_name(project, path): path for name in PACKAGES for path in (project / name).rglob("*.py")}
    graph = {name: imported(path) & set(paths) - {name, *PACKAGES} for name, path in paths.items()}
    order = list(TopologicalSorter(graph).static_order())  # raises CycleError with the cycle
    assert order.index("training.expression.int8") < order.index("training.expression.export")


def test_training_imports_no_benchmark(project):
    for path in (project / "training").rglob("*.py"):
        assert not any(name.startswith("benchmarks") for name in imported(path)), path


def test_the_app_imports_neither(project):
    for path in [*(project / "feelharmonic").rglob("*.py"), project / "app.py"]:
        assert not any(name.partition(".")[0] in PACKAGES for name in imported(path)), path
