"""Metrics for Prometheus. No address, no name, no picture.

With several workers the folder that PROMETHEUS_MULTIPROC_DIR names holds their metrics, which add up.
"""

from __future__ import annotations

import math
import threading
import time
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from feelharmonic.web.monitoring import metric_files

#: From half a millisecond to a second.
BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

NAMESPACE = "feelharmonic"

#: Durations that nobody has asked for are added up when there are so many.
MAX_NOTED = 2000

#: The end of each provider's cooldown, in each worker. What is published instead is how many workers have it in
#: cooldown now.
COOLDOWN_ENDS, IN_COOLDOWN = "provider_rests_until", "provider_resting"

#: The files of what is counted here.
FILE_KINDS = ("counter", "histogram", "gauge_livesum", "gauge_liveall")


class Metrics(Collector):
    """What is counted. Safe between threads. Observes the music providers' fallback. ``clock``: monotonic seconds, the
    same in all workers of this machine."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.registry = CollectorRegistry()
        self._is_shared = metric_files.reserve(FILE_KINDS)
        self._frames = self._counter("frames", "Frames that were read")
        self._stage = Histogram(
            "stage_seconds",
            "How long each stage took",
            ["stage"],
            buckets=BUCKETS_S,
            registry=self.registry,
            namespace=NAMESPACE,
        )
        self._noted: list[tuple[str | None, float]] = []
        self._adding = threading.Lock()
        self.listeners = self._gauge("listeners", "Listeners connected now", multiprocess_mode="livesum")
        refused = "Events, requests and WebSockets that were refused or failed, by reason"
        self._refused = self._counter("refused", refused, "reason")
        self._lists = self._counter("lists", "Track lists served, by provider", "provider")
        self._calls = self._counter("provider_calls", "Calls to music providers, by outcome", "provider", "outcome")
        self._cooldowns = self._counter("provider_rests", "Cooldowns of each provider", "provider")
        self._cooldown_ends = self._gauge(COOLDOWN_ENDS, "", "provider", multiprocess_mode="liveall")

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, labels, registry=self.registry, namespace=NAMESPACE)

    def _gauge(self, name: str, help_text: str, *labels: str, multiprocess_mode: str) -> Gauge:
        options = {"registry": self.registry, "namespace": NAMESPACE, "multiprocess_mode": multiprocess_mode}
        return Gauge(name, help_text, labels, **options)  # type: ignore[arg-type]

    def note_stage(self, stage: str, seconds: float) -> None:
        """One stage of a frame took ``seconds``; published when `add_up` runs."""
        self._noted.append((stage, seconds))

    def note_frame(self) -> None:
        """A frame was read; published when `add_up` runs."""
        self._noted.append((None, 0.0))
        if len(self._noted) > MAX_NOTED:
            self.add_up()

    def add_up(self) -> None:
        """Add what was noted to the metrics, in one step for each of their values: they may be files."""
        with self._adding:
            noted = self._noted[: len(self._noted)]
            del self._noted[: len(noted)]  # others append meanwhile
            by_stage: dict[str | None, list[float]] = {}
            for stage, seconds in noted:
                by_stage.setdefault(stage, []).append(seconds)
            self._frames.inc(len(by_stage.pop(None, ())))
            for stage, durations_s in by_stage.items():
                observe_all(self._stage.labels(stage), durations_s)

    def refused(self, reason: str) -> None:
        """Count a refusal. ``reason``: one of our codes, never what a client sent."""
        self._refused.labels(reason).inc()

    def served(self, provider: str) -> None:
        self._lists.labels(provider).inc()

    def called(self, provider: str, outcome: str) -> None:
        self._calls.labels(provider, outcome).inc()

    def cooldown(self, provider: str, cooldown_s: float | None, *, is_new: bool) -> None:
        """A provider is left alone for ``cooldown_s`` seconds; 0: no longer, None: until a restart."""
        self._cooldowns.labels(provider).inc(int(is_new))
        self._cooldown_ends.labels(provider).set(math.inf if cooldown_s is None else self._clock() + cooldown_s)

    def text(self) -> bytes:
        """All metrics in Prometheus' format, of all workers together."""
        self.add_up()
        return generate_latest(self)

    def collect(self) -> Iterator[Metric]:
        """The metrics, whichever worker is asked; cooldowns as they are at this moment."""
        collector = MultiProcessCollector(None) if self._is_shared else self.registry
        for metric in collector.collect():
            is_cooldown = metric.name == f"{NAMESPACE}_{COOLDOWN_ENDS}"
            yield self._in_cooldown_now(metric) if is_cooldown else metric

    def _in_cooldown_now(self, ends: Metric) -> Metric:
        now_s = self._clock()
        workers: Tally[str] = Tally()
        for sample in ends.samples:
            workers[sample.labels["provider"]] += sample.value > now_s
        help_text = "Workers in which a provider is in cooldown or switched off"
        metric = GaugeMetricFamily(f"{NAMESPACE}_{IN_COOLDOWN}", help_text, labels=["provider"])
        for provider, count in workers.items():
            metric.add_metric([provider], count)
        return metric


def observe_all(histogram: Histogram, values: Sequence[float]) -> None:
    """As ``histogram.observe(value)`` for each of ``values``: prometheus_client has no call for several."""
    falls_into = Tally(bisect_left(histogram._upper_bounds, value) for value in values)
    histogram._sum.inc(sum(values))
    for bucket, count in falls_into.items():
        histogram._buckets[bucket].inc(count)
