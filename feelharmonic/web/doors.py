"""Who may come in, how often, with how much: names, origins, rates, sizes, proxies.

In: the settings. Out: checks before every HTTP request, and a count for the wire's events. Addresses are counted for a
minute, in memory or in the Redis that REDIS_URL names, and never logged.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from flask_socketio import SocketIO
from limits import parse
from limits.storage import Storage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from socketio.packet import BINARY_EVENT, EVENT, Packet
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as PlainResponse

from feelharmonic.settings import Settings
from feelharmonic.web.pages import HEADERS
from feelharmonic.web.server import most_wires
from feelharmonic.web.wire import PROBLEM_TYPE, problem_document

log = logging.getLogger(__name__)

#: Methods that change nothing, which any page may send.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")

#: A request's Host: a name or an address, and a port or none.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(:\d*)?")

#: Two years, as browsers' preload lists ask for.
HSTS = "max-age=63072000; includeSubDomains"

#: Where Engine.IO opens wires.
WIRE_PATH = "/socket.io/"
#: A WebSocket's handshake has a key of so many bytes.
KEY_BYTES = 16
#: A wire for which there is no room is to be tried again so much later.
NO_ROOM_WAIT_S = 5
#: A wire joins its namespace at once. One that has not, or has left it, is noticed with its next message, at the latest
#: when it answers Engine.IO's second ping, after 20 s; who answers none is hung up anyway.
JOINS_WITHIN_S = 15.0

#: What is asked by the page's files and by probes is not counted.
UNCOUNTED = ("static", "pages.healthz", "api.healthz")

MEMORY = "memory://"

#: A Redis that is away is not waited for, and not asked again for so long.
REDIS_TIMEOUT_S, ALONE_S = 0.5, 5.0

#: So many answers may wait until the listener takes them.
MOST_UNTAKEN = 64
#: So many messages of a listener may wait to be read; until then nothing more is taken from the network.
MOST_UNREAD, UNREAD_WAIT_S = 16, 0.002

#: A frame has one picture; python-socketio would collect thousands of millions of attachments.
MOST_ATTACHMENTS = 1
#: Engine.IO's packets begin with their kind; in one of Socket.IO's that packet's own follows.
ENGINE_PACKET = re.compile(r"[0-6](?:[0-9]|\Z)")
#: Socket.IO's own events: as the name of a listener's they would reach the handlers of coming and going.
RESERVED_EVENTS = ("connect", "disconnect")


def bind(
    app: Flask,
    socketio: SocketIO,
    settings: Settings,
    *,
    largest_message_bytes: int,
    refused: Callable[[str], None] = lambda reason: None,
) -> EventCounter:
    """Put the doors on ``app`` and its wire; the counter returned is asked before each event of the wire. ``refused``
    is told why a wire was not opened, or a name not known; Flask sees all other refusals, but not these."""
    storage = settings.redis_url or MEMORY
    counter = EventCounter(settings.socket_rate, storage)
    most_open = most_wires(settings.max_listeners, settings.async_mode)
    app.wsgi_app = WireDoor(
        app.wsgi_app, settings.allowed_origins, counter=counter, most_open=most_open, refused=refused
    )
    app.wsgi_app = NameDoor(app.wsgi_app, own_names(settings), refused)
    app.wsgi_app = with_policies(app.wsgi_app, {} if settings.https else {"Strict-Transport-Security": HSTS})
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
    app.after_request(lambda response: with_origin(response, settings.allowed_origins))
    if not settings.https:
        app.after_request(with_hsts)
    limiter = Limiter(
        address,
        app=app,
        application_limits=[settings.http_rate],  # one count for all that an address asks
        # What leads nowhere is counted, too: Flask-Limiter passes over requests without an endpoint.
        request_identifier=lambda: request.endpoint or "nowhere",
        storage_uri=storage_url(storage),
        storage_options=storage_options(storage),
        # A Redis that is away must not close the doors: each process counts by itself meanwhile.
        in_memory_fallback_enabled=bool(settings.redis_url),
        headers_enabled=True,
        strategy="fixed-window",
    )
    limiter.request_filter(lambda: request.endpoint in UNCOUNTED)
    app.register_error_handler(RateLimitExceeded, too_many)
    app.before_request(lambda: refuse_foreign(settings.allowed_origins))  # after the count: a refusal is counted
    limit_messages(socketio, largest_message_bytes)
    return counter


def address() -> str:
    """The address that asks; behind proxies that are trusted, the one that they tell."""
    return request.remote_addr or "unknown"


class NameDoor:
    """Answers only those who ask for this server by an address or one of its ``names``, pages and sockets alike.

    A foreign page may have its own name lead here (DNS rebinding): to the browser this server would then be of its
    origin. An address cannot be led elsewhere, and needs no entry.
    """

    def __init__(self, wsgi_app: Callable, names: frozenset[str], refused: Callable[[str], None]):
        self._wsgi_app = wsgi_app
        self._names = names
        self._refused = refused

    def __call__(self, environ: dict, start_response: Callable) -> Iterable[bytes]:
        host = environ.get("HTTP_HOST", "")  # a browser never leaves it out; a check of a proxy's may
        if not host or is_known(host, self._names):
            return self._wsgi_app(environ, start_response)
        self._refused("unknown_host")
        return unknown_name(host)(environ, start_response)


def own_names(settings: Settings) -> frozenset[str]:
    """What this server is called: by its settings, by its machine, and localhost."""
    machine = socket.gethostname()
    urls = (*settings.allowed_origins, settings.spotify_redirect_uri)
    told = (*settings.allowed_hosts, settings.host, *(urlsplit(url).hostname or "" for url in urls))
    given = ("localhost", machine, machine.partition(".")[0], f"{machine.partition('.')[0]}.local", *told)
    return frozenset(name.lower() for name in given if name)


def is_known(host: str, names: frozenset[str]) -> bool:
    parts = HOST.fullmatch(host)
    if parts is None:
        return False
    name = parts[1].strip("[]").lower().removesuffix(".")
    return name in names or is_address(name)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def unknown_name(host: str) -> PlainResponse:
    detail = f"Expected this server's address or a name that it knows, got {shown(f'//{host}')}."
    action = "If that name is this server's, have its host add it to ALLOWED_HOSTS; else open the server's address."
    return told_plainly(HTTPStatus.MISDIRECTED_REQUEST, "unknown_host", detail, action)


def told_plainly(status: HTTPStatus, code: str, detail: str, action: str) -> PlainResponse:
    """A fault of a request that Flask does not see."""
    problem = problem_document(status, code, detail, action)
    return PlainResponse(json.dumps(problem), status, content_type=PROBLEM_TYPE)


def with_policies(wsgi_app: Callable, under_tls: dict[str, str]) -> Callable:
    """``wsgi_app`` whose answers all have the headers of Flask's, those too that Flask does not see."""

    def answering(environ: dict, start_response: Callable) -> Iterable[bytes]:
        def started(status: str, headers: list[tuple[str, str]], *fault: object) -> object:
            given = {name.lower() for name, _ in headers}
            wanted = HEADERS | (under_tls if environ["wsgi.url_scheme"] == "https" else {})
            headers = [*headers, *(one for one in wanted.items() if one[0].lower() not in given)]
            return start_response(status, headers, *fault)

        return wsgi_app(environ, started)

    return answering


