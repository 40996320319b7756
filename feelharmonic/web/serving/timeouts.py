"""How long the server waits for clients, in one object that `create_app` passes on.

Tests of whole servers start them with shorter ones (`tests/support/serve.py`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. The defaults are what every server uses."""

    #: A connection on which nothing arrives for this long, not even the answer to a ping, is closed.
    silence_s: float = 20.0
    #: Engine.IO pings each WebSocket this often …
    ping_interval_s: float = 5.0
    #: … and gives up on one that does not answer within this time: a machine asleep, a cable pulled, or nobody who
    #: reads. Both together are less than 12 s.
    ping_timeout_s: float = 6.0
    #: A WebSocket must join its namespace within this time. It is checked with each of its messages, at the latest when
    #: it answers the second ping; one that answers no ping is closed anyway.
    join_s: float = 15.0
    #: A listener that sent nothing for this long, and does not read on the device, gives way to others.
    idle_s: float = 120.0
    #: On SIGTERM, requests and events in flight may take this long to finish.
    drain_s: float = 5.0
    #: A photograph or a text that waits in its queue for longer is refused: by then proxies and people give up.
    queue_s: float = 20.0
    #: A request's body may take this long and the time of its bytes at `request_bodies.MIN_BODY_BYTES_PER_S` …
    body_grace_s: float = 10.0
    #: … and a client that sent faster may pause for this long.
    body_pause_s: float = 20.0
    #: What a response left unread of its request's body is discarded for this long, then the connection is closed.
    discard_s: float = 5.0
