"""Graceful shutdown: clients are notified, requests in flight are finished, connections are closed.

Pages connect again by themselves, to whichever server answers then, and bring their mood along.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_socketio import SocketIO

    from feelharmonic.web.serving.in_flight import InFlight

log = logging.getLogger(__name__)

#: The event that tells a page that its server shuts down.
LEAVING = "leaving"

#: How often the drain looks whether anything is still in flight; clients get this long to take what was sent.
POLL_S = 0.1


class Drain:
    """Drains this process once, and waits at most ``timeout_s`` for what is in flight. ``clock``: monotonic seconds."""

    def __init__(
        self,
        socketio: SocketIO,
        in_flight: InFlight,
        *,
        namespace: str,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._socketio = socketio
        self._in_flight = in_flight
        self._namespace = namespace
        self._timeout_s = timeout_s
        self._clock = clock
        self._has_begun = False

    @property
    def has_begun(self) -> bool:
        """Whether the process is shutting down: it takes no new work."""
        return self._has_begun

    def run(self) -> None:
        """Tell this process's clients, wait for requests and events in flight, close connections. Once: later calls
        return at once."""
        if self._has_begun:
            return
        self._has_begun = True
        connections = self._socketio.server.eio.sockets
        log.info("Shutting down; %d clients are notified", len(connections))
        # Not through the message queue: other processes go on.
        self._socketio.emit(LEAVING, {}, namespace=self._namespace, ignore_queue=True)
        deadline_s = self._clock() + self._timeout_s
        self._socketio.sleep(POLL_S)
        while self._in_flight.count and self._clock() < deadline_s:
            self._socketio.sleep(POLL_S)
        self._socketio.sleep(POLL_S)  # the last answers are on their way
        for connection in list(connections.values()):
            # Some end by themselves at this moment, and each async mode raises its own exception for that.
            with contextlib.suppress(Exception):
                connection.close(wait=False)
        self._socketio.sleep(POLL_S)
