"""Who may have the owner's music: this machine alone, or every listener (MUSIC_FOR).

In: the current request, also that of a Socket.IO event. Out: whether it may, and the providers that it may not ask.
"""

from __future__ import annotations

import ipaddress

from flask import request

from feelharmonic.web.services import services

#: What proxies add; without TRUSTED_PROXIES nobody knows for whom such a request is.
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip")

#: The providers whose tracks lie with the owner of this server.
OWNERS_PROVIDERS = frozenset({"own", "subsonic"})


def is_local() -> bool:
    """Whether the request comes from this machine, and not through a proxy that nobody said to trust."""
    if not services().settings.trusted_proxies and any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address((request.remote_addr or "").partition("%")[0]).is_loopback
    except ValueError:
        return False


def may_have_music() -> bool:
    return services().settings.music_for == "listeners" or is_local()


def barred_providers() -> frozenset[str]:
    """The providers that do not serve this listener."""
    return frozenset() if may_have_music() else OWNERS_PROVIDERS
