"""Starting the server: patch for the async mode, check everything, then open the port.

In: create_app. Out: an exit status: 0 stopped by the user, 2 something must be mended first (said on standard error).
Nothing heavy may be imported at the top: gevent and eventlet must patch the standard library before that.
"""

from __future__ import annotations

import io
import logging
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

from feelharmonic.errors import SetupFault
from feelharmonic.settings import Settings
from feelharmonic.web import logs

log = logging.getLogger(__name__)

#: What `npm run vendor` puts in place: without the first the page has no wire, without the second no browser reads
#: faces by itself.
VENDOR = Path("static") / "vendor"
VENDOR_FILES = ("socket.io.esm.min.js", "ort-wasm-simd-threaded.wasm")

EXIT_MEND_FIRST = 2

#: Who is connected and sends nothing for so long, not even the answer to a ping, loses the connection.
SILENCE_S = 20.0

#: Whoever wants more than the first at once discards what it reads, and gets no more than the second.
MOST_AT_ONCE_BYTES, SIP_BYTES = 2**20, 2**16

#: A process takes two wires for each of its places: who finds none taken keeps the wire, and waits. Some more come on
#: top, fewer where each is a thread; of these the last are kept for pages and probes, and further wires are refused.
WIRES_A_PLACE, SPARE_CONNECTIONS, SPARE_THREADS, KEPT_FOR_PAGES = 2, 1024, 50, 10
#: Files that the program itself has open, and a few visitors.
FEWEST_SPARE_FILES = 64


def connections(listeners: int) -> int:
    """So many connections a process with ``listeners`` places has at once."""
    return WIRES_A_PLACE * listeners + SPARE_CONNECTIONS


def threads(listeners: int) -> int:
    """So many threads it has where each open wire holds one."""
    return WIRES_A_PLACE * listeners + SPARE_THREADS


def most_wires(listeners: int, async_mode: str) -> int:
    """So many wires may be open at once: HTTP answers beside them."""
    return (threads if async_mode == "threading" else connections)(listeners) - KEPT_FOR_PAGES


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
        # It says at import that it is being retired: the README tells that, a start needs no warning.
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


def make_room(listeners: int) -> None:
    """Allow the process a file for each listener, and some more. Raises SetupFault where the system does not let it."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = float("inf") if hard == resource.RLIM_INFINITY else hard
    if most < listeners + FEWEST_SPARE_FILES:
        need = f"MAX_LISTENERS: {listeners} listeners need {listeners + FEWEST_SPARE_FILES} open files"
        mend = "Raise its limit (`ulimit -Hn`, systemd's LimitNOFILE), or lower MAX_LISTENERS."
        raise SetupFault([f"{need}, the system allows {hard}. {mend}"])
    wanted = min(most, connections(listeners))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def serve_home(app, settings: Settings) -> None:
    """Serve the addresses of this machine by TLS, with a certificate of our own: phones give no camera without."""
    from feelharmonic.web.certificate import home_addresses, own_certificate

    addresses = home_addresses(bound_host(settings))
    certificate, key = own_certificate(Path(app.instance_path), addresses)
    for one in addresses:
        print(f"Feelharmonic is at https://{f'[{one}]' if ':' in one else one}:{settings.port}", flush=True)
    print("The browser will warn of a certificate that nobody vouches for: README says what to do. Ctrl+C stops it.")
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
    leave_on_sigterm(app, settings.async_mode)
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


def _gevent_handler() -> type:
    from gevent import pywsgi

    class Handler(pywsgi.WSGIHandler):
        """Lets nobody hold a connection by saying nothing; open wires are watched by pings instead."""

        def read_requestline(self) -> str:
            self.socket.settimeout(SILENCE_S)
            return super().read_requestline()

        def handle_one_response(self) -> None:
            is_wire = bool(self.environ.get("HTTP_UPGRADE"))
            if is_wire:
                self.socket.settimeout(None)
            super().handle_one_response()
            if is_wire:
                # What is left on a wire that ended is no request: it may be a picture.
                self.close_connection = True

        def log_error(self, *said: object) -> None:
            """gevent's lines hold the address of who asks and the bytes that came: none is written."""

        def _log_error(self, *fault: object) -> None:
            """gevent's own would print the environment, and with it that address."""
            log.error("A request failed", exc_info=fault)

        def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
            """For some of them gevent's own prints a traceback."""
            return super()._handle_client_error(ex if isinstance(ex, ValueError) else ValueError(type(ex).__name__))

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):  # gone before the answer; the rest of a broken body, read to be discarded
                self.close_connection = True

    return Handler


def _eventlet_protocol() -> type:
    from eventlet import wsgi

    class Protocol(wsgi.HttpProtocol):
        def handle(self) -> None:
            try:
                super().handle()
            except OSError:  # gone, or no TLS came to terms: eventlet's own answer is a traceback
                self.close_connection = True
            except Exception:
                log.exception("A request failed")

        def log_message(self, *said: object) -> None:
            """Its lines begin with the address of who asks and repeat what came: none is written."""

    return Protocol


def _werkzeug_handler() -> type:
    from werkzeug.serving import WSGIRequestHandler

    class Sips(io.BufferedReader):
        """What comes in. Werkzeug discards a refused body 10 MB at a time: each of many would take as much memory."""

        def read(self, size: int | None = -1) -> bytes:
            return self.read1(SIP_BYTES) if size is not None and size > MOST_AT_ONCE_BYTES else super().read(size)

    class Handler(WSGIRequestHandler):
        timeout = SILENCE_S

        def setup(self) -> None:
            super().setup()
            self.rfile = Sips(self.rfile.detach())

        def handle(self) -> None:
            try:
                super().handle()
            except Exception:  # socketserver's own answer to it is a traceback with the address of who asks
                log.exception("A request failed")

        def log(self, *said: object) -> None:
            """Werkzeug's lines begin with the address of who asks: none is written."""

    return Handler


def farewell(app) -> None:
    """Tell this process' listeners that it ends, and finish frames and requests under way; a few seconds at most."""
    from feelharmonic.web.live import EXTENSION

    app.extensions[EXTENSION].leave()


def leave_on_sigterm(app, async_mode: str) -> None:
    """On SIGTERM listeners are told, frames and requests finished before the server of ``async_mode`` ends."""
    if async_mode == "gevent":
        import gevent

        def leave() -> None:
            farewell(app)
            app.extensions["socketio"].stop()

        gevent.signal_handler(signal.SIGTERM, leave)
    elif async_mode == "eventlet":
        import eventlet
        from greenlet import getcurrent

        main_greenlet = getcurrent()

        def leave() -> None:
            farewell(app)
            eventlet.kill(main_greenlet, SystemExit)

        # A handler may interrupt the loop itself, which must not wait for anything.
        signal.signal(signal.SIGTERM, lambda number, frame: eventlet.spawn(leave))
    else:

        def leave_and_end(number: int, frame: object) -> None:
            farewell(app)
            raise SystemExit(0)

        signal.signal(signal.SIGTERM, leave_and_end)


def _hush_werkzeug() -> None:
    """No lines with addresses in the log, and no words of Flask's own beside ours at the start."""
    from flask import cli

    cli.show_server_banner = lambda *about: None
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
