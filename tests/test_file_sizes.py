"""No source file is so long, and no folder so full, that a reader has to search in it."""

from __future__ import annotations

from pathlib import Path

MAX_LINES = 400
FOLDERS = ("feelharmonic", "static", "templates", "training", "benchmarks", "deploy", "docs", "tests")
#: Files in one folder, with `__init__.py`. Training and tests may have more. The project's own folder is not counted:
#: tools look for their settings there.
MAX_FILES, MAX_FILES_OF_TESTS = 12, 16
GENERATED = {"__pycache__", "vendor", "dist", "gallery"}
SUFFIXES = {".py", ".js", ".mjs", ".css", ".html", ".md"}


def sources(project: Path) -> list[Path]:
    inside = [path for folder in FOLDERS for path in (project / folder).rglob("*")]
    own = [path for path in (*project.iterdir(), *inside) if path.suffix in SUFFIXES and path.is_file()]
    return [path for path in own if project / "static" / "vendor" not in path.parents]


def test_no_source_file_is_over_the_limit(project):
    lengths = {str(path.relative_to(project)): len(path.read_text("utf-8").splitlines()) for path in sources(project)}
    assert {"spotifyaccess.py", "feelharmonic/app.py", "static/page.css", "README.md"} <= lengths.keys()
    assert not {name: count for name, count in lengths.items() if count > MAX_LINES}


def files_by_folder(project: Path) -> dict[Path, int]:
    folders = [folder for top in FOLDERS for folder in (project / top, *(project / top).rglob("*")) if folder.is_dir()]
    own = [folder.relative_to(project) for folder in folders if not GENERATED & set(folder.parts)]
    return {
        folder: sum(path.is_file() and not path.name.startswith(".") for path in (project / folder).iterdir())
        for folder in own
    }


def test_no_folder_has_too_many_files(project):
    counts = files_by_folder(project)
    assert {Path("feelharmonic/music/catalogue"), Path("static/js/views"), Path("benchmarks")} <= counts.keys()
    assert not {
        str(folder): count
        for folder, count in counts.items()
        if count > (MAX_FILES_OF_TESTS if folder.parts[0] in ("training", "tests") else MAX_FILES)
    }
