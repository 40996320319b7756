"""Host check: the server answers to its addresses and names alone."""

from __future__ import annotations

import socket

import pytest
from werkzeug.test import Client as WerkzeugClient

from feelharmonic.app import create_app
from feelharmonic.settings import Settings
from feelharmonic.web.security.hosts import ADDRESSES_TTL_S, HostCheck

FRIEND = "https://friend.example"


def asked_as(client, host: str, **headers: str):
    """A POST as a page that was loaded from ``host`` sends it."""
    about = {"Host": host, "Origin": f"http://{host}", **headers}
    return client.post("/api/v1/tracks/moods", json={"tracks": []}, headers=about)


MACHINE = socket.gethostname()
OWN_NAMES = ("localhost", "LOCALHOST:8000", "localhost.", MACHINE, f"{MACHINE.partition('.')[0]}.local:8000")
ADDRESSES = ("127.0.0.1:8000", "127.0.0.53", "[::1]:8000", "203.0.113.7", "[2001:db8::7]:8000")
#: Names of others, and what no browser sends.
FOREIGN_NAMES = (
    "198.51.100.1", "[2001:db8::8]:8000", "0.0.0.0:8000",
    "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "mood.example.evil.example",
    "evil@localhost", "[::1", "[evil.example]", "local host", "127.0.0.1:8000:80", "-", "..", "[::1]evil.example",
)  # fmt: skip


@pytest.fixture(scope="module")
def named():
    redirect_uri = "https://music.example/connect/callback"
    named = Settings(
        allowed_hosts=("mood.example", "203.0.113.7", "2001:db8::7"),
        allowed_origins=(FRIEND,),
        spotify_redirect_uri=redirect_uri,
    )
    return create_app(named).test_client()


@pytest.mark.parametrize("host", [*OWN_NAMES, *ADDRESSES, "mood.example", "friend.example:8443", "music.example"])
def test_addresses_and_own_names_are_answered(named, host):
    if host.removesuffix(":8443") == host:
        assert asked_as(named, host.lower()).status_code == 200
    assert named.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", FOREIGN_NAMES)
def test_a_foreign_host_is_misdirected(named, host):
    """DNS rebinding: to the browser, Host and Origin agree."""
    for answer in (asked_as(named, host), named.get("/", headers={"Host": host})):
        assert answer.status_code == 421
        assert answer.content_type == "application/problem+json"
        assert answer.get_json()["code"] == "unknown_host"
        assert "ALLOWED_HOSTS" in answer.get_json()["action"]


def test_forwarded_hosts_count_only_behind_a_trusted_proxy():
    told = {"X-Forwarded-Host": "localhost"}
    assert asked_as(create_app().test_client(), "evil.example", **told).status_code == 421
    behind = create_app(Settings(trusted_proxies=1)).test_client()
    assert behind.get("/", headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"}).status_code == 421


def test_this_machines_own_addresses_are_answered_and_looked_up_again_after_a_while():
    now_s, addresses, asked = [0.0], ["192.0.2.1"], []

    def look_up() -> list[str]:
        asked.append(now_s[0])
        return addresses

    def app(environ: dict, start_response) -> list[bytes]:
        start_response("200 OK", [])
        return []

    check = HostCheck(app, frozenset(), lambda code: None, addresses=look_up, clock=lambda: now_s[0])
    client = WerkzeugClient(check)

    def status(host: str) -> int:
        return client.get("/", headers={"Host": host}).status_code

    assert [status("192.0.2.1"), status("192.0.2.2:8000"), status("[2001:DB8:0::2]")] == [200, 421, 421]
    addresses.extend(["192.0.2.2", "2001:db8::2"])
    now_s[0] = ADDRESSES_TTL_S + 1
    assert [status("192.0.2.2:8000"), status("[2001:DB8:0::2]")] == [200, 200]
    assert len(asked) == 2  # a flood of foreign addresses asks the system no more often
