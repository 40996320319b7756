"""Host and origin checks, rate limits, limits of connections and of data. `protect` sets the order of the layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import redirect

from feelharmonic.settings import Settings
from feelharmonic.web.security.connection_limits import ConnectionLimiter
from feelharmonic.web.security.headers import HSTS, SecurityHeaders
from feelharmonic.web.security.hosts import HostCheck, own_names
from feelharmonic.web.security.origins import refuse_foreign_origin, with_cors
from feelharmonic.web.security.rate_limits import MEMORY, RateLimiter, limit_http
from feelharmonic.web.security.request_limits import HeaderLimiter, RequestLimiter
from feelharmonic.web.security.websocket_limits import limit_websockets
from feelharmonic.web.serving import load_async_mode
from feelharmonic.web.serving.capacity import RESERVED_FOR_HTTP
from feelharmonic.web.serving.request_bodies import TimedBodies
from feelharmonic.web.serving.timeouts import Timeouts

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from werkzeug.wrappers import Response


def protect(
    app: Flask,
    socketio: SocketIO,
    settings: Settings,
    *,
    timeouts: Timeouts,
    max_message_bytes: int,
    redis_options: Mapping[str, Any] | None = None,
    refused: Callable[[str], None] = lambda code: None,
    make_room: Callable[[], bool] = lambda: False,
    unknown_host_page: Callable[[str, WSGIEnvironment], Response | None] = lambda host, environ: None,
) -> tuple[RateLimiter, Callable[[str], None]]:
    """Put the layers on ``app`` and ``socketio``. Returns the rate limiter that every event of /live must ask,
    and what disconnects a WebSocket by Engine.IO's id of it.

    A request passes, in this order:

    1. A deadline for its body. Outermost: what the other layers refuse may have a body as well.
    2. With APPLICATION_ROOT, that path is taken off. ProxyFix: with TRUSTED_PROXIES, the client's address, host, scheme
       and the path before ours as the proxies report them.
    3. Security headers on every answer, also on the refusals of the layers below.
    4. The length of headers.
    5. Host check.
    6. HTTP only: the address's limit of requests in flight.
    7. WebSockets only: rate limit, connection limit, handshake. Then Engine.IO checks the origin and takes them out;
       what they may send is limited as well.
    8. HTTP only, in Flask: rate limit, origin check; CORS headers on the answer.

    ``redis_options``: see `RateLimiter`. ``refused`` counts what layers 4 to 7 refuse, by code; Flask does not see
    that. ``make_room``: see `ConnectionLimiter`. ``unknown_host_page``: see `HostCheck`.
    """
    mode = load_async_mode(settings.async_mode)
    storage = settings.redis_url or MEMORY
    limiter = RateLimiter(settings.socket_rate, storage, redis_options=redis_options)

    wsgi_app: WSGIApplication = ConnectionLimiter(
        app.wsgi_app,
        settings.allowed_origins,
        limiter=limiter,
        max_open=mode.max_connections(settings.max_listeners) - RESERVED_FOR_HTTP,
        refused=refused,
        share=settings.share_per_address / 100,
        make_room=make_room,
    )
    wsgi_app = RequestLimiter(wsgi_app, settings.requests_per_address, refused)
    wsgi_app = HostCheck(wsgi_app, own_names(settings), refused, page=unknown_host_page)
    wsgi_app = HeaderLimiter(wsgi_app, refused)
    # HTTPS=1 has our own certificate: a browser with HSTS could never accept another.
    wsgi_app = SecurityHeaders(wsgi_app, under_tls={} if settings.https else {"Strict-Transport-Security": HSTS})
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        wsgi_app = ProxyFix(wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=count)
    if settings.application_root:
        wsgi_app = UnderPath(wsgi_app, settings.application_root)
    wsgi_app = TimedBodies(wsgi_app, timeouts)
    app.wsgi_app = wsgi_app  # type: ignore[method-assign]

    limit_http(app, RateLimiter(settings.http_rate, storage, name="requests", redis_options=redis_options))
    # After the rate limit, so that refusals count as well.
    app.before_request(lambda: refuse_foreign_origin(settings.allowed_origins))
    app.after_request(lambda response: with_cors(response, settings.allowed_origins))

    disconnect = limit_websockets(socketio, mode, max_message_bytes, join_s=timeouts.join_s)
    return limiter, disconnect


class UnderPath:
    """Serves ``app`` under ``root`` ("/music") for proxies that hand paths on as they came; other paths as they are."""

    def __init__(self, app: WSGIApplication, root: str):
        self._app, self._root = app, root

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == self._root:  # relative addresses need the slash
            return redirect(f"{self._root}/", 308)(environ, start_response)
        if path.startswith(f"{self._root}/"):
            environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._root
            environ["PATH_INFO"] = path[len(self._root) :]
        return self._app(environ, start_response)
