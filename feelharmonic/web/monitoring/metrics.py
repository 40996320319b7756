"""Metrics for Prometheus. No address, no name, no picture.

With several workers PROMETHEUS_MULTIPROC_DIR names the folder in which they add up.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

#: Milliseconds are small here: from half of one to a second.
BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

NAMESPACE = "feelharmonic"

#: Until when each provider rests, in each worker: what is shown of it is how many workers leave it alone now.
RESTS_UNTIL, RESTING = "provider_rests_until", "provider_resting"


class Metrics:
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
