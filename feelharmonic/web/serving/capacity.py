"""How many connections, threads and files a process needs for its listeners."""

from __future__ import annotations

import os
import sys

from feelharmonic.errors import SetupFault


def cores() -> int:
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows do not say
        return os.cpu_count() or 1


#: For each place a process accepts two connections: a client without a free place stays connected and waits for one.
CONNECTIONS_PER_PLACE = 2

#: Connections on top of these, for pages and API requests; fewer where each needs a thread.
SPARE_CONNECTIONS, SPARE_THREADS = 1024, 50

#: Of the spare connections, these are never given to WebSockets, so that pages and health checks are still answered.
RESERVED_FOR_HTTP = 10

#: Files that the program itself has open, and a few HTTP requests.
MIN_SPARE_FILES = 64


def max_connections(listeners: int) -> int:
    """How many connections a process with ``listeners`` places serves at once."""
    return CONNECTIONS_PER_PLACE * listeners + SPARE_CONNECTIONS


def max_threads(listeners: int) -> int:
    """The same where each connection holds a thread."""
    return CONNECTIONS_PER_PLACE * listeners + SPARE_THREADS


def raise_file_limit(listeners: int) -> None:
    """Raise the process's limit on open files to what ``listeners`` need. Raises SetupFault where that is forbidden."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = sys.maxsize if hard == resource.RLIM_INFINITY else hard
    if allowed < listeners + MIN_SPARE_FILES:
        need = f"MAX_LISTENERS: {listeners} listeners need {listeners + MIN_SPARE_FILES} open files"
        action = "Raise its limit (`ulimit -Hn`, systemd's LimitNOFILE), or lower MAX_LISTENERS."
        raise SetupFault([f"{need}, the system allows {hard}. {action}"])
    wanted = min(allowed, max_connections(listeners))
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