def refuse_foreign(allowed: tuple[str, ...]) -> Response | None:
    """A page of another origin may not change anything here, even where it could not read the answer."""
    origin = request.headers.get("Origin")
    if request.method in SAFE_METHODS or origin is None or origin in allowed or origin == own_origin():
        return None
    return told(HTTPStatus.FORBIDDEN, "forbidden", f"Expected a request of this page, got one of {shown(origin)}.")


def socket_origins(allowed: tuple[str, ...]) -> Callable[[str, dict], bool]:
    """Engine.IO's question whether a page of ``origin`` may open a socket: this server's own, and ``allowed``."""

    def may(origin: str, environ: dict) -> bool:
        return origin in allowed or origin == f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}"

    return may


class WireDoor:
    """Lets each address open wires as often as ``counter`` admits, and ``most_open`` be open at once: beside these HTTP
    still answers. ``refused`` is told of each that is not opened, here or by Engine.IO."""

    def __init__(
        self,
        wsgi_app: Callable,
        allowed: tuple[str, ...],
        *,
        counter: EventCounter,
        most_open: int,
        refused: Callable[[str], None],
    ):
        self._wsgi_app = wsgi_app
        self._is_ours = socket_origins(allowed)
        self._counter = counter
        self._most_open = most_open
        self._refused = refused
        self._open = 0
        self._lock = threading.Lock()  # wires come and go in several threads

    def __call__(self, environ: dict, start_response: Callable) -> object:
        if not environ.get("PATH_INFO", "").startswith(WIRE_PATH):
            return self._wsgi_app(environ, start_response)
        if not self._counter.admits(environ.get("REMOTE_ADDR") or "unknown"):
            self._refused("busy")
            return too_many_wires(self._counter.window_s)(environ, start_response)
        if not self._takes_place():
            self._refused("full")
            return no_room(self._most_open)(environ, start_response)

        def started(status: str, *given: object) -> object:
            if status.startswith("4"):
                origin = environ.get("HTTP_ORIGIN")
                self._refused("bad_request" if origin is None or self._is_ours(origin, environ) else "forbidden")
            return start_response(status, *given)

        try:
            if not is_handshake(environ):
                # Engine.IO would hold a connection for it until its first ping is due.
                self._refused("bad_request")
                return no_handshake()(environ, start_response)
            return self._wsgi_app(environ, started)  # for as long as the wire is open
        finally:
            with self._lock:
                self._open -= 1

    def _takes_place(self) -> bool:
        with self._lock:
            is_free = self._open < self._most_open
            self._open += is_free
            return is_free


