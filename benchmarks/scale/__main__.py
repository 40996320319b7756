"""`python -m benchmarks.scale`: listeners by processors, p95 by load, cost of a listener's hour, simulated.

Fed by what a frame costs on this machine: the pipeline is measured frame by frame, and ``--way-ms`` comes on top for
what is not reading (`python -m benchmarks.profile` prints it: all less decode to mood).
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np

from benchmarks.frame import frames_of_a_face
from benchmarks.scale.simulation import Load, most_listeners, p95_ms
from benchmarks.support.report import show
from feelharmonic.reading.networks import Networks
from feelharmonic.reading.pipeline import Pipeline

RATE_HZ, MAX_P95_MS, SIMULATED_S = 5.0, 50.0, 60.0
PROCESSORS = (1, 2, 4, 8, 16, 32)
LOADS = (0.3, 0.5, 0.7, 0.8, 0.9)


def reading_s(frames: int) -> np.ndarray:
    """(frames,) seconds of processor time that the pipeline takes for each of a listener's frames."""
    pipeline, jpegs = Pipeline(Networks.load()), itertools.cycle(frames_of_a_face())
    taken_s = []
    for number in range(frames + 20):
        began_s = time.thread_time()
        pipeline.see(next(jpegs), number / RATE_HZ)
        taken_s.append(time.thread_time() - began_s)
    return np.array(taken_s[20:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--way-ms", type=float, default=1.0, help="a frame's cost but for reading (default 1.0)")
    parser.add_argument("--price", type=float, default=0.02, help="of a processor's hour, in any currency (0.02)")
    parser.add_argument("--frames", type=int, default=600, help="frames measured (default 600)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    service_s = reading_s(arguments.frames) + arguments.way_ms / 1e3
    mean_ms = float(service_s.mean()) * 1e3
    rows = []
    for workers in PROCESSORS:
        held = most_listeners(workers, service_s, rate_hz=RATE_HZ, max_p95_ms=MAX_P95_MS, seconds=SIMULATED_S)
        rows.append(
            {
                "processors": workers,
                f"listeners, p95 ≤ {MAX_P95_MS:.0f} ms": held,
                "a listener's hour": f"{arguments.price * workers / max(held, 1):.6f}",
                **{f"p95 ms at {share:.0%} load": round(p95_at(workers, share, service_s), 1) for share in LOADS},
            }
        )
    notes = [f"a frame: {mean_ms:.2f} ms of a processor (mean), p95 {np.percentile(service_s, 95) * 1e3:.2f} ms"]
    title = "Listeners at five frames a second, a worker for each processor (simulated)"
    show(title, rows, as_json=arguments.json, notes=notes)


def p95_at(workers: int, share: float, service_s: np.ndarray) -> float:
    """p95 where the listeners' frames take ``share`` of all workers' time, on average."""
    listeners = max(1, round(share * workers / (RATE_HZ * float(service_s.mean()))))
    return p95_ms(Load(listeners=listeners, workers=workers, rate_hz=RATE_HZ, seconds=SIMULATED_S), service_s)


if __name__ == "__main__":
    main()
