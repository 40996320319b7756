"""Places: how many connections of /live this server reads frames for, and how many of these one address may have.

In: the connections that joined /live, and when each was last active. Out: which hold a place. When all are taken, the
longest idle connection gives its place to the next that asks, and gets one back when one is free.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

#: When a connection was last active is noted in steps of this time.
ACTIVE_STEP_S = 0.25


def has_room(own: int, taken: int, max_places: int, share: float) -> bool:
    """Whether an address that holds ``own`` of the ``taken`` places may have one more of ``max_places``.

    ``share`` (0..1) of what other addresses left free is the limit; one is always allowed.
    """
    return taken < max_places and own < max(1.0, share * (max_places - (taken - own)))


class AddressConnections:
    """Connections of each address (of IPv6, each /64), also those on which nothing has come yet. Safe between threads.

    One has ``share`` (0..1) of the ``max_open`` that others left free, and ``spare`` beside them: so that it is still
    answered why it gets no more WebSockets. ``network_of``: what an address counts as.
    """

    def __init__(self, max_open: int, *, share: float, spare: int, network_of: Callable[[str], str]):
        self._max_open, self._share, self._spare, self._network_of = max_open, share, spare, network_of
        self._open: Counter[str] = Counter()
        self._open_in_all = 0
        self._lock = threading.Lock()

    def open(self, address: str) -> bool:
        """Count one more connection of ``address``; False, and nothing is counted, where it has too many."""
        network = self._network_of(address)
        with self._lock:
            own = self._open[network]
            others = self._open_in_all - own
            is_allowed = own < self._spare + max(0.0, self._share * (self._max_open - others))
            if is_allowed:
                self._open_in_all += 1
                self._open[network] += 1
            return is_allowed

    def close(self, address: str) -> None:
        network = self._network_of(address)
        with self._lock:
            self._open_in_all -= 1
            self._open[network] -= 1
            if not self._open[network]:
                del self._open[network]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One connection. ``network``: see `rate_limits.network_of`. ``is_on_device``: its browser reads by itself, and is
    quiet for as long as it does."""

    network: str
    active_s: float
    has_place: bool = False
    is_on_device: bool = False


class Places:
    """``max_places`` for connections by their ids. Safe between threads; every call takes the same time for any number.

    ``idle_s``: a connection that sent nothing for this long gives way to others. ``changed``: called with the number of
    places taken. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        max_places: int,
        *,
        share: float,
        idle_s: float,
        changed: Callable[[int], None] = lambda taken: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_places = max_places
        self._share = share
        self._idle_s = idle_s
        self._changed = changed
        self._clock = clock
        self._visits: dict[str, Visit] = {}
        # Connections that may become idle, longest inactive first: with a place and without.
        self._holding: OrderedDict[str, Visit] = OrderedDict()
        self._waiting: OrderedDict[str, Visit] = OrderedDict()
        self._taken: Counter[str] = Counter()  # by network
        self._taken_in_all = 0
        self._lock = threading.Lock()

    def join(self, connection: str, network: str) -> None:
        with self._lock:
            visit = self._visits[connection] = Visit(network=network, active_s=self._clock())
            self._waiting[connection] = visit

    def leave(self, connection: str) -> None:
        with self._lock:
            visit = self._visits.pop(connection, None)
            if visit is not None:
                self._give_up_place(visit)
                self._waiting.pop(connection, None)
                self._holding.pop(connection, None)

    def admits(self, connection: str) -> bool:
        """Whether ``connection``, active now, holds a place. It gets one now if one is free for it."""
        known = self._visits.get(connection)
        if known is not None and known.has_place and self._clock() - known.active_s < ACTIVE_STEP_S:
            return True  # one that sends frame after frame is sorted in a few times a second only
        with self._lock:
            visit = self._visits.get(connection)
            if visit is None:  # dropped meanwhile: it must not hold a place for ever
                return False
            visit.active_s = self._clock()
            if not visit.has_place and self._is_place_free_for(visit.network):
                visit.has_place = True
                self._count(visit.network, 1)
            self._sort_in(connection, visit)
            return visit.has_place

    def set_on_device(self, connection: str, is_on_device: bool) -> None:
        with self._lock:
            visit = self._visits.get(connection)
            if visit is not None:
                visit.is_on_device = is_on_device
                self._sort_in(connection, visit)

    def longest_idle(self) -> str | None:
        """The connection that was idle longest, with or without a place; None if none is idle."""
        with self._lock:
            idle = [one for one in (self._first_idle(self._waiting), self._first_idle(self._holding)) if one]
            return min(idle, key=lambda one: self._visits[one].active_s, default=None)

    def _sort_in(self, connection: str, visit: Visit) -> None:
        self._waiting.pop(connection, None)
        self._holding.pop(connection, None)
        if not (visit.has_place and visit.is_on_device):
            (self._holding if visit.has_place else self._waiting)[connection] = visit

    def _is_place_free_for(self, network: str) -> bool:
        own, taken = self._taken[network], self._taken_in_all
        if has_room(own, taken, self._max_places, self._share):
            return True
        idle = self._first_idle(self._holding)
        if idle is None:
            return False
        visit = self._visits[idle]
        if not has_room(own - (visit.network == network), taken - 1, self._max_places, self._share):
            return False
        self._give_up_place(visit)
        self._sort_in(idle, visit)
        return True

    def _give_up_place(self, visit: Visit) -> None:
        if visit.has_place:
            visit.has_place = False
            self._count(visit.network, -1)

    def _count(self, network: str, more: int) -> None:
        self._taken[network] += more
        self._taken_in_all += more
        if not self._taken[network]:
            del self._taken[network]
        self._changed(self._taken_in_all)

    def _first_idle(self, visits: OrderedDict[str, Visit]) -> str | None:
        first = next(iter(visits), None)
        if first is None or self._clock() - visits[first].active_s <= self._idle_s:
            return None
        return first
