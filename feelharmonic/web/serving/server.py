"""Starting the server: patch for the async mode, check everything, then open the port.

In: create_app. Out: an exit status: 0 stopped by the user, 2 something must be mended first (said on standard error).
Nothing heavy may be imported at the top: gevent and eventlet must patch the standard library before that.
"""

from __future__ import annotations

import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings
from feelharmonic.web.monitoring import logs
from feelharmonic.web.serving.async_eventlet import _eventlet_protocol
from feelharmonic.web.serving.async_gevent import _gevent_handler
from feelharmonic.web.serving.async_threading import _hush_werkzeug, _werkzeug_handler
from feelharmonic.web.serving.capacity import connections, make_room
from feelharmonic.web.serving.shutdown import drain_on_sigterm
from feelharmonic.web.serving.timeouts import SILENCE_S

#: What `npm run vendor` puts in place: without the first the page has no wire, without the second no browser reads
#: faces by itself.
VENDOR = Path("static") / "vendor"

VENDOR_FILES = ("socket.io.esm.min.js", "ort-wasm-simd-threaded.wasm")

EXIT_MEND_FIRST = 2


def patch_standard_library() -> None:
    """Make blocking calls yield under gevent or eventlet. Wrong settings are reported later, all together."""
    try:
        mode = Settings.load().async_mode
    except SetupFault:
        return
    if mode == "gevent":
        from gevent import monkey

        monkey.patch_all()
    elif mode == "eventlet":
        # It says at import that it is being retired: docs/hosting.md tells that, a start needs no warning.
        warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
        import eventlet

        eventlet.monkey_patch()


def main(create_app: Callable) -> int:
    """Start the server and stay until it is stopped."""
    logs.set_up()
    try:
        app = create_app()
        settings: Settings = app.config["FEELHARMONIC_SETTINGS"]
        check_vendor(Path(app.root_path))
        check_port(bound_host(settings), settings.port)
        make_room(settings.max_listeners)
        app.extensions["feelharmonic_jukebox"].start()
    except SetupFault as fault:
        print("Feelharmonic cannot start:", file=sys.stderr)
        for text in fault.faults:
            print(f"  - {text}", file=sys.stderr)
        return EXIT_MEND_FIRST
    try:
        if settings.https:
            serve_home(app, settings)
        else:
            print(f"Feelharmonic is at {address(settings.host, settings.port)} (Ctrl+C stops it)", flush=True)
            serve(app, settings)
    except KeyboardInterrupt:
        print()
    return 0


def address(host: str, port: int) -> str:
    """Where a browser on this machine finds the server; the camera needs https or a loopback address."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def bound_host(settings: Settings) -> str:
    """The address that is listened on: phones come from outside."""
    return "0.0.0.0" if settings.https and settings.host == Settings().host else settings.host


def check_vendor(root: Path) -> None:
    """Raises SetupFault where the browser libraries are not in place."""
    missing = [str(VENDOR / name) for name in VENDOR_FILES if not (root / VENDOR / name).is_file()]
    if missing:
        raise SetupFault([f"Missing: {', '.join(missing)}. Run `make vendor` (or `npm ci && npm run vendor`)."])


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


def serve_home(app, settings: Settings) -> None:
    """Serve the addresses of this machine by TLS, with a certificate of our own: phones give no camera without."""
    from feelharmonic.web.security.certificate import home_addresses, own_certificate

    addresses = home_addresses(bound_host(settings))
    certificate, key = own_certificate(Path(app.instance_path), addresses)
    for one in addresses:
        print(f"Feelharmonic is at https://{f'[{one}]' if ':' in one else one}:{settings.port}", flush=True)
    print("The browser will warn of a self-signed certificate: see docs/hosting.md. Ctrl+C stops it.")
    serve(app, settings, certificate=certificate, key=key)


def serve(app, settings: Settings, *, certificate: Path | None = None, key: Path | None = None) -> None:
    """Serve until stopped, in the settings' async mode; by TLS where there is a certificate."""
    options = {}
    if certificate is not None:
        if settings.async_mode == "eventlet":
            options = {"certfile": str(certificate), "keyfile": str(key)}
        else:
            options = {"ssl_context": _tls(certificate, key)}
    if settings.async_mode == "gevent":
        options["handler_class"] = _gevent_handler()
    if settings.async_mode == "eventlet":
        # Eventlet lets only so many connections in at once, 1,024 unless told; the others would wait unanswered.
        options["max_size"] = connections(settings.max_listeners)
        options["socket_timeout"] = SILENCE_S
        options["protocol"] = _eventlet_protocol()
    if settings.async_mode == "threading":
        # Werkzeug serves a household well; what a public host needs is in deploy/.
        options["allow_unsafe_werkzeug"] = True
        options["request_handler"] = _werkzeug_handler()
        _hush_werkzeug()
    drain_on_sigterm(app, settings.async_mode)
    app.extensions["socketio"].run(app, host=bound_host(settings), port=settings.port, **options)


def _tls(certificate: Path, key: Path) -> object:
    """TLS whose handshakes are made by whoever serves a connection, with the first bytes read, and within SILENCE_S:
    who accepts connections would wait for one that says nothing, and all others with it."""

    import ssl  # patched by now

    class Context(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, **options: object) -> ssl.SSLSocket:
            return super().wrap_socket(sock, **(options | {"do_handshake_on_connect": False}))

    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
