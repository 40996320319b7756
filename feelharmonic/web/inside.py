"""Seeing inside: whether the server is ready, and figures for Prometheus. No address, no name, no picture.

In: frames, refusals, lists as they happen. Out: /readyz and /metrics. With several workers PROMETHEUS_MULTIPROC_DIR
names the folder in which they add up.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

inside = Blueprint("inside", __name__)

EXTENSION = "feelharmonic_inside"

#: Milliseconds are small here: from half of one to a second.
BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


class Figures:
    """What is counted; safe between threads."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make = {"registry": self.registry, "namespace": "feelharmonic"}
        self.frames = Counter("frames", "Frames that were read", **make)
        self.stage = Histogram("stage_seconds", "How long each stage took", ["stage"], buckets=BUCKETS_S, **make)
        self.refused = Counter("refused", "Events and requests that were refused, by reason", ["reason"], **make)
        self.listeners = Gauge("listeners", "Listeners connected now", multiprocess_mode="livesum", **make)
        self.lists = Counter("lists", "Lists of tracks served, by provider", ["provider"], **make)
        self.resting = Gauge(
            "provider_resting", "1 while a provider rests or is off", ["provider"], multiprocess_mode="livemax", **make
        )

    def text(self) -> bytes:
        """All of it in Prometheus' format, over all workers where there are several."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)
        return generate_latest(everybody)


def bind(app: Flask, figures: Figures, checks: dict[str, Callable[[], bool]], jukebox: object) -> None:
    """Put /readyz and /metrics on ``app``; ``checks``: what must hold, by name."""
    app.extensions[EXTENSION] = (figures, checks, jukebox)
    app.register_blueprint(inside)


@inside.get("/readyz")
def readyz() -> tuple[dict, int]:
    """Whether everything that a listener needs is there; which thing is not."""
    _, checks, _ = current_app.extensions[EXTENSION]
    held = {name: holds(check) for name, check in checks.items()}
    return {"status": "ok" if all(held.values()) else "not ready", "checks": held}, 200 if all(held.values()) else 503


@inside.get("/metrics")
def metrics() -> Response:
    figures, _, jukebox = current_app.extensions[EXTENSION]
    for status in jukebox.status():
        figures.resting.labels(status.name).set(status.state in ("resting", "off"))
    return Response(figures.text(), content_type=CONTENT_TYPE_LATEST)


def holds(check: Callable[[], bool]) -> bool:
    """A check that breaks does not hold."""
    try:
        return bool(check())
    except Exception:
        return False