def is_handshake(environ: dict) -> bool:
    """Whether a request may become a WebSocket (RFC 6455, 4.2.1)."""
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", "").strip(), validate=True)
    except ValueError:
        return False
    return (
        environ.get("REQUEST_METHOD") == "GET"
        and environ.get("HTTP_UPGRADE", "").strip().lower() == "websocket"
        and "upgrade" in environ.get("HTTP_CONNECTION", "").lower()
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() == "13"
        and len(key) == KEY_BYTES
    )


def no_handshake() -> PlainResponse:
    detail = "Expected the handshake of a WebSocket of version 13, got another request."
    return told_plainly(HTTPStatus.BAD_REQUEST, "bad_request", detail, "Open a WebSocket, as Socket.IO's client does.")


def too_many_wires(window_s: int) -> PlainResponse:
    detail = "Expected fewer wires and events from one address."
    response = told_plainly(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.")
    response.headers["Retry-After"] = str(window_s)
    return response


def no_room(most_open: int) -> PlainResponse:
    detail = f"All {most_open} wires of this server are open, those that wait for a place among them."
    response = told_plainly(HTTPStatus.SERVICE_UNAVAILABLE, "full", detail, "Try again in a while.")
    response.headers["Retry-After"] = str(NO_ROOM_WAIT_S)
    return response


def own_origin() -> str:
    return f"{request.scheme}://{request.host}"


def shown(origin: str) -> str:
    """An origin as a log or an answer may repeat it."""
    try:
        host = urlsplit(origin).hostname or "no name"
    except ValueError:
        return "no name"
    return host[:80] if host.isprintable() else "no name"


def with_origin(response: Response, allowed: tuple[str, ...]) -> Response:
    """Lets the pages of ``allowed`` origins read the answer; all others may not, which is what browsers assume."""
    origin = request.headers.get("Origin")
    if origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
    if allowed:
        response.vary.add("Origin")
    return response


def with_hsts(response: Response) -> Response:
    """Behind TLS the browser shall not come back without. (A certificate of our own, `HTTPS=1`, promises nothing.)"""
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


def too_many(fault: RateLimitExceeded) -> Response:
    detail = f"Expected at most {fault.limit.limit} from one address."
    response = told(HTTPStatus.TOO_MANY_REQUESTS, "busy", detail, "Wait a minute.")
    response.headers["Retry-After"] = str(fault.limit.limit.get_expiry())
    return response


def told(status: HTTPStatus, code: str, detail: str, action: str = "Load the page from this server.") -> Response:
    response = jsonify(problem_document(status, code, detail, action))
    response.status_code = int(status)
    response.content_type = PROBLEM_TYPE
    return response


class EventCounter:
    """Counts what an address sends over the wire; safe between threads. ``clock`` gives steady seconds."""

    def __init__(self, rate: str, storage: str, *, clock: Callable[[], float] = time.monotonic):
        self._rate = parse(rate)
        self.window_s = self._rate.get_expiry()
        self._limits = FixedWindowRateLimiter(storage_of(storage))
        self._alone = FixedWindowRateLimiter(storage_of(MEMORY))
        self._clock = clock
        self._ask_again_s: float | None = None  # while counting alone: when to try again
        self._lock = threading.Lock()  # one tries; all the others would wait for a Redis that may still be away

    def admits(self, who: str) -> bool:
        """Count one event of ``who``; False where it is one too many for this minute."""
        if self._may_ask():
            try:
                admitted = self._limits.hit(self._rate, who)
            except Exception as exc:  # each storage raises its client's own faults
                self._goes_alone(type(exc).__name__)
            else:
                self._is_back()
                return admitted
        return self._alone.hit(self._rate, who)

    def _may_ask(self) -> bool:
        with self._lock:
            if self._ask_again_s is None:
                return True
            if self._clock() < self._ask_again_s:
                return False
            self._ask_again_s = self._clock() + ALONE_S
            return True

    def _goes_alone(self, fault: str) -> None:
        with self._lock:
            if self._ask_again_s is None:
                log.warning("Events are counted in this process alone until Redis answers again (%s)", fault)
            self._ask_again_s = self._clock() + ALONE_S

    def _is_back(self) -> None:
        with self._lock:
            if self._ask_again_s is not None:
                log.info("Redis answers again: events are counted together")
            self._ask_again_s = None


def storage_of(url: str) -> Storage:
    """Where `limits` counts: in the Redis of ``url``, which is not waited for, or in memory."""
    return storage_from_string(storage_url(url), **storage_options(url))


def storage_url(url: str) -> str:
    """``url`` as `limits` writes it."""
    return f"redis+{url}" if url.startswith("unix:") else url


def storage_options(storage: str) -> dict[str, float]:
    """How long a counter waits for where it is kept."""
    if storage == MEMORY:
        return {}
    options = {"socket_timeout": REDIS_TIMEOUT_S}
    if not storage.startswith("unix:"):  # redis-py 5 has no such option there
        options["socket_connect_timeout"] = REDIS_TIMEOUT_S
    return options


class EventPacket(Packet):
    """A Socket.IO packet. Raises ValueError where it announces more than one attachment, or an event without a name."""

    def decode(self, encoded_packet: str) -> int:
        attachments = super().decode(encoded_packet)
        if attachments > MOST_ATTACHMENTS:
            raise ValueError(f"Expected at most {MOST_ATTACHMENTS} attachment, got {attachments}.")
        if self.packet_type in (EVENT, BINARY_EVENT) and not is_event(self.data):
            raise ValueError("Expected a list that begins with an event's name.")
        return attachments


def is_event(data: object) -> bool:
    """Whether ``data`` is what an event's packet carries: a list, first the event's name."""
    is_named = isinstance(data, list) and bool(data) and isinstance(data[0], str)
    return is_named and data[0] not in RESERVED_EVENTS


def is_packet(message: str | bytes) -> bool:
    """Whether Engine.IO can read ``message``: where it falls over one, it leaves the connection open."""
    return isinstance(message, bytes) or ENGINE_PACKET.match(message) is not None


class Wire:
    """One WebSocket as Engine.IO uses it, which ends when it should: by itself Engine.IO forgets who answers no ping or
    takes no answers, but leaves their connection open, and reads on. Nor does it ask whether a wire ever joins its
    namespace: ``has_joined`` says so. ``clock`` gives steady seconds."""

    def __init__(
        self,
        websocket: object,
        connection: object,
        *,
        has_joined: Callable[[], bool] = lambda: True,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._websocket = websocket
        self._connection = connection
        self._has_joined = has_joined
        self._clock = clock
        self._joined_s = clock()  # when it was last seen to have joined; at first when it was opened
        self._ended = False
        self._simple = getattr(websocket, "ws", None)  # simple-websocket's own, under gevent and threading
        if self._simple is not None:
            self._simple.sock = Unhurried(self._simple, connection.server.sleep)

    def wait(self) -> object:
        """The next message; None where the connection has ended."""
        # Who sends without a break must let others in, and the handlers of their own events: these would pile up.
        self._connection.server.sleep(0)
        message = None if self._ended else self._websocket.wait()
        is_over = self._connection.closed or self._connection.queue.qsize() > MOST_UNTAKEN
        if is_over or self._stays_outside() or (message is not None and not is_packet(message)):
            self._cut()
            return None
        return message

    def end(self) -> None:
        """Take nothing more, not even what came already."""
        self._ended = True
        self._cut()

    def close(self) -> None:
        """Say goodbye, unless the other side went without one: each WebSocket raises faults of its own for that, which
        Engine.IO's thread would print as a traceback."""
        with contextlib.suppress(Exception):
            self._websocket.close()

    def _stays_outside(self) -> bool:
        if self._has_joined():
            self._joined_s = self._clock()
        return self._clock() - self._joined_s > JOINS_WITHIN_S

    def _cut(self) -> None:
        """End the connection below the WebSocket: a goodbye would wait behind all that is not taken."""
        raw = self._websocket.socket if self._simple is None else self._simple.sock
        with contextlib.suppress(OSError):  # it has ended already
            raw.shutdown(socket.SHUT_RDWR)

    def __getattr__(self, name: str) -> object:
        return getattr(self._websocket, name)


class Unhurried:
    """The socket of a simple-websocket, read no faster than its messages are taken: it would collect them all."""

    def __init__(self, simple: object, sleep: Callable[[float], None]):
        self._simple = simple
        self._sock = simple.sock
        self._sleep = sleep
        self._ended = False

    def recv(self, *given: object) -> bytes:
        while len(self._simple.input_buffer) >= MOST_UNREAD and self._simple.connected and not self._ended:
            self._sleep(UNREAD_WAIT_S)
        return b"" if self._ended else self._sock.recv(*given)

    def shutdown(self, how: int) -> None:
        """Nobody takes what came already: its reader must not wait for that, and who still sends must be hung up."""
        self._ended = True
        self._sock.shutdown(how)

    def close(self) -> None:
        """Called last of all. The reader may have looked just before it was told that the connection ends."""
        self._sock.close()
        self._simple.event.set()

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)


def limit_messages(socketio: SocketIO, most_bytes: int) -> None:
    """Have a WebSocket message above ``most_bytes`` refused before it is buffered, and hang up on who sends what is no
    packet, takes no answers or joins no namespace.

    Engine.IO hands its limit to eventlet's WebSocket only, which holds each frame to it; under gevent and threads
    simple-websocket would collect whatever comes. It has a limit of its own, which is set here where Engine.IO makes
    the socket. And a malformed packet would leave a connection open that its server has lost track of.
    """
    engine = socketio.server.eio
    make: Callable = engine._async["websocket"]
    take: Callable = engine.handlers["message"]
    whole = eventlet_message(most_bytes) if socketio.async_mode == "eventlet" else None
    wires: dict[str, Wire] = {}

    def has_joined(sid: str) -> bool:
        spaces = socketio.server.namespace_handlers
        return any(socketio.server.manager.sid_from_eio_sid(sid, space) is not None for space in spaces)

    def limited(handler: Callable, server: object) -> object:
        connection = handler.__self__  # Engine.IO's own, whose method the handler is

        def served(opened: object) -> object:
            if whole is not None:
                opened.Message, opened._apply_mask = whole, unmasked
            wires[connection.sid] = Wire(opened, connection, has_joined=lambda: has_joined(connection.sid))
            try:
                return handler(wires[connection.sid])
            finally:
                del wires[connection.sid]

        websocket = make(served, server)
        if hasattr(websocket, "server_args"):
            websocket.server_args["max_message_size"] = most_bytes
        return websocket

    def taken(sid: str, message: str | bytes) -> None:
        try:
            take(sid, message)
        except Exception:  # a malformed packet raises whatever its decoder stumbles over
            if sid in wires:
                wires[sid].end()

    engine._async = {**engine._async, "websocket": limited}
    engine.on("message", taken)


def eventlet_message(most_bytes: int) -> type:
    """eventlet's WebSocket message while it comes; refused where its fragments have more than ``most_bytes`` in all."""
    from eventlet.websocket import FailedConnectionError, RFC6455WebSocket

    class Message(RFC6455WebSocket.Message):
        def __init__(self, *given: object, **named: object):
            super().__init__(*given, **named)
            self.data = [bytearray()]  # one buffer: eventlet's list would grow by an object with the smallest fragment

        def push(self, data: bytes, final: bool = False) -> None:
            (collected,) = self.data
            if len(collected) + len(data) > most_bytes:
                raise FailedConnectionError(1009, f"Expected a message of at most {most_bytes} bytes.")
            collected.extend(data)
            self.finished = final

    return Message


def unmasked(data: bytes, mask: Sequence[int], length: int, offset: int = 0) -> bytes:
    """``data`` without the mask that browsers put on it. eventlet's own way makes an object of each byte: a hundred
    megabytes for a message of one."""
    turned = offset % 4
    key = bytes([*mask[turned:], *mask[:turned]]) * (length // 4 + 1)
    return (int.from_bytes(data, "big") ^ int.from_bytes(key[:length], "big")).to_bytes(length, "big")
