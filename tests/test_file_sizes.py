"""No source file is so long that a reader has to search in it."""

from __future__ import annotations

from pathlib import Path

MAX_LINES = 400
FOLDERS = ("feelharmonic", "static", "templates", "training", "benchmarks", "deploy", "docs", "tests")
SUFFIXES = {".py", ".js", ".mjs", ".css", ".html", ".md"}


def sources(project: Path) -> list[Path]:
    inside = [path for folder in FOLDERS for path in (project / folder).rglob("*")]
    own = [path for path in (*project.iterdir(), *inside) if path.suffix in SUFFIXES and path.is_file()]
    return [path for path in own if project / "static" / "vendor" not in path.parents]


def test_no_source_file_is_over_the_limit(project):
    lengths = {str(path.relative_to(project)): len(path.read_text("utf-8").splitlines()) for path in sources(project)}
    assert {"spotifyaccess.py", "feelharmonic/app.py", "static/page.css", "README.md"} <= lengths.keys()
    assert not {name: count for name, count in lengths.items() if count > MAX_LINES}
