"""`camera`: a camera on the server, or a video file."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.serving import make_server

from feelharmonic.cli.common import faults_as_messages, load_networks
from feelharmonic.reading import CameraReader
from feelharmonic.settings import Settings

#: Makes a camera what the app's page shows.
ShowCamera = Callable[[CameraReader], None]

#: Where `cli.bind` puts the app's ShowCamera in the app's configuration.
SHOW_CAMERA = "FEELHARMONIC_SHOW_CAMERA"

OPTIONS = (
    click.option("--source", required=True, help="A camera's number, such as 0, or a video file or stream."),
    # Fewer than one picture in the mood's window (2.5 s) would end the mood each time.
    click.option(
        "--rate", type=click.FloatRange(0.5, 30), default=5.0, show_default=True, help="Pictures read a second."
    ),
    click.option("--group", is_flag=True, help="Everybody in view makes the mood, not the largest face alone."),
    click.option("--once", is_flag=True, help="End with the file instead of playing it again."),
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option(
        "--port", type=click.IntRange(0, 65535), default=None, help="By default that of the setting PORT, 8000."
    ),
)


def camera_options(run: Callable[..., None]) -> Callable[..., None]:
    """``run`` with OPTIONS, in that order in the help."""
    for option in reversed(OPTIONS):
        run = option(run)
    return run


@click.command()
@camera_options
@with_appcontext
@faults_as_messages()
def camera(source: str, rate: float, group: bool, once: bool, host: str, port: int | None) -> None:
    """Show what a camera on this machine sees: the page /watch has its stream, the mood and tracks."""
    if not (source.isdigit() or "://" in source or Path(source).exists()):
        raise click.BadParameter(f"There is no file {source}.", param_hint="--source")
    reader = CameraReader(load_networks(), source, rate_hz=rate, group=group, once=once)
    current_app.config[SHOW_CAMERA](reader)
    port = Settings.load().port if port is None else port
    _serve(current_app._get_current_object(), reader, source, host, port)  # type: ignore[attr-defined]


@click.command(hidden=True)
@camera_options
@click.pass_context
def watch(context: click.Context, /, **options: object) -> None:
    """The old name of `camera`."""
    click.echo("`watch` is now called `camera`; the old name goes with the next release.", err=True)
    context.invoke(camera, **options)


def _serve(app: Flask, reader: CameraReader, source: str, host: str, port: int) -> None:
    """Serve ``app`` until Ctrl+C while ``reader`` reads."""
    server = make_server(host, port, app, threaded=True)
    if not is_loopback(host):
        click.echo(f"Warning: anybody who reaches {host} sees this camera.", err=True)
    reader.start()
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Watching {source} at http://{shown}:{server.server_port}/watch (Ctrl+C stops it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo()
    finally:
        reader.stop()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
