"""`create_app()`: wiring, and nothing else. It serves gunicorn, `flask`, tests and whatever starts the server."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, has_request_context
from flask_socketio import SocketIO

from feelharmonic import cli
from feelharmonic.errors import SetupFault
from feelharmonic.music import (
    DATABASE_NAME,
    Catalogue,
    CatalogueProvider,
    CurrentCatalogue,
    Library,
    MusicService,
    ShippedTracks,
    load_providers,
    on_wish,
    unknown_providers,
)
from feelharmonic.music.providers.spotify import spotify_app  # not from the package: spotifyaccess.py imports it
from feelharmonic.params import Params
from feelharmonic.reading import BROWSER_NETWORKS, Networks, constants_for_browser
from feelharmonic.resources import ROOT
from feelharmonic.settings import CALLBACK_PATH, Settings
from feelharmonic.web import account, api, error_pages, on_device, pages, security, server_camera
from feelharmonic.web.content_types import declare_content_types
from feelharmonic.web.live import NAMESPACE, Live
from feelharmonic.web.monitoring import health
from feelharmonic.web.monitoring.metrics import Metrics
from feelharmonic.web.own_music import open_streams, streams
from feelharmonic.web.security import secret_key
from feelharmonic.web.security.origins import websocket_origins
from feelharmonic.web.security.rate_limits import client_network, storage_of
from feelharmonic.web.security.websocket_limits import EventPacket
from feelharmonic.web.services import Services
from feelharmonic.web.serving import load_async_mode
from feelharmonic.web.serving.capacity import cores
from feelharmonic.web.serving.in_flight import CountRequests, InFlight
from feelharmonic.web.serving.inference_queue import InferenceQueue
from feelharmonic.web.serving.shutdown import Drain
from feelharmonic.web.serving.timeouts import Timeouts
from feelharmonic.web.stores.expiring_store import ExpiringStore
from feelharmonic.web.stores.pending_logins import PendingLogins
from spotifyaccess import SpotifyAccounts

#: A larger WebSocket message closes its connection. Frames have a smaller limit, which is answered.
MAX_MESSAGE_BYTES = 1_000_000

#: How long a thread keeps Python's lock when others want it. With Python's own 5 ms a frame, which takes the lock
#: dozens of times, waits for a fraction of a second while a list is chosen.
SWITCH_INTERVAL_S = 0.0005

#: Photographs in the queue, each with up to 10 MB in memory.
MAX_PHOTOGRAPHS_WAITING = 8
#: Of the shipped table's tracks the best known serve the page without a network.
OFFLINE_TRACKS = 3000
#: Playlists and series of readings in the queue, each up to 1 MB; reading one takes a fraction of a second.
MAX_TEXTS_WAITING = 16
#: Lists of tracks in the queue; most take a few milliseconds.
MAX_LISTS_WAITING = 200


def create_app(
    settings: Settings | None = None,
    *,
    params: Params | None = None,
    networks: Networks | None = None,
    timeouts: Timeouts | None = None,
) -> Flask:
    """The application, ready to serve. What is not passed in is loaded; ``app.extensions["socketio"]`` is its
    Socket.IO server.

    Raises SetupFault naming every fault of settings, parameters and networks together.
    """
    settings, networks = load_networks(settings, params, networks)
    declare_content_types()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    app = Flask("feelharmonic", root_path=str(ROOT), instance_path=str(settings.instance_dir))
    mode, timeouts = load_async_mode(settings.async_mode), timeouts or Timeouts()
    # Innermost: Socket.IO takes WebSockets out before.
    in_flight = InFlight()
    app.wsgi_app = CountRequests(app.wsgi_app, in_flight)  # type: ignore[method-assign]  # as Flask's documents do
    socketio = SocketIO(
        app,
        async_mode=settings.async_mode,
        transports=["websocket"],
        namespaces=[NAMESPACE],  # by default "/" may be joined, whose events nobody counts
        max_http_buffer_size=MAX_MESSAGE_BYTES,
        manage_session=False,
        serializer=EventPacket,
        ping_interval=timeouts.ping_interval_s,
        ping_timeout=timeouts.ping_timeout_s,
        # With several workers: what is said to all listeners from outside reaches each worker's.
        message_queue=settings.redis_url or None,
        channel="feelharmonic",
        # Engine.IO's own check would trust X-Forwarded-Host from any client.
        cors_allowed_origins=websocket_origins(settings.allowed_origins),
    )
    services = Services.of(app)
    services.settings, services.networks = settings, networks
    metrics = Metrics()
    limiter, disconnect = security.protect(
        app,
        socketio,
        settings,
        timeouts=timeouts,
        max_message_bytes=MAX_MESSAGE_BYTES,
        redis_options=redis_options(settings),
        refused=metrics.refused,
        make_room=lambda: services.live.disconnect_longest_idle(),
        unknown_host_page=partial(error_pages.unknown_host, app),
    )
    shipped = ShippedTracks()
    best_known = shipped.first(OFFLINE_TRACKS)
    catalogue = CurrentCatalogue(shipped, Path(app.instance_path) / DATABASE_NAME, run=mode.thread_runner(1))
    # A list of 50 takes a tenth of a second: not in the event loop.
    lists = services.lists = InferenceQueue(1, mode.thread_runner(1), max_waiting=MAX_LISTS_WAITING)
    music = services.music = MusicService(
        networks.params,
        load_providers(settings, catalogue),
        catalogue,
        observer=metrics,
        on_wish=on_wish(settings),
        run=lambda function: lists.run(function, client_network() if has_request_context() else ""),
    )
    pages.bind(app, networks.params, on_device=settings.on_device)
    error_pages.bind(app)
    # Other networks than ours read one frame after the other anyway, behind a lock.
    is_ours = (settings.face_finder, settings.expression_backend) == ("own", "onnx")
    at_once = (settings.frames_at_once or cores()) if is_ours else 1
    drain = services.drain = Drain(socketio, in_flight, namespace=NAMESPACE, timeout_s=timeouts.drain_s)
    # One small frame at a time is read where its event is handled: handing it to a thread takes a tenth of its time.
    frames = InferenceQueue(at_once, mode.thread_runner(at_once), quick_here=is_ours and at_once == 1)
    services.live = Live(
        networks,
        music,
        max_listeners=settings.max_listeners,
        limiter=limiter,
        metrics=metrics,
        queue=frames,
        in_flight=in_flight,
        is_draining=lambda: drain.has_begun,
        share=settings.share_per_address / 100,
        idle_s=timeouts.idle_s,
        disconnect=disconnect,
    )
    socketio.on_namespace(services.live)
    health.bind(app, metrics, ready_checks(settings), load=frames.busy_share, is_draining=lambda: drain.has_begun)
    app.config["SECRET_KEY"] = secret_key.secret_key(Path(app.instance_path), settings.secret_key)
    account.bind(
        app,
        load_accounts(settings),
        store=load_store(settings, app.config["SECRET_KEY"]),
        logins=PendingLogins(app.config["SECRET_KEY"]),
    )
    # Not at once: `flask` commands make an app as well, and must not call anybody.
    app.before_request(music.start)
    # A photograph takes up to 100 MB and a good part of a second: one at a time, beside the frames.
    services.photographs, services.texts = (
        InferenceQueue(1, mode.thread_runner(1), max_waiting=max_waiting, max_wait_s=timeouts.queue_s)
        for max_waiting in (MAX_PHOTOGRAPHS_WAITING, MAX_TEXTS_WAITING)
    )
    open_streams.bind(app, networks.params)
    streams.bind(app, Library(settings.instance_dir, settings.music_dir))
    api.register(app)
    show_camera = server_camera.bind(app, music)
    on_device.bind(
        app,
        constants=constants_for_browser(networks.params),
        networks=BROWSER_NETWORKS if settings.on_device != "never" else {},
        starter=MusicService(networks.params, [CatalogueProvider(Catalogue(best_known))]),
        tracks=best_known,
    )
    cli.bind(app, show_camera)
    return app


def ready_checks(settings: Settings) -> dict:
    """What must hold before listeners are sent here. The networks were loaded, or there would be no app to ask."""
    checks = {"networks": lambda: True}
    if settings.redis_url:
        checks["redis"] = storage_of(settings.redis_url, redis_options(settings)).check
    return checks


def load_networks(
    settings: Settings | None, params: Params | None, networks: Networks | None
) -> tuple[Settings, Networks]:
    """``settings`` and ``networks``, loaded where they are None. Raises one SetupFault with every fault of both."""
    faults: list[str] = []
    try:
        settings = settings or Settings.load()
    except SetupFault as fault:
        faults.extend(fault.faults)
    wanted = settings or Settings()  # with broken settings the rest is still checked
    faults.extend(unknown_providers(wanted.providers))
    try:
        networks = networks or Networks.load(
            params, face_finder=wanted.face_finder, expression_backend=wanted.expression_backend
        )
    except SetupFault as fault:
        faults.extend(fault.faults)
    if settings is None or networks is None:
        raise SetupFault(faults)
    return settings, networks


def load_store(settings: Settings, secret_key: str) -> ExpiringStore | None:
    """The store of connected accounts that several workers share; None for one worker, which has its own memory."""
    if not settings.redis_url:
        return None
    from feelharmonic.web.stores.expiring_store_redis import RedisStore
    from feelharmonic.web.stores.redis_check import check_redis

    if not settings.redis_unchecked:
        check_redis(settings.redis_url)
    return RedisStore(settings.redis_url, secret_key, redis_options(settings))


def redis_options(settings: Settings) -> dict[str, Any]:
    """What makes Redis' client check every connection; nothing where that is switched off, or without a Redis."""
    if not settings.redis_url or settings.redis_unchecked:
        return {}
    from feelharmonic.web.stores.redis_check import checked_connections  # Redis' client costs memory

    return checked_connections()


def load_accounts(settings: Settings) -> SpotifyAccounts | None:
    """What listeners connect their accounts with; None without a client id."""
    if not settings.spotify_client_id:
        return None
    here = "[::1]" if settings.host in ("::", "::1") else "127.0.0.1"
    redirect_uri = settings.spotify_redirect_uri or f"http://{here}:{settings.port}{CALLBACK_PATH}"
    return SpotifyAccounts(spotify_app(settings), redirect_uri)
