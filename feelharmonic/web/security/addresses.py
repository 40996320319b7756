"""The addresses at which this machine can be reached on its networks, for the certificate and for what is printed."""

from __future__ import annotations

import ipaddress

#: Hosts that stand for every address of their IP version, and that version's loopback address.
ALL_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def reachable_addresses(host: str) -> list[str]:
    """Where a server that listens on ``host`` can be reached, loopback first.

    Link-local addresses are left out: browsers do not open them without the name of an interface.
    """
    if host not in ALL_ADDRESSES:
        return [host]
    loopback = ipaddress.ip_address(ALL_ADDRESSES[host])
    found = [ipaddress.ip_address(text) for text in machine_addresses()]
    others = [ip for ip in found if ip.version == loopback.version and not (ip.is_loopback or ip.is_link_local)]
    return [str(ip) for ip in dict.fromkeys([loopback, *others])]


def machine_addresses() -> list[str]:
    """The addresses of all of this machine's network interfaces."""
    # Its import runs ldconfig: a server that only this machine reaches starts no program.
    import ifaddr

    # ifaddr gives IPv6 addresses as a tuple with flow and scope.
    texts = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return [text.partition("%")[0] for text in texts]
