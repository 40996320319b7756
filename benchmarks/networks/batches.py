"""`python -m benchmarks.networks.batches`: what a picture costs in each network, read alone and with others.

One thread; processor time. Frames that wait together would go through a network in one run where that is cheaper.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import onnxruntime

from benchmarks.support.report import show
from feelharmonic.reading.expression import SHOWN, WEIGHTS_PATH
from feelharmonic.reading.faces import face_finder
from feelharmonic.reading.onnx_session import load_session

SIZES = (1, 2, 4, 8)

#: A run with others pays where a picture then takes less than this share of what it takes alone.
WORTH = 0.9


def networks() -> dict[str, tuple[Path, str, tuple[int, ...], list[str] | None]]:
    """Each network's file, its input's name and shape of one picture, and the outputs that serving asks for."""
    (across, down), (window_across, window_down) = face_finder.DETECTOR_SIZE, face_finder.REFINER_SIZE
    return {
        "search, whole frame": (face_finder.WEIGHTS_PATH, "pictures", (3, down, across), None),
        "search, window": (face_finder.REFINER_PATH, "pictures", (3, window_down, window_across), None),
        "expression": (WEIGHTS_PATH, "faces", (1, 48, 48), [SHOWN]),
    }


def each_ms(
    session: onnxruntime.InferenceSession, name: str, outputs: list[str] | None, shape: tuple[int, ...], rounds: int
) -> dict[int, float]:
    """Milliseconds of processor time a picture by the number of pictures in a run; medians, sizes in turn."""
    chance = np.random.default_rng(0)
    inputs = {size: {name: chance.random((size, *shape), np.float32)} for size in SIZES}
    taken_s: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size, given in inputs.items():
            began_s = time.thread_time()
            session.run(outputs, given)
            taken_s[size].append((time.thread_time() - began_s) / size)
    return {size: float(np.median(taken)) * 1e3 for size, taken in taken_s.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="runs of each size (default 200)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    rows, pays = [], []
    for network, (path, name, shape, outputs) in networks().items():
        ms = each_ms(load_session(path, network), name, outputs, shape, arguments.rounds)
        rows.append({"network": network, **{f"{size} at once, ms each": round(ms[size], 3) for size in SIZES}})
        if min(ms.values()) < WORTH * ms[1]:
            pays.append(network)
    notes = [f"cheaper by a tenth or more together: {', '.join(pays) or 'none'}"]
    show("Processor milliseconds a picture", rows, as_json=arguments.json, notes=notes)


if __name__ == "__main__":
    main()
