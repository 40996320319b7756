"""The addresses of this machine's interfaces, whatever the operating system."""

from __future__ import annotations

from types import SimpleNamespace

import ifaddr
import pytest

from feelharmonic.web.security.addresses import reachable_addresses


def adapters(*ips: str) -> list[SimpleNamespace]:
    """As ifaddr gives them: an IPv6 address is a tuple."""
    return [SimpleNamespace(ips=[SimpleNamespace(ip=(ip, 0, 0) if ":" in ip else ip)]) for ip in ips]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("0.0.0.0", ["127.0.0.1", "192.0.2.5", "198.51.100.7"]),
        ("::", ["::1", "2001:db8::5"]),
        ("192.0.2.77", ["192.0.2.77"]),
        ("mood.example", ["mood.example"]),
    ],
)
def test_each_interfaces_address_counts_once_loopback_first(monkeypatch, host, expected):
    here = adapters(
        "198.51.100.7", "127.0.0.1", "192.0.2.5", "::1", "2001:db8::5", "fe80::1%2", "169.254.7.7", "192.0.2.5"
    )
    monkeypatch.setattr(ifaddr, "get_adapters", lambda: here)
    found = reachable_addresses(host)
    assert found[0] == expected[0]
    assert sorted(found) == sorted(expected)


def test_this_machine_has_its_loopback_address():
    assert reachable_addresses("0.0.0.0")[0] == "127.0.0.1"
    assert not any(":" in address for address in reachable_addresses("0.0.0.0"))  # no IPv6 socket listens there
