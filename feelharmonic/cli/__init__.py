"""The commands. May import reading and music, never web."""

from __future__ import annotations

import click
from flask import Flask

from feelharmonic.cli.camera import watch
from feelharmonic.cli.catalogue import catalogue
from feelharmonic.cli.rank import rank
from feelharmonic.cli.read import read
from feelharmonic.cli.track_mood import track_mood


def bind(app: Flask) -> None:
    """Put the commands on ``app``."""
    for command in COMMANDS:
        app.cli.add_command(command)


#: Every command, in the order in which `flask --app app --help` shows them.
COMMANDS: tuple[click.Command, ...] = (read, watch, rank, track_mood, catalogue)
