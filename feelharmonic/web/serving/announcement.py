"""What a start prints: where browsers can open the page, and a QR code of that address for phones."""

from __future__ import annotations

import ipaddress
from typing import TextIO


def announce(addresses: list[str], port: int, *, https: bool, out: TextIO) -> None:
    """Print the URL of each of ``addresses``; for those that other devices can open, a QR code of the first."""
    scheme = "https" if https else "http"
    others = [address for address in addresses if not is_loopback(address)]
    stop = "" if https or others else " (Ctrl+C stops it)"
    for address in addresses:
        print(f"Feelharmonic is at {url(scheme, address, port)}{stop}", file=out)
    if others and shows_blocks(out):
        print_qr_code(url(scheme, others[0], port), out)
    if https:
        print("The browser will warn of a self-signed certificate: see docs/hosting.md. Ctrl+C stops it.", file=out)
    elif others:
        print("On other devices the camera needs HTTPS: start with HTTPS=1. Ctrl+C stops it.", file=out)
    out.flush()


def url(scheme: str, address: str, port: int) -> str:
    """The URL of a host's name or of an IPv4 or IPv6 address."""
    return f"{scheme}://{f'[{address}]' if ':' in address else address}:{port}"


def is_loopback(address: str) -> bool:
    """Whether only this machine can open ``address``."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:  # a name
        return address == "localhost"


def shows_blocks(out: TextIO) -> bool:
    """Whether ``out`` is a terminal that can print the block characters of a QR code."""
    return out.isatty() and (out.encoding or "").lower().replace("-", "") == "utf8"


def print_qr_code(text: str, out: TextIO) -> None:
    """Print ``text`` as a QR code, two rows of its squares in a line."""
    import segno  # here: few starts print one

    segno.make_qr(text).terminal(out, compact=True)
