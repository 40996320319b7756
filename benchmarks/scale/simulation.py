"""Listeners who send frames to workers that read one after the other: how long replies take. Pure, but for chance.

A worker is one processor's loop: what arrives waits its turn. Connections come to the workers at random, as a kernel
spreads them over processes that listen on one port.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """``listeners`` who each send ``rate_hz`` frames a second to ``workers`` for ``seconds``."""

    listeners: int
    workers: int
    rate_hz: float
    seconds: float


def reply_times_s(load: Load, service_s: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """(N,) seconds from a frame's arrival to its answer; ``service_s`` (M,) are measured processor times a frame."""
    worker_of = chance.integers(0, load.workers, load.listeners)
    return np.concatenate(
        [
            _one_worker(int(count), load, service_s, chance)
            for count in np.bincount(worker_of, minlength=load.workers)
            if count
        ]
    )


def _one_worker(listeners: int, load: Load, service_s: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    interval_s = 1 / load.rate_hz
    frames = int(load.seconds * load.rate_hz)
    starts_s = chance.uniform(0, interval_s, (listeners, 1))
    jitter_s = chance.normal(0, 0.1 * interval_s, (listeners, frames))  # pages' timers are not exact
    arrivals_s = np.sort((starts_s + np.arange(frames) * interval_s + jitter_s).ravel())
    taken_s = chance.choice(service_s, len(arrivals_s))
    # A frame begins when it has come and the one before it is done: ends[i] = max(arrivals[i], ends[i - 1]) + taken[i].
    done_s = np.cumsum(taken_s)
    ends_s = done_s + np.maximum.accumulate(arrivals_s - (done_s - taken_s))
    replies_s: np.ndarray = ends_s - arrivals_s
    return replies_s


def p95_ms(load: Load, service_s: np.ndarray, *, seed: int = 0) -> float:
    """The 95th percentile of the replies."""
    return float(np.percentile(reply_times_s(load, service_s, np.random.default_rng(seed)), 95)) * 1e3


def most_listeners(workers: int, service_s: np.ndarray, *, rate_hz: float, max_p95_ms: float, seconds: float) -> int:
    """How many listeners ``workers`` hold with a p95 within ``max_p95_ms``: found by halving."""
    low, high = 0, int(2 * workers / (rate_hz * float(service_s.mean()))) + 2
    while high - low > 1:
        middle = (low + high) // 2
        load = Load(listeners=middle, workers=workers, rate_hz=rate_hz, seconds=seconds)
        low, high = (middle, high) if p95_ms(load, service_s) <= max_p95_ms else (low, middle)
    return low
