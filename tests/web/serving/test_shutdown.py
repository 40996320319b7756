"""Draining: clients are notified, requests in flight are waited for, connections are closed."""

from __future__ import annotations

from types import SimpleNamespace

from feelharmonic.web.serving.in_flight import InFlight
from feelharmonic.web.serving.shutdown import POLL_S, Drain

TIMEOUT_S = 5.0


class Connection:
    """One of Engine.IO's connections; closing it raises ``fault`` if there is one."""

    def __init__(self, fault: Exception | None = None):
        self._fault = fault
        self.is_closed = False

    def close(self, wait: bool = True) -> None:
        if self._fault:
            raise self._fault
        self.is_closed = True


class SocketIOStandIn:
    """Notes what is emitted. Sleeping moves the clock; after ``finishes_s`` the one request in flight ends."""

    def __init__(self, *connections: Connection, finishes_s: float = 0.0):
        self.server = SimpleNamespace(eio=SimpleNamespace(sockets=dict(enumerate(connections))))
        self.in_flight = InFlight()
        self.in_flight.begin()
        self.now_s, self._finishes_s = 100.0, 100.0 + finishes_s
        self.emitted: list[tuple] = []

    def emit(self, *args: object, **kwargs: object) -> None:
        self.emitted.append((args, kwargs))

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        if self.in_flight.count and self.now_s >= self._finishes_s:
            self.in_flight.end()

    def drain(self) -> Drain:
        return Drain(self, self.in_flight, namespace="/live", timeout_s=TIMEOUT_S, clock=lambda: self.now_s)


def test_only_clients_of_this_process_are_notified_and_once():
    socketio = SocketIOStandIn()
    drain = socketio.drain()
    assert not drain.has_begun
    drain.run()
    drain.run()
    assert drain.has_begun
    assert socketio.emitted == [(("leaving", {}), {"namespace": "/live", "ignore_queue": True})]


def test_a_drain_lasts_until_nothing_is_in_flight():
    socketio = SocketIOStandIn(finishes_s=2.0)
    socketio.drain().run()
    assert socketio.in_flight.count == 0
    assert 102.0 <= socketio.now_s < 102.0 + 4 * POLL_S


def test_a_drain_gives_up_after_its_timeout():
    socketio = SocketIOStandIn(connection := Connection(), finishes_s=1000.0)
    socketio.drain().run()
    assert socketio.in_flight.count == 1
    assert 100.0 + TIMEOUT_S <= socketio.now_s < 100.0 + TIMEOUT_S + 4 * POLL_S
    assert connection.is_closed


def test_a_connection_that_is_gone_does_not_keep_the_others_open():
    gone, here = Connection(ConnectionResetError(104, "reset")), Connection()
    SocketIOStandIn(gone, here).drain().run()
    assert here.is_closed
