"""The commands of `flask --app app` and of `feelharmonic`. Imports reading and music, never web."""

from __future__ import annotations

import click
from flask import Flask

from feelharmonic.cli.camera import SHOW_CAMERA, ShowCamera, camera, watch
from feelharmonic.cli.catalogue import catalogue
from feelharmonic.cli.music import music
from feelharmonic.cli.rank import rank
from feelharmonic.cli.read import read
from feelharmonic.cli.track_mood import track_mood

COMMANDS: tuple[click.Command, ...] = (read, camera, watch, rank, track_mood, catalogue, music)


def bind(app: Flask, show_camera: ShowCamera | None = None) -> None:
    """Put the commands on ``app``. ``show_camera`` makes a camera what the app's page shows; `camera` needs it."""
    app.config[SHOW_CAMERA] = show_camera
    for command in COMMANDS:
        app.cli.add_command(command)
