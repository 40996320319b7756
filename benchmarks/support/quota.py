"""Hold a process to a share of one processor: its time is counted, and it is stopped until the next period.

As Linux's control groups do (CFS bandwidth), for machines that let nobody make one. Linux alone: it reads /proc.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: A control group's usual period.
PERIOD_S = 0.1

#: How often the time used is looked at.
STEP_S = 0.002


def used_s(pids: list[int]) -> float:
    """Processor time of all threads of these processes, in seconds."""
    total_ns = 0
    for pid in pids:
        for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with suppress(OSError, IndexError):  # the thread has ended
                total_ns += int(path.read_text(encoding="ascii").split()[0])
    return total_ns / 1e9


def renderers(parent: int) -> list[int]:
    """The processes that draw and run pages, of the Chromium that ``parent`` or one of its children has started."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parents[int(path.parent.name)] = int(path.read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    found = []
    for pid in parents:
        above = pid
        while above in parents and above != parent:
            above = parents[above]
        with suppress(OSError):
            if above == parent and b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


@contextmanager
def limited(pids: list[int], share: float, *, core: int | None = None, period_s: float = PERIOD_S) -> Iterator[None]:
    """A context in which these processes together get ``share`` of a processor's time, and run on ``core`` alone."""
    if core is not None:
        for pid in pids:
            for task in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(task.name), {core})
    if share >= 1:
        yield
        return
    ends = threading.Event()
    keeper = threading.Thread(target=_keep, args=(pids, share, period_s, ends), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        ends.set()
        keeper.join()


def _keep(pids: list[int], share: float, period_s: float, ends: threading.Event) -> None:
    """Stop the processes in each period once they have used their share of it; as in a control group, what they use
    too much is taken from the next."""
    allowed_s = used_s(pids)
    while not ends.is_set():
        period_ends_s = time.monotonic() + period_s
        allowed_s = min(allowed_s, used_s(pids)) + share * period_s  # what was not used is lost
        while (left_s := period_ends_s - time.monotonic()) > 0 and not ends.is_set():
            if used_s(pids) < allowed_s:
                time.sleep(min(STEP_S, left_s))
                continue
            _send(pids, signal.SIGSTOP)
            ends.wait(left_s)
            _send(pids, signal.SIGCONT)


def _send(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
