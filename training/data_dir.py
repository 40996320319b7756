"""The folder of the data sets: --data, else DATA_DIR (of the environment or .env), else data/."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings

DOCUMENTED = "docs/training.md, 'Data'"


class DataMissing(SystemExit):
    """A data set is absent, incomplete or damaged. The text says which file, and where its contents are described."""

    def __init__(self, fault: str):
        super().__init__(f"{fault} {DOCUMENTED}, describes the files.")


def data_dir(given: Path | None = None) -> Path:
    """The folder of the data sets. Raises SystemExit naming the folder where it does not exist."""
    folder = given or _configured()
    if not folder.is_dir():
        raise SystemExit(
            f"Expected the data sets in {folder}, which does not exist. Name the folder by --data or DATA_DIR; "
            f"{DOCUMENTED}, says what it holds."
        )
    return folder


def add_data_option(parser: argparse.ArgumentParser) -> None:
    """The option --data, which every command that reads data sets has."""
    parser.add_argument("--data", type=Path, help="data folder (default: DATA_DIR, else data/)")


def _configured() -> Path:
    """DATA_DIR of the environment or .env. The server's other variables are not checked."""
    try:
        return Settings.load({"DATA_DIR": os.environ.get("DATA_DIR", "")}).data_dir
    except SetupFault as exc:
        raise SystemExit(str(exc)) from exc
