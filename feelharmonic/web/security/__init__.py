"""Who may come in, how often, with how much. `bind` sets the order of the layers."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.errors import RateLimitExceeded
from flask_socketio import SocketIO
from werkzeug.middleware.proxy_fix import ProxyFix

from feelharmonic.settings import Settings
from feelharmonic.web.security.connection_limits import ConnectionLimiter, RequestLimiter
from feelharmonic.web.security.headers import HSTS, with_hsts, with_policies
from feelharmonic.web.security.hosts import HostCheck, own_names
from feelharmonic.web.security.origins import refuse_foreign, with_origin
from feelharmonic.web.security.rate_limits import (
    MEMORY,
    UNCOUNTED,
    EventCounter,
    address,
    storage_options,
    storage_url,
    too_many,
)
from feelharmonic.web.security.websocket_limits import limit_messages
from feelharmonic.web.serving import async_mode
from feelharmonic.web.serving.capacity import RESERVED_FOR_HTTP
from feelharmonic.web.serving.request_bodies import TimedBodies
from feelharmonic.web.serving.timeouts import Timeouts


def bind(
    app: Flask,
    socketio: SocketIO,
    settings: Settings,
    *,
    timeouts: Timeouts,
    max_message_bytes: int,
    refused: Callable[[str], None] = lambda reason: None,
) -> EventCounter:
    """Put the doors on ``app`` and its wire; the counter returned is asked before each event of the wire. ``refused``
    is told why a wire was not opened, or a name not known; Flask sees all other refusals, but not these."""
    storage = settings.redis_url or MEMORY
    counter = EventCounter(settings.socket_rate, storage)
    mode = async_mode.load(settings.async_mode)
    most_open = mode.max_connections(settings.max_listeners) - RESERVED_FOR_HTTP
    app.wsgi_app = ConnectionLimiter(
        app.wsgi_app, settings.allowed_origins, counter=counter, most_open=most_open, refused=refused
    )
    app.wsgi_app = RequestLimiter(app.wsgi_app, settings.requests_per_address, refused)
    app.wsgi_app = HostCheck(app.wsgi_app, own_names(settings), refused)
    app.wsgi_app = with_policies(app.wsgi_app, {} if settings.https else {"Strict-Transport-Security": HSTS})
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)
    # Outermost: what any of the others refuses has a body, too.
    app.wsgi_app = TimedBodies(app.wsgi_app, timeouts)
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
    limit_messages(socketio, mode, max_message_bytes, join_s=timeouts.join_s)
    return counter
