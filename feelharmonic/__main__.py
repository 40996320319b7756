"""The command `feelharmonic`: `serve`, and every command of `cli`.

In: the command line. Out: an exit status. `serve` patches the standard library before anything else is imported:
gevent and eventlet replace parts of it.
"""

from __future__ import annotations

import sys


def serve() -> int:
    """Start the server and stay until it is stopped; the exit status."""
    from feelharmonic.web.serving.server import patch_standard_library

    patch_standard_library()
    from feelharmonic.app import create_app
    from feelharmonic.web.serving import server

    return server.main(create_app)


def main() -> None:
    """Run the command that the command line names."""
    if sys.argv[1:] == ["serve"]:
        sys.exit(serve())
    import click
    from flask.cli import AppGroup, ScriptInfo

    from feelharmonic.app import create_app
    from feelharmonic.cli import COMMANDS

    group = AppGroup("feelharmonic", help="Music that fits your face. Settings are environment variables or .env.")
    group.add_command(click.Command("serve", callback=lambda: None, help="Start the server (settings: HOST, PORT, …)."))
    for command in COMMANDS:
        group.add_command(command)
    group.main(obj=ScriptInfo(create_app=create_app), prog_name="feelharmonic")


if __name__ == "__main__":
    main()
