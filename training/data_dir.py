"""Where the data sets are: the command line's word, else DATA_DIR, else data/."""

from __future__ import annotations

import os
from pathlib import Path


def data_dir(given: Path | None = None) -> Path:
    """The folder of the data sets. Raises SystemExit saying what was looked for where it is absent."""
    folder = given or Path(os.environ.get("DATA_DIR", "data"))
    if not folder.is_dir():
        raise SystemExit(
            f"Expected the data sets in {folder}, which is not there. Name the folder by --data or DATA_DIR; "
            "README, 'Data', says what it holds."
        )
    return folder
