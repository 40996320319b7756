"""How many connections, threads and files a process needs for its listeners."""

from __future__ import annotations

import os

from feelharmonic.errors import SetupFault


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not tell
        return os.cpu_count() or 1


#: A process takes two wires for each of its places: who finds none taken keeps the wire, and waits. Some more come on
#: top, fewer where each is a thread; of these the last are kept for pages and probes, and further wires are refused.
WIRES_A_PLACE, SPARE_CONNECTIONS, SPARE_THREADS, KEPT_FOR_PAGES = 2, 1024, 50, 10

#: Files that the program itself has open, and a few visitors.
FEWEST_SPARE_FILES = 64


def connections(listeners: int) -> int:
    """So many connections a process with ``listeners`` places has at once."""
    return WIRES_A_PLACE * listeners + SPARE_CONNECTIONS


def threads(listeners: int) -> int:
    """So many threads it has where each open wire holds one."""
    return WIRES_A_PLACE * listeners + SPARE_THREADS


def most_wires(listeners: int, async_mode: str) -> int:
    """So many wires may be open at once: HTTP answers beside them."""
    return (threads if async_mode == "threading" else connections)(listeners) - KEPT_FOR_PAGES


def make_room(listeners: int) -> None:
    """Allow the process a file for each listener, and some more. Raises SetupFault where the system does not let it."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = float("inf") if hard == resource.RLIM_INFINITY else hard
    if most < listeners + FEWEST_SPARE_FILES:
        need = f"MAX_LISTENERS: {listeners} listeners need {listeners + FEWEST_SPARE_FILES} open files"
        mend = "Raise its limit (`ulimit -Hn`, systemd's LimitNOFILE), or lower MAX_LISTENERS."
        raise SetupFault([f"{need}, the system allows {hard}. {mend}"])
    wanted = min(most, connections(listeners))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
