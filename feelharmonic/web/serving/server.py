"""Start the server: patch the standard library for the async mode, check everything, then open the port.

Import nothing heavy at the top: gevent and eventlet must patch the standard library first.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings
from feelharmonic.web.monitoring import logs
from feelharmonic.web.serving import Certificate, load_async_mode
from feelharmonic.web.serving.capacity import max_connections, raise_file_limit
from feelharmonic.web.serving.places import AddressConnections
from feelharmonic.web.serving.timeouts import Timeouts

if TYPE_CHECKING:
    from flask import Flask

#: What `npm run vendor` copies: the page needs the first to connect, and the second to read faces on the device.
VENDOR = Path("static") / "vendor"

VENDOR_FILES = ("socket.io.esm.min.js", "ort-wasm-simd-threaded.wasm")

EXIT_SETUP_FAULT = 2


def patch_standard_library() -> None:
    """Make blocking calls yield under gevent or eventlet. Wrong settings are reported later, all together."""
    try:
        settings = Settings.load()
    except SetupFault:
        return
    load_async_mode(settings.async_mode).patch_standard_library()


def main(create_app: Callable[..., Flask], timeouts: Timeouts | None = None) -> int:
    """Serve until stopped. Returns the exit status: 0 stopped by the user, 2 a setup fault (printed on stderr)."""
    try:
        return start(create_app, timeouts)
    except KeyboardInterrupt:
        print()
        return 0


def start(create_app: Callable[..., Flask], timeouts: Timeouts | None) -> int:
    """Check everything, then serve. Returns the exit status."""
    logs.set_up()
    from feelharmonic.web.services import Services  # imports Flask, which comes after the patches

    timeouts = timeouts or Timeouts()
    try:
        app = create_app(timeouts=timeouts)
        services = Services.of(app)
        settings = services.settings
        check_vendor(Path(app.root_path))
        check_port(bound_host(settings), settings.port)
        raise_file_limit(settings.max_listeners)
        services.music.start()
    except SetupFault as fault:
        print("Feelharmonic cannot start:", file=sys.stderr)
        for text in fault.faults:
            print(f"  - {text}", file=sys.stderr)
        return EXIT_SETUP_FAULT
    announce_and_serve(app, settings, timeouts)
    return 0


def bound_host(settings: Settings) -> str:
    """The address to listen on. With HTTPS and no HOST that is every address, so that phones can connect."""
    return "0.0.0.0" if settings.https and settings.host == Settings().host else settings.host


def check_vendor(root: Path) -> None:
    """Raises SetupFault where the browser libraries are not in place."""
    missing = [str(VENDOR / name) for name in VENDOR_FILES if not (root / VENDOR / name).is_file()]
    if missing:
        raise SetupFault([f"Missing: {', '.join(missing)}. Run `make vendor` (or `npm run vendor`)."])


def check_port(host: str, port: int) -> None:
    """Raises SetupFault where ``port`` cannot be opened on ``host``."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise SetupFault(
                [
                    f"PORT: {host}:{port} cannot be opened ({exc.strerror or exc}). Stop what uses it, "
                    f"or choose another: `make run PORT={port + 1 if port < 65535 else 8000}`."
                ]
            ) from exc


def announce_and_serve(app: Flask, settings: Settings, timeouts: Timeouts) -> None:
    """Print the addresses and serve them; with HTTPS by our own certificate: phones give the camera to https only."""
    from feelharmonic.web.security.addresses import reachable_addresses
    from feelharmonic.web.serving.announcement import announce

    addresses = reachable_addresses(bound_host(settings))
    certificate = own_certificate_of(app, addresses) if settings.https else None
    announce(addresses, settings.port, https=settings.https, out=sys.stdout)
    serve(app, settings, timeouts, certificate=certificate)


def own_certificate_of(app: Flask, addresses: list[str]) -> Certificate:
    """This server's certificate and key for ``addresses``."""
    from feelharmonic.web.security.certificate import own_certificate  # here: only HTTPS needs its memory

    return own_certificate(Path(app.instance_path), addresses)


def serve(app: Flask, settings: Settings, timeouts: Timeouts, *, certificate: Certificate | None = None) -> None:
    """Serve until stopped, in the settings' async mode; with a ``certificate`` by TLS."""
    mode = load_async_mode(settings.async_mode)
    options = mode.server_options(timeouts, settings.max_listeners, certificate, address_connections(settings))
    socketio = app.extensions["socketio"]
    from feelharmonic.web.services import Services

    mode.install_signal_handlers(Services.of(app).drain.run, socketio.stop)
    socketio.run(app, host=bound_host(settings), port=settings.port, **options)


def address_connections(settings: Settings) -> AddressConnections | None:
    """The limit of one address's connections; none behind a proxy, from which all come."""
    if settings.trusted_proxies:
        return None
    from feelharmonic.web.security.rate_limits import network_of

    return AddressConnections(
        max_connections(settings.max_listeners),
        share=settings.share_per_address / 100,
        spare=settings.requests_per_address,
        network_of=network_of,
    )
