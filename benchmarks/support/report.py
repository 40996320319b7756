"""Times, memory and tables of all benchmarks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np


def milliseconds(run: Callable[[], object], *, rounds: int, warm_up: int = 10) -> np.ndarray:
    """(rounds,) float64: the duration of each call of ``run``, after ``warm_up`` calls that do not count."""
    for _ in range(warm_up):
        run()
    taken = np.empty(rounds)
    for i in range(rounds):
        start = time.perf_counter()
        run()
        taken[i] = (time.perf_counter() - start) * 1e3
    return taken


def spread(taken_ms: np.ndarray) -> dict[str, float]:
    """Median and 95th percentile, in milliseconds."""
    return {"median_ms": round(float(np.median(taken_ms)), 3), "p95_ms": round(float(np.percentile(taken_ms, 95)), 3)}


def measured(run: Callable[[], object], *, rounds: int, warm_up: int = 3) -> dict[str, float]:
    """Median and 95th percentile by the clock, and the median of what this thread computed, in milliseconds.

    On a machine with other work the latter says what the former would be without.
    """
    for _ in range(warm_up):
        run()
    taken_ms, computed_ms = np.empty(rounds), np.empty(rounds)
    for i in range(rounds):
        start, computed = time.perf_counter(), time.thread_time()
        run()
        taken_ms[i] = (time.perf_counter() - start) * 1e3
        computed_ms[i] = (time.thread_time() - computed) * 1e3
    return {**spread(taken_ms), "cpu_ms": round(float(np.median(computed_ms)), 3)}


def memory_kib(pid: int | str = "self", line: str = "VmRSS") -> float | None:
    """The memory that a process holds, or with "VmHWM" its peak; None where there is no /proc.

    Not getrusage: on Linux its peak includes the process that started this one.
    """
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return None
    found = status.read_text(encoding="ascii", errors="replace").partition(f"{line}:")[2]
    return float(found.split()[0])


def show(title: str, rows: Sequence[dict], *, as_json: bool, notes: Sequence[str] = ()) -> None:
    """Print ``rows`` (the same keys in each) as a table, or as one JSON document."""
    if as_json:
        print(json.dumps({"title": title, "rows": list(rows), "notes": list(notes)}, indent=2))
        return
    names = list(rows[0])
    cells = [names, *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    print(title)
    for line in cells:
        print("  " + "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
    for note in notes:
        print(f"  {note}")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
