"""`watch`: a camera on the server, or a video file."""

from __future__ import annotations

import ipaddress

import click
from flask import current_app
from flask.cli import with_appcontext
from werkzeug.serving import make_server

from feelharmonic.cli.common import _wanted_parts, faults_as_messages
from feelharmonic.reading.camera import CameraReader


@click.command()
@click.option("--source", required=True, help="A camera's number, such as 0, or a video file or stream.")
@click.option("--rate", type=click.FloatRange(0.2, 30), default=5.0, show_default=True, help="Pictures read a second.")
@click.option("--group", is_flag=True, help="Everybody in view makes the mood, not the largest face alone.")
@click.option("--once", is_flag=True, help="End with the file instead of beginning anew.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@with_appcontext
@faults_as_messages()
def watch(source: str, rate: float, group: bool, once: bool, host: str, port: int) -> None:
    """Show what a camera on this machine sees: the page /watch has its stream, the mood and tracks."""
    app = current_app._get_current_object()
    watcher = CameraReader(_wanted_parts(), source, rate_hz=rate, group=group, once=once)
    server = make_server(host, port, app, threaded=True)
    if not is_loopback(host):
        click.echo(f"Careful: anybody who reaches {host} sees this camera.", err=True)
    watcher.start()
    app.extensions["feelharmonic_watch"].watcher = watcher
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Watching {source} at http://{shown}:{server.server_port}/watch (Ctrl+C stops it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo()
    finally:
        watcher.stop()


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
