"""Services: what handlers answer from, put together by `create_app`. The only app extension of ours.

In: the parts, set by `create_app` (or by a test that needs some of them). Out: one object per app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import Flask, current_app

if TYPE_CHECKING:  # these modules import this one
    from apispec import APISpec

    from feelharmonic.music import Library, MusicService, SubsonicLibrary
    from feelharmonic.reading import Networks
    from feelharmonic.settings import Settings
    from feelharmonic.web.account import Connections
    from feelharmonic.web.api.uploads import UploadLimiter
    from feelharmonic.web.live import Live
    from feelharmonic.web.monitoring.metrics import Metrics
    from feelharmonic.web.on_device import DeviceFiles
    from feelharmonic.web.own_music.background_scan import BackgroundScan
    from feelharmonic.web.server_camera import CameraView
    from feelharmonic.web.serving.inference_queue import InferenceQueue
    from feelharmonic.web.serving.shutdown import Drain

EXTENSION = "feelharmonic"


@dataclass(slots=True, kw_only=True)
class Services:
    """Each part is unset until it is registered; reading it before is an AttributeError."""

    settings: Settings = field(init=False)
    networks: Networks = field(init=False)
    music: MusicService = field(init=False)
    library: Library = field(init=False)
    subsonic: SubsonicLibrary | None = field(init=False)
    scan: BackgroundScan = field(init=False)
    live: Live = field(init=False)
    drain: Drain = field(init=False)
    metrics: Metrics = field(init=False)
    #: What must hold for `/readyz`, by name.
    ready_checks: dict[str, Callable[[], bool]] = field(init=False)
    #: The share of time spent reading, 0..1.
    load: Callable[[], float] = field(init=False)
    connections: Connections = field(init=False)
    camera: CameraView = field(init=False)
    device_files: DeviceFiles = field(init=False)
    #: Photographs, and texts that take more than 5 ms, are read in these queues; lists of tracks are chosen in theirs.
    photographs: InferenceQueue = field(init=False)
    lists: InferenceQueue = field(init=False)
    texts: InferenceQueue = field(init=False)
    uploads: UploadLimiter = field(init=False)
    openapi: APISpec = field(init=False)
    #: Every text of the page by its key, and the configuration of the page's scripts; both by language.
    translations: dict[str, dict[str, str]] = field(init=False)
    page_config: dict[str, dict] = field(init=False)

    @classmethod
    def of(cls, app: Flask) -> Services:
        """The one object of ``app``, made at the first call."""
        return app.extensions.setdefault(EXTENSION, cls())


def services() -> Services:
    """The services of the app that answers the current request."""
    return current_app.extensions[EXTENSION]
