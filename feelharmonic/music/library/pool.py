"""Processes of low priority that read files. A file that ends its process is named as broken; the rest goes on.

In: Jobs. Out: a Result for each, in the order in which they are done.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from feelharmonic.errors import UnreadableSound
from feelharmonic.music.library.tags import Tags, read_tags
from feelharmonic.music.library.understanding import Understood, understand

log = logging.getLogger(__name__)

#: Jobs that wait in the pool for each process; more would only be memory.
JOBS_PER_PROCESS = 3

MAX_PROCESSES = 16

#: The lowest priority of Unix.
NICENESS = 19
BELOW_NORMAL_PRIORITY_CLASS = 0x4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """``known``: hashes of sounds that need not be understood again; ``levels``: as SoundFile has it."""

    path: str
    levels: int
    known: frozenset[str] | set[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``understood``: None where ``fault`` says why not."""

    path: str
    tags: Tags
    understood: Understood | None
    fault: str = ""


def default_processes() -> int:
    """One less than there are processors, so that the machine stays usable."""
    return min(MAX_PROCESSES, max(1, (os.cpu_count() or 2) - 1))


def results_of(
    jobs: Sequence[Job], processes: int | None = None, read: Callable[[Job], Result] | None = None
) -> Iterator[Result]:
    """A result for each of ``jobs``. ``read``: what reads a file, a function that processes can import."""
    waiting = list(reversed(jobs))
    # One process is one core: NumPy's threads would wait for each other.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    count = processes or default_processes()
    while waiting:
        unfinished = yield from _in_pool(waiting, count, read or read_file)
        # A process died. Which file ended it shows when each is read alone.
        for job in unfinished:
            lost = yield from _in_pool([job], 1, read or read_file)
            if lost:
                log.warning("A file ended the process that read it; it is listed as broken.")
                yield Result(path=job.path, tags=read_tags(Path(job.path), job.levels), understood=None, fault="broken")


def read_file(job: Job) -> Result:
    """Read one file, in a process of the pool."""
    path = Path(job.path)
    tags = read_tags(path, job.levels)
    try:
        return Result(path=job.path, tags=tags, understood=understand(path, job.known))
    except UnreadableSound as fault:
        return Result(path=job.path, tags=tags, understood=None, fault=fault.code)
    except Exception:
        log.debug("reading %s failed", job.path, exc_info=True)
        return Result(path=job.path, tags=tags, understood=None, fault="broken")


def _in_pool(waiting: list[Job], processes: int, read: Callable[[Job], Result]) -> Generator[Result, None, list[Job]]:
    """Results until ``waiting`` is empty or a process dies; returns the jobs that were under way then."""
    # Not a fork: the parent may be a program with threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(min(processes, len(waiting)), mp_context=context, initializer=_begin)
    running: dict[Future[Result], Job] = {}
    try:
        while waiting or running:
            while waiting and len(running) < JOBS_PER_PROCESS * processes:
                running[pool.submit(read, waiting[-1])] = waiting[-1]
                waiting.pop()  # not before: `submit` raises where a process has died
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                result = future.result()
                del running[future]
                yield result
    except BrokenProcessPool:
        return list(running.values())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return []


def _begin() -> None:
    """Lower the priority; end with the parent, however that ends; leave Ctrl+C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
