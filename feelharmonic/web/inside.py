"""Seeing inside: whether the server is ready, and figures for Prometheus. No address, no name, no picture.

In: frames, refusals, providers' calls and rests as they happen. Out: /readyz and /metrics. With several workers
PROMETHEUS_MULTIPROC_DIR names the folder in which they add up.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from http import HTTPStatus

from flask import Blueprint, Flask, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from feelharmonic.web.wire import PROBLEM_TYPE, problem_code

inside = Blueprint("inside", __name__)

EXTENSION = "feelharmonic_inside"

#: Milliseconds are small here: from half of one to a second.
BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


NAMESPACE = "feelharmonic"
#: Until when each provider rests, in each worker: what is shown of it is how many workers leave it alone now.
RESTS_UNTIL, RESTING = "provider_rests_until", "provider_resting"


class Figures:
    """What is counted; safe between threads. Observes the music providers' chain. ``clock``: seconds that all workers
    of this machine count alike."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.registry = CollectorRegistry()
        make = {"registry": self.registry, "namespace": NAMESPACE}
        self.frames = Counter("frames", "Frames that were read", **make)
        self.stage = Histogram("stage_seconds", "How long each stage took", ["stage"], buckets=BUCKETS_S, **make)
        self._refused = Counter(
            "refused", "Events, requests and wires that were refused or failed, by reason", ["reason"], **make
        )
        self.listeners = Gauge("listeners", "Listeners connected now", multiprocess_mode="livesum", **make)
        self._lists = Counter("lists", "Lists of tracks served, by provider", ["provider"], **make)
        self._calls = Counter(
            "provider_calls", "Calls to music providers, by how they ended", ["provider", "outcome"], **make
        )
        self._rests = Counter("provider_rests", "How often a provider was left alone", ["provider"], **make)
        self._rests_until = Gauge(RESTS_UNTIL, "", ["provider"], multiprocess_mode="liveall", **make)

    def refused(self, reason: str) -> None:
        """``reason``: a code of ours, never what a caller sent."""
        self._refused.labels(reason).inc()

    def served(self, provider: str) -> None:
        self._lists.labels(provider).inc()

    def called(self, provider: str, outcome: str) -> None:
        self._calls.labels(provider, outcome).inc()

    def rests(self, provider: str, rest_s: float | None, *, anew: bool) -> None:
        self._rests.labels(provider).inc(int(anew))
        self._rests_until.labels(provider).set(math.inf if rest_s is None else self._clock() + rest_s)

    def text(self) -> bytes:
        """All of it in Prometheus' format, over all workers where there are several."""
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """The figures; of the providers' rests what holds at this moment, whoever of the workers is asked."""
        shared = "PROMETHEUS_MULTIPROC_DIR" in os.environ
        for metric in (MultiProcessCollector(None) if shared else self.registry).collect():
            yield self._resting_now(metric) if metric.name == f"{NAMESPACE}_{RESTS_UNTIL}" else metric

    def _resting_now(self, rests_until: Metric) -> Metric:
        now_s, workers = self._clock(), Tally()
        for sample in rests_until.samples:
            workers[sample.labels["provider"]] += sample.value > now_s
        told = "Workers that leave a provider alone now, because it rests or is off"
        resting = GaugeMetricFamily(f"{NAMESPACE}_{RESTING}", told, labels=["provider"])
        for provider, count in workers.items():
            resting.add_metric([provider], count)
        return resting


def bind(app: Flask, figures: Figures, checks: dict[str, Callable[[], bool]]) -> None:
    """Put /readyz and /metrics on ``app``, and count what it refuses; ``checks``: what must hold, by name."""
    app.extensions[EXTENSION] = (figures, checks)
    app.register_blueprint(inside)
    app.after_request(lambda response: count_refusal(figures, response))


def count_refusal(figures: Figures, response: Response) -> Response:
    """By the code of its problem document, or of its status where it has none. Not being ready refuses nobody."""
    if response.status_code >= HTTPStatus.BAD_REQUEST and request.endpoint != f"{inside.name}.{readyz.__name__}":
        is_problem = response.mimetype == PROBLEM_TYPE
        figures.refused(response.get_json()["code"] if is_problem else problem_code(response.status_code))
    return response


@inside.get("/readyz")
def readyz() -> tuple[dict, int]:
    """Whether everything that a listener needs is there; which thing is not."""
    _, checks = current_app.extensions[EXTENSION]
    held = {name: holds(check) for name, check in checks.items()}
    return {"status": "ok" if all(held.values()) else "not ready", "checks": held}, 200 if all(held.values()) else 503


@inside.get("/metrics")
def metrics() -> Response:
    figures, _ = current_app.extensions[EXTENSION]
    return Response(figures.text(), content_type=CONTENT_TYPE_LATEST)


def holds(check: Callable[[], bool]) -> bool:
    """A check that breaks does not hold."""
    try:
        return bool(check())
    except Exception:
        return False
