"""The `flask --app app …` commands. May import stages, never web."""

from __future__ import annotations

from flask import Flask


def bind(app: Flask) -> None:
    """Put the commands on ``app``."""
    for command in COMMANDS:
        app.cli.add_command(command)


#: Every command, in the order in which `flask --app app --help` shows them.
COMMANDS: tuple = ()
