"""Who gets one of the places: a share for each address, and who is idle gives way."""

from __future__ import annotations

import time

import pytest

from feelharmonic.settings import Settings
from feelharmonic.web.security.rate_limits import network_of
from feelharmonic.web.serving.places import AddressConnections, Places, has_room
from feelharmonic.web.serving.server import address_connections


@pytest.fixture
def now_s() -> list[float]:
    return [0.0]


def places(now_s: list[float], max_places: int, share: float = 1.0, **options) -> Places:
    return Places(max_places, share=share, idle_s=120.0, clock=lambda: now_s[0], **options)


def admitted(held: Places, network: str, count: int) -> list[str]:
    """The names of those of ``count`` connections that got a place."""
    names = [f"{network} {number}" for number in range(count)]
    for name in names:
        held.join(name, network)
    return [name for name in names if held.admits(name)]


@pytest.mark.parametrize(
    ("own", "taken", "expected"),
    [(0, 0, True), (24, 24, True), (25, 25, False), (0, 25, True), (18, 43, True), (19, 44, False), (0, 100, False)],
)
def test_an_address_gets_a_quarter_of_what_others_left_free(own, taken, expected):
    assert has_room(own, taken, 100, 0.25) is expected


def test_one_is_always_allowed():
    assert has_room(0, 2, 3, 0.25)
    assert not has_room(1, 2, 3, 0.25)


def test_one_address_leaves_places_for_the_others(now_s):
    held = places(now_s, 100, 0.25)
    assert len(admitted(held, "attacker", 420)) == 25
    assert all(admitted(held, f"visitor {number}", 1) for number in range(60))


def test_who_was_idle_longest_gives_way_when_all_are_taken(now_s):
    counts: list[int] = []
    held = places(now_s, 2, changed=counts.append)
    admitted(held, "first", 1)
    now_s[0] = 60.0
    admitted(held, "second", 1)
    assert admitted(held, "third", 1) == []
    now_s[0] = 121.0
    assert held.admits("third 0")
    assert counts == [1, 2, 1, 2]
    assert not held.admits("first 0")  # it waits like the others now
    held.leave("second 0")
    assert held.admits("first 0")


def test_who_reads_on_the_device_keeps_the_place(now_s):
    held = places(now_s, 1)
    admitted(held, "first", 1)
    held.set_on_device("first 0", True)
    now_s[0] = 1000.0
    assert admitted(held, "second", 1) == []
    assert held.longest_idle() is None
    held.set_on_device("first 0", False)
    assert held.admits("second 0")


def test_who_is_idle_longest_is_named_with_or_without_a_place(now_s):
    held = places(now_s, 1)
    assert held.longest_idle() is None
    admitted(held, "one", 2)
    now_s[0] = 100.0
    held.admits("one 0")
    now_s[0] = 130.0
    assert held.longest_idle() == "one 1"
    held.leave("one 1")
    assert held.longest_idle() is None


def test_who_left_gets_no_place(now_s):
    held = places(now_s, 1)
    held.join("one", "network")
    held.leave("one")
    assert not held.admits("one")


def test_ten_thousand_waiting_clients_cost_no_more_than_ten(now_s):
    held = places(now_s, 10)
    admitted(held, "holder", 10)
    names = [f"waiting {number}" for number in range(10_000)]
    for name in names:
        held.join(name, "waiting")
    began_s = time.thread_time()
    assert not any(held.admits(name) for name in names)
    assert time.thread_time() - began_s < 1.0


def test_who_sends_frame_after_frame_is_still_the_last_to_give_way(now_s):
    held = places(now_s, 2)
    admitted(held, "first", 1)
    admitted(held, "second", 1)
    for tick in range(1, 400):
        now_s[0] = tick / 2
        assert held.admits("first 0")
    assert held.longest_idle() == "second 0"
    assert held.admits("first 0")


def test_one_address_has_a_share_of_connections_and_a_few_beside_it():
    connections = AddressConnections(40, share=0.25, spare=5, network_of=network_of)
    assert sum(connections.open("192.0.2.1") for _ in range(100)) == 15
    assert sum(connections.open(f"2001:db8:1:2::{number:x}") for number in range(100)) == 5 + 7  # of 25 left
    assert connections.open("192.0.2.3")
    for _ in range(15):
        connections.close("192.0.2.1")
    assert connections.open("192.0.2.1")
    connections.close("192.0.2.1")
    connections.close("192.0.2.3")
    for number in range(12):
        connections.close(f"2001:db8:1:2::{number:x}")
    assert (connections._open_in_all, connections._open) == (0, {})
    full = AddressConnections(40, share=1.0, spare=0, network_of=network_of)
    assert sum(full.open("192.0.2.1") for _ in range(100)) == 40
    assert not full.open("192.0.2.9")
    assert full._open.keys() == {"192.0.2.1"}


@pytest.mark.parametrize(("proxies", "limits"), [(0, True), (1, False)])
def test_behind_a_proxy_connections_are_not_counted_by_address(proxies, limits):
    assert (address_connections(Settings(trusted_proxies=proxies)) is not None) is limits
