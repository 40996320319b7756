"""The app without rate limits, and whole pictures to be damaged."""

from __future__ import annotations

import cv2
import pytest

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from tests.fuzz.costs import Meter
from tests.support.samples import encode


@pytest.fixture(scope="module")
def app():
    return create_app(
        Settings(
            providers=("catalogue",),
            http_rate="100000000/minute",
            socket_rate="100000000/minute",
            requests_per_address=1_000_000,
        )
    )


@pytest.fixture(scope="module")
def meter(app) -> Meter:
    """Measures what each input costs ``app``."""
    return Meter(app)


@pytest.fixture(scope="module")
def live(app):
    return app.extensions["socketio"].test_client(app, namespace="/live")


@pytest.fixture(scope="module")
def pictures(astronaut_bgr) -> dict[str, bytes]:
    """Small pictures, whole, by their kind."""
    small = cv2.resize(astronaut_bgr, (96, 72))
    return {kind: encode(small, kind) for kind in (".jpg", ".png", ".webp")}
