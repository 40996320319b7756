"""What a start prints: the addresses, the QR code, what phones need."""

from __future__ import annotations

import io

import pytest

from feelharmonic.web.serving.announcement import announce, url

HOME = ["127.0.0.1", "192.0.2.5", "198.51.100.7"]

HINT = "On other devices the camera needs HTTPS: start with HTTPS=1. Ctrl+C stops it."


class Terminal(io.StringIO):
    """A terminal of some encoding."""

    def __init__(self, encoding: str):
        super().__init__()
        self._encoding = encoding

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return True


def printed(addresses: list[str], *, https: bool = False, out: io.StringIO | None = None) -> str:
    out = out or io.StringIO()
    announce(addresses, 8000, https=https, out=out)
    return out.getvalue()


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1"])
def test_a_server_of_this_machine_alone_is_one_line(address):
    where = url("http", address, 8000)
    assert printed([address], out=Terminal("utf-8")) == f"Feelharmonic is at {where} (Ctrl+C stops it)\n"


def test_every_address_is_printed_and_that_cameras_need_https():
    *addresses, hint = printed(HOME).splitlines()
    assert addresses == [f"Feelharmonic is at http://{address}:8000" for address in HOME]
    assert hint == HINT


@pytest.mark.parametrize("address", ["192.0.2.5", "mood.local"])
def test_an_address_that_is_not_this_machines_alone_gets_the_hint_too(address):
    assert printed([address]).splitlines() == [f"Feelharmonic is at http://{address}:8000", HINT]


def test_with_https_the_hint_is_of_the_certificate():
    lines = printed(HOME, https=True).splitlines()
    assert lines[1] == "Feelharmonic is at https://192.0.2.5:8000"
    assert lines[-1].startswith("The browser will warn of a self-signed certificate")
    assert HINT not in lines


@pytest.mark.parametrize(
    ("out", "shown"), [(Terminal("utf-8"), True), (Terminal("UTF8"), True), (Terminal("cp437"), False), (None, False)]
)
def test_a_terminal_that_can_shows_the_qr_code(out, shown):
    assert ("█" in printed(HOME, out=out)) is shown


def test_the_qr_code_is_of_the_first_address_that_others_can_open(monkeypatch):
    coded = []
    monkeypatch.setattr("feelharmonic.web.serving.announcement.print_qr_code", lambda text, out: coded.append(text))
    printed(HOME, https=True, out=Terminal("utf-8"))
    assert coded == ["https://192.0.2.5:8000"]


def test_an_ipv6_address_stands_in_brackets():
    assert url("http", "2001:db8::1", 8000) == "http://[2001:db8::1]:8000"
