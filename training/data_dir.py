"""Where the data sets are: the command line's word, else DATA_DIR (of the environment or .env), else data/."""

from __future__ import annotations

import os
from pathlib import Path

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings


def data_dir(given: Path | None = None) -> Path:
    """The folder of the data sets. Raises SystemExit saying what was looked for where it is absent."""
    folder = given or _told()
    if not folder.is_dir():
        raise SystemExit(
            f"Expected the data sets in {folder}, which is not there. Name the folder by --data or DATA_DIR; "
            "docs/training.md, 'Data', says what it holds."
        )
    return folder


def _told() -> Path:
    """What DATA_DIR says, here or in .env; the server's other variables may be anything."""
    try:
        return Settings.load({"DATA_DIR": os.environ.get("DATA_DIR", "")}).data_dir
    except SetupFault as exc:
        raise SystemExit(str(exc)) from exc
